# SPDX-License-Identifier: Apache-2.0
"""How batches of one app wait for each other on PostgreSQL, and which of them do not: staged ones, refused ones, @parallel."""
import concurrent.futures
import contextlib
import http.client
import itertools
import os
import signal

import pytest

import postgresql
from server import Server, run, wait_until, write_app

pytestmark = pytest.mark.skipif(not postgresql.is_there(), reason='needs the package postgresql-15')

NUMBERS = itertools.count()  # of databases

APP = {
    'schema/001_tables.sql': '''
CREATE TABLE items (id bigint PRIMARY KEY, n bigint NOT NULL);
CREATE TABLE sums (id bigint PRIMARY KEY, n bigint NOT NULL);
''',
    'post_items.sql': '''-- @endpoint POST /items
-- @field id integer required
-- @field n integer default 0

-- @reject 409 there already
SELECT line, 'id' AS field, id AS value FROM batch WHERE id IN (SELECT id FROM items);

-- @reject 422 too much
SELECT line, 'n' AS field, n AS value FROM batch WHERE n > 100;

-- @warn much
SELECT line, 'n' AS field, n AS value FROM batch WHERE 100 / (n + 1) = 1;

-- @write
INSERT INTO items SELECT id, n FROM batch;

-- @answer 201
SELECT count(*) AS inserted FROM batch;
''',
    'get_items.sql': '''-- @endpoint GET /items

-- @answer
SELECT id FROM items ORDER BY id;
''',
    'post_sums.sql': '''-- @endpoint POST /sums
-- @parallel
-- @field id integer required
-- @field n integer required

-- @write
INSERT INTO sums SELECT id, n FROM batch ON CONFLICT (id) DO UPDATE SET n = sums.n + excluded.n;

-- @answer 201
SELECT count(*) AS added FROM batch;
''',
    'put_sums.sql': '''-- @endpoint PUT /sums
-- @parallel
-- @field id integer required

-- @write
INSERT INTO sums SELECT id, 0 FROM batch;

-- @answer 201
SELECT count(*) AS added FROM batch;
''',
    'get_sums.sql': '''-- @endpoint GET /sums

-- @answer
SELECT id, n FROM sums ORDER BY id;
''',
}

TURN = "SELECT pg_advisory_xact_lock(hashtextextended('reckoner small', 0))"


@pytest.fixture
def database(cluster):
    name = f'writers_{next(NUMBERS)}'
    return name, cluster.create(name)


@pytest.fixture
def app(tmp_path):
    return write_app(tmp_path / 'small', APP)


@pytest.fixture
def server(database, app):
    one = Server(app, '--quiet', '--store', database[1])
    yield one
    assert one.stop() == 0


@pytest.fixture
def other(cluster, database, server):
    """A session of somebody else, in the app's schema."""
    session = postgresql.Session(cluster, database[0])
    session.run('SET search_path = small')
    yield session
    session.close()


@pytest.fixture
def pool():
    with concurrent.futures.ThreadPoolExecutor(16) as one:
        yield one


def waits(other, kind):
    """Until a session waits for a lock of that kind."""
    wait_until(lambda: other.run(f"SELECT count(*) > 0 FROM pg_locks WHERE NOT granted AND locktype = '{kind}'") == 't\n')


def test_a_batch_that_is_refused_by_itself_needs_no_turn(server, other):
    assert server.post('/items', [{'id': 1}]).status == 201
    other.run('BEGIN; ' + TURN)
    by_check = server.post('/items', [{'id': 2}, {'id': 3, 'n': 101}, {'id': 1}])
    assert by_check.status == 409  # of the first one in the file that finds something
    assert by_check.errors('line', 'code', 'value') == [(2, 'too_much', '101'), (3, 'there_already', '1')]
    by_rule = server.post('/items', [{'id': 'x'}, {'id': 1}, {'id': 4, 'n': 102}])
    assert by_rule.errors('line', 'code') == [(1, 'type'), (2, 'there_already'), (3, 'too_much')]
    other.run('COMMIT')
    assert server.get('/items').json() == [{'id': 1}]


def test_a_batch_is_staged_while_another_one_has_the_turn(server, other, pool):
    other.run('BEGIN; ' + TURN)
    answer = pool.submit(server.post, '/items', [{'id': 1, 'n': 60}])
    waits(other, 'advisory')
    its = "FROM pg_locks l LEFT JOIN pg_class c ON l.relation = c.oid WHERE pid = (SELECT pid FROM pg_locks WHERE NOT granted)"
    assert other.run(f"SELECT bool_or(mode = 'RowExclusiveLock' AND relname IS NULL) {its}") == 't\n'  # a table that only it sees
    assert other.run(f"SELECT count(*) {its} AND relnamespace = 'small'::regnamespace") == '0\n'  # of the app it has touched nothing
    other.run('INSERT INTO items VALUES (2, 0)')
    other.run('COMMIT')
    assert answer.result().json() == {'answer': [{'inserted': 1}], 'warnings_total': 1,
                                      'warnings': [{'line': 1, 'field': 'n', 'value': '60', 'code': 'much', 'detail': 'much'}]}


def test_what_others_wrote_before_its_turn_a_batch_sees(server, other, pool):
    other.run('BEGIN; ' + TURN)
    answer = pool.submit(server.post, '/items', [{'id': 1}])
    waits(other, 'advisory')
    other.run('INSERT INTO items VALUES (1, 0)')
    other.run('COMMIT')
    assert (answer.result().status, answer.result().errors('line', 'code')) == (409, [(1, 'there_already')])


def test_a_row_that_an_early_check_stumbles_over_is_told(server):
    answer = server.post('/items', [{'id': 1}, {'id': 2, 'n': -1}])  # divides by zero
    assert answer.status == 422
    assert answer.errors('line', 'field', 'value') == [(2, 'n', '-1')]
    assert server.post('/items', [{'id': 1}]).status == 201


def test_a_parallel_batch_waits_for_no_turn_and_nobody_for_it(server, other, pool):
    other.run('BEGIN; ' + TURN)
    assert server.post('/sums', [{'id': 1, 'n': 5}]).status == 201
    other.run('COMMIT')
    other.run('BEGIN; UPDATE sums SET n = n + 1 WHERE id = 1')
    slow = pool.submit(server.post, '/sums', [{'id': 1, 'n': 5}])
    waits(other, 'transactionid')
    assert server.post('/items', [{'id': 1}]).status == 201
    assert server.post('/sums', [{'id': 2, 'n': 1}]).status == 201  # on the other connection
    other.run('COMMIT')
    assert slow.result().status == 201
    assert server.get('/sums').json() == [{'id': 1, 'n': 11}, {'id': 2, 'n': 1}]


def test_batches_that_take_long_in_their_turn_hold_up_no_parallel_one(server, other, pool):
    other.run('BEGIN; LOCK TABLE items IN SHARE MODE')
    slow = [pool.submit(server.post, '/items', [{'id': i}]) for i in range(4)]
    waits(other, 'relation')
    assert server.post('/sums', [{'id': 1, 'n': 1}]).status == 201
    other.run('COMMIT')
    assert [answer.result().status for answer in slow] == [201] * 4


@pytest.mark.threads
def test_parallel_batches_that_meet_in_a_deadlock_are_tried_again_and_none_is_lost(database, app, cluster, pool):
    cluster.sql(f"ALTER DATABASE {database[0]} SET deadlock_timeout = '10ms'")
    nodes = [Server(app, '--quiet', '--store', database[1]) for _ in range(2)]
    keys = list(range(20))

    def add(i):
        order = keys if i % 2 else keys[::-1]
        for _ in range(20):  # 503 says that nothing was written
            answer = nodes[i // 2 % 2].post('/sums', [{'id': key, 'n': 1} for key in order])
            if answer.status != 503:
                return answer.status
        return 503
    assert list(pool.map(add, range(80))) == [201] * 80
    assert nodes[0].get('/sums').json() == [{'id': key, 'n': 80} for key in keys]
    assert [node.stop() for node in nodes] == [0, 0]


@pytest.mark.threads
@pytest.mark.parametrize('method, path', [('POST', '/items'), ('PUT', '/sums')], ids=['in turn', 'parallel'])
def test_of_batches_with_one_key_on_two_nodes_one_wins(database, app, pool, method, path):
    nodes = [Server(app, '--quiet', '--store', database[1]) for _ in range(2)]
    send = lambda i: nodes[i % 2].request(method, path, f'[{{"id": {i // 4}}}]', {'Content-Type': 'application/json'}).status
    statuses = list(pool.map(send, range(80)))
    for key in range(20):
        assert sorted(statuses[4 * key:4 * key + 4]) == [201, 409, 409, 409]
    assert len(nodes[0].get(path).json()) == 20
    assert [node.stop() for node in nodes] == [0, 0]


@pytest.mark.threads
def test_after_a_kill_each_batch_is_there_as_a_whole_or_not_at_all(database, app, cluster, pool):
    node = Server(app, '--quiet', '--store', database[1])
    acknowledged = []

    def write(i):
        path = '/items' if i % 2 else '/sums'
        try:
            if node.post(path, [{'id': 10 * i + k, 'n': 1} for k in range(10)]).status == 201:
                acknowledged.append(i)
        except (OSError, http.client.HTTPException):
            pass
    answers = [pool.submit(write, i) for i in range(400)]
    wait_until(lambda: len(acknowledged) >= 40)
    node.stop(signal.SIGKILL)
    concurrent.futures.wait(answers)
    rows = 'SELECT id / 10, count(*) FROM (SELECT id FROM small.items UNION ALL SELECT id FROM small.sums) AS rows GROUP BY 1'
    found = dict(line.split('|') for line in cluster.sql(rows, database[0]).splitlines())
    assert set(found.values()) == {'10'}
    assert {str(i) for i in acknowledged} <= set(found)


def test_batches_one_after_the_other_are_seen_in_that_order(server):
    for i in range(60):
        assert server.post(*(('/items', [{'id': i}]) if i % 3 else ('/sums', [{'id': i, 'n': 1}]))).status == 201
        assert len(server.get('/items').json()) + len(server.get('/sums').json()) == i + 1


def test_parallel_is_refused_where_a_reject_reads_a_table(database, tmp_path):
    wrong = write_app(tmp_path / 'wrong', {**APP, 'post_items.sql': APP['post_items.sql'].replace('-- @field id', '-- @parallel\n-- @field id', 1)})
    for store in ([], ['--store', database[1]]):
        told = run('check', *store, wrong)
        assert told.returncode == 1
        assert ('post_items.sql:7:1: a @reject of a @parallel endpoint cannot read items, as that may have changed when the batch '
                'writes; let a constraint of the table refuse the rows, or take @parallel away\n') in told.stderr


def begin_load(pool, path, database, app, request):
    """A load that has begun to read: its file is a pipe. What is returned closes it behind these rows, and gives the load's future."""
    os.mkfifo(path)
    loading, opened = pool.submit(run, 'load', '--store', database[1], app, request, path), []

    def is_open():
        with contextlib.suppress(OSError):  # until the other side is
            opened.append(os.open(path, os.O_WRONLY | os.O_NONBLOCK))
        return opened
    wait_until(is_open)

    def end(rows):
        os.write(opened[0], rows)
        os.close(opened[0])
        return loading
    return end


def test_a_file_is_read_before_its_turn_and_needs_none_when_it_is_refused_or_parallel(server, other, pool, tmp_path, database, app):
    requests = ['POST /items', 'POST /sums', 'POST /items']
    refused, parallel, in_turn = [begin_load(pool, tmp_path / f'{k}.csv', database, app, request) for k, request in enumerate(requests)]
    other.run('BEGIN; ' + TURN)
    answer = refused(b'id,n\n1,101\n').result()
    assert answer.returncode == 1 and ':2: n: too much' in answer.stderr
    assert parallel(b'id,n\n1,5\n').result().returncode == 0
    loaded = in_turn(b'id,n\n1,2\n')
    waits(other, 'advisory')
    other.run('INSERT INTO items VALUES (7, 0)')
    other.run('COMMIT')
    assert loaded.result().returncode == 0, loaded.result().stderr
    assert server.get('/items').json() == [{'id': 1}, {'id': 7}]
    assert server.get('/sums').json() == [{'id': 1, 'n': 5}]
