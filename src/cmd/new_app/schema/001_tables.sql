-- Tables. The files of this folder are applied once each, in the order of their numbers, and must not change any
-- more then: a later change is a new file, such as 002_ratings.sql. (As long as there is nothing to lose, you can
-- as well delete the store, var/<app>.db, and change this one.)

CREATE TABLE books (
    id        integer PRIMARY KEY,
    title     text NOT NULL,
    author    text NOT NULL,
    published integer -- the year; null when it is not known
);

-- In the order of GET /books, so that each of its pages is found at once.
CREATE INDEX books_by_title ON books (title, id);
