-- @endpoint POST /books
-- Adds books: one as a JSON object, or many as a JSON array, NDJSON or CSV. All of them are added, or none.
-- @field id        integer required min 1 unique
-- @field title     text required maxlength 200
-- @field author    text required maxlength 100
-- @field published integer min 0 max 9999
-- @example {"id": 1001, "title": "The Left Hand of Darkness", "author": "Ursula K. Le Guin", "published": 1969}

/* The rows of a request stand in the table batch while the statements below run, in one transaction. A @field is
   a column of it; rows with fields that break a rule are refused before any statement runs.

   A @reject is a query for what is wrong beyond that. Its rows say where: line is there already, field and value
   help the sender. If it finds any, nothing is written, and the sender is told all of them. */

-- @reject 409 the id exists
SELECT line, 'id' AS field, id AS value FROM batch WHERE id IN (SELECT id FROM books);

-- @write
INSERT INTO books (id, title, author, published)
SELECT id, title, author, published FROM batch;

-- @answer 201
SELECT count(*) AS added FROM batch;
