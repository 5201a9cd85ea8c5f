-- @endpoint POST /people
-- Adds people, and answers with everyone. Who comes without an ID gets the next one above all that there are.
-- @field id          integer min 1 max 999999999999999 unique name "ID"
-- @field first       text maxlength 200 name "First"
-- @field last        text maxlength 200 name "Last"
-- @field age         integer min 0 max 150 name "Age" -- years
-- @field github_acct text maxlength 100 name "GithubAcct"
-- @field graduated   date format "%m/%d/%y" past name "Date of 3rd Grade Graduation"
-- @example {"First": "Ada", "Last": "Robiner", "Age": 25, "Date of 3rd Grade Graduation": "6/24/09"}
-- @example [{"First": "Zoë"}, {"Last": "Åkerström", "GithubAcct": null}]

-- @reject 409 id exists
SELECT line, 'id' AS field, id AS value FROM batch b WHERE EXISTS (SELECT 1 FROM people p WHERE p.id = b.id);

-- @reject 422 nothing is known of this one
SELECT line FROM batch WHERE id IS NULL AND age IS NULL AND graduated IS NULL
AND coalesce(first, '') = '' AND coalesce(last, '') = '' AND coalesce(github_acct, '') = '';

-- @write
INSERT INTO people (id, first, last, age, github_acct, graduated)
SELECT id, nullif(first, ''), nullif(last, ''), age, nullif(github_acct, ''), graduated
FROM batch
WHERE id IS NOT NULL;

-- @write
-- Given IDs end long before the largest integer that JavaScript reads, so there is always a next one.
INSERT INTO people (id, first, last, age, github_acct, graduated)
SELECT (SELECT coalesce(max(id), 0) FROM people) + row_number() OVER (ORDER BY line),
       nullif(first, ''), nullif(last, ''), age, nullif(github_acct, ''), graduated
FROM batch
WHERE id IS NULL;

-- @answer 201
SELECT id AS "ID", first AS "First", last AS "Last", age AS "Age", github_acct AS "GithubAcct",
       graduated AS "Date of 3rd Grade Graduation"
FROM people
ORDER BY id;
