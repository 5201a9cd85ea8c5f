-- @endpoint GET /ports
-- Every port with the region that it lies in.
-- @column code        text
-- @column name        text
-- @column parent_slug text

-- @answer
SELECT code, name, parent_slug FROM ports ORDER BY code;
