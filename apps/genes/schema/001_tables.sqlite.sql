CREATE TABLE genes ( -- in the order in which GET /gene_suggest reads: it has to sort nothing
    species TEXT NOT NULL,
    folded  TEXT NOT NULL, -- the name with small letters for A to Z
    name    TEXT NOT NULL, -- as it is written
    PRIMARY KEY (species, folded, name)
) STRICT, WITHOUT ROWID;
