-- @endpoint POST /ports
-- Adds ports, or renames and moves those that are there; the averages of the regions concerned follow.
-- @field code        text required unique maxlength 100 -- such as NLRTM (UN/LOCODE)
-- @field name        text required maxlength 200
-- @field parent_slug text required -- region that it lies in
-- @column saved integer

-- @reject 422 a region has this slug
SELECT line, 'code' AS field, code AS value
FROM batch
WHERE EXISTS (SELECT 1 FROM regions WHERE slug = code);

-- @reject 422 unknown region
SELECT line, 'parent_slug' AS field, parent_slug AS value
FROM batch b
WHERE NOT EXISTS (SELECT 1 FROM regions r WHERE r.slug = b.parent_slug);

-- @write
INSERT INTO places (code)
SELECT code FROM batch WHERE true
ON CONFLICT DO NOTHING;

-- @write
INSERT INTO ports (code, name, parent_slug)
SELECT code, name, parent_slug FROM batch WHERE true
ON CONFLICT (code) DO UPDATE SET name = excluded.name, parent_slug = excluded.parent_slug;

-- @write
-- The places that each port should count for, less those that it does count for.
INSERT INTO moves (port, place, sign)
WITH RECURSIVE wanted (port, place) AS (
    SELECT code, parent_slug FROM batch
    UNION ALL
    SELECT w.port, r.parent_slug
    FROM wanted w
    JOIN regions r ON r.slug = w.place
    WHERE r.parent_slug IS NOT NULL
)
SELECT port, place, sum(sign)
FROM (
    SELECT port, place, 1 AS sign FROM wanted
    UNION ALL
    SELECT code, code, 1 FROM batch
    UNION ALL
    SELECT p.port, p.place, -1 FROM batch b JOIN port_places p ON p.port = b.code
) changes
GROUP BY port, place
HAVING sum(sign) <> 0;

-- @write
-- From here on as in POST /regions: the sums and port_places follow the moves (see the schema).
INSERT INTO route_days (origin, destination, day, total, prices)
SELECT origin, destination, day, total, prices FROM moved_destinations WHERE true
ON CONFLICT (origin, destination, day)
DO UPDATE SET total = route_days.total + excluded.total, prices = route_days.prices + excluded.prices;

-- @write
DELETE FROM port_places WHERE (port, place) IN (SELECT port, place FROM moves WHERE sign = -1);

-- @write
INSERT INTO port_places (port, place)
SELECT port, place FROM moves WHERE sign = 1;

-- @write
INSERT INTO route_days (origin, destination, day, total, prices)
SELECT origin, destination, day, total, prices FROM moved_origins WHERE true
ON CONFLICT (origin, destination, day)
DO UPDATE SET total = route_days.total + excluded.total, prices = route_days.prices + excluded.prices;

-- @write
DELETE FROM route_days WHERE prices = 0;

-- @write
DELETE FROM moves;

-- @answer 201
SELECT count(*) AS saved FROM batch;
