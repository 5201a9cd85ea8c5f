-- @endpoint POST /tags
-- Adds tags, or renames those that are there.
-- @field id  text required maxlength 100 unique
-- @field tag text required maxlength 100 pattern "[^\s,]([^,]*[^\s,])?" -- what GET /search calls it: no comma in it, and no blanks around it
-- @column saved integer
-- @example {"id": "t99", "tag": "fair trade"}

-- @write
INSERT INTO tags (id, tag)
SELECT id, tag FROM batch WHERE true
ON CONFLICT (id) DO UPDATE SET tag = excluded.tag;

-- @answer 201
SELECT count(*) AS saved FROM batch;
