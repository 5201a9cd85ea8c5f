-- @endpoint GET /books
-- All books in the order of their titles, a page at a time.
-- @page 20 max 100
-- @param author text -- only books of this author
-- @param since  integer min 0 -- only books from this year on
-- @example /books
-- @example /books?author=Mary%20Shelley&since=1800

/* A file is an endpoint: GET reads, and cannot write. Comment lines that start with @ say what it is; the others
   above the statement describe it on /-/docs. This comment is for you alone.

   A @param comes from the query string and reaches the SQL as :name, null when it is not given. It can be
   text, integer, number, decimal(p,s), boolean, date, timestamp, time, uuid or json, and have the rules required,
   default, min, max, maxlength, in (a, b) and pattern "…". A request that breaks one is answered with 400 and told all that is wrong.

   @page adds the parameters limit and cursor. It wants an ORDER BY of columns of the answer that are unique
   together, which is why the id is behind the title. */

-- @answer
SELECT id, title, author, published
FROM books
WHERE (:author IS NULL OR author = :author) AND (:since IS NULL OR published >= :since)
ORDER BY title, id;
