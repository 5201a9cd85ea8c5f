-- @endpoint POST /shops
-- Adds shops, or renames and moves those that are there.
-- @field id   text required maxlength 100 unique
-- @field name text required maxlength 200
-- @field lat  number required min -90 max 90 -- degrees, north of the equator
-- @field lng  number required min -180 max 180 -- degrees, east of Greenwich
-- @column saved integer
-- @example {"id": "s1", "name": "Corner Shop", "lat": 55.9533, "lng": -3.1883}

-- @write
INSERT INTO shops (id, name, lat, lng)
SELECT id, name, lat, lng FROM batch WHERE true
ON CONFLICT (id) DO UPDATE SET name = excluded.name, lat = excluded.lat, lng = excluded.lng;

-- @write
INSERT OR REPLACE INTO shop_places (shop, x_min, x_max, y_min, y_max, z_min, z_max)
SELECT shop, x, x, y, y, z, z
FROM (
    SELECT s.number AS shop, cos(radians(s.lat)) * cos(radians(s.lng)) AS x,
           cos(radians(s.lat)) * sin(radians(s.lng)) AS y, sin(radians(s.lat)) AS z
    FROM batch b
    JOIN shops s ON s.id = b.id
);

-- @write
-- What belongs to a shop moves with it.
UPDATE products
SET lat = s.lat, lng = s.lng
FROM batch b
JOIN shops s ON s.id = b.id
WHERE products.shop = s.number AND (products.lat <> s.lat OR products.lng <> s.lng);

-- @write
UPDATE taggings
SET lat = s.lat, lng = s.lng
FROM batch b
JOIN shops s ON s.id = b.id
WHERE taggings.shop = s.number AND (taggings.lat <> s.lat OR taggings.lng <> s.lng);

-- @answer 201
SELECT count(*) AS saved FROM batch;
