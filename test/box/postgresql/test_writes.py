# SPDX-License-Identifier: Apache-2.0
"""Batches on PostgreSQL: constraints told with their rows, what is tried again, several nodes and apps on one database."""
import concurrent.futures
import itertools
import os

import pytest

import postgresql
from server import ROOT, Server, run, wait_until, write_app

pytestmark = pytest.mark.skipif(not postgresql.is_there(), reason='needs the package postgresql-15')

NUMBERS = itertools.count()  # of databases

APP = {
    'schema/001_tables.sql': '''
CREATE TABLE groups (name text PRIMARY KEY);
INSERT INTO groups VALUES ('a'), ('b');
CREATE TABLE items (id bigint PRIMARY KEY, name text NOT NULL REFERENCES groups, day date NOT NULL, is_new boolean NOT NULL,
    price bigint CHECK (price >= 0), UNIQUE (name, day, is_new));
CREATE TABLE counters (id bigint PRIMARY KEY, n bigint NOT NULL);
INSERT INTO counters VALUES (1, 0), (2, 0);
''',
    'post_items.sql': '''-- @endpoint POST /items
-- @field id integer required
-- @field name text required
-- @field day date required
-- @field is_new boolean default false
-- @field price integer

-- @write
INSERT INTO items (id, name, day, is_new, price) SELECT id, name, day, is_new, price FROM batch;

-- @answer 201
SELECT count(*) AS inserted FROM batch;
''',
    'get_items.sql': '''-- @endpoint GET /items

-- @answer
SELECT id, name FROM items ORDER BY id;
''',
    'post_counters.sql': '''-- @endpoint POST /counters
-- Adds to both counters, the second one first.
-- @field n integer required

-- @write
UPDATE counters SET n = n + (SELECT sum(n) FROM batch) WHERE id = 2;

-- @write
UPDATE counters SET n = n + (SELECT sum(n) FROM batch) WHERE id = 1;

-- @answer 201
SELECT id, n FROM counters ORDER BY id;
''',
    'get_counters.sql': '''-- @endpoint GET /counters

-- @answer
SELECT id, n FROM counters ORDER BY id;
''',
}


@pytest.fixture
def database(cluster):
    name = f'test_{next(NUMBERS)}'
    return name, cluster.create(name)


@pytest.fixture
def server(database, tmp_path):
    one = Server(write_app(tmp_path / 'small', APP), '--quiet', '--store', database[1])
    yield one
    assert one.stop() == 0


def item(id, name='a', day='2030-01-01', **more):
    return {'id': id, 'name': name, 'day': day, **more}


def test_a_key_that_exists_is_told_with_its_row(server):
    assert server.post('/items', [item(1)]).status == 201
    answer = server.post('/items', [item(2, day='2030-01-02'), item(1, day='2030-01-03')])
    assert answer.status == 409
    error = answer.json()['errors'][0]
    assert (error['line'], error['field'], error['value'], error['code']) == (2, 'id', '1', 'conflict')
    assert error['detail'] == 'a row with this id exists already'
    assert [row['id'] for row in server.get('/items').json()] == [1]


def test_a_key_of_several_columns_is_told_with_the_row_that_repeats_it(server):
    answer = server.post('/items', [item(1), item(2, name='b'), item(3, is_new=True), item(4, is_new=True), item(5, day='2031-01-01')])
    assert answer.status == 409
    assert [(error['line'], error['value']) for error in answer.json()['errors']] == [(4, 'a, 2030-01-01, t')]
    assert server.get('/items').json() == []


@pytest.mark.parametrize('name', ['c', 'it is (c)=(d), e', 'ä"\'\\', 'a) '])
def test_a_missing_reference_is_told_with_its_row(server, name):
    answer = server.post('/items', [item(1), item(2, day='2030-01-02', name=name)])
    assert answer.status == 422
    error = answer.json()['errors'][0]
    assert (error['line'], error['field'], error['value'], error['code']) == (2, 'name', name, 'constraint')


def test_a_check_has_no_key_and_is_told_in_words(server):
    answer = server.post('/items', [item(1, price=-1)])
    assert answer.status == 422
    assert answer.json()['detail'] == 'a row violates a check constraint'
    assert answer.errors('line', 'field', 'code') == [(1, None, 'constraint')]


@pytest.mark.parametrize('field, value, words', [
    ('small', 40000, 'smallint out of range'),
    ('short', 'abcd', 'value too long for type character varying(3)'),
    ('exact', 1e6, 'numeric field overflow: A field with precision 4, scale 2 must round to an absolute value less than 10^2'),
    ('id', 'x', 'invalid input syntax for type uuid: "x"'),
    ('moment', '2030-02-30', 'date/time field value out of range: "2030-02-30"'),
    ('facts', '"\\u0000"', 'unsupported Unicode escape sequence: \\u0000 cannot be converted to text'),
])
def test_a_value_that_its_column_has_no_room_for_is_told_as_another_constraint_is(cluster, database, tmp_path, field, value, words):
    type_of = {'small': 'integer', 'exact': 'number'}.get(field, 'text')
    cast = {'id': 'uuid', 'moment': 'date', 'facts': 'jsonb'}.get(field)
    app = write_app(tmp_path / 'tight', {
        'schema/001_tight.sql': 'CREATE TABLE tight (small smallint, short varchar(3), exact numeric(4, 2), id uuid, moment date, facts jsonb);',
        'post_tight.sql': f'''-- @endpoint POST /tight
-- @field {field} {type_of}
-- @write
INSERT INTO tight ({field}) SELECT {f'CAST({field} AS {cast})' if cast else field} FROM batch;
-- @answer 201
SELECT count(*) AS stored FROM tight;
'''})
    one = Server(app, '--quiet', '--store', database[1])
    answer = one.post('/tight', [{field: None}, {field: value}])
    assert (answer.status, answer.json()['detail']) == (422, words)
    assert one.post('/tight', [{field: None}]).json() == [{'stored': 1}]
    assert one.stop() == 0


def test_one_bad_batch_takes_no_other_of_its_group_with_it(server):
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        statuses = list(pool.map(lambda i: server.post('/items', [item(i // 2, day=f'20{30 + i // 2}-01-01')]).status, range(64)))
    assert sorted(statuses) == [201] * 32 + [409] * 32
    assert [row['id'] for row in server.get('/items').json()] == list(range(32))


def test_a_batch_that_loses_a_deadlock_is_tried_again(server, cluster, database):
    other = postgresql.Session(cluster, database[0])
    other.run('SET search_path = small')
    other.run("SET deadlock_timeout = '60s'")  # so that it is the batch that finds out
    other.run('BEGIN; UPDATE counters SET n = n + 100 WHERE id = 1')
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        answer = pool.submit(server.post, '/counters', [{'n': 1}, {'n': 2}])
        # By a session that is there: the batch looks for a deadlock once, a second after it has begun to wait.
        wait_until(lambda: other.run('SELECT count(*) FROM pg_locks WHERE NOT granted AND locktype = \'transactionid\'') == '1\n')
        other.run('UPDATE counters SET n = n + 100 WHERE id = 2')
        other.run('COMMIT')
        assert answer.result().json() == [{'id': 1, 'n': 103}, {'id': 2, 'n': 103}]
    other.close()
    assert 'deadlock detected' in cluster.log()


FAILING = '''CREATE SEQUENCE small.tries;
CREATE FUNCTION small.fail_some() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF nextval('small.tries') <= %d THEN RAISE EXCEPTION 'not now' USING ERRCODE = 'serialization_failure'; END IF;
    RETURN NULL;
END $$;
CREATE %s TRIGGER fail AFTER UPDATE ON small.counters %s FOR EACH ROW WHEN (old.id = 1) EXECUTE FUNCTION small.fail_some()'''


@pytest.mark.parametrize('kind', [('', ''), ('CONSTRAINT', 'DEFERRABLE INITIALLY DEFERRED')], ids=['at once', 'at the commit'])
@pytest.mark.parametrize('failures', [3, 1000])
def test_serialization_failures_are_tried_again_so_often_and_not_for_ever(server, cluster, database, kind, failures):
    cluster.sql(FAILING % (failures, *kind), database[0])
    answer = server.post('/counters', [{'n': 1}])
    if failures == 3:
        assert answer.status == 201
    else:
        assert answer.status == 503 and int(answer.headers['Retry-After']) >= 1
    tries = int(cluster.sql('SELECT last_value FROM small.tries', database[0]))
    assert tries == min(failures + 1, 6)  # the group's, and five more alone
    assert server.get('/counters').json()[0] == {'id': 1, 'n': 1 if failures == 3 else 0}


def test_a_batch_through_one_node_is_seen_through_the_other_at_once(cluster, database, tmp_path):
    app = write_app(tmp_path / 'small', APP)
    nodes = [Server(app, '--quiet', '--store', database[1]) for _ in range(2)]
    for i in range(100):
        assert nodes[i % 2].post('/items', [item(i, day=f'{2030 + i}-01-01')]).status == 201
        assert len(nodes[1 - i % 2].get('/items').json()) == i + 1
    cluster.sql('DELETE FROM small.items', database[0])
    assert [node.get('/items').json() for node in nodes] == [[], []]
    assert [node.stop() for node in nodes] == [0, 0]


@pytest.mark.threads
def test_nodes_that_write_at_once_lose_nothing(cluster, database, tmp_path):
    app = write_app(tmp_path / 'small', APP)
    nodes = [Server(app, '--quiet', '--store', database[1]) for _ in range(3)]
    with concurrent.futures.ThreadPoolExecutor(12) as pool:
        statuses = list(pool.map(lambda i: nodes[i % 3].post('/counters', [{'n': 1}]).status, range(240)))
    assert statuses == [201] * 240
    assert nodes[0].get('/counters').json() == [{'id': 1, 'n': 240}, {'id': 2, 'n': 240}]
    assert [node.stop() for node in nodes] == [0, 0, 0]


@pytest.mark.threads
def test_nodes_that_start_at_once_make_the_schema_and_the_first_load_once(cluster, database):
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        nodes = list(pool.map(lambda _: Server('apps/rates', '--quiet', '--store', database[1]), range(4)))
    prices = sum(1 for _ in open(ROOT / 'apps/rates/data/prices.csv', encoding='utf-8')) - 1
    assert int(cluster.sql('SELECT count(*) FROM rates.prices', database[0])) == prices
    assert cluster.sql("SELECT count(DISTINCT tablename) >= 4 FROM pg_stats WHERE schemaname = 'rates'", database[0]) == 't\n'
    assert [node.stop() for node in nodes] == [0] * 4


def test_a_node_that_starts_waits_for_one_that_loads(cluster, database, tmp_path):
    other = postgresql.Session(cluster, database[0])
    other.run("BEGIN; SELECT pg_advisory_xact_lock(hashtextextended('reckoner small', 0))")
    node = Server(write_app(tmp_path / 'small', APP), '--quiet', '--store', database[1], wait=False)
    wait_until(lambda: node.read_stderr(0.1) and 'reckoner: waits for somebody else who works on the store\n' in node.stderr)
    other.run('COMMIT')
    other.close()
    node.wait_ready()
    assert node.post('/items', [item(1)]).status == 201
    assert node.stop() == 0


def test_several_apps_share_a_database_and_nothing_in_it(cluster, database):
    server = Server('apps/rates', 'apps/people', '--quiet', '--store', database[1])
    schemas = cluster.sql(r"SELECT nspname FROM pg_namespace WHERE nspname !~ '^(pg_|information)' ORDER BY 1", database[0])
    assert schemas.split() == ['people', 'public', 'rates', 'reckoner']
    assert cluster.sql("SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace", database[0]) == '0\n'
    assert server.get('/ports').status == 200
    assert server.stop() == 0


def test_a_store_that_somebody_else_has_locked_is_503_with_retry_after(server, cluster, database):
    other = postgresql.Session(cluster, database[0])
    other.run('BEGIN; LOCK TABLE small.counters')
    answer = server.post('/counters', [{'n': 1}])
    assert answer.status == 503 and int(answer.headers['Retry-After']) >= 1
    assert 'locked' in answer.json()['detail']
    other.run('ROLLBACK')
    assert server.post('/counters', [{'n': 1}]).status == 201
    other.close()


def versions(cluster, database):
    """How many commits have written to each table."""
    sql = 'SELECT table_name, sum(version) FROM small.reckoner_versions WHERE stripe >= 0 GROUP BY 1'
    return dict(line.split('|') for line in cluster.sql(sql, database[0]).splitlines())


@pytest.mark.threads
def test_a_transaction_that_somebody_leaves_open_after_a_write_holds_up_no_batch(server, cluster, database):
    other, before = postgresql.Session(cluster, database[0]), int(versions(cluster, database)['items'])
    other.run("BEGIN; INSERT INTO small.items VALUES (1, 'a', '2030-01-01', false, 1)")
    assert server.post('/items', [item(2, day='2031-01-01')]).status == 201
    assert [one['id'] for one in server.get('/items').json()] == [2]
    assert int(versions(cluster, database)['items']) == before + 1
    other.run('COMMIT')
    assert [one['id'] for one in server.get('/items').json()] == [1, 2]
    assert int(versions(cluster, database)['items']) == before + 2
    other.close()


def test_transactions_that_write_to_the_same_tables_in_another_order_do_not_meet(server, cluster, database):
    sessions, before = [postgresql.Session(cluster, database[0]) for _ in range(2)], versions(cluster, database)
    writes = ["INSERT INTO small.groups VALUES ('c %d')", 'INSERT INTO small.counters VALUES (10 + %d, 0)']
    for k, other in enumerate(sessions):
        other.run('BEGIN; ' + writes[k] % k)
    for k, other in enumerate(sessions):
        assert other.run(writes[1 - k] % k) == ''
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        assert list(pool.map(lambda other: other.run('COMMIT'), sessions)) == ['', '']
    after = versions(cluster, database)
    assert {name: int(after[name]) - int(before[name]) for name in after} == {'groups': 2, 'counters': 2, 'items': 0}
    for other in sessions:
        other.close()


def test_check_and_routes_look_at_the_files_for_that_database_and_leave_nothing_there(cluster, database):
    good = run('check', '--store', database[1], 'apps/rates')
    assert good.returncode == 0, good.stderr
    assert run('routes', '--store', database[1], 'apps/rates').returncode == 0
    schemas = cluster.sql(r"SELECT nspname FROM pg_namespace WHERE nspname !~ '^(pg_|information)' ORDER BY 1", database[0])
    assert schemas.split() == ['public', 'reckoner']


def test_a_password_in_a_flag_is_refused(cluster):
    for url in ('postgresql://me:secret@127.0.0.1/x', 'postgresql:///x?password=secret'):
        bad = run('check', '--store', url, 'apps/rates')
        assert bad.returncode != 0 and 'PGPASSWORD' in bad.stderr and 'secret' not in bad.stderr


def test_a_password_that_is_missing_is_told_with_its_place(cluster):
    cluster.sql("CREATE ROLE locked LOGIN PASSWORD 'secret'")
    rules = cluster.data / 'pg_hba.conf'
    rules.write_text('host all locked 127.0.0.1/32 scram-sha-256\n' + rules.read_text())
    cluster.sql('SELECT pg_reload_conf()')
    url, environment = cluster.url().replace('reckoner@', 'locked@'), {**os.environ, 'PGPASSFILE': '/dev/null'}
    tell = lambda **more: run('check', '--store', url, 'apps/people', env={**environment, **more}).stderr
    wait_until(lambda: tell().endswith('no password supplied\n  hint: put the password into PGPASSWORD or ~/.pgpass\n'))
    assert tell(PGPASSWORD='wrong').endswith('password authentication failed for user "locked"\n')


@pytest.mark.parametrize('url, words', [
    ('mysql://127.0.0.1/x', '"mysql://127.0.0.1/x" is no store'),
    ('postgresql:x', '"postgresql:x" is no store'),
    ('postgresql://127.0.0.1:1/x', 'refused'),
    ('postgresql://127.0.0.1/x?nonsense=1', 'nonsense'),
])
def test_a_url_that_leads_nowhere_is_a_clear_error(url, words):
    bad = run('check', '--store', url, 'apps/rates')
    assert bad.returncode != 0 and words in bad.stderr


@pytest.mark.parametrize('url', ['host=127.0.0.1 password=secret', 'mysql://me:secret@127.0.0.1/x', 'postgres:/me:secret@127.0.0.1/x'])
def test_a_url_that_is_none_keeps_its_password(url):
    bad = run('check', 'apps/rates', env={'PATH': '/usr/bin', 'RECKONER_STORE': url})
    assert (bad.returncode, bad.stderr) == (
        2, 'reckoner: RECKONER_STORE: what it says is no store: name one as sqlite:PATH or postgresql://HOST/DATABASE\n')


def test_an_app_without_files_for_the_store_is_told_so(cluster, tmp_path):
    app = write_app(tmp_path / 'other', {'get_x.sqlite.sql': '-- @endpoint GET /x\n-- @answer\nSELECT 1 AS x;\n'})
    assert run('check', app).returncode == 0
    bad = run('check', '--store', cluster.url(), app)
    assert (bad.returncode, bad.stderr) == (
        1, f'{app}: all endpoints in the folder are for another store; one for this is in a file such as get_rates.postgresql.sql\n')


@pytest.mark.parametrize('name', ['reckoner', 'information_schema', 'pg_app', 'x' * 64])
def test_an_app_that_cannot_have_its_schema_is_refused(cluster, tmp_path, name):
    app = write_app(tmp_path / name, APP)
    rows = tmp_path / 'x.csv'
    rows.write_text('id\n1\n')
    bad = run('load', '--store', cluster.url(), app, 'POST /items', rows)
    assert bad.returncode != 0 and 'cannot have a schema of that name' in bad.stderr


def test_a_store_that_cannot_be_had_is_told_by_where_its_url_comes_from(cluster):
    url, told = cluster.url('no such one'.replace(' ', '%20')), 'FATAL:  database "no such one" does not exist\n'
    by_flag = run('check', '--store', url, 'apps/rates', env={**os.environ, 'RECKONER_STORE': cluster.url('another')})
    assert by_flag.returncode == 1 and by_flag.stderr.startswith('reckoner: --store: ') and by_flag.stderr.endswith(told)
    by_variable = run('check', 'apps/rates', env={**os.environ, 'RECKONER_STORE': url})
    assert by_variable.returncode == 1 and by_variable.stderr.startswith('reckoner: RECKONER_STORE: ')
    assert by_variable.stderr.endswith(told)


@pytest.mark.parametrize('encoding', ['LATIN1', 'SQL_ASCII'])
def test_a_database_that_cannot_hold_all_text_is_refused(cluster, encoding):
    name = f'in_{encoding.lower()}'
    cluster.sql(f"CREATE DATABASE {name} ENCODING '{encoding}' LOCALE 'C' TEMPLATE template0")
    bad = run('check', '--store', cluster.url(name), 'apps/rates')
    assert (bad.returncode, bad.stderr) == (
        1, f"reckoner: --store: the store's database has the encoding {encoding}, and has to have UTF8\n"
        '  hint: make it with createdb -T template0 -E UTF8\n')


def test_a_type_that_no_answer_can_have_is_told_before_anybody_asks(cluster, tmp_path):
    app = write_app(tmp_path / 'types', {'get_types.sql': '''-- @endpoint GET /types
-- @answer
SELECT 1 AS n, '1 2'::bytea AS facts, INTERVAL '1 day' AS at, int4range(1, 2) AS span;
'''})
    bad = run('check', '--store', cluster.url(), app)
    assert bad.returncode == 1
    assert [line.split(': ', 1)[1] for line in bad.stderr.splitlines()[:3]] == [
        f'the column {name} is of {kind}, which has no form in JSON: cast it'
        for name, kind in [('facts', 'bytea'), ('at', 'interval'), ('span', 'another type')]]


def test_a_role_that_may_not_make_the_schema_or_use_one_that_is_there_is_told_what_it_needs(cluster, database, tmp_path):
    app = write_app(tmp_path / 'small', APP)
    url = database[1].replace('reckoner@', f'poor_{database[0]}@')
    cluster.sql(f'CREATE ROLE poor_{database[0]} LOGIN')
    wrongs = [f'permission denied for database {database[0]}', 'permission denied for schema small']
    for wrong in wrongs:
        start = run('serve', '--listen', '127.0.0.1:0', '--store', url, app)
        assert start.returncode == 1
        assert start.stderr == (f'reckoner: --store: the schema of the app could not be made: {wrong}\n'
                                '  hint: the role needs the right CREATE on the database, once; a schema "small" or "reckoner"'
                                ' that is there already has to be its own\n')
        cluster.sql('CREATE SCHEMA IF NOT EXISTS small', database[0])
