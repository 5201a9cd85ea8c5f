# SPDX-License-Identifier: Apache-2.0
"""Reads that wait for the same worker make one round trip to PostgreSQL together, and none notices the others."""
import collections
import concurrent.futures
import contextlib
import http.client
import select

import pytest

import pgbouncer
import postgresql
from server import Answer, Server, wait_until, write_app


pytestmark = pytest.mark.skipif(not postgresql.is_there(), reason='needs the package postgresql-15')

LANES = 8  # the most that go together
PIPELINE = 16  # requests of one connection that are under way at once
WARM = 20  # reads in a row after which an endpoint is known to answer, and quickly
# now() is when the transaction began: the same for all that were in it. In gated ones the checks are one statement.
APP = {
    'schema/001_numbers.sql': 'CREATE TABLE numbers (n integer PRIMARY KEY);\nINSERT INTO numbers SELECT generate_series(-1, 100);\n',
    'get_gated.sql': '''-- @endpoint GET /gated/{n}
-- @param n integer
-- @shape object
-- @reject 422 n is negative
SELECT 'n' AS parameter, :n AS value WHERE :n < 0;
-- @reject 404 n is not there
SELECT 'n' AS parameter, :n AS value WHERE NOT EXISTS (SELECT 1 FROM numbers WHERE n = :n);
-- @answer
SELECT n, 70 / (n - 7) AS part, CAST(now() AS text) AS at FROM numbers WHERE n = :n;
''',
    'get_checked.sql': '''-- @endpoint GET /checked/{n}
-- @param n integer
-- @shape object
-- @reject 422 n is negative
SELECT 'n' AS parameter, :n AS value WHERE :n < 0;
-- @answer
SELECT n, 70 / (n - 7) AS part, CAST(now() AS text) AS at FROM numbers WHERE n = :n;
''',
    'get_plain.sql': '''-- @endpoint GET /plain/{n}
-- @param n integer
-- @shape object
-- @answer
SELECT n, 70 / (n - 7) AS part, CAST(now() AS text) AS at FROM numbers WHERE n = :n;
''',
    'get_slow.sql': '''-- @endpoint GET /slow
-- @param seconds number required
-- @shape object
-- @answer
SELECT CAST(now() AS text) AS at FROM pg_sleep(CAST(:seconds AS double precision));
''',
    'get_count.sql': '''-- @endpoint GET /count
-- @shape object
-- @answer
SELECT count(*) AS n, CAST(now() AS text) AS at, pg_is_in_recovery() AS standby FROM numbers;
''',
    'post_numbers.sql': '''-- @endpoint POST /numbers
-- @field n integer required
-- @write
INSERT INTO numbers SELECT n FROM batch;
-- @answer 201
SELECT count(*) AS n FROM numbers;
''',
}
PATHS = ['gated', 'checked', 'plain']


def start(url, folder, *options):
    server = Server(write_app(folder / 'numbers', APP), '--quiet', '--workers', '1', '--store', url, *options)
    for path in [f'/{path}/50' for path in PATHS] + ['/slow?seconds=0']:
        for _ in range(WARM):
            assert server.get(path).status == 200
    return server


class Shared:
    """A connection's bytes, from which several answers are read."""

    def __init__(self, connection):
        self.file = connection.makefile('rb')

    def makefile(self, mode):
        return self

    def close(self):
        pass

    def __getattr__(self, name):
        return getattr(self.file, name)


def send_at_once(connection, paths):
    # Each asks the database: of those that ask the same, one would be read for all.
    connection.sendall(b''.join(f'GET {path} HTTP/1.1\r\nHost: a\r\nCache-Control: no-cache\r\n\r\n'.encode() for path in paths))


def receive(connection, count):
    shared, answers = Shared(connection), []
    for _ in range(count):
        response = http.client.HTTPResponse(shared)
        response.begin()
        answers.append(Answer(response))
    return answers


def ask_at_once(server, paths):
    """The answers to requests that come in one piece for each connection, in that order: while the only worker reads the first
    one, the others wait."""
    parts = [paths[i:i + PIPELINE] for i in range(0, len(paths), PIPELINE)]
    with contextlib.ExitStack() as stack:
        connections = [stack.enter_context(server.connect()) for _ in parts]
        for connection, part in zip(connections, parts):
            send_at_once(connection, part)
        return [answer for connection, part in zip(connections, parts) for answer in receive(connection, len(part))]


def must_be_right(answer, n, path):
    if n < 0 and path != 'plain':
        assert (answer.status, answer.errors('parameter', 'value')) == (422, [('n', str(n))])
    elif n > 100:
        assert answer.status == 404
    elif n == 7:
        assert (answer.status, answer.errors('parameter', 'value', 'detail')) == (400, [('n', '7', 'division by zero')])
    else:
        assert answer.status == 200, answer.body
        assert (answer.json()['n'], answer.json()['part']) == (n, int(70 / (n - 7)))


def largest_group(answers):
    return max(collections.Counter(answer.json()['at'] for answer in answers if answer.status == 200).values())


def ask_until_together(server, paths, check):
    """Until as many as may have gone together; all answers have to pass the check each time. On a machine that is busy they
    may come too late for that, or when a read before them took so long that none was to wait for it."""
    def ask():
        answers = ask_at_once(server, paths)
        check(answers)
        return largest_group(answers) == LANES

    wait_until(ask)


@pytest.mark.threads
@pytest.mark.parametrize('path', PATHS)
def test_reads_that_wait_go_together(cluster, tmp_path, path):
    def check(answers):
        for n, answer in zip(range(20, 40), answers):
            must_be_right(answer, n, path)

    server = start(cluster.create(f'together_{path}'), tmp_path)
    for _ in range(2):
        ask_until_together(server, [f'/{path}/{n}' for n in range(20, 40)], check)
    assert server.stop() == 0


@pytest.mark.skipif(not pgbouncer.is_there(), reason='needs the package pgbouncer')
def test_they_do_through_a_pooler(cluster, tmp_path):
    asked = [(path, n) for n in range(20, 24) for path in PATHS]

    def check(answers):
        for (path, n), answer in zip(asked, answers):
            must_be_right(answer, n, path)

    cluster.create('pooled')
    with pgbouncer.Pooler(cluster) as pooler:
        server = start(pooler.url('pooled'), tmp_path)
        ask_until_together(server, [f'/{path}/{n}' for path, n in asked], check)
        assert server.stop() == 0


@pytest.mark.parametrize('wrong', [[-1], [101], [7], [7, -1, 101]])
def test_one_that_fails_or_is_refused_leaves_the_others_alone(cluster, tmp_path, wrong):
    server = start(cluster.create(f'wrong_{"_".join(map(str, wrong))}'), tmp_path)
    for place in (0, 3, 7):
        asked = [(path, n) for n in (30, 31, 32) for path in PATHS]
        asked[place:place] = [(path, n) for n in wrong for path in PATHS]
        answers = ask_at_once(server, [f'/{path}/{n}' for path, n in asked])
        for (path, n), answer in zip(asked, answers):
            must_be_right(answer, n, path)
        for path in PATHS:
            for _ in range(WARM):
                assert server.get(f'/{path}/50').status == 200
    assert server.stop() == 0


def test_one_that_takes_too_long_is_504_and_the_others_are_answered(cluster, tmp_path):
    server = start(cluster.create('slow'), tmp_path)
    answers = ask_at_once(server, ['/plain/1', '/slow?seconds=60', '/plain/2', '/gated/3'])
    assert [answer.status for answer in answers] == [200, 504, 200, 200]
    assert [answer.json()['n'] for answer in answers if answer.status == 200] == [1, 2, 3]
    assert server.stop() == 0


def test_each_has_all_of_its_time(cluster, tmp_path):
    server = start(cluster.create('timed'), tmp_path)
    answers = ask_at_once(server, ['/slow?seconds=6', '/slow?seconds=6', '/plain/1'])
    assert [answer.status for answer in answers] == [200] * 3
    assert server.stop() == 0


def test_those_behind_one_that_fails_are_answered_by_a_new_session_too(cluster, tmp_path):
    """In which nothing is prepared yet, and what is sent to be prepared behind the failure is not either."""
    server = start(cluster.create('renewed'), tmp_path)
    cluster.sql("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = 'renewed'")
    answers = ask_at_once(server, ['/plain/7', '/gated/30', '/checked/31'])
    assert [answer.status for answer in answers] == [400, 200, 200]
    assert server.stop() == 0


@pytest.mark.threads
def test_one_that_is_slow_for_once_keeps_the_others_no_longer_than_they_need(cluster, tmp_path):
    server = start(cluster.create('once'), tmp_path, '--workers', '2')

    def some_go_together():
        for _ in range(3 * WARM):  # each of them
            assert [server.get('/plain/50').status, server.get('/slow?seconds=0').status] == [200, 200]
        with server.connect() as one, server.connect() as another:
            send_at_once(one, ['/slow?seconds=1'])
            send_at_once(another, [f'/plain/{n}' for n in range(20, 28)])
            others = receive(another, 8)
            for n, other in zip(range(20, 28), others):
                must_be_right(other, n, 'plain')
            assert not select.select([one], [], [], 0)[0]
            assert receive(one, 1)[0].status == 200
        return largest_group(others) > 1

    wait_until(some_go_together)
    assert server.stop() == 0


@pytest.mark.threads
def test_a_session_that_is_ended_under_them_costs_nobody_an_answer(cluster, tmp_path):
    server = start(cluster.create('ended'), tmp_path)
    with concurrent.futures.ThreadPoolExecutor(1) as other:
        asked = other.submit(ask_at_once, server, ['/plain/1', '/slow?seconds=2', '/plain/2', '/gated/3'])
        sleeping = "SELECT pid FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND query LIKE '%pg_sleep(CAST(%'"
        wait_until(lambda: cluster.sql(f'SELECT pg_terminate_backend(pid) FROM ({sleeping}) AS found').strip())
        answers = asked.result()
    assert [answer.status for answer in answers] == [200] * 4
    assert server.stop() == 0


def warm_count(server, standby):
    wait_until(lambda: server.get('/count').json()['standby'] == standby)
    for _ in range(WARM):
        count = server.get('/count').json()['n']
    return count


@pytest.mark.threads
def test_they_are_of_one_state_that_has_all_that_was_acknowledged(cluster, tmp_path):
    """And none is a state that was never committed."""
    server = start(cluster.create('state'), tmp_path)
    first = warm_count(server, False)
    for k in range(3):
        def check(answers):
            assert {answer.json()['n'] for answer in answers} == {first + 2 * (k + 1)}

        assert server.post('/numbers', [{'n': 1000 + 2 * k}, {'n': 1001 + 2 * k}]).status == 201
        ask_until_together(server, ['/count'] * LANES, check)
    assert server.stop() == 0


@pytest.mark.threads
def test_they_ask_a_standby_together(cluster, tmp_path):
    def check(answers):
        assert {(answer.json()['n'], answer.json()['standby']) for answer in answers} == {(first, True)}

    with cluster.standby() as standby:
        server = start(cluster.create('copied'), tmp_path, '--read-store', standby.url('copied'))
        first = warm_count(server, True)
        ask_until_together(server, ['/count'] * LANES, check)
        standby.pause()  # from here on it is behind
        assert server.post('/numbers', [{'n': 1000}]).status == 201
        answers = ask_at_once(server, ['/count'] * LANES)
        assert {(answer.json()['n'], answer.json()['standby']) for answer in answers} == {(first + 1, False)}
        standby.resume()
        assert warm_count(server, True) == first + 1
        assert server.stop() == 0
