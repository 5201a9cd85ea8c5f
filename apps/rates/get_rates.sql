-- @endpoint GET /rates
-- Average price of each day from one place to another, in US dollars, over the prices of all their ports
-- together; null on days with fewer than min_prices prices.
-- @param date_from   date required -- first day
-- @param date_to     date required -- last day, inclusive
-- @param origin      text required -- port code or region slug
-- @param destination text required -- port code or region slug
-- @param min_prices  integer default 3 min 1 -- prices that a day needs for an average
-- @example /rates?date_from=2026-01-01&date_to=2026-01-10&origin=CNSHA&destination=north_range
-- @depends route_days (origin = :origin, destination = :destination)
-- @column day           date
-- @column average_price integer

-- @reject 400 date_from is after date_to
SELECT 'date_from' AS parameter, :date_from AS value WHERE :date_from > :date_to;

-- @reject 400 range over more than ten new years
SELECT 'date_to' AS parameter, :date_to AS value
WHERE CAST(substr(CAST(:date_to AS text), 1, 4) AS integer)
    - CAST(substr(CAST(:date_from AS text), 1, 4) AS integer) > 10;

-- @reject 404 unknown place
SELECT 'origin' AS parameter, :origin AS value
WHERE NOT EXISTS (SELECT 1 FROM places WHERE code = :origin)
UNION ALL
SELECT 'destination', :destination
WHERE NOT EXISTS (SELECT 1 FROM places WHERE code = :destination);

-- @answer
-- Prices are never negative, so this integer division rounds half away from zero.
SELECT c.day,
       CASE WHEN r.prices >= :min_prices THEN (2 * r.total + r.prices) / (2 * r.prices) END AS average_price
FROM calendar(:date_from, :date_to) c
LEFT JOIN route_days r ON r.origin = :origin AND r.destination = :destination AND r.day = c.day
ORDER BY c.day;
