# SPDX-License-Identifier: Apache-2.0
"""Apps of a few files, and what they are asked, that tests in several files use."""

JSON, NDJSON, CSV, FORM = 'application/json', 'application/x-ndjson', 'text/csv', 'application/x-www-form-urlencoded'

READ_APP = {
    'app.ini': 'title = Small\n',
    'schema/001_things.sql': '''
        CREATE TABLE things (id integer PRIMARY KEY, name text NOT NULL, size real, made text);
        INSERT INTO things VALUES (1, 'plain', 1.5, '2020-02-29'), (2, 'quo"te \\ tab	é 漢 🚢', NULL, NULL),
                                  (3, '', 1e300, NULL), (9223372036854775807, 'last', -0.1, NULL);
    ''',
    'get_things.sql': '''-- @endpoint GET /things
-- All things, or those of one name.
-- @param name text maxlength 10  the name
-- @answer
SELECT id, name, size, made FROM things WHERE :name IS NULL OR name = :name ORDER BY id;
''',
    'get_echo.sql': '''-- @endpoint GET /echo
-- @param t text required maxlength 5
-- @param i integer default 7 min -5 max 10
-- @param n number min 0.5
-- @param b boolean
-- @param d date min 2000-01-01
-- @param ts timestamp
-- @param c text in (red, green)
-- @column b boolean
-- @answer
SELECT :t AS t, :i AS i, :n AS n, :b AS b, :d AS d, :ts AS ts, :c AS c;
''',
    'get_strict.sql': '''-- @endpoint GET /strict
-- @strict
-- @param a integer
-- @answer
SELECT :a AS a;
''',
    'get_rejects.sql': '''-- @endpoint GET /rejects
-- @param a integer required
-- @param b integer required
-- @reject 400 a is larger than b
SELECT 'a' AS parameter, :a AS value WHERE :a > :b;
-- @reject 404 no such thing
SELECT 'a' AS parameter WHERE NOT EXISTS (SELECT 1 FROM things WHERE id = :a)
UNION ALL
SELECT 'b' WHERE NOT EXISTS (SELECT 1 FROM things WHERE id = :b);
-- @answer
SELECT id FROM things WHERE id BETWEEN :a AND :b;
''',
    'get_days.sql': '''-- @endpoint GET /days
-- @param a date required
-- @param b date required
-- @answer
SELECT day FROM calendar(:a, :b) ORDER BY day;
''',
    'get_slow.sql': '''-- @endpoint GET /slow
-- @answer
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) AS n FROM n;
''',
    'get_wrong.sql': '''-- @endpoint GET /wrong
-- @column a integer
-- @answer
SELECT 1.5 AS a;
''',
}

WRITE_APP = {
    'schema/001_tables.sql': '''
        CREATE TABLE groups (name text PRIMARY KEY);
        INSERT INTO groups VALUES ('a'), ('b');
        CREATE TABLE rows (id integer PRIMARY KEY, grp text NOT NULL REFERENCES groups (name), day text, price integer,
                           rate real, ok integer, at text, CHECK (price <> 13));
    ''',
    'get_rows.sql': '''-- @endpoint GET /rows
-- @column ok boolean
-- @answer
SELECT * FROM rows ORDER BY id;
''',
    'post_rows.sql': '''-- @endpoint POST /rows
-- @field id integer required
-- @field grp text required maxlength 5
-- @field day date
-- @field price integer default 7 min 0 max 100
-- @field rate number
-- @field ok boolean
-- @field at timestamp
-- @reject 422 unknown group
SELECT line, 'grp' AS field, grp AS value FROM batch WHERE grp NOT IN (SELECT name FROM groups);
-- @reject 409 id twice in the batch
SELECT max(line) AS line, 'id' AS field, id AS value FROM batch GROUP BY id HAVING count(*) > 1;
-- @write
INSERT INTO rows (id, grp, day, price, rate, ok, at) SELECT id, grp, day, price, rate, ok, at FROM batch;
-- @answer 201
SELECT count(*) AS inserted FROM batch;
''',
    'post_groups.sql': '''-- @endpoint POST /groups
-- @field name text required
-- @warn group is known
SELECT line, 'name' AS field, name AS value FROM batch WHERE name IN (SELECT name FROM groups);
-- @write
INSERT INTO groups SELECT DISTINCT name FROM batch WHERE name NOT IN (SELECT name FROM groups);
-- @answer 200
SELECT count(*) AS groups FROM groups;
''',
    'post_unchecked.sql': '''-- @endpoint POST /unchecked
-- @field id integer required
-- @field grp text required
-- @field price integer
-- @write
INSERT INTO rows (id, grp, price) SELECT id, grp, price FROM batch;
-- @answer 201
SELECT count(*) AS inserted FROM batch;
''',
}

LOAD_APP = {
    **WRITE_APP,
    'app.ini': 'title = Loaded\n[load]\nPOST /groups = groups.csv\nPOST /rows = rows.csv\n',
    'data/groups.csv': 'name\nc\nd\n',
    'data/rows.csv': 'id,grp\n1,c\n2,d\n',
}


def ids(server):
    return [row['id'] for row in server.get('/rows').json()]
