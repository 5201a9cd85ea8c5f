-- @endpoint POST /rates
-- Adds a price for every day from date_from to date_to, both included, converted to US dollars at today's
-- worth of its currency and rounded half away from zero to whole dollars; exactly so for a price and a worth of
-- up to 15 digits together.
-- @field date_from        date required -- first day
-- @field date_to          date required -- last day, inclusive
-- @field origin_code      text required -- port code
-- @field destination_code text required -- port code
-- @field price            integer required min 0 max 2147483647 -- in units of the currency
-- @field currency         text -- US dollars when there is none
-- @example {"date_from": "2026-04-01", "date_to": "2026-04-30", "origin_code": "CNSHA", "destination_code": "NLRTM", "price": 1980, "currency": "EUR"}
-- @column inserted integer

-- @reject 422 unknown port
SELECT line, 'origin_code' AS field, origin_code AS value
FROM batch
WHERE NOT EXISTS (SELECT 1 FROM ports WHERE code = origin_code)
UNION ALL
SELECT line, 'destination_code', destination_code
FROM batch
WHERE NOT EXISTS (SELECT 1 FROM ports WHERE code = destination_code);

-- @reject 422 unknown currency
SELECT line, 'currency' AS field, currency AS value
FROM batch b
WHERE NOT EXISTS (SELECT 1 FROM currencies u WHERE u.currency = coalesce(b.currency, 'USD'));

-- @reject 422 date_from is after date_to
SELECT line, 'date_from' AS field, date_from AS value FROM batch WHERE date_from > date_to;

-- @reject 422 range over more than ten new years
SELECT line, 'date_to' AS field, date_to AS value
FROM batch
WHERE CAST(substr(CAST(date_to AS text), 1, 4) AS integer)
    - CAST(substr(CAST(date_from AS text), 1, 4) AS integer) > 10;

-- @reject 422 over 2147483647 US dollars
SELECT b.line, 'price' AS field, b.price AS value
FROM batch b
JOIN currencies u ON u.currency = coalesce(b.currency, 'USD')
WHERE floor(b.price / u.per_usd * 1.0000000000000004 + 0.5) > 2147483647;

-- @reject 422 more than 4000000 daily prices in one batch
SELECT b.line, 'date_to' AS field, b.date_to AS value
FROM batch b
CROSS JOIN calendar(b.date_from, b.date_to) c
LIMIT 1 OFFSET 4000000;

-- @write
-- The factor lifts what should be exactly a half, such as 2014789 / 0.56, and came out a bit below it.
INSERT INTO prices (orig_code, dest_code, day, price)
SELECT b.origin_code, b.destination_code, c.day,
       CAST(floor(b.price / u.per_usd * 1.0000000000000004 + 0.5) AS bigint)
FROM batch b
JOIN currencies u ON u.currency = coalesce(b.currency, 'USD')
CROSS JOIN calendar(b.date_from, b.date_to) c;

-- @write
-- As in POST /prices, from the same prices as above.
INSERT INTO route_days (origin, destination, day, total, prices)
WITH by_route AS (
    SELECT b.origin_code, b.destination_code, c.day, count(*) AS prices,
           sum(CAST(floor(b.price / u.per_usd * 1.0000000000000004 + 0.5) AS bigint)) AS total
    FROM batch b
    JOIN currencies u ON u.currency = coalesce(b.currency, 'USD')
    CROSS JOIN calendar(b.date_from, b.date_to) c
    GROUP BY b.origin_code, b.destination_code, c.day
),
by_destination AS (
    SELECT b.origin_code, p.place AS destination, b.day, sum(b.total) AS total, sum(b.prices) AS prices
    FROM by_route b
    JOIN port_places p ON p.port = b.destination_code
    GROUP BY b.origin_code, p.place, b.day
)
SELECT p.place, b.destination, b.day, sum(b.total), sum(b.prices)
FROM by_destination b
JOIN port_places p ON p.port = b.origin_code
GROUP BY p.place, b.destination, b.day
ON CONFLICT (origin, destination, day)
DO UPDATE SET total = route_days.total + excluded.total, prices = route_days.prices + excluded.prices;

-- @answer 201
SELECT count(*) AS inserted FROM batch b CROSS JOIN calendar(b.date_from, b.date_to) c;
