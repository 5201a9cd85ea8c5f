-- @endpoint POST /currencies
-- Adds currencies, or changes what they are worth from now on; prices taken in before stay as they are.
-- @field currency text required unique maxlength 10 -- such as EUR
-- @field per_usd  number required min 0.000001 max 1000000000 -- units of it for one US dollar
-- @column saved integer

-- @reject 422 USD always has per_usd 1
SELECT line, 'per_usd' AS field, per_usd AS value FROM batch WHERE currency = 'USD' AND per_usd <> 1;

-- @write
INSERT INTO currencies (currency, per_usd)
SELECT currency, per_usd FROM batch WHERE true
ON CONFLICT (currency) DO UPDATE SET per_usd = excluded.per_usd;

-- @answer 201
SELECT count(*) AS saved FROM batch;
