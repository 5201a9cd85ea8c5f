# SPDX-License-Identifier: Apache-2.0
"""Plans of app.ini: what they let through, and what answers say of it. Windows are of days where a count has to be exact, so that nothing
comes back while a test runs."""
import contextlib
import http.client
import re
import select
import socket
import sqlite3
import struct
import threading
import time

import pytest

import keys
import metrics
import postgresql
from rounds import rounds
from server import STORES, WAIT_SECONDS, Answer, Server, new_store, wait_until, write_app

QUOTA_EXCEEDED = 'https://iana.org/assignments/http-problem-types#quota-exceeded'

APP = {
    'schema/001_t.sql': 'CREATE TABLE t (id integer PRIMARY KEY);',
    'get_rows.sql': '-- @endpoint GET /rows\n-- @param n integer default 10 max 1000\n-- @answer\n'
                    'SELECT id FROM t WHERE id < :n ORDER BY id;\n',
    'post_rows.sql': '-- @endpoint POST /rows\n-- @field id integer required\n-- @write\n'
                     'INSERT INTO t SELECT id FROM batch;\n-- @answer 201\nSELECT count(*) AS inserted FROM batch;\n',
    'get_slow.sql': '-- @endpoint GET /slow\n-- @param n integer required\n-- @answer\n'
                    'WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < :n) SELECT count(*) AS n FROM c;\n',
}
SLOW = 2_000_000_000  # is never done


def app(tmp_path, *allowances, name='limited'):
    ini = '[access]\nopen_plan = free\n\n[plan free]\n' + ''.join(f'{line}\n' for line in allowances)
    return write_app(tmp_path / name, {**APP, 'app.ini': ini})


def fill(server, count=10):
    assert server.post('/rows', [{'id': i} for i in range(count)]).status == 201


def items(field):
    """{name: {parameter: value}} of a list of strings with parameters (RFC 9651), as RateLimit has it."""
    result = {}
    for item in field.split(', '):
        match = re.fullmatch(r'"([a-z-]+)"((?:;[a-z]+=(?:\d{1,15}|"[a-z-]+"))*)', item)
        assert match, item
        result[match.group(1)] = {name: value.strip('"') if '"' in value else int(value)
                                  for name, value in (part.split('=') for part in match.group(2).split(';')[1:])}
    return result


def left(answer, name):
    return items(answer.headers['RateLimit'])[name]['r']


def ask(server, method, path, source='127.0.0.1', **headers):
    connection = http.client.HTTPConnection('127.0.0.1', server.port, timeout=WAIT_SECONDS * 2, source_address=(source, 0))
    with contextlib.closing(connection):
        connection.request(method, path, headers={name.replace('_', '-'): value for name, value in headers.items()})
        return Answer(connection.getresponse())


def assert_refused(answer, *policies):
    assert answer.status == 429, answer.body
    problem = answer.json()
    assert answer.headers['Content-Type'] == 'application/problem+json'
    assert problem['type'] == QUOTA_EXCEEDED and problem['status'] == 429
    assert problem['violated-policies'] == list(policies)
    assert int(answer.headers['Retry-After']) >= 1
    limits = items(answer.headers['RateLimit'])
    for policy in policies:
        assert limits[policy]['r'] == 0
        assert limits[policy].get('t', 0) <= int(answer.headers['Retry-After'])


@pytest.mark.parametrize('store', STORES)
def test_so_many_requests_pass_and_each_answer_says_how_many_are_left(start, tmp_path, request, store):
    server = start(app(tmp_path, 'requests = 8/day, 100/second', 'bytes = 10kB/month'), '--quiet', *new_store(store, request))
    fill(server)
    first = server.get('/rows')
    assert items(first.headers['RateLimit-Policy']) == {
        'requests-day': {'q': 8, 'w': 86400}, 'requests-second': {'q': 100, 'w': 1},
        'bytes-month': {'q': 10000, 'qu': 'content-bytes', 'w': 2592000}}
    assert first.status == 200 and left(first, 'requests-day') == 6
    second = server.get('/rows')  # which is kept, or may be
    assert second.status == 200 and left(second, 'requests-day') == 5
    assert left(first, 'bytes-month') - left(second, 'bytes-month') == len(second.body)
    unchanged = server.get('/rows', **{'If-None-Match': first.headers['ETag']})
    assert unchanged.status == 304 and left(unchanged, 'requests-day') == 4
    head = server.request('HEAD', '/rows')
    assert head.status == 200 and left(head, 'requests-day') == 3
    assert left(head, 'bytes-month') == left(second, 'bytes-month')  # neither has a body
    wrong = server.get('/rows?n=x')
    assert wrong.status == 400 and left(wrong, 'requests-day') == 2
    assert [server.get('/rows?n=3').status for _ in range(2)] == [200, 200]
    assert_refused(server.get('/rows'), 'requests-day')
    assert_refused(server.post('/rows', [{'id': 77}]), 'requests-day')
    assert server.get('/elsewhere').status == 404  # which no plan is asked about
    assert server.get('/-/livez').headers['RateLimit'] is None


@pytest.mark.parametrize('store', STORES)
def test_after_retry_after_the_same_request_passes(start, tmp_path, request, store):
    server = start(app(tmp_path, 'requests = 3/second, 1000/hour'), '--quiet', *new_store(store, request))
    for _ in range(3):
        while (answer := server.get('/rows')).status == 200:
            pass
        assert_refused(answer, 'requests-second')
        time.sleep(int(answer.headers['Retry-After']))  # as it is told
        assert server.get('/rows').status == 200


@pytest.mark.parametrize('store', STORES)
def test_rows_are_counted_of_answers_that_are_read_and_of_kept_ones(start, tmp_path, request, store):
    server = start(app(tmp_path, 'rows = 45/day'), '--quiet', *new_store(store, request))
    fill(server)  # 10 rows in, and one out
    answers = [server.get('/rows') for _ in range(4)]
    assert [answer.status for answer in answers] == [200] * 4
    assert [left(answer, 'rows-day') for answer in answers] == [24, 14, 4, 0]  # the last one has gone past it
    assert items(answers[0].headers['RateLimit-Policy'])['rows-day'] == {'q': 45, 'qu': 'rows', 'w': 86400}
    refused = server.get('/rows')
    assert_refused(refused, 'rows-day')
    debt_s = 7 * 86400 / 45  # 51 were used, and one is wanted
    assert debt_s - WAIT_SECONDS < int(refused.headers['Retry-After']) <= debt_s + 1


@pytest.mark.parametrize('store', STORES)
def test_a_refusal_costs_nothing_so_its_retry_after_is_true(start, tmp_path, request, store):
    server = start(app(tmp_path, 'bytes = 300/day'), '--quiet', *new_store(store, request))
    fill(server)
    while (refused := server.get('/rows')).status == 200:
        pass
    assert_refused(refused, 'bytes-day')
    again = [server.get('/rows') for _ in range(5)]  # as long as an answer, each of them
    assert [answer.status for answer in again] == [429] * 5
    assert all(int(answer.headers['Retry-After']) <= int(refused.headers['Retry-After']) for answer in again)


def test_rows_of_a_batch_are_paid_for_when_its_client_has_gone(start, tmp_path):
    server = start(app(tmp_path, 'rows = 10/day', 'batches = 10/day'), '--quiet', '--var', tmp_path / 'var', '--loops', '1')
    database = sqlite3.connect(tmp_path / 'var' / 'limited.db', isolation_level=None)
    with contextlib.closing(database):
        database.execute('BEGIN IMMEDIATE')  # the writer waits
        body = ','.join(f'{{"id": {i}}}' for i in range(10))
        client = server.connect()
        client.sendall(f'POST /rows HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n'
                       f'Content-Length: {len(body) + 2}\r\n\r\n[{body}]'.encode())
        wait_until(lambda: left(server.request('HEAD', '/rows'), 'batches-day') == 9)
        for _ in range(20):  # in which its ten rows are parsed
            assert server.request('HEAD', '/rows').status == 200
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
        client.close()  # by a reset
        assert server.request('HEAD', '/rows').status == 200  # on the loop that has seen the end
        database.execute('ROLLBACK')
        wait_until(lambda: database.execute('SELECT count(*) FROM t').fetchone() == (10,))
    wait_until(lambda: server.request('HEAD', '/rows').status == 429)


@pytest.mark.parametrize('store', STORES)
def test_batches_are_counted(start, tmp_path, request, store):
    server = start(app(tmp_path, 'batches = 2/day'), '--quiet', *new_store(store, request))
    fill(server, 3)
    assert server.get('/rows').status == 200  # is none
    assert server.post('/rows', [{'id': 1}]).status == 409  # is one, though it was not written
    assert_refused(server.post('/rows', [{'id': 10}]), 'batches-day')
    assert [row['id'] for row in server.get('/rows').json()] == [0, 1, 2]


def occupy(server):
    """A client whose request runs, as the next one finds. Where a question of ours was quicker, it was refused itself."""
    while True:
        client = server.connect()
        client.sendall(f'GET /slow?n={SLOW} HTTP/1.1\r\nHost: a\r\n\r\n'.encode())
        while not select.select([client], [], [], 0)[0]:
            if server.get('/rows').status == 429:
                return client
        client.close()


def test_only_so_many_run_at_a_time_and_one_that_is_given_up_runs_no_more(start, tmp_path):
    server = start(app(tmp_path, 'concurrent = 1'), '--quiet')
    for _ in range(rounds(3, 100)):
        client = occupy(server)
        refused = server.get('/rows')
        assert_refused(refused, 'concurrent')
        assert items(refused.headers['RateLimit-Policy'])['concurrent'] == {'q': 1, 'qu': 'concurrent-requests'}
        assert ask(server, 'GET', '/rows', source='127.0.0.2').status == 200
        client.close()
        wait_until(lambda: server.get('/rows').status == 200)


@pytest.mark.parametrize('store', STORES)
def test_each_address_has_its_own(start, tmp_path, request, store):
    server = start(app(tmp_path, 'requests = 2/day'), '--quiet', *new_store(store, request))
    for source in ['127.0.0.1', '127.0.0.2', '127.1.2.3']:
        assert [ask(server, 'GET', '/rows', source=source).status for _ in range(3)] == [200, 200, 429]


@pytest.mark.parametrize('store', STORES)
def test_a_restart_does_not_forget(start, tmp_path, request, store):
    options = [app(tmp_path, 'requests = 10/day', 'rows = 1000/month'), '--quiet', *new_store(store, request)]
    server = start(*options)
    fill(server)
    answer = server.get('/rows')
    assert (left(answer, 'requests-day'), left(answer, 'rows-month')) == (8, 979)
    assert server.stop() == 0
    server = start(*options)
    answer = server.get('/rows')
    assert (left(answer, 'requests-day'), left(answer, 'rows-month')) == (7, 969)


def test_saving_what_was_used_makes_no_kept_answer_stale(start, tmp_path):
    server = start(app(tmp_path, 'requests = 100000/day'), '--quiet')
    fill(server)

    def saved():
        server.get('/rows')
        with contextlib.closing(sqlite3.connect(tmp_path / 'var' / 'limited.db')) as database:
            return database.execute('SELECT count(*) FROM reckoner_quota').fetchone()[0]
    server.get('/rows')
    wait_until(saved)
    assert 'hit' in server.get('/rows').headers['Cache-Status']


def test_metrics_count_what_a_plan_refuses(start, tmp_path):
    server = start(app(tmp_path, 'requests = 2/day'))
    assert [server.get('/rows').status for _ in range(5)] == [200, 200, 429, 429, 429]
    assert metrics.read(server).one('reckoner_plan_refusals_total', app='limited') == 3


def test_an_app_without_plans_says_nothing_of_limits(start, tmp_path):
    server = start(write_app(tmp_path / 'open', APP), '--quiet')
    answer = server.get('/rows')
    assert answer.status == 200 and answer.headers['RateLimit'] is None and answer.headers['RateLimit-Policy'] is None


@pytest.mark.threads
def test_eight_clients_on_three_nodes_get_what_one_may(start, tmp_path, cluster):
    allowed = rounds(300, 5000)
    folder = app(tmp_path, f'requests = {allowed}/day')
    url = cluster.create('limits_of_nodes')
    nodes = [start(folder, '--quiet', '--store', url) for _ in range(3)]
    passed, retries = [0] * 8, [0] * 8

    def client(number):
        connection = http.client.HTTPConnection('127.0.0.1', nodes[number % 3].port, timeout=WAIT_SECONDS)
        with contextlib.closing(connection):
            while True:
                connection.request('GET', '/rows')
                answer = Answer(connection.getresponse())
                if answer.status == 429:
                    retries[number] = int(answer.headers['Retry-After'])
                    return
                assert answer.status == 200, answer.body
                passed[number] += 1

    threads = [threading.Thread(target=client, args=(number,)) for number in range(8)]
    began = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    came_back = int((time.monotonic() - began) * allowed / 86400)  # one in some minutes
    assert allowed <= sum(passed) <= allowed + came_back
    assert all(1 <= retry <= 86400 / allowed + 1 for retry in retries)


def test_while_the_database_is_away_nobody_gets_more(tmp_path):
    folder = app(tmp_path, 'requests = 1000000/day')
    with postgresql.Cluster() as cluster:
        server = Server(folder, '--quiet', '--store', cluster.url(), var=tmp_path / 'var')
        assert server.get('/rows').status == 200
        cluster.stop()
        wait_until(lambda: server.get('/rows').status == 503)
        cluster.start()
        wait_until(lambda: server.get('/rows').status == 200)
        assert server.stop() == 0


def test_a_key_may_end_while_its_request_waits_for_a_ration(tmp_path):
    folder = write_app(tmp_path / 'limited', {**APP, 'app.ini': '[access]\ndefault = key\nplan = small\n\n[plan small]\nrequests = 100000/day\n'})
    with postgresql.Cluster() as cluster:
        where = ['--store', cluster.url()]
        server = Server(folder, *where, '--loops', '1', var=tmp_path / 'var')
        key, key_id = keys.create(folder, where)
        assert server.get('/rows', **keys.bearer(key)).status == 200
        holder = postgresql.Session(cluster, 'postgres')
        holder.run('BEGIN; LOCK TABLE limited.reckoner_quota IN ACCESS EXCLUSIVE MODE')
        with server.connect() as client:
            head = f'GET /rows HTTP/1.1\r\nHost: a\r\nConnection: close\r\nAuthorization: Bearer {key}\r\n\r\n'
            client.sendall(head.encode())
            keys.revoke(folder, where, key_id)
            wait_until(lambda: server.get('/-/usage', **keys.bearer(key)).status == 401)  # which no plan is asked about
            holder.run('ROLLBACK')
            holder.close()
            assert b''.join(iter(lambda: client.recv(65536), b'')).startswith((b'HTTP/1.1 401', b'HTTP/1.1 503'))
        assert server.stop() == 0
