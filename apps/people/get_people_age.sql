-- @endpoint GET /people/age
-- Everyone, the youngest first; those whose age is not known come last.
-- @example /people/age

-- @answer
SELECT id AS "ID", first AS "First", last AS "Last", age AS "Age", github_acct AS "GithubAcct",
       graduated AS "Date of 3rd Grade Graduation"
FROM people
ORDER BY age NULLS LAST, id;
