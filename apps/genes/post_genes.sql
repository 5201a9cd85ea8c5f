-- @endpoint POST /genes
-- Adds names of genes. One that the species has already stays as it is.
-- @field species text required maxlength 100 pattern "[a-z0-9_]+" -- such as homo_sapiens
-- @field name    text required maxlength 100 pattern "\P{C}+" -- such as BRCA1
-- @column saved integer
-- @example {"species": "homo_sapiens", "name": "BRCA1"}

-- @write
INSERT INTO genes (species, folded, name)
SELECT species, lower(name), name
FROM batch
WHERE true
ORDER BY species, lower(name), name
ON CONFLICT DO NOTHING;

-- @answer 201
SELECT count(*) AS saved FROM batch;
