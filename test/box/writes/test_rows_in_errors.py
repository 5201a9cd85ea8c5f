# SPDX-License-Identifier: Apache-2.0
"""A constraint that one row of a batch has run into, alone or with another one: the error tells which row it was, of any batch."""
import pytest

from server import STORES, new_store, run, write_app

WRITE = '''-- @endpoint POST /{name}
-- @field k integer
-- @field v text
-- @field p integer
-- @write
{sql};
-- @answer 201
SELECT count(*) AS stored FROM batch;
'''

TABLES = '''
CREATE TABLE parents (id bigint PRIMARY KEY);
INSERT INTO parents VALUES (1), (2), (3);
CREATE TABLE uniques (k bigint UNIQUE, v text NOT NULL DEFAULT 'stored-4711');
CREATE TABLE keys (k bigint, v text, PRIMARY KEY (k, v));
CREATE TABLE fulls (k bigint, v text NOT NULL);
CREATE TABLE checks (k bigint CHECK (k < 1000000));
CREATE TABLE children (p bigint REFERENCES parents);
CREATE TABLE late_children (p bigint REFERENCES parents DEFERRABLE INITIALLY DEFERRED);
CREATE TABLE guarded (v text);
CREATE TABLE sums (v text PRIMARY KEY, n bigint CHECK (n < 5000000000000));
CREATE TABLE joined (p bigint REFERENCES parents);
CREATE TABLE codes (code text UNIQUE);
'''

TRIGGERS = {
    'sqlite': "CREATE TRIGGER guard BEFORE INSERT ON guarded WHEN new.v = 'bad' BEGIN SELECT RAISE(ABORT, 'no bad ones'); END;",
    'postgresql': '''
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN IF new.v = 'bad' THEN RAISE EXCEPTION 'no bad ones'; END IF; RETURN new; END $$;
CREATE TRIGGER guard BEFORE INSERT ON guarded FOR EACH ROW EXECUTE FUNCTION refuse();
CREATE TABLE late_guarded (v text);
CREATE CONSTRAINT TRIGGER late_guard AFTER INSERT ON late_guarded DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION refuse();
CREATE TABLE spans (k int4range, EXCLUDE USING gist (k WITH &&));
CREATE TABLE late_uniques (v text UNIQUE DEFERRABLE INITIALLY DEFERRED);''',
}

KEY, REFERENCE = 'conflict', 'constraint'
TWO = [{'k': 5, 'v': 'A'}, {'k': 5, 'v': 'a'}]
SAME = [{'k': 5, 'v': 'a'}, {'k': 5, 'v': 'a'}]
ORPHAN = [{'k': 1, 'v': 'a', 'p': 77}]
CASES = [  # name, its SQL, the rows that do not fit, the code; `late_` and spans: PostgreSQL only where SQLite has none
    ('uniques', 'INSERT INTO uniques SELECT k, v FROM batch', TWO, 'conflict'),
    ('keys', 'INSERT INTO keys SELECT k, v FROM batch', SAME, 'conflict'),
    ('fulls', 'INSERT INTO fulls SELECT k, v FROM batch', [{'k': 1}], 'constraint'),
    ('checks', 'INSERT INTO checks SELECT k FROM batch', [{'k': 1000001}], 'constraint'),
    ('children', 'INSERT INTO children SELECT p FROM batch', ORPHAN, 'constraint'),
    ('late_children', 'INSERT INTO late_children SELECT p FROM batch', ORPHAN, 'constraint'),
    ('guarded', 'INSERT INTO guarded SELECT v FROM batch', [{'v': 'bad'}], 'constraint'),
    ('sums', 'INSERT INTO sums SELECT v, sum(k) FROM batch GROUP BY v', [dict(row, k=4 * 10**12) for row in SAME], 'constraint'),
    ('joined', 'INSERT INTO joined SELECT coalesce(parents.id, p) FROM batch LEFT JOIN parents ON parents.id = p', ORPHAN, 'constraint'),
    ('codes', 'INSERT INTO codes SELECT lower(v) FROM batch', TWO, 'conflict'),
    ('late_guarded', 'INSERT INTO late_guarded SELECT v FROM batch', [{'v': 'bad'}], 'constraint'),
    ('late_uniques', 'INSERT INTO late_uniques SELECT v FROM batch', SAME, 'conflict'),
    ('spans', 'INSERT INTO spans SELECT int4range(CAST(k AS integer), CAST(k AS integer) + 1) FROM batch', TWO, 'conflict'),
]
OF_POSTGRESQL = ('late_guarded', 'late_uniques', 'spans')


@pytest.fixture(params=STORES)
def server(start, tmp_path, request):
    files = {'schema/001_tables.sql': TABLES + TRIGGERS[request.param]}
    cases = [case for case in CASES if request.param == 'postgresql' or case[0] not in OF_POSTGRESQL]
    files |= {f'post_{name}.sql': WRITE.format(name=name, sql=sql) for name, sql, _, _ in cases}
    server = start(write_app(tmp_path / 'small', files), '--quiet', *new_store(request.param, request))
    server.cases = cases
    yield server
    server.read_stderr(0)
    assert 'POST /' not in server.stderr


def good(count):
    return [{'k': 100000 + i, 'v': f'w{i}', 'p': 1 + i % 3} for i in range(count)]


@pytest.mark.parametrize('size', [0, 1, 700])
def test_the_row_is_told_whatever_it_ran_into(server, size):
    rows = good(size)
    before, behind = rows[:size * 7 // 10], rows[size * 7 // 10:]
    for name, _, bad, code in server.cases:
        answer = server.post(f'/{name}', before + bad[:1] + behind + bad[1:])
        line = len(before) + 1 if len(bad) == 1 else size + 2
        assert answer.status == (409 if code == 'conflict' else 422), (name, answer.body)
        assert answer.errors('line', 'code') == [(line, code)], (name, answer.body)
        assert b'4711' not in answer.body
    if 'spans' in [case[0] for case in server.cases]:
        answer = server.post('/spans', TWO + rows)
        assert answer.json()['detail'] == 'a row and another one exclude each other'
    assert server.post('/uniques', good(1)).json() == [{'stored': 1}]  # nothing was kept of those
    answer = server.post('/uniques', good(size + 1))
    assert (answer.status, answer.errors('line', 'field', 'value', 'code')) == (409, [(1, 'k', '100000', 'conflict')])


def test_a_key_that_comes_twice_is_told_of_a_batch_that_is_too_large_to_be_tried_in_parts(server):
    rows = good(20000)
    rows[15000]['k'] = rows[3]['k']
    answer = server.post('/uniques', rows)
    assert (answer.status, answer.errors('line', 'field', 'value')) == (409, [(15001, 'k', '100003')])


@pytest.mark.parametrize('store', STORES)
def test_a_file_that_is_loaded_is_told_with_its_line(tmp_path, store, request):
    cases = [case for case in CASES if store == 'postgresql' or case[0] not in OF_POSTGRESQL]
    files = {'schema/001_tables.sql': TABLES + TRIGGERS[store]}
    files |= {f'post_{name}.sql': WRITE.format(name=name, sql=sql) for name, sql, _, _ in cases}
    app, options = write_app(tmp_path / 'small', files), new_store(store, request) or ['--var', str(tmp_path / 'var')]
    for name, _, bad, _ in cases:
        rows = good(30) + bad[:1] + good(60)[30:] + bad[1:]
        lines = [','.join(str(row.get(key, '')) for key in ('k', 'v', 'p')) for row in rows]
        (tmp_path / 'rows.csv').write_text('k,v,p\n' + '\n'.join(lines) + '\n')
        done = run('load', *options, app, f'POST /{name}', tmp_path / 'rows.csv')
        line = 32 if len(bad) == 1 else 63
        assert done.returncode == 1 and f'rows.csv:{line}: ' in done.stderr, (name, done.stderr)
        assert 'nothing was loaded' in done.stderr
    (tmp_path / 'rows.csv').write_text('k,v,p\n1,a,1\n')
    assert run('load', *options, app, 'POST /uniques', tmp_path / 'rows.csv').returncode == 0


SWAPPED = {
    'schema/001_log.sql': '''
CREATE TABLE log (id bigint NOT NULL PRIMARY KEY, n bigint NOT NULL);
INSERT INTO log VALUES (1, 1);
CREATE TABLE pairs (id bigint, n bigint, PRIMARY KEY (id, n));
CREATE TABLE named (id bigint NOT NULL PRIMARY KEY, n bigint REFERENCES log);
INSERT INTO named VALUES (1, NULL);
CREATE TABLE refers (id bigint NOT NULL REFERENCES log, n bigint REFERENCES log);
''',
    'post_log.sql': '''-- @endpoint POST /log
-- @field id integer
-- @field n integer
-- @write
INSERT INTO log SELECT n, id FROM batch;
-- @answer 201
SELECT count(*) AS stored FROM batch;
'''}
SWAPPED['post_pairs.sql'] = SWAPPED['post_log.sql'].replace('log', 'pairs').replace('SELECT n, id FROM', 'SELECT id / 10, n FROM')
SWAPPED['post_named.sql'] = SWAPPED['post_log.sql'].replace('log', 'named').replace('SELECT n, id FROM', 'SELECT id, n FROM')
SWAPPED['post_refers.sql'] = SWAPPED['post_log.sql'].replace('log', 'refers')


@pytest.fixture(params=STORES)
def swapped(start, tmp_path, request):
    return start(write_app(tmp_path / 'swapped', SWAPPED), '--quiet', *new_store(request.param, request))


@pytest.mark.parametrize('behind', [[], [{'id': i, 'n': i} for i in range(20, 40)]])
def test_a_field_that_went_into_a_column_of_another_name_is_not_blamed_by_its_name(swapped, behind):
    cases = [  # rows, the line at fault, the code, the words
        ([{'id': 7, 'n': 1}], 1, 'conflict', 'a row with this key exists already'),
        ([{'id': 1, 'n': 2}, {'id': 2, 'n': 1}], 2, 'conflict', 'a row with this key exists already'),
        ([{'id': 5, 'n': 6}, {'id': 8, 'n': 6}, {'id': 5, 'n': 9}], 2, 'conflict', 'a row with this key exists already'),
        ([{'id': 5, 'n': 1}, {'id': 5, 'n': 9}], 1, 'conflict', 'a row with this key exists already'),
        ([{'id': 1, 'n': 1}], 1, 'conflict', None),
        ([{'id': 5, 'n': 6}, {'n': 9}], 2, 'constraint', 'a value is null that must not be'),
        ([{'id': 5}, {'id': 6, 'n': 7}], 1, 'constraint', 'a value is null that must not be'),
    ]
    for rows, line, code, words in cases:
        answer = swapped.post('/log', rows + behind)
        assert answer.errors('line', 'code') == [(line, code)], (rows, answer.body)
        if words:
            assert (answer.json()['detail'], answer.errors('field', 'value')) == (words, [(None, None)]), (rows, answer.body)
    answer = swapped.post('/pairs', [{'id': 10, 'n': 5}, {'id': 11, 'n': 5}] + behind)
    assert answer.errors('line', 'code', 'field') == [(2, 'conflict', None)]
    # PostgreSQL names the column n, which has the 77 of id; a null in n ends at another constraint
    answer = swapped.post('/refers', [{'id': 1, 'n': 1}, {'id': 77, 'n': 1}])
    assert answer.errors('line', 'code', 'field', 'value') == [(2, 'constraint', None, None)]


@pytest.mark.parametrize('behind', [[], [{'id': i, 'n': 1} for i in range(20, 40)]])
def test_a_field_that_is_at_fault_is_told_with_what_was_sent(swapped, behind):
    answer = swapped.post('/named', [{'id': 1, 'n': 1}] + behind)
    assert (answer.json()['detail'], answer.errors('line', 'field', 'value')) == ('a row with this id exists already', [(1, 'id', '1')])
    answer = swapped.post('/named', [{'n': 1}] + behind)
    assert (answer.json()['detail'], answer.errors('line', 'field', 'value')) == ('id must not be null', [(1, 'id', None)])
    answer = swapped.post('/pairs', [{'id': 10, 'n': 5}, {'id': 10, 'n': 5}] + behind)
    assert answer.errors('line', 'field', 'value', 'detail') == [(2, None, '10, 5', 'a row with this id, n exists already')]


FIRST_LOAD = {
    'app.ini': '[load]\nPOST /ports = ports.csv\nPOST /prices = prices.csv\nPOST /ports = more.csv\n',
    'schema/001_tables.sql': '''
CREATE TABLE ports (code text PRIMARY KEY);
CREATE TABLE prices (port text NOT NULL REFERENCES ports, price bigint CHECK (price < 1000));
''',
    'post_ports.sql': '-- @endpoint POST /ports\n-- @field code text\n-- @write\nINSERT INTO ports SELECT code FROM batch;\n-- @answer 204\n',
    'post_prices.sql': '''-- @endpoint POST /prices
-- @field port text
-- @field price integer
-- @write
INSERT INTO prices SELECT port, 100 / price FROM batch;
-- @answer 204
''',
    'data/ports.csv': 'code\nA\nB\n', 'data/prices.csv': 'port,price\nA,5\nB,7\n', 'data/more.csv': 'code\nC\n'}


@pytest.mark.parametrize('store', STORES)
@pytest.mark.parametrize('name, text, told', [
    ('ports', 'code\nA\nB\nC\nA\n', '5: code: a row with this code exists already (A)'),
    ('ports', 'code\nA\nB\n""\nB\n', '5: code: a row with this code exists already (B)'),
    ('prices', 'port,price\nA,5\nB,5\nX,1\nA,7\n', '4: '),
    ('prices', 'port,price\nA,5\n,5\nB,1\nA,7\n', '3: port: port must not be null'),
    ('more', 'code\nC\nB\n', '3: code: a row with this code exists already (B)'),
])
def test_a_first_load_that_fails_names_the_row(start, tmp_path, store, request, name, text, told):
    app = write_app(tmp_path / 'small', FIRST_LOAD | {f'data/{name}.csv': text})
    options = ['--listen', '127.0.0.1:0', *(new_store(store, request) or ['--var', str(tmp_path / 'var')])]
    failed = run('serve', *options, app)
    assert failed.returncode == 1 and f'{app}/data/{name}.csv:{told}' in failed.stderr, failed.stderr
    assert 'nothing of it was kept' in failed.stderr
    (app / 'data' / f'{name}.csv').write_text(FIRST_LOAD[f'data/{name}.csv'])
    server = start(app, *options)
    assert server.stderr.count('loaded ') == 3, server.stderr
