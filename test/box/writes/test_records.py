# SPDX-License-Identifier: Apache-2.0
"""The record of each batch that goes in: its id in SQL and in the answer, /-/batches, and a batch that is taken back by its id."""
import contextlib
import csv
import http.client
import io
import re
import sqlite3
import threading

import pytest

import keys
from server import STORES, WAIT_SECONDS, Answer, new_store, run, write_app

FILES = {
    'schema/001_prices.sql': 'CREATE TABLE prices (code text PRIMARY KEY, price integer NOT NULL, batch_id bigint NOT NULL);\n',
    'get_prices.sql': '-- @endpoint GET /prices\n-- @shape values\n-- @answer\nSELECT code FROM prices ORDER BY code;\n',
    'post_prices.sql': '-- @endpoint POST /prices\n-- @field code text required\n-- @field price integer required\n'
                       '-- @reject 422 negative\nSELECT line FROM batch WHERE price < 0;\n'
                       '-- @write\nINSERT INTO prices SELECT code, price, :batch_id FROM batch;\n'
                       '-- @answer 201\nSELECT count(*) AS rows, :batch_id AS batch FROM batch;\n',
    'post_plain.sql': '-- @endpoint POST /plain\n-- @field code text required\n'
                      '-- @write\nINSERT INTO prices SELECT code, 1, 0 FROM batch;\n-- @answer 201\nSELECT count(*) AS rows FROM batch;\n',
    'delete_batch.sql': '-- @endpoint DELETE /prices/batches/{id}\n-- @param id integer\n-- @reject 404 no rows of that batch\n'
                        "SELECT 'id' AS parameter WHERE NOT EXISTS (SELECT 1 FROM prices WHERE batch_id = :id);\n"
                        '-- @write\nDELETE FROM prices WHERE batch_id = :id;\n',
}


def admin_get(server, path):
    port = int(re.search(r'listening on 127\.0\.0\.1:(\d+) for /-/', server.stderr).group(1))
    connection = http.client.HTTPConnection('127.0.0.1', port, timeout=WAIT_SECONDS)
    with contextlib.closing(connection):
        connection.request('GET', path)
        return Answer(connection.getresponse())


def batches(answer):
    assert answer.status == 200, answer.body
    return answer.json()['batches']


@pytest.fixture(params=STORES)
def chosen(request):
    return new_store(request.param, request)


@pytest.fixture
def app(tmp_path):
    return write_app(tmp_path / 'shop', FILES)


def test_those_of_several_apps_are_in_one_order_though_a_clock_was_set_back(start, app, tmp_path):
    other = {name: text.replace('/p', '/q/p').replace('/prices/batches', '/q/batches') for name, text in FILES.items()}
    server = start(app, write_app(tmp_path / 'other', other))
    seconds = {'shop': [50, 10], 'other': [30]}
    for name, path in {'shop': '/prices', 'other': '/q/prices'}.items():
        for code in 'ab'[:len(seconds[name])]:
            assert server.post(path, [{'code': code, 'price': 1}]).status == 201
        with contextlib.closing(sqlite3.connect(tmp_path / 'var' / f'{name}.db', timeout=60, isolation_level=None)) as store:
            for id, second in enumerate(seconds[name], 1):
                store.execute('UPDATE reckoner_batches SET at_us = ? WHERE id = ?', (second * 1_000_000, id))
    told = [(batch['app'], batch['id']) for batch in batches(server.get('/-/batches'))]
    assert told == [('other', 1), ('shop', 2), ('shop', 1)]


def test_a_batch_that_is_in_has_an_id_and_can_be_taken_back_by_it(start, app, chosen):
    server = start(app, *chosen)
    first = server.post('/prices', [{'code': 'a', 'price': 1}, {'code': 'b', 'price': 2}])
    assert first.status == 201
    number = int(first.headers['Batch-Id'])
    assert first.json() == [{'rows': 2, 'batch': number}]
    second = server.post('/prices', [{'code': 'c', 'price': 3}])
    assert int(second.headers['Batch-Id']) > number
    undone = server.request('DELETE', f'/prices/batches/{number}')
    assert undone.status == 204 and int(undone.headers['Batch-Id']) > int(second.headers['Batch-Id'])
    assert server.get('/prices').json() == ['c']
    assert server.request('DELETE', f'/prices/batches/{number}').status == 404
    told = batches(server.get('/-/batches'))
    assert [(batch['endpoint'], batch['rows']) for batch in told] == [
        ('DELETE /prices/batches/{id}', 0), ('POST /prices', 1), ('POST /prices', 2)]
    assert told[-1]['id'] == number and told[-1]['app'] == 'shop'
    assert re.fullmatch(r'\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?Z', told[0]['at'])


def test_what_is_refused_has_no_record(start, app, chosen):
    server = start(app, *chosen)
    refused = [server.post('/prices', [{'code': 'a', 'price': -1}]), server.post('/prices', [{'code': 'a', 'price': 'x'}]),
               server.post('/prices', '[{"code": "a"')]
    server.post('/plain', [{'code': 'z'}])
    refused.append(server.post('/plain', [{'code': 'z'}]))
    assert [answer.status for answer in refused] == [422, 422, 400, 409]
    assert not any('Batch-Id' in answer.headers for answer in refused)
    assert [batch['endpoint'] for batch in batches(server.get('/-/batches'))] == ['POST /plain']


def test_ids_go_on_after_a_restart(start, app, chosen):
    server = start(app, *chosen)
    number = int(server.post('/plain', [{'code': 'a'}]).headers['Batch-Id'])
    server.stop()
    server = start(app, *chosen)
    assert int(server.post('/plain', [{'code': 'b'}]).headers['Batch-Id']) > number
    assert len(batches(server.get('/-/batches'))) == 2


def test_batches_of_one_group_have_ids_of_their_own(start, app, chosen):
    server = start(app, *chosen)
    results = []

    def send(name):
        for i in range(5):
            results.append(server.post('/prices', [{'code': f'{name}{i}', 'price': 1}]))

    threads = [threading.Thread(target=send, args=(name,)) for name in 'abcdefgh']
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {answer.status for answer in results} == {201}
    ids = [int(answer.headers['Batch-Id']) for answer in results]
    assert len(set(ids)) == 40
    assert all(answer.json() == [{'rows': 1, 'batch': number}] for answer, number in zip(results, ids))
    assert sorted(ids, reverse=True) == [batch['id'] for batch in batches(server.get('/-/batches'))]


def test_files_that_are_loaded_have_records_with_their_names(start, app, chosen, tmp_path):
    write_app(app, {'app.ini': '[load]\nPOST /prices = first.csv\n', 'data/first.csv': 'code,price\na,1\nb,2\n'})
    (tmp_path / 'more.csv').write_text('code,price\nc,3\n')
    where = chosen or ['--var', tmp_path / 'var']
    done = run('load', app, 'POST /prices', tmp_path / 'more.csv', *where)
    assert done.returncode == 0, done.stderr
    server = start(app, *chosen)
    told = batches(server.get('/-/batches'))
    assert [(batch['file'], batch['rows'], batch['endpoint']) for batch in told] == [
        ('more.csv', 1, 'POST /prices'), ('first.csv', 2, 'POST /prices')]
    assert told[0]['address'] is None and told[0]['client'] is None
    assert server.request('DELETE', f'/prices/batches/{told[1]["id"]}').status == 204
    assert server.get('/prices').json() == ['c']


def test_a_row_that_breaks_a_key_is_found_where_the_batch_keeps_its_id(start, app, chosen):
    server = start(app, *chosen)
    server.post('/prices', [{'code': 'b', 'price': 1}])
    answer = server.post('/prices', [{'code': 'a', 'price': 1}, {'code': 'b', 'price': 2}, {'code': 'c', 'price': 3}])
    assert answer.status == 409
    assert [error['line'] for error in answer.json()['errors']] == [2]


def test_the_list_goes_by_pages_and_formats(start, app, chosen):
    server = start(app, *chosen)
    ids = [int(server.post('/plain', [{'code': code}]).headers['Batch-Id']) for code in 'abcd']
    assert [batch['id'] for batch in batches(server.get('/-/batches?limit=2'))] == [ids[3], ids[2]]
    assert [batch['id'] for batch in batches(server.get(f'/-/batches?app=shop&before={ids[2]}'))] == [ids[1], ids[0]]
    rows = list(csv.DictReader(io.StringIO(server.get('/-/batches', Accept='text/csv').body.decode())))
    assert [int(row['id']) for row in rows] == ids[::-1] and rows[0]['endpoint'] == 'POST /plain'
    lines = server.get('/-/batches', Accept='application/x-ndjson').body.decode().splitlines()
    assert len(lines) == 4
    for query, words in [('limit=0', 'limit must be'), ('limit=1001', 'limit must be'), ('before=x', 'before must be')]:
        answer = server.get(f'/-/batches?{query}')
        assert answer.status == 400 and words in answer.json()['detail']
    assert server.get('/-/batches?app=nowhere').status == 404


def test_addresses_are_for_the_admin(start, app, chosen):
    server = start('--admin-listen', '127.0.0.1:0', app, *chosen)
    server.post('/plain', [{'code': 'a'}])
    assert batches(server.get('/-/batches'))[0]['address'] is None
    assert batches(admin_get(server, '/-/batches'))[0]['address'].startswith('127.0.0.1:')


def test_a_client_sees_its_own_batches_alone(start, app, chosen, tmp_path):
    write_app(app, {'app.ini': '[access]\ndefault = key\n'})
    server = start('--admin-listen', '127.0.0.1:0', app, *chosen)
    where = chosen or ['--var', tmp_path / 'var']
    (mine, mine_id), (other, other_id) = keys.create_all(app, where, [{}, {}])
    body, json_type = '[{"code": "%s"}]', {'Content-Type': 'application/json'}
    assert server.request('POST', '/plain', body % 'a', {**json_type, **keys.bearer(mine)}).status == 201
    assert server.request('POST', '/plain', body % 'b', {**json_type, **keys.bearer(other)}).status == 201
    told = batches(server.get('/-/batches', **keys.bearer(mine)))
    assert [(batch['client'], batch['client_kind'], batch['rows']) for batch in told] == [(mine_id, 'key', 1)]
    answer = server.get('/-/batches')
    assert answer.status == 401 and 'send its key' in answer.json()['detail']
    assert server.get('/-/batches', **keys.bearer(keys.nobodys())).status == 401
    assert {batch['client'] for batch in batches(admin_get(server, '/-/batches'))} == {mine_id, other_id}
