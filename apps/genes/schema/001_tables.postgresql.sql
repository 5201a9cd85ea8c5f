CREATE TABLE genes ( -- in the order in which GET /gene_suggest reads: it has to sort nothing
    species text COLLATE "C" NOT NULL,
    folded  text COLLATE "C" NOT NULL, -- the name with small letters for A to Z
    name    text COLLATE "C" NOT NULL, -- as it is written
    PRIMARY KEY (species, folded, name)
);
