CREATE TABLE people ( -- what is not known is null; no text is empty
    id          INTEGER PRIMARY KEY,
    first       TEXT,
    last        TEXT,
    age         INTEGER, -- years
    github_acct TEXT,
    graduated   TEXT -- day of the graduation from 3rd grade, YYYY-MM-DD
) STRICT;

CREATE INDEX people_last ON people (last);
