-- @endpoint POST /regions
-- Adds regions, or renames and moves those that are there, with all that lies in them; the averages of the
-- regions concerned follow. A region and the one above it may come in the same batch, in any order.
-- @field slug        text required unique maxlength 100 -- such as north_europe
-- @field name        text required maxlength 200
-- @field parent_slug text -- region that it lies in; none at the top
-- @column saved integer

-- @reject 422 a port has this code
SELECT line, 'slug' AS field, slug AS value
FROM batch
WHERE EXISTS (SELECT 1 FROM ports WHERE code = slug);

-- @reject 422 unknown region
SELECT line, 'parent_slug' AS field, parent_slug AS value
FROM batch b
WHERE parent_slug IS NOT NULL
  AND NOT EXISTS (SELECT 1 FROM regions r WHERE r.slug = b.parent_slug)
  AND parent_slug NOT IN (SELECT slug FROM batch);

-- @reject 422 more than 5000 regions in one batch
SELECT line, 'slug' AS field, slug AS value FROM batch LIMIT 1 OFFSET 5000;

-- @reject 422 cycle of regions
-- What a walk down from the top does not reach. Regions that stay as they are cannot close a circle alone, so
-- each row is linked to the next row of the batch above it, past those. The walk reads all links for each row
-- that it reaches, which is why their number is limited.
WITH RECURSIVE up (slug, above) AS (
    SELECT slug, parent_slug FROM batch
    WHERE parent_slug IS NOT NULL AND (SELECT count(*) FROM batch) <= 5000
    UNION ALL
    SELECT up.slug, r.parent_slug
    FROM up
    JOIN regions r ON r.slug = up.above
    WHERE r.parent_slug IS NOT NULL AND up.above NOT IN (SELECT slug FROM batch)
),
links (slug, above) AS MATERIALIZED (
    SELECT slug, above FROM up WHERE above IN (SELECT slug FROM batch)
),
reached (slug) AS (
    SELECT slug FROM batch WHERE slug NOT IN (SELECT slug FROM links)
    UNION
    SELECT l.slug FROM reached JOIN links l ON l.above = reached.slug
)
SELECT line, 'parent_slug' AS field, parent_slug AS value
FROM batch
WHERE slug NOT IN (SELECT slug FROM reached);

-- @write
INSERT INTO places (code)
SELECT slug FROM batch WHERE true
ON CONFLICT DO NOTHING;

-- @write
INSERT INTO regions (slug, name, parent_slug)
SELECT slug, name, parent_slug FROM batch WHERE true
ON CONFLICT (slug) DO UPDATE SET name = excluded.name, parent_slug = excluded.parent_slug;

-- @write
-- The places that each port below should count for, less those that it does count for.
INSERT INTO moves (port, place, sign)
WITH RECURSIVE below (port) AS MATERIALIZED (
    SELECT DISTINCT p.port FROM batch b JOIN port_places p ON p.place = b.slug
),
wanted (port, place) AS (
    SELECT p.code, p.parent_slug FROM below b JOIN ports p ON p.code = b.port
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
    SELECT p.port, p.place, -1
    FROM below b
    JOIN port_places p ON p.port = b.port
    WHERE p.place <> p.port
) changes
GROUP BY port, place
HAVING sum(sign) <> 0;

-- @write
-- From here on as in POST /ports: the sums and port_places follow the moves (see the schema).
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
