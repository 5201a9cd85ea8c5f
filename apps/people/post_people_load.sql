-- @endpoint POST /people/load
-- The first load: as POST /people, but rows whose ID exists, here or earlier in the file, are passed over.
-- @private
-- @field id          integer min 1 max 999999999999999 name "ID"
-- @field first       text maxlength 200 name "First"
-- @field last        text maxlength 200 name "Last"
-- @field age         integer min 0 max 150 name "Age"
-- @field github_acct text maxlength 100 name "GithubAcct"
-- @field graduated   date format "%m/%d/%y" past name "Date of 3rd Grade Graduation"

-- @warn id exists, row skipped
SELECT line, 'id' AS field, id AS value
FROM (SELECT line, id, row_number() OVER (PARTITION BY id ORDER BY line) AS nth FROM batch WHERE id IS NOT NULL) b
WHERE nth > 1 OR EXISTS (SELECT 1 FROM people p WHERE p.id = b.id);

-- @write
INSERT INTO people (id, first, last, age, github_acct, graduated)
SELECT id, nullif(first, ''), nullif(last, ''), age, nullif(github_acct, ''), graduated
FROM batch
WHERE id IS NOT NULL
ORDER BY line
ON CONFLICT (id) DO NOTHING;

-- @write
INSERT INTO people (id, first, last, age, github_acct, graduated)
SELECT (SELECT coalesce(max(id), 0) FROM people) + row_number() OVER (ORDER BY line),
       nullif(first, ''), nullif(last, ''), age, nullif(github_acct, ''), graduated
FROM batch
WHERE id IS NULL;

-- @answer 201
SELECT count(*) AS people FROM people;
