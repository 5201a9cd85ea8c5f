-- @endpoint GET /ids/lastname/{lastname}
-- The IDs of all who have exactly that last name.
-- @param lastname text
-- @shape values
-- @example /ids/lastname/Robiner
-- @example /ids/lastname/Nobody

-- @answer
SELECT id FROM people WHERE last = :lastname ORDER BY id;
