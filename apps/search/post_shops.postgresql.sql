-- @endpoint POST /shops
-- Adds shops, or renames and moves those that are there.
-- @field id   text required maxlength 100 unique
-- @field name text required maxlength 200
-- @field lat  number required min -90 max 90 -- degrees, north of the equator
-- @field lng  number required min -180 max 180 -- degrees, east of Greenwich
-- @column saved integer
-- @example {"id": "s1", "name": "Corner Shop", "lat": 55.9533, "lng": -3.1883}

-- @write
UPDATE shops
SET name = b.name, lat = b.lat, lng = b.lng
FROM batch b
WHERE shops.id = b.id;

-- @write
-- Those that are new alone, as ON CONFLICT would take a number for each row of the batch: shop_count counts them.
INSERT INTO shops (id, name, lat, lng)
SELECT id, name, lat, lng
FROM batch b
WHERE NOT EXISTS (SELECT 1 FROM shops s WHERE s.id = b.id)
ORDER BY line;

-- @write
-- What belongs to a shop moves with it. An array, as the planner would read all products for a batch of unknown size.
UPDATE products
SET lat = s.lat, lng = s.lng
FROM shops s
WHERE products.shop = ANY (ARRAY(SELECT s.number FROM batch b JOIN shops s ON s.id = b.id))
  AND s.number = products.shop AND (products.lat <> s.lat OR products.lng <> s.lng);

-- @write
UPDATE taggings
SET lat = s.lat, lng = s.lng
FROM shops s
WHERE taggings.shop = ANY (ARRAY(SELECT s.number FROM batch b JOIN shops s ON s.id = b.id))
  AND s.number = taggings.shop AND (taggings.lat <> s.lat OR taggings.lng <> s.lng);

-- @answer 201
SELECT count(*) AS saved FROM batch;
