-- SPDX-License-Identifier: Apache-2.0
-- The tables of the search service, for SQLite. Beside the id that it came with, each shop, tag and product has
-- a number: that is what joins, indexes and the R*Tree work with.

-- What came in.

CREATE TABLE shops (
    number INTEGER PRIMARY KEY,
    id     TEXT NOT NULL UNIQUE,
    name   TEXT NOT NULL,
    lat    REAL NOT NULL CHECK (lat BETWEEN -90 AND 90),
    lng    REAL NOT NULL CHECK (lng BETWEEN -180 AND 180)
) STRICT;

CREATE TABLE tags ( -- two may be called the same: to a search they are one
    number INTEGER PRIMARY KEY,
    id     TEXT NOT NULL UNIQUE,
    tag    TEXT NOT NULL
) STRICT;

CREATE INDEX tags_tag ON tags (tag);

CREATE TABLE taggings ( -- of a shop
    id   TEXT PRIMARY KEY,
    shop INTEGER NOT NULL REFERENCES shops (number),
    tag  INTEGER NOT NULL REFERENCES tags (number),
    lat  REAL NOT NULL, -- the shop's, kept by POST /shops and POST /taggings
    lng  REAL NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE products (
    number     INTEGER PRIMARY KEY,
    id         TEXT NOT NULL UNIQUE,
    shop       INTEGER NOT NULL REFERENCES shops (number),
    title      TEXT NOT NULL,
    popularity REAL NOT NULL,
    quantity   INTEGER NOT NULL CHECK (quantity >= 0),
    lat        REAL NOT NULL, -- the shop's, kept by POST /shops and POST /products
    lng        REAL NOT NULL
) STRICT;

-- What GET /search goes along. The indexes hold all that it tests and sorts by, so that it reads no product but
-- those that it answers with, and for most of its ways no shops either.

CREATE INDEX taggings_shop ON taggings (shop, tag);
CREATE INDEX taggings_tag ON taggings (tag, shop, lat, lng);
CREATE INDEX products_popularity ON products (popularity DESC, id, lat, lng, shop, quantity);
CREATE INDEX products_shop ON products (shop, popularity DESC, id, quantity);

-- Where the shops are, on a globe of radius 1 with its axis along z. A circle on a globe lies in a cube whose
-- faces are as far away as the circle's rim: at the poles and the 180th meridian as anywhere else, which cannot
-- be said of a box of latitudes and longitudes. An R*Tree keeps 32-bit numbers, a lower and an upper one,
-- rounded outwards: half a metre that the test of the distance takes away again.
CREATE VIRTUAL TABLE shop_places USING rtree (shop, x_min, x_max, y_min, y_max, z_min, z_max);

-- By which GET /search chooses a plan.

CREATE VIEW shop_count AS
SELECT coalesce(max(number), 0) AS shops FROM shops; -- a step, as numbers have no gaps

CREATE VIEW tagged_shops AS
SELECT t.tag, g.shop, g.lat, g.lng
FROM tags t
CROSS JOIN taggings g ON g.tag = t.number;
