-- @endpoint PATCH /people/id/{id}
-- Changes of one of the people what is sent, and answers with them. What is left out stays as it is; null takes it away.
-- @param id integer -- the ID
-- @one
-- @field first       text maxlength 200 name "First"
-- @field last        text maxlength 200 name "Last"
-- @field age         integer min 0 max 150 name "Age" -- years
-- @field github_acct text maxlength 100 name "GithubAcct"
-- @field graduated   date format "%m/%d/%y" past name "Date of 3rd Grade Graduation"
-- @shape object
-- @example /people/id/1 {"Age": 26, "GithubAcct": null}

-- @reject 404 nobody has this id
SELECT 'id' AS parameter, :id AS value WHERE NOT EXISTS (SELECT 1 FROM people WHERE id = :id);

-- @write
UPDATE people
SET first = CASE WHEN b.has_first THEN nullif(b.first, '') ELSE people.first END,
    last = CASE WHEN b.has_last THEN nullif(b.last, '') ELSE people.last END,
    age = CASE WHEN b.has_age THEN b.age ELSE people.age END,
    github_acct = CASE WHEN b.has_github_acct THEN nullif(b.github_acct, '') ELSE people.github_acct END,
    graduated = CASE WHEN b.has_graduated THEN b.graduated ELSE people.graduated END
FROM batch AS b
WHERE id = :id;

-- @answer
SELECT id AS "ID", first AS "First", last AS "Last", age AS "Age", github_acct AS "GithubAcct",
       graduated AS "Date of 3rd Grade Graduation"
FROM people
WHERE id = :id;
