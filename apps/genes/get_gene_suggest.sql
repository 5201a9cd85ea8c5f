-- @endpoint GET /gene_suggest
-- Names of a species' genes that start with what has been typed so far, in any case, in alphabetical order.
-- @param species text required -- such as homo_sapiens
-- @param query   text required -- how the name starts; % and _ are characters as others
-- @param limit   integer default 10 min 1 max 100 -- names at most
-- @shape values
-- @example /gene_suggest?species=homo_sapiens&query=brc
-- @example /gene_suggest?species=mus_musculus&query=Hox&limit=100

-- @answer
-- What starts with "brc" is one range of the key: from "brc" to, at its end, "brc" and U+10FFFF, which is the last
-- character that there is, stands below between the quotes, and is in no name.
SELECT name
FROM genes
WHERE species = :species AND folded >= lower(:query) AND folded < lower(:query) || '􏿿'
ORDER BY folded, name
LIMIT :limit;
