-- @endpoint GET /tags
-- What shops can be tagged with, in alphabetical order.
-- @shape values
-- @under tags
-- @example /tags

-- @answer
SELECT DISTINCT tag FROM tags ORDER BY tag;
