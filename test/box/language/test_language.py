# SPDX-License-Identifier: Apache-2.0
"""The endpoint language over HTTP: paths, lists, shapes, nesting, several answers, rules of values, private endpoints, formats, pages."""
import csv
import io
import json
import re

import pytest

from server import STORES, Server, new_store, run, write_app

APP = {
    'app.ini': 'title = Things\n\n[load]\nPOST /private = things.csv\n',
    'data/things.csv': 'Id,Name,Made On\n' + ''.join(f'{i},thing {i % 10},6/{i % 28 + 1}/01\n' for i in range(1, 251)),
    'schema/001_things.sql': 'CREATE TABLE things (id integer PRIMARY KEY, name text, made text);\n'
                             'CREATE INDEX things_by_name ON things (name, id);\n'
                             'CREATE TABLE gone (id integer);\n',
    'post_private.sql': '''-- @endpoint POST /private
-- @private
-- @field id integer required name "Id"
-- @field name text name "Name"
-- @field made date format "%m/%d/%y" past name "Made On"
-- @write
INSERT INTO things SELECT id, name, made FROM batch;
-- @answer
SELECT count(*) AS n FROM batch;
''',
    'post_things.sql': '''-- @endpoint POST /things
-- @field id integer required unique name "Id"
-- @field name text pattern "[a-zä-ü]+( [a-z0-9]+)*" name "Name"
-- @field made date format "%d.%m.%Y" name "Made On"
-- @shape object
-- @reject 422 no such name
SELECT line, 'name' AS field, name AS value FROM batch WHERE name = 'nobody';
-- @write
INSERT INTO things SELECT id, name, made FROM batch;
-- @answer 201
SELECT count(*) AS n, min(made) AS first FROM batch;
''',
    'delete_thing.sql': '''-- @endpoint DELETE /things/{id}
-- @param id integer
-- @shape value
-- @write
DELETE FROM gone;
-- @write
INSERT INTO gone SELECT id FROM things WHERE id = :id;
-- @write
DELETE FROM things WHERE id = :id;
-- @answer
SELECT 1 AS gone FROM gone;
''',
    'get_thing.sql': '''-- @endpoint GET /things/{id}
-- @param id integer min 1
-- @shape object
-- @under thing
-- @answer
SELECT id, name AS "is.called.so", made AS "is.made", 1 AS one FROM things WHERE id = :id;
''',
    'get_newest.sql': '''-- @endpoint GET /things/newest
-- @shape value
-- @answer
SELECT max(id) AS id FROM things;
''',
    'get_parts.sql': '''-- @endpoint GET /parts/{a}/of/{b}
-- @param a text
-- @param b text
-- @answer
SELECT :a AS a, :b AS b;
''',
    'get_named.sql': '''-- @endpoint GET /named
-- @param names text list maxlength 8
-- @param ids integer list default 1,2
-- @shape values
-- @answer
SELECT id FROM things WHERE (:names IS NULL OR name IN (SELECT value FROM list(:names))) AND id IN (SELECT CAST(value AS integer) FROM list(:ids)) ORDER BY id;
''',
    'get_list.sql': '''-- @endpoint GET /list
-- @param items text list name "the items"
-- @answer
SELECT value, :items AS whole FROM list(:items);
''',
    'get_size.sql': '''-- @endpoint GET /size
-- @param n integer required
-- @shape text
-- @answer when :n < 10
SELECT 'small';
-- @answer 203 when :n < 100
SELECT 'middling';
-- @answer when :n = 1000
SELECT 'none' WHERE 1 = 0;
-- @answer
SELECT 'large';
''',
    'get_all.sql': '''-- @endpoint GET /all
-- @page 20 max 100
-- @param name text
-- @answer
SELECT id, name, made FROM things WHERE :name IS NULL OR name = :name ORDER BY name DESC, id;
''',
    'get_values.sql': '''-- @endpoint GET /values
-- @shape rows
-- @under rows
-- @answer
SELECT NULL AS a, '' AS b, 'x,"y"' AS c, 1.5 AS "d.e", 'ä
z' AS f;
''',
}


@pytest.fixture(scope='module', params=STORES)
def server(request, tmp_path_factory):
    """The same files on either store."""
    folder = tmp_path_factory.mktemp('language')
    started = Server(write_app(folder / 'things', APP), *new_store(request.param, request), var=folder / 'var')
    yield started
    assert started.stop() == 0, started.stderr


@pytest.mark.parametrize('path, status, value', [
    ('/things/7', 200, {'thing': {'id': 7, 'is': {'called': {'so': 'thing 7'}, 'made': '2001-06-08'}, 'one': 1}}),
    ('/things/newest', 200, 250),
    ('/things/%6eewest', 200, 250),
    ('/things/0', 400, None),
    ('/things/x', 400, None),
    ('/things/999', 404, None),
    ('/things/', 404, None),
    ('/things/7/', 404, None),
    ('/things/7/8', 404, None),
    ('/parts/a%2Fb/of/%C3%A4%3F', 200, [{'a': 'a/b', 'b': 'ä?'}]),
    ('/parts/of/of/of', 200, [{'a': 'of', 'b': 'of'}]),
    ('/parts/+/of/%2B', 200, [{'a': '+', 'b': '+'}]),
    ('/parts//of/b', 404, None),
    ('/parts/a%zz/of/b', 400, None),
    ('/private', 404, None),
    ('/parts/a/of/b?a=c', 200, [{'a': 'a', 'b': 'b'}]),
])
def test_paths(server, path, status, value):
    answer = server.get(path)
    assert answer.status == status, answer.body
    if value is not None:
        assert answer.json() == value


def test_the_methods_of_a_path_that_several_routes_match_are_told_together(server):
    answer = server.request('PUT', '/things/newest')
    assert answer.status == 405
    assert set(answer.headers['Allow'].split(', ')) == {'GET', 'HEAD', 'OPTIONS', 'DELETE'}


def test_a_method_is_found_behind_a_more_literal_route_that_lacks_it(server):
    answer = server.request('DELETE', '/things/newest')
    assert answer.status == 400
    assert answer.errors('parameter', 'code') == [('id', 'type')]


@pytest.mark.parametrize('query, items', [
    ('the+items=a,b', ['a', 'b']),
    ('the+items=a&the%20items=b', ['a', 'b']),
    ('the+items[]=a&the+items%5B%5D=b', ['a', 'b']),
    ('the+items=%20a%20,,%20b+c%20,', ['a', 'b c']),
    ('the+items=a,b&the+items[]=c', ['a', 'b', 'c']),
    ('the+items=', []),
    ('the+items=,%20,', []),
    ('', []),
])
def test_lists_come_in_many_ways(server, query, items):
    answer = server.get('/list?' + query)
    assert [row['value'] for row in answer.json()] == items
    assert all(row['whole'] == ','.join(items) for row in answer.json())


def test_each_item_of_a_list_has_to_pass(server):
    assert server.get('/named?names=thing%201,thing%202').json() == [1, 2]
    assert server.get('/named?ids=3,x').errors('parameter', 'code') == [('ids', 'type')]
    assert server.get('/named?names=ok,thing-ninety').errors('parameter', 'code') == [('names', 'maxlength')]
    assert server.get('/named?ids=' + ','.join(['1'] * 1000)).json() == [1]
    assert server.get('/named?ids=' + ','.join(['1'] * 1001)).errors('parameter', 'code') == [('ids', 'items')]


@pytest.mark.parametrize('n, status, text', [(1, 200, 'small'), (10, 203, 'middling'), (100, 200, 'large'), (1000, 404, None)])
def test_the_first_answer_whose_condition_is_true_is_given(server, n, status, text):
    answer = server.get(f'/size?n={n}')
    assert answer.status == status
    if text is not None:
        assert (answer.headers['Content-Type'], answer.body.decode()) == ('text/plain; charset=utf-8', text)


def test_a_text_has_one_format(server):
    assert server.get('/size?n=1', Accept='application/json').status == 406
    assert server.get('/size?n=1', Accept='text/plain').status == 200
    assert server.get('/size?n=1&format=csv').status == 400


def test_a_delete_needs_no_body_and_undoes_what_found_nothing(server):
    server.post('/things', {'Id': 9001, 'Name': 'short lived', 'Made On': None})
    assert (server.request('DELETE', '/things/9001').json(), server.request('DELETE', '/things/9001').status) == (1, 404)
    assert server.request('DELETE', '/things/9001', b'{}', {'Content-Type': 'application/json'}).status == 400


def test_fields_are_read_and_reported_by_their_outside_names(server):
    rows = [{'Id': 1000, 'Name': 'fine', 'Made On': '31.12.1999'}, {'Id': 1001, 'Name': 'ärger', 'Made On': '2000-01-01'}]
    answer = server.post('/things', rows)
    assert (answer.status, answer.json()) == (201, {'n': 2, 'first': '1999-12-31'})
    bad = 'Id,Name,Made On\n2000,NO,1.1.2000\n2000,fine,30.2.2000\n2001,nobody,\n2001,fine,\n2001,fine,\n'
    answer = server.post('/things', bad, 'text/csv')
    assert answer.status == 422
    assert answer.errors('line', 'field', 'code') == [(2, 'Name', 'pattern'), (3, 'Made On', 'type'), (4, 'Name', 'no_such_name'),
                                                      (5, 'Id', 'unique'), (6, 'Id', 'unique')]
    assert server.post('/things', [{'id': 3000}]).errors('field', 'code') == [('id', 'unknown_field'), ('Id', 'required')]


# --- formats

def test_csv_keeps_null_and_empty_apart_and_quotes_what_has_to_be(server):
    answer = server.get('/values?format=csv')
    assert answer.headers['Content-Type'] == 'text/csv; charset=utf-8; header=present'
    assert answer.body.decode() == 'a,b,c,d.e,f\r\n,"","x,""y""",1.5,"ä\nz"\r\n'


def test_a_format_of_the_query_goes_over_accept(server):
    answer = server.get('/values?format=ndjson', Accept='text/csv')
    assert answer.headers['Content-Type'] == 'application/x-ndjson'
    assert [json.loads(line) for line in answer.body.splitlines()] == [{'a': None, 'b': '', 'c': 'x,"y"', 'd': {'e': 1.5}, 'f': 'ä\nz'}]
    assert list(server.get('/values?format=json').json()) == ['rows']
    answer = server.get('/values?format=xml')
    assert answer.status == 400
    assert all(word in answer.body.decode() for word in ('json', 'ndjson', 'csv'))


def test_values_of_a_list_shape_come_a_line_each(server):
    assert server.get('/named?format=ndjson').body == b'1\n2\n'
    assert server.get('/named?format=csv').body == b'id\r\n1\r\n2\r\n'


def test_head_tells_the_length_and_sends_nothing(server):
    got, head = server.get('/values?format=csv'), server.request('HEAD', '/values?format=csv')
    assert (head.body, head.headers['Content-Length']) == (b'', str(len(got.body)))


# --- pages

def pages(server, target):
    while target:
        answer = server.get(target)
        assert answer.status == 200, answer.body
        yield answer
        link = answer.headers['Link']
        target = None
        if link is not None:
            target, = re.fullmatch(r'<([^>]+)>; rel="next"', link).groups()


def rows_of(server):
    rows = [row for row in csv.DictReader(io.StringIO(server.get('/all?limit=100&format=csv').body.decode()))]
    assert rows
    return rows


@pytest.mark.parametrize('query, sizes', [('', 20), ('?limit=100', 100), ('?limit=7&name=thing%203', 7), ('?limit=1&name=thing+4', 1)])
def test_pages_follow_one_another_and_hold_each_row_once(server, query, sizes):
    answers = list(pages(server, '/all' + query))
    lengths = [len(answer.json()) for answer in answers]
    assert all(length == sizes for length in lengths[:-1]) and 0 < lengths[-1] <= sizes
    rows = [row for answer in answers for row in answer.json()]
    keys = [(row['name'], -row['id']) for row in rows]
    assert keys == sorted(keys, reverse=True) and len(set(keys)) == len(keys)
    if 'name' in query:
        assert len(rows) == 25
    else:
        assert len(rows) >= 250


def test_pages_keep_their_place_while_rows_come_and_go(server):
    walk = pages(server, '/all?limit=10&name=passing')
    for i in range(5000, 5030):
        server.post('/things', {'Id': i, 'Name': 'passing', 'Made On': None})
    seen = [row['id'] for row in next(walk).json()]
    assert server.request('DELETE', '/things/5005').status == 200
    server.post('/things', {'Id': 4999, 'Name': 'passing', 'Made On': None})
    for answer in walk:
        seen += [row['id'] for row in answer.json()]
    assert seen == list(range(5000, 5030))
    for i in [4999, *range(5000, 5030)]:
        server.request('DELETE', f'/things/{i}')


@pytest.mark.parametrize('query, parameter', [
    ('limit=0', 'limit'), ('limit=101', 'limit'), ('limit=x', 'limit'), ('cursor=x', 'cursor'), ('cursor=AAAAAAAAAAAA', 'cursor'),
    ('cursor=%F0%9F%9A%A2', 'cursor'),
])
def test_a_limit_or_cursor_that_is_none_is_refused(server, query, parameter):
    answer = server.get('/all?' + query)
    assert answer.status == 400
    assert [name for name, in answer.errors('parameter')] == [parameter]


def test_a_cursor_holds_in_every_format(server):
    link = server.get('/all?limit=5&format=csv').headers['Link']
    assert 'format=csv' in link and 'limit=5' in link


@pytest.mark.parametrize('sql', [
    "SELECT id AS k FROM a UNION ALL SELECT code FROM b ORDER BY k",  # an order of mixed types
    "SELECT name AS k FROM c ORDER BY k",  # alike to the collation alone
    "SELECT name AS a, id AS \"A\" FROM c ORDER BY \"A\"",  # two columns of one name but for its case
])
def test_an_order_that_would_leave_rows_out_is_an_error_and_no_gap(start, tmp_path, sql):
    server = start(write_app(tmp_path / 'odd', {
        'schema/001_t.sql': "CREATE TABLE a (id integer PRIMARY KEY); INSERT INTO a VALUES (1), (2), (10), (20);"
                            "CREATE TABLE b (code text PRIMARY KEY); INSERT INTO b VALUES ('007'), ('10'), ('2x'), ('abc'), ('9');"
                            "CREATE TABLE c (id integer PRIMARY KEY, name text COLLATE NOCASE);"
                            "INSERT INTO c VALUES (1, 'a'), (2, 'A'), (3, 'b'), (4, 'B'), (5, 'c');",
        'get_k.sql': f'-- @endpoint GET /k\n-- @page 1 max 10\n-- @answer\n{sql};\n'}))
    target, rows = '/k', 0
    for _ in range(12):
        answer = server.get(target)
        if answer.status != 200:
            break
        rows += len(answer.json())
        link = answer.headers['Link']
        if link is None:
            break
        target, = re.fullmatch(r'<([^>]+)>; rel="next"', link).groups()
    assert answer.status == 500, rows


# --- what check says

WRONG = {
    'get_a.sql': ('-- @endpoint GET /a/{x}\n-- @param x text required\n-- @answer\nSELECT :x AS x;\n', 'required'),
    'get_b.sql': ('-- @endpoint GET /b/{x}\n-- @answer\nSELECT 1 AS x;\n', '@param x'),
    'get_c.sql': ('-- @endpoint GET /c\n-- @answer when 1\nSELECT 1 AS x;\n', 'when'),
    'get_d.sql': ('-- @endpoint GET /d\n-- @shape value\n-- @answer\nSELECT 1 AS x, 2 AS y;\n', 'one column'),
    'get_e.sql': ('-- @endpoint GET /e\n-- @page 10 max 100\n-- @answer\nSELECT id FROM things;\n', 'ORDER BY'),
    'get_f.sql': ('-- @endpoint GET /f\n-- @shape rows\n-- @answer\nSELECT 1 AS "a.b", 2 AS c, 3 AS "a.d";\n', 'next to'),
    'get_g.sql': ('-- @endpoint GET /g\n-- @param t text pattern "(a"\n-- @answer\nSELECT :t AS t;\n', 'pattern'),
    'get_h.sql': ('-- @endpoint GET /things/{other}\n-- @param other integer\n-- @answer\nSELECT :other AS o;\n', '/things/{id}'),
    'get_i.sql': ('-- @endpoint GET /i\n-- @example /j\n-- @answer\nSELECT 1 AS a;\n', '/j'),
    'get_k.sql': ('-- @endpoint GET /k\n-- @answer when :n > 1\nSELECT 1 AS a;\n-- @answer\nSELECT 2 AS a;\n', ':n'),
    'get_l.sql': ('-- @endpoint GET /l\n-- @private\n-- @answer\nSELECT 1 AS a;\n', 'private'),
}


def test_every_mistake_is_told_at_its_place(tmp_path):
    app = write_app(tmp_path / 'things', {**APP, **{name: text for name, (text, _) in WRONG.items()}})
    done = run('check', app)
    assert done.returncode == 1
    for name, (_, word) in WRONG.items():
        lines = [line for line in done.stderr.splitlines() if f'/{name}:' in line or word.startswith('/things') and word in line]
        assert any(word in line for line in lines), (name, done.stderr)


# --- several apps

def test_two_apps_that_claim_one_route_are_an_error_at_start(tmp_path):
    one = write_app(tmp_path / 'one', {'get_a.sql': '-- @endpoint GET /a/{x}\n-- @param x text\n-- @answer\nSELECT :x AS x;\n'})
    two = write_app(tmp_path / 'two', {'get_b.sql': '-- @endpoint GET /a/{y}\n-- @param y text\n-- @answer\nSELECT :y AS y;\n'})
    done = run('serve', '--listen', '127.0.0.1:0', '--var', tmp_path / 'var', one, two)
    assert done.returncode == 1
    assert 'one/get_a.sql' in done.stderr and 'two/get_b.sql' in done.stderr


def test_two_apps_of_one_name_are_an_error_before_either_is_touched(tmp_path):
    first = write_app(tmp_path / 'a' / 'same', {'schema/001_t.sql': 'CREATE TABLE t (a text);',
                                                'get_a.sql': '-- @endpoint GET /a\n-- @answer\nSELECT a FROM t;\n'})
    second = write_app(tmp_path / 'b' / 'same', {'schema/001_t.sql': 'CREATE TABLE t (a text);', 'schema/002_u.sql': 'DROP TABLE t;',
                                                 'get_b.sql': '-- @endpoint GET /b\n-- @answer\nSELECT 1 AS b;\n'})
    done = run('serve', '--listen', '127.0.0.1:0', '--var', tmp_path / 'var', first, second)
    assert done.returncode == 1
    assert 'two apps are named same' in done.stderr
    assert not (tmp_path / 'var' / 'same.db').exists()


def test_the_four_services_live_in_one_process(start):
    server = start('apps/rates', 'apps/search', 'apps/people', 'apps/genes')
    assert server.get('/rates?date_from=2026-01-01&date_to=2026-01-02&origin=CNSHA&destination=north_range').status == 200
    assert server.get('/ping').body == b'pong'
    assert server.get('/gene_suggest?species=homo_sapiens&query=brc').json()[0].startswith('BRC')
    assert server.get('/search?lat=0&lng=0').json() == {'products': []}
    assert server.get('/').status == 200
