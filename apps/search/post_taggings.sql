-- @endpoint POST /taggings
-- Gives shops tags; a tagging that is there goes over to the shop and tag that are sent.
-- @field id      text required maxlength 100 unique
-- @field shop_id text required
-- @field tag_id  text required
-- @column saved integer
-- @example {"id": "g1", "shop_id": "s001", "tag_id": "t01"}

-- @reject 422 unknown shop
SELECT line, 'shop_id' AS field, shop_id AS value
FROM batch b
WHERE NOT EXISTS (SELECT 1 FROM shops s WHERE s.id = b.shop_id);

-- @reject 422 unknown tag
SELECT line, 'tag_id' AS field, tag_id AS value
FROM batch b
WHERE NOT EXISTS (SELECT 1 FROM tags t WHERE t.id = b.tag_id);

-- @write
INSERT INTO taggings (id, shop, tag, lat, lng)
SELECT b.id, s.number, t.number, s.lat, s.lng
FROM batch b
JOIN shops s ON s.id = b.shop_id
JOIN tags t ON t.id = b.tag_id
WHERE true
ON CONFLICT (id) DO UPDATE SET shop = excluded.shop, tag = excluded.tag, lat = excluded.lat, lng = excluded.lng;

-- @answer 201
SELECT count(*) AS saved FROM batch;
