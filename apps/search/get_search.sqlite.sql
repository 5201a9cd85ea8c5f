-- @endpoint GET /search
-- The most popular products in the shops around a place, of one popularity by id.
-- @param lat      number required min -90 max 90 -- degrees, north of the equator
-- @param lng      number required min -180 max 180 -- degrees, east of Greenwich
-- @param radius   number default 500 min 0 max 20100000 -- metres, and all within it count; the greatest is everywhere
-- @param count    integer default 10 min 1 max 1000 -- products at most
-- @param tags     text list -- only shops with at least one of these
-- @param in_stock boolean default false -- only products of which the shop has some
-- @under products
-- @column popularity number
-- @column quantity   integer
-- @column shop.lat   number
-- @column shop.lng   number
-- @example /search?lat=55.9533&lng=-3.1883
-- @example /search?lat=55.9533&lng=-3.1883&radius=2000&count=3&tags=bicycles,coffee&in_stock=true

-- There are three ways to look, and each is slow where another one is fast. Few shops around: take all their
-- products, and sort. Few shops around that have the tags: the same, found by the tags. Else go down the list of all
-- products, the most popular first: it cannot be far to enough of them that are near, as every (all shops / shops that
-- fit)th one is. All of it costs least when "few" is in proportion to the square root of count times all shops; the
-- factors below are measured (see the README), and the conditions count no further than to where they are sure.
-- Tags are looked at in a sample, as all shops that have a common one would take longer to count than to answer.
-- A degree of latitude is 111.2 km everywhere, and two comparisons are cheaper than a distance.

-- @answer when NOT EXISTS (SELECT 1 FROM (SELECT cos(radians(:lat)) * cos(radians(:lng)) AS x, cos(radians(:lat)) * sin(radians(:lng)) AS y, sin(radians(:lat)) AS z, :radius / 6371000.0 AS reach) CROSS JOIN shop_places WHERE x_min < x + reach AND x_max > x - reach AND y_min < y + reach AND y_max > y - reach AND z_min < z + reach AND z_max > z - reach LIMIT 1 OFFSET (SELECT CAST(sqrt(:count * shops) / iif(:tags IS NULL, 3, 2) AS INTEGER) FROM shop_count))
-- All within the radius lie in a cube around the place whose faces are that far off, as a straight line is no longer
-- than the way along the ground; and a few millimetres further, for rounding.
WITH here (x, y, z, reach) AS (
    SELECT cos(radians(:lat)) * cos(radians(:lng)), cos(radians(:lat)) * sin(radians(:lng)), sin(radians(:lat)),
           :radius / 6371000.0 + 1e-9
),
found (number, popularity, id) AS (
    SELECT p.number, p.popularity, p.id
    FROM here h
    CROSS JOIN shop_places b
    CROSS JOIN shops s ON s.number = b.shop
    CROSS JOIN products p ON p.shop = s.number
    WHERE b.x_min <= h.x + h.reach AND b.x_max >= h.x - h.reach
      AND b.y_min <= h.y + h.reach AND b.y_max >= h.y - h.reach
      AND b.z_min <= h.z + h.reach AND b.z_max >= h.z - h.reach
      AND distance_m(:lat, :lng, s.lat, s.lng) <= :radius
      AND (:tags IS NULL OR EXISTS (
          SELECT 1 FROM taggings g
          WHERE g.shop = s.number
            AND +g.tag IN (SELECT t.number FROM list(:tags) l CROSS JOIN tags t ON t.tag = l.value)))
      AND (NOT :in_stock OR p.quantity > 0)
    ORDER BY p.popularity DESC, p.id
    LIMIT :count
)
SELECT p.id, p.title, p.popularity, p.quantity,
       s.id AS "shop.id", s.name AS "shop.name", s.lat AS "shop.lat", s.lng AS "shop.lng"
FROM found f
CROSS JOIN products p ON p.number = f.number
CROSS JOIN shops s ON s.number = p.shop
ORDER BY f.popularity DESC, f.id;

-- @answer when :tags IS NOT NULL AND NOT EXISTS (SELECT 1 FROM (SELECT s.lat, s.lng FROM list(:tags) l CROSS JOIN tagged_shops s ON s.tag = l.value LIMIT (SELECT CAST(sqrt(:count * shops) * 4 AS INTEGER) FROM shop_count)) WHERE lat BETWEEN :lat - :radius / 111000.0 AND :lat + :radius / 111000.0 AND distance_m(:lat, :lng, lat, lng) <= :radius LIMIT 1 OFFSET (SELECT CAST(sqrt(:count * shops) / 8 AS INTEGER) FROM shop_count))
WITH near (shop) AS (
    SELECT DISTINCT s.shop
    FROM list(:tags) l
    CROSS JOIN tagged_shops s ON s.tag = l.value
    WHERE s.lat BETWEEN :lat - :radius / 111000.0 AND :lat + :radius / 111000.0
      AND distance_m(:lat, :lng, s.lat, s.lng) <= :radius
),
found (number, popularity, id) AS (
    SELECT p.number, p.popularity, p.id
    FROM near n
    CROSS JOIN products p ON p.shop = n.shop
    WHERE NOT :in_stock OR p.quantity > 0
    ORDER BY p.popularity DESC, p.id
    LIMIT :count
)
SELECT p.id, p.title, p.popularity, p.quantity,
       s.id AS "shop.id", s.name AS "shop.name", s.lat AS "shop.lat", s.lng AS "shop.lng"
FROM found f
CROSS JOIN products p ON p.number = f.number
CROSS JOIN shops s ON s.number = p.shop
ORDER BY f.popularity DESC, f.id;

-- @answer
SELECT p.id, p.title, p.popularity, p.quantity,
       s.id AS "shop.id", s.name AS "shop.name", s.lat AS "shop.lat", s.lng AS "shop.lng"
FROM products p
CROSS JOIN shops s ON s.number = p.shop
WHERE p.lat BETWEEN :lat - :radius / 111000.0 AND :lat + :radius / 111000.0
  AND distance_m(:lat, :lng, p.lat, p.lng) <= :radius
  AND (:tags IS NULL OR EXISTS (
      SELECT 1 FROM taggings g
      WHERE g.shop = p.shop
        AND +g.tag IN (SELECT t.number FROM list(:tags) l CROSS JOIN tags t ON t.tag = l.value)))
  AND (NOT :in_stock OR p.quantity > 0)
ORDER BY p.popularity DESC, p.id
LIMIT :count;
