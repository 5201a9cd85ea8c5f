# SPDX-License-Identifier: Apache-2.0
"""Batches that come again with their Idempotency-Key: one time in, the same answer each time."""
import gzip
import http.client
import json
import sqlite3
import threading

import pytest

import keys
from rounds import rounds
from server import STORES, WAIT_SECONDS, new_store, wait_until, write_app

FILES = {
    'schema/001_t.sql': 'CREATE TABLE t (id integer NOT NULL, batch_id bigint NOT NULL);\n',
    'get_t.sql': '-- @endpoint GET /t\n-- @shape values\n-- @answer\nSELECT id FROM t ORDER BY id;\n',
    'post_t.sql': '-- @endpoint POST /t\n-- @param tag text default none\n-- @field id integer required\n'
                  '-- @reject 422 negative\nSELECT line FROM batch WHERE id < 0 AND :tag IS NOT NULL;\n'
                  '-- @write\nINSERT INTO t SELECT id, :batch_id FROM batch;\n'
                  '-- @answer 201\nSELECT count(*) AS rows, :batch_id AS batch FROM batch;\n',
    'put_one.sql': '-- @endpoint PUT /t/{id}\n-- @param id integer\n-- @write\nINSERT INTO t VALUES (:id, :batch_id);\n-- @answer 204\n',
    'post_large.sql': '-- @endpoint POST /large\n-- @field id integer required\n-- @write\nINSERT INTO t SELECT id, :batch_id FROM batch;\n'
                      '-- @answer 201\nSELECT a.id, b.id AS other FROM batch a, batch b;\n',
}
JSON = {'Content-Type': 'application/json'}


@pytest.fixture(params=STORES)
def chosen(request):
    return new_store(request.param, request)


@pytest.fixture
def app(tmp_path):
    return write_app(tmp_path / 'shop', FILES)


def send(server, ids, key=None, path='/t', **headers):
    headers = {**JSON, **({'Idempotency-Key': key} if key else {}), **headers}
    return server.request('POST', path, json.dumps([{'id': number} for number in ids]), headers)


def outcome(answer):
    return answer.status, answer.body, answer.headers['Batch-Id'], answer.headers['Content-Type']


def test_a_repeat_has_the_first_ones_answer_and_writes_nothing(start, app, chosen):
    server = start(app, *chosen)
    first = send(server, [1, 2], '"8e03978e-40d5"')
    again = [send(server, [1, 2], '"8e03978e-40d5"'), send(server, [1, 2], '8e03978e-40d5')]
    assert first.status == 201 and 'Idempotency-Replayed' not in first.headers
    assert {outcome(answer) for answer in again} == {outcome(first)}
    assert [answer.headers['Idempotency-Replayed'] for answer in again] == ['true', 'true']
    assert send(server, [1, 2]).status == 201
    assert server.get('/t').json() == [1, 1, 2, 2]
    assert 'reckoner_batches_total{app="shop",outcome="repeated"} 2' in server.get('/-/metrics').body.decode()


def test_a_write_without_rows_is_repeated_too(start, app, chosen):
    server = start(app, *chosen)
    answers = [server.request('PUT', '/t/7', None, {'Idempotency-Key': 'k'}) for _ in range(2)]
    assert [answer.status for answer in answers] == [204, 204]
    assert answers[0].headers['Batch-Id'] == answers[1].headers['Batch-Id']
    assert server.request('PUT', '/t/8', None, {'Idempotency-Key': 'k'}).status == 422  # of the same endpoint
    assert server.get('/t').json() == [7]


def test_a_key_is_for_one_request(start, app, chosen):
    server = start(app, *chosen)
    assert send(server, [1], 'k').status == 201
    others = [send(server, [2], 'k'), send(server, [1], 'k', '/t?tag=x'), send(server, [1], 'k', **{'Content-Type': 'application/x-ndjson'}),
              server.request('POST', '/t', gzip.compress(b'[{"id": 1}]'), {**JSON, 'Idempotency-Key': 'k', 'Content-Encoding': 'gzip'})]
    assert [answer.status for answer in others] == [422, 422, 422, 422]
    assert 'needs a key of its own' in others[0].json()['detail']
    assert server.get('/t').json() == [1]
    assert send(server, [1], 'k', '/large').status == 201  # another endpoint


def test_a_body_that_is_compressed_is_repeated(start, app, chosen):
    server = start(app, *chosen)
    body = gzip.compress(json.dumps([{'id': number} for number in range(50000)]).encode())
    headers = {**JSON, 'Idempotency-Key': 'k', 'Content-Encoding': 'gzip'}
    first, again = (server.request('POST', '/t', body, headers) for _ in range(2))
    assert first.status == 201 and outcome(first) == outcome(again)
    assert len(server.get('/t').json()) == 50000


@pytest.mark.parametrize('key', ['""', 'a b', '"a', '"a"; x=1', 'k' * 256, 'a, b', 'caf\xe9'])
def test_what_is_no_key_is_refused(start, app, key):
    server = start(app)
    answer = send(server, [1], key)
    assert answer.status == 400 and '1 to 255 visible' in answer.json()['detail']
    assert server.get('/t').json() == []


def test_two_keys_are_refused_and_reads_ignore_them(start, app):
    server = start(app)
    with server.connect() as connection:
        connection.sendall(b'POST /t HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 11\r\nConnection: close\r\n'
                           b'Idempotency-Key: a\r\nIdempotency-Key: a\r\n\r\n[{"id": 1}]')
        assert b'HTTP/1.1 400 ' in connection.recv(65536)
    assert server.get('/t', **{'Idempotency-Key': '""'}).json() == []


def test_what_was_refused_may_come_again_with_its_key(start, app, chosen):
    server = start(app, *chosen)
    assert send(server, [-1], 'k').status == 422
    assert send(server, [1], 'k').status == 201
    assert server.get('/t').json() == [1]


def test_an_answer_that_is_long_is_not_kept_but_its_batch_is_known(start, app, chosen):
    server = start(app, *chosen)
    first, again = (send(server, range(100), 'k', '/large') for _ in range(2))
    assert len(first.body) > 65536
    assert again.status == 201 and again.json()['batch_id'] == int(first.headers['Batch-Id'])
    assert 'not kept' in again.json()['detail'] and again.headers['Idempotency-Replayed'] == 'true'
    assert len(server.get('/t').json()) == 100


def test_another_clients_key_is_another_one(start, app, chosen, tmp_path):
    write_app(app, {'app.ini': '[access]\ndefault = key\nquery = key\n'})
    server = start(app, *chosen)
    (mine, _), (other, _) = keys.create_all(app, chosen or ['--var', tmp_path / 'var'], [{}, {}])
    answers = [send(server, [1], 'k', **keys.bearer(key)) for key in (mine, other, mine)]
    assert [answer.status for answer in answers] == [201, 201, 201]
    assert answers[0].headers['Batch-Id'] == answers[2].headers['Batch-Id'] != answers[1].headers['Batch-Id']
    in_query = send(server, [1], 'k', f'/t?key={mine}')  # which is no part of what was sent
    assert in_query.headers['Batch-Id'] == answers[0].headers['Batch-Id']
    assert server.get('/t', **keys.bearer(mine)).json() == [1, 1]


def at_once(count, call):
    results = [None] * count

    def work(i):
        results[i] = call(i)

    threads = [threading.Thread(target=work, args=(i,)) for i in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def test_of_many_at_a_time_one_goes_in(start, app, chosen):
    server = start(app, *chosen)
    for number in range(rounds(5, 200)):
        answers = at_once(8, lambda _: send(server, [number], f'k{number}'))
        assert {answer.status for answer in answers} <= {201, 409}
        done = [answer for answer in answers if answer.status == 201]
        assert done and len({outcome(answer) for answer in done}) == 1
        assert sum('Idempotency-Replayed' not in answer.headers for answer in done) == 1
        for answer in answers:
            assert answer.status == 201 or answer.headers['Retry-After'] == '1'
        assert outcome(send(server, [number], f'k{number}')) == outcome(done[0])
    assert server.get('/t').json() == list(range(rounds(5, 200)))


def test_one_that_waits_in_the_queue_is_not_sent_twice(start, app, tmp_path):
    server = start(app)
    blocker = sqlite3.connect(tmp_path / 'var' / 'shop.db', isolation_level=None)
    blocker.execute('BEGIN IMMEDIATE')
    results = []
    threads = [threading.Thread(target=lambda: results.append(send(server, [1], 'k'))) for _ in range(2)]
    for thread in threads:
        thread.start()
    wait_until(lambda: len(results) == 1)
    assert results[0].status == 409 and 'still being worked on' in results[0].json()['detail']
    blocker.execute('ROLLBACK')
    blocker.close()
    for thread in threads:
        thread.join()
    assert results[1].status == 201
    assert outcome(send(server, [1], 'k')) == outcome(results[1])
    assert server.get('/t').json() == [1]


def test_two_processes_with_one_store_take_a_key_once(start, app, chosen):
    servers = [start(app, *chosen), start(app, *chosen)]
    for number in range(rounds(5, 100)):
        answers = at_once(8, lambda i: send(servers[i % 2], [number], f'k{number}'))
        assert {answer.status for answer in answers} <= {201, 409}
        assert len({outcome(answer) for answer in answers if answer.status == 201}) == 1
    assert servers[1].get('/t').json() == list(range(rounds(5, 100)))


@pytest.mark.parametrize('step', ['batch-run', 'batch-commit', 'batch-committed', 'batch-told'])
def test_a_server_that_dies_before_it_answers_takes_a_repeat_once(start, app, chosen, step):
    server = start(app, *chosen, env={'RECKONER_CRASH': f'{step}:1'})
    with pytest.raises((ConnectionError, http.client.HTTPException)):
        send(server, [1], 'k')
    server.process.wait(timeout=WAIT_SECONDS)
    server = start(app, *chosen)
    first, again = send(server, [1], 'k'), send(server, [1], 'k')
    assert first.status == 201 and outcome(first) == outcome(again)
    is_in = step in ('batch-committed', 'batch-told')
    assert first.headers.get('Idempotency-Replayed') == ('true' if is_in else None)
    assert server.get('/t').json() == [1]
    assert len(server.get('/-/batches').json()['batches']) == 1


def test_a_key_ends(start, app, tmp_path):
    server = start(app)
    first = send(server, [1], 'k')
    with sqlite3.connect(tmp_path / 'var' / 'shop.db', timeout=60) as store:
        hours = store.execute('SELECT (ends_us - (SELECT max(at_us) FROM reckoner_batches)) / 3600000000.0 FROM reckoner_repeats').fetchone()[0]
        assert abs(hours - 24) < 0.1
        store.execute('UPDATE reckoner_repeats SET ends_us = 1')
    again = send(server, [1], 'k')
    assert again.status == 201 and again.headers['Batch-Id'] != first.headers['Batch-Id']
    assert outcome(send(server, [1], 'k')) == outcome(again)
    assert server.get('/t').json() == [1, 1]
