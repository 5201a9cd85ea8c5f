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

-- The three ways to look are those of get_search.sqlite.sql, which says why, with factors measured here. The planner
-- plans once for all questions and does not know that "few" is few, so that some things are written for it alone.
-- OFFSET 0 keeps it to the order of the joins as they stand; a LIMIT of all shops tells it that the first ones of an
-- index may do; +g.tag keeps it to the index by shop; and a subquery with LIMIT 1, unlike EXISTS, is not answered by
-- reading all taggings of the tags first. The millimetre beside the radius is for those too small to be divided.

-- @answer when NOT EXISTS (SELECT 1 FROM boxes_around(:lat, :lng, :radius) b CROSS JOIN LATERAL (SELECT 1 FROM shops s WHERE point(s.lng, s.lat) <@ b.box LIMIT (SELECT shops FROM shop_count)) s LIMIT 1 OFFSET (SELECT CAST(sqrt(:count * shops) / CASE WHEN :tags IS NULL THEN 3 ELSE 4 END AS bigint) FROM shop_count))
WITH found (number, popularity, id) AS (
    SELECT p.number, p.popularity, p.id
    FROM boxes_around(:lat, :lng, :radius) b
    CROSS JOIN LATERAL (
        SELECT s.number
        FROM shops s
        WHERE point(s.lng, s.lat) <@ b.box AND distance_m(:lat, :lng, s.lat, s.lng) <= :radius
          AND (:tags IS NULL OR (
              SELECT true FROM taggings g
              WHERE g.shop = s.number
                AND +g.tag = ANY (ARRAY(SELECT t.number FROM list(:tags) l JOIN tags t ON t.tag = l.value))
              LIMIT 1))
        OFFSET 0
    ) s
    CROSS JOIN LATERAL (
        SELECT p.number, p.popularity, p.id
        FROM products p
        WHERE p.shop = s.number AND (NOT :in_stock OR p.quantity > 0)
        OFFSET 0
    ) p
    ORDER BY p.popularity DESC, p.id
    LIMIT :count
)
SELECT p.id, p.title, p.popularity, p.quantity,
       s.id AS "shop.id", s.name AS "shop.name", s.lat AS "shop.lat", s.lng AS "shop.lng"
FROM found f
CROSS JOIN LATERAL (SELECT * FROM products p WHERE p.number = f.number OFFSET 0) p
CROSS JOIN LATERAL (SELECT * FROM shops s WHERE s.number = p.shop OFFSET 0) s
ORDER BY f.popularity DESC, f.id;

-- @answer when :tags IS NOT NULL AND NOT EXISTS (SELECT 1 FROM (SELECT g.lat, g.lng FROM list(:tags) l CROSS JOIN LATERAL (SELECT t.number FROM tags t WHERE t.tag = l.value OFFSET 0) t CROSS JOIN LATERAL (SELECT g.lat, g.lng FROM taggings g WHERE g.tag = t.number OFFSET 0) g LIMIT (SELECT CAST(sqrt(:count * shops) * 2 AS bigint) FROM shop_count)) sample WHERE lat BETWEEN :lat - (:radius + 0.001) / 111000 AND :lat + (:radius + 0.001) / 111000 AND distance_m(:lat, :lng, lat, lng) <= :radius LIMIT 1 OFFSET (SELECT CAST(sqrt(:count * shops) / 10 AS bigint) FROM shop_count))
WITH near (shop) AS MATERIALIZED (
    SELECT DISTINCT g.shop
    FROM list(:tags) l
    CROSS JOIN LATERAL (SELECT t.number FROM tags t WHERE t.tag = l.value OFFSET 0) t
    CROSS JOIN LATERAL (
        SELECT g.shop
        FROM taggings g
        WHERE g.tag = t.number AND g.lat BETWEEN :lat - (:radius + 0.001) / 111000 AND :lat + (:radius + 0.001) / 111000
          AND distance_m(:lat, :lng, g.lat, g.lng) <= :radius
        OFFSET 0
    ) g
),
found (number, popularity, id) AS (
    SELECT p.number, p.popularity, p.id
    FROM near n
    CROSS JOIN LATERAL (
        SELECT p.number, p.popularity, p.id
        FROM products p
        WHERE p.shop = n.shop AND (NOT :in_stock OR p.quantity > 0)
        OFFSET 0
    ) p
    ORDER BY p.popularity DESC, p.id
    LIMIT :count
)
SELECT p.id, p.title, p.popularity, p.quantity,
       s.id AS "shop.id", s.name AS "shop.name", s.lat AS "shop.lat", s.lng AS "shop.lng"
FROM found f
CROSS JOIN LATERAL (SELECT * FROM products p WHERE p.number = f.number OFFSET 0) p
CROSS JOIN LATERAL (SELECT * FROM shops s WHERE s.number = p.shop OFFSET 0) s
ORDER BY f.popularity DESC, f.id;

-- @answer
WITH found (number, popularity, id) AS (
    SELECT p.number, p.popularity, p.id
    FROM products p
    WHERE p.lat BETWEEN :lat - (:radius + 0.001) / 111000 AND :lat + (:radius + 0.001) / 111000
      AND distance_m(:lat, :lng, p.lat, p.lng) <= :radius
      AND (NOT :in_stock OR p.quantity > 0)
      AND (:tags IS NULL OR (
          SELECT true FROM taggings g
          WHERE g.shop = p.shop
            AND +g.tag = ANY (ARRAY(SELECT t.number FROM list(:tags) l JOIN tags t ON t.tag = l.value))
          LIMIT 1))
    ORDER BY p.popularity DESC, p.id
    LIMIT :count
)
SELECT p.id, p.title, p.popularity, p.quantity,
       s.id AS "shop.id", s.name AS "shop.name", s.lat AS "shop.lat", s.lng AS "shop.lng"
FROM found f
CROSS JOIN LATERAL (SELECT * FROM products p WHERE p.number = f.number OFFSET 0) p
CROSS JOIN LATERAL (SELECT * FROM shops s WHERE s.number = p.shop OFFSET 0) s
ORDER BY f.popularity DESC, f.id;
