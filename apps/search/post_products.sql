-- @endpoint POST /products
-- Adds products, or changes those that are there: what is known of a product is what was sent last.
-- @field id         text required maxlength 100 unique
-- @field shop_id    text required -- the shop that sells it
-- @field title      text required maxlength 1000
-- @field popularity number required -- the greater, the earlier it is found
-- @field quantity   integer required min 0 -- how many the shop has
-- @column saved integer
-- @example {"id": "p1", "shop_id": "s001", "title": "Umbrella", "popularity": 0.5, "quantity": 3}

-- @reject 422 unknown shop
SELECT line, 'shop_id' AS field, shop_id AS value
FROM batch b
WHERE NOT EXISTS (SELECT 1 FROM shops s WHERE s.id = b.shop_id);

-- @write
INSERT INTO products (id, shop, title, popularity, quantity, lat, lng)
SELECT b.id, s.number, b.title, b.popularity, b.quantity, s.lat, s.lng
FROM batch b
JOIN shops s ON s.id = b.shop_id
WHERE true
ON CONFLICT (id)
DO UPDATE SET shop = excluded.shop, title = excluded.title, popularity = excluded.popularity,
              quantity = excluded.quantity, lat = excluded.lat, lng = excluded.lng;

-- @answer 201
SELECT count(*) AS saved FROM batch;
