-- @endpoint GET /people
-- Everyone, by ID.
-- @example /people
-- @example /people?format=csv

-- @answer
SELECT id AS "ID", first AS "First", last AS "Last", age AS "Age", github_acct AS "GithubAcct",
       graduated AS "Date of 3rd Grade Graduation"
FROM people
ORDER BY id;
