-- @endpoint GET /regions
-- Every region with the region above it; null at the top.
-- @column slug        text
-- @column name        text
-- @column parent_slug text

-- @answer
SELECT slug, name, parent_slug FROM regions ORDER BY slug;
