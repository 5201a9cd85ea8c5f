CREATE TABLE people ( -- what is not known is null; no text is empty
    id          bigint PRIMARY KEY,
    first       text COLLATE "C",
    last        text COLLATE "C",
    age         bigint, -- years
    github_acct text COLLATE "C",
    graduated   date -- day of the graduation from 3rd grade
);

CREATE INDEX people_last ON people (last);
