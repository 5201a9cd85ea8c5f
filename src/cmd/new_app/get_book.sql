-- @endpoint GET /books/{id}
-- One book.
-- @param id integer
-- @shape object
-- @example /books/1

/* A part of the path in braces is a parameter. @shape object answers the first row as {…} rather than all rows as
   [{…}], and 404 when there is none. */

-- @answer
SELECT id, title, author, published FROM books WHERE id = :id;
