-- SPDX-License-Identifier: Apache-2.0
-- The tables of the rates service, for PostgreSQL. Text compares byte by byte, so case matters everywhere.

-- What came in.

CREATE TABLE regions (
    slug        text COLLATE "C" PRIMARY KEY,
    name        text NOT NULL,
    parent_slug text COLLATE "C" REFERENCES regions (slug) -- NULL: a region at the top
);

CREATE INDEX regions_parent ON regions (parent_slug);

CREATE TABLE ports (
    code        text COLLATE "C" PRIMARY KEY,
    name        text NOT NULL,
    parent_slug text COLLATE "C" NOT NULL REFERENCES regions (slug)
);

CREATE INDEX ports_parent ON ports (parent_slug);

CREATE TABLE currencies (
    currency text COLLATE "C" PRIMARY KEY,
    per_usd  double precision NOT NULL CHECK (per_usd > 0) -- units of it for one US dollar
);

INSERT INTO currencies (currency, per_usd) VALUES ('USD', 1);

CREATE TABLE prices ( -- as many rows as were sent: the same price twice counts twice
    orig_code text COLLATE "C" NOT NULL REFERENCES ports (code),
    dest_code text COLLATE "C" NOT NULL REFERENCES ports (code),
    day       date NOT NULL,
    price     bigint NOT NULL CHECK (price BETWEEN 0 AND 2147483647) -- US dollars
);

-- What is worked out from it, by the endpoint that changes it and in the same transaction.

CREATE TABLE places ( -- every port and every region
    code text COLLATE "C" PRIMARY KEY
);

CREATE TABLE port_places ( -- a port counts for itself and for each region above it
    port  text COLLATE "C" NOT NULL REFERENCES ports (code),
    place text COLLATE "C" NOT NULL REFERENCES places (code),
    PRIMARY KEY (port, place)
);

CREATE INDEX port_places_place ON port_places (place);

CREATE TABLE route_days ( -- the prices of a day from one place to another, added up; no row for none
    origin      text COLLATE "C" NOT NULL,
    destination text COLLATE "C" NOT NULL,
    day         date NOT NULL,
    total       bigint NOT NULL, -- sum of the prices
    prices      bigint NOT NULL, -- how many there are
    PRIMARY KEY (origin, destination, day)
) WITH (fillfactor = 80); -- room for the next sums beside the last ones: an update in its page touches no index

-- Finds the rows that a move has emptied, which are deleted at once: so it is empty itself.
CREATE INDEX route_days_emptied ON route_days (origin) WHERE prices = 0;

-- How ports and regions move. POST /ports and POST /regions write down what the move adds to port_places (+1)
-- and takes from it (-1). The sums of route_days follow in two steps, each an addition: first the moved ports
-- as destinations, with the origins counted where they were; then, when port_places is up to date, as
-- origins, with the destinations counted where they are now. So every pair ends up counted where it is now.

CREATE TABLE moves ( -- empty between transactions
    port  text COLLATE "C" NOT NULL,
    place text COLLATE "C" NOT NULL,
    sign  bigint NOT NULL CHECK (sign IN (-1, 1)),
    PRIMARY KEY (port, place)
);

CREATE VIEW moved_destinations AS -- first step; to be read before port_places changes
WITH moved AS MATERIALIZED ( -- without the ports that are new, to which there are no prices yet
    SELECT DISTINCT m.port FROM moves m JOIN port_places p ON p.port = m.port AND p.place = m.port
),
origins AS MATERIALIZED (
    SELECT code FROM ports WHERE EXISTS (SELECT 1 FROM route_days WHERE origin = code)
)
SELECT p.place AS origin, m.place AS destination, r.day,
       sum(m.sign * r.total) AS total, sum(m.sign * r.prices) AS prices
FROM moved
CROSS JOIN origins o
JOIN route_days r ON r.origin = o.code AND r.destination = moved.port
JOIN moves m ON m.port = moved.port
JOIN port_places p ON p.port = o.code
GROUP BY p.place, m.place, r.day;

CREATE VIEW moved_origins AS -- second step; to be read after port_places has changed
SELECT m.place AS origin, p.place AS destination, r.day,
       sum(m.sign * r.total) AS total, sum(m.sign * r.prices) AS prices
FROM moves m
JOIN route_days r ON r.origin = m.port
JOIN port_places p ON p.port = r.destination -- no region is a port: rows to regions are left out
GROUP BY m.place, p.place, r.day;
