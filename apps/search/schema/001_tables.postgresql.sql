-- SPDX-License-Identifier: Apache-2.0
-- The tables of the search service, for PostgreSQL. Beside the id that it came with, each shop, tag and product
-- has a number: that is what joins and indexes work with. Text compares byte by byte.

-- What came in.

CREATE TABLE shops (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id     text COLLATE "C" NOT NULL UNIQUE,
    name   text NOT NULL,
    lat    double precision NOT NULL CHECK (lat BETWEEN -90 AND 90),
    lng    double precision NOT NULL CHECK (lng BETWEEN -180 AND 180)
);

CREATE TABLE tags ( -- two may be called the same: to a search they are one
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id     text COLLATE "C" NOT NULL UNIQUE,
    tag    text COLLATE "C" NOT NULL
);

CREATE INDEX tags_tag ON tags (tag);

CREATE TABLE taggings ( -- of a shop
    id   text COLLATE "C" PRIMARY KEY,
    shop bigint NOT NULL REFERENCES shops (number),
    tag  bigint NOT NULL REFERENCES tags (number),
    lat  double precision NOT NULL, -- the shop's, kept by POST /shops and POST /taggings
    lng  double precision NOT NULL
);

CREATE TABLE products (
    number     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id         text COLLATE "C" NOT NULL UNIQUE,
    shop       bigint NOT NULL REFERENCES shops (number),
    title      text NOT NULL,
    popularity double precision NOT NULL,
    quantity   bigint NOT NULL CHECK (quantity >= 0),
    lat        double precision NOT NULL, -- the shop's, kept by POST /shops and POST /products
    lng        double precision NOT NULL
);

-- What GET /search goes along. The indexes hold all that it tests and sorts by, so that it reads no product but
-- those that it answers with, and for most of its ways no shops either.

CREATE INDEX taggings_shop ON taggings (shop, tag);
CREATE INDEX taggings_tag ON taggings (tag, shop) INCLUDE (lat, lng);
CREATE INDEX products_popularity ON products (popularity DESC, id) INCLUDE (lat, lng, shop, quantity, number);
CREATE INDEX products_shop ON products (shop) INCLUDE (popularity, id, quantity, number);

-- Where the shops are, as points on a map of longitudes and latitudes.
CREATE INDEX shops_place ON shops USING gist (point(lng, lat));

-- The boxes on that map in which all lies that is within a radius: up to three, as the map has two edges that are
-- one meridian, and one with all longitudes where the circle holds a pole. A degree of latitude is more than
-- 111 km everywhere; a little more is added for rounding.
CREATE FUNCTION boxes_around(lat double precision, lng double precision, radius double precision)
RETURNS TABLE (box box) LANGUAGE sql IMMUTABLE PARALLEL SAFE ROWS 3 BEGIN ATOMIC
    SELECT box(point(CASE WHEN across < 180 THEN lng + turn - across ELSE -180 END, lat - up),
               point(CASE WHEN across < 180 THEN lng + turn + across ELSE 180 END, lat + up))
    FROM (VALUES (0), (-360), (360)) turns (turn)
    CROSS JOIN (
        SELECT up, CASE WHEN abs(lat) + up < 90 THEN asind(least(sind(up) / cosd(lat), 1)) ELSE 180 END AS across
        FROM (SELECT (radius + 0.001) / 111000 AS up) height
    ) size
    WHERE turn = 0 OR (across < 180 AND abs(lng + turn) <= 180 + across);
END;

-- By which GET /search chooses a plan.

CREATE VIEW shop_count AS
SELECT coalesce(max(number), 0) AS shops FROM shops; -- a step, as numbers have hardly any gaps
