# SPDX-License-Identifier: Apache-2.0
"""Questions that come in a body: QUERY (RFC 10008), and POST endpoints that write nothing."""
import gzip
import json
import socket
import subprocess
import urllib.parse

import pytest

from server import STORES, Server, new_store, run, write_app
from small_apps import CSV, FORM, JSON

PARAMS = '''-- @param tags text list maxlength 8
-- @param counts integer list
-- @param origin text name "Origin" maxlength 5000
-- @param price number default 1.5 min 0
-- @param open boolean
-- @param day date
-- @param days date list
-- @param tree json
'''
ANSWER = '''-- @shape object
-- @column open boolean
-- @answer
SELECT (SELECT count(*) FROM list(:tags)) AS tags, (SELECT min(value) FROM list(:tags)) AS first,
       (SELECT count(*) FROM list(:counts)) AS counts, (SELECT count(*) FROM list(:days)) AS days, length(cast(:tree AS text)) AS tree, :origin AS origin, :price AS price, :open AS open, :day AS day,
       (SELECT count(*) FROM things) AS things;
'''
APP = {
    'schema/001_things.sql': 'CREATE TABLE things (id bigint PRIMARY KEY NOT NULL, name text NOT NULL);\n'
                             "INSERT INTO things VALUES (1, 'a'), (2, 'b'), (3, 'c'), (4, 'd'), (5, 'e');",
    'query_search.sql': '-- @endpoint QUERY /search\n' + PARAMS + ANSWER,
    'post_search.sql': '-- @endpoint POST /search\n' + PARAMS + '-- @example {"tags": ["a", "b"], "Origin": "X"}\n' + ANSWER,
    'query_strict.sql': '-- @endpoint QUERY /strict/{id}\n-- @strict\n-- @param id integer\n-- @param name text required pattern "[a-z]+"\n'
                        "-- @reject 404 no such thing\nSELECT 'id' AS parameter WHERE NOT EXISTS (SELECT 1 FROM things WHERE id = :id);\n"
                        '-- @answer\nSELECT id, :name AS name FROM things WHERE id = :id;\n',
    'query_pages.sql': '-- @endpoint QUERY /pages\n-- @param above integer default 0\n-- @page 2 max 10\n-- @answer\n'
                       'SELECT id, name FROM things WHERE id > :above ORDER BY id;\n',
    'query_money.sql': '-- @endpoint QUERY /money\n-- @param price decimal(18,2)\n-- @param prices decimal(18,2) list\n-- @shape object\n'
                       '-- @column price decimal(18,2)\n-- @answer\nSELECT :price AS price, :prices AS prices;\n',
    'post_things.sql': '-- @endpoint POST /things\n-- @field id integer required\n-- @field name text required\n'
                       '-- @write\nINSERT INTO things SELECT id, name FROM batch;\n-- @answer 201\nSELECT count(*) AS stored FROM batch;\n',
}
ABSENT = {'tags': 0, 'first': None, 'counts': 0, 'days': 0, 'tree': None, 'origin': None, 'price': 1.5, 'open': None, 'day': None}


@pytest.fixture(scope='module', params=STORES)
def server(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp('questions')
    server = Server(write_app(folder / 'small', APP), '--quiet', *new_store(request.param, request), var=folder / 'var')
    yield server
    assert server.stop() == 0, server.stderr


def ask(server, body, content_type=JSON, method='QUERY', path='/search', **headers):
    body = body if isinstance(body, (str, bytes)) else json.dumps(body)
    headers = {'Content-Type': content_type} | headers
    return server.request(method, path, body.encode() if isinstance(body, str) else body, headers)


def told(answer):
    return {name: value for name, value in answer.json().items() if name != 'things'}


FULL = ABSENT | {'tags': 2, 'first': 'a', 'counts': 3, 'origin': 'X,Y', 'price': 2, 'open': True, 'day': '2026-01-01'}


@pytest.mark.parametrize('method', ['QUERY', 'POST'])
@pytest.mark.parametrize('body, content_type, path', [
    ({'tags': ['b', 'a'], 'counts': [1, 2, 3], 'Origin': 'X,Y', 'price': 2, 'open': True, 'day': '2026-01-01'}, JSON, '/search'),
    ({'counts': [1, 2, 3], 'Origin': 'X,Y', 'day': '2026-01-01', 'unknown': {}.get('x')}, JSON, '/search?tags=a,b&price=2&open=true'),
    ('tags=a&tags=b&counts=1,2,3&Origin=X%2CY&price=2.0&open=true&day=2026-01-01', FORM, '/search'),
    ('counts=1,2,3&price=2&open=true', FORM, '/search?tags[]=a&tags[]=b&Origin=X,Y&day=2026-01-01'),
])
def test_parameters_come_from_the_body_and_the_query(server, method, body, content_type, path):
    answer = ask(server, body, content_type, method, path)
    assert (answer.status, told(answer)) == (200, FULL), answer.body


@pytest.mark.parametrize('method', ['QUERY', 'POST'])
@pytest.mark.parametrize('body', [{}, {'tags': [], 'Origin': None, 'price': None}])
def test_what_is_absent_null_or_an_empty_list_is_no_value(server, method, body):
    assert told(ask(server, body, method=method)) == ABSENT
    assert told(server.request(method, '/search')) == ABSENT
    assert told(ask(server, '', method=method)) == ABSENT


def test_an_item_with_a_comma_and_a_long_question_are_taken_as_they_are(server):
    answer = ask(server, {'tags': ['x, y', 'z'], 'Origin': 'é' * 5000})
    assert (answer.json()['tags'], answer.json()['first'], answer.json()['origin']) == (2, 'x, y', 'é' * 5000)
    many = [f't{i}' for i in range(1000)]
    for body, content_type in ({'tags': many}, JSON), (urllib.parse.urlencode([('tags', tag) for tag in many]), FORM):
        assert ask(server, body, content_type).json()['tags'] == 1000
    padded = ' ' * 300000 + json.dumps({'tags': many})  # past what the loop reads itself
    assert ask(server, padded).json()['tags'] == 1000
    assert ask(server, {'tags': many + ['one more']}).errors('parameter', 'code') == [('tags', 'items')]


def test_a_member_of_a_json_list_is_one_item_whatever_its_type(server):
    assert ask(server, {'tags': ['a,b']}).json()['tags'] == 1
    both = '2026-01-01,2026-01-02'
    assert ask(server, {'days': both.split(',')}).json()['days'] == 2
    answer = ask(server, {'days': ['2026-01-01', both]})
    assert answer.json()['errors'] == [{'detail': 'must be a list of at most 1000 items, each a date, YYYY-MM-DD',
                                        'parameter': 'days', 'value': both, 'code': 'type'}]
    assert ask(server, 'days=' + both, FORM).json()['days'] == 2
    assert ask(server, {'tags': ['a', 'b\x1fc']}).json()['errors'] == [
        {'detail': 'is an item of a list, which cannot hold the character U+001F', 'parameter': 'tags', 'value': 'b\x1fc', 'code': 'type'}]


@pytest.mark.parametrize('body, content_type, value', [
    ({'tags': ['a', 'b', 'much too long', 'c']}, JSON, 'much too long'), ('tags=a,b,much+too+long', FORM, 'much too long'),
    ('tags=a&tags=much+too+long', FORM, 'much too long'), ({'counts': [1, 2, '3']}, JSON, '3'), ({'counts': [1, 2.5]}, JSON, '2.5'),
])
def test_of_a_list_the_item_that_does_not_pass_is_shown(server, body, content_type, value):
    assert [error['value'] for error in ask(server, body, content_type).json()['errors']] == [value]


def test_lists_and_members_beyond_their_bounds_say_them(server):
    many = [1] * 300000
    answer = ask(server, {'counts': many})
    assert answer.json()['errors'] == [
        {'detail': 'must be a list of at most 1000 items, each an integer', 'parameter': 'counts', 'code': 'items'}]
    assert answer.status == 400
    assert ask(server, json.dumps({'tree': many})).json()['tree'] == len(json.dumps(many, separators=(',', ':')))
    answer = ask(server, '{' + ','.join('"":1' for _ in range(180000)) + '}')
    assert answer.status == 413
    assert 'the members up to here need more than 4194304 bytes of memory: send fewer' in answer.json()['detail']


def test_a_decimal_is_a_number_or_a_string_and_keeps_its_digits(server):
    for price in '9007199254740993.15', '"9007199254740993.15"':
        answer = ask(server, '{"price": %s, "prices": [%s, 1.5]}' % (price, price), path='/money')
        assert answer.body == b'{"price":9007199254740993.15,"prices":"9007199254740993.15,1.50"}', answer.body
    assert ask(server, '{"price": 1.005}', path='/money').errors('parameter', 'code') == [('price', 'digits')]
    assert ask(server, {'price': True, 'prices': [False]}, path='/money').errors('parameter', 'code') == [('price', 'type'), ('prices', 'type')]


@pytest.mark.parametrize('body, path, errors', [
    ({'price': '2'}, '/search', [('price', 'type')]),
    ({'price': -1, 'open': 1, 'counts': ['1']}, '/search', [('price', 'min'), ('open', 'type'), ('counts', 'type')]),
    ({'Origin': ['X']}, '/search', [('Origin', 'type')]),
    ({'tags': [None]}, '/search', [('tags', 'type')]),
    ({'tags': {'a': 1}, 'day': {}}, '/search', [('tags', 'type'), ('day', 'type')]),
    ({'tags': [['a']]}, '/search', [('tags', 'type')]),
    ('{"price": 1e400, "Origin": 1e400}', '/search', [('price', 'type'), ('Origin', 'type')]),
    ({'tags': ['much too long']}, '/search', [('tags', 'maxlength')]),
    ({'Origin': 'X'}, '/search?Origin=X', [('Origin', 'repeated')]),
    ({'tags': ['a']}, '/search?tags=b', [('tags', 'repeated')]),
    ('{"Origin": "X", "Origin": "Y"}', '/search', [('Origin', 'repeated')]),
    ({'name': 'A', 'other': 1}, '/strict/1', [('name', 'pattern'), ('other', 'unknown_parameter')]),
    ({'name': 'a', 'id': 1}, '/strict/1', [('id', 'unknown_parameter')]),
    ({}, '/strict/1', [('name', 'required')]),
])
def test_a_parameter_that_does_not_pass_is_400_as_in_a_query(server, body, path, errors):
    answer = ask(server, body, path=path)
    assert (answer.status, sorted(answer.errors('parameter', 'code'))) == (400, sorted(errors)), answer.body


@pytest.mark.parametrize('body, words', [
    ('{"tags": ["a"', 'ends before it is whole'), ('[{"tags": ["a"]}]', 'one JSON object'), ('{"tags": {"a" 1}}', 'not written as JSON'),
    ('{"unknown": [["a"}]}', 'not written as JSON'), ('{"price": 01}', 'not written as JSON'), ('{} {}', 'stands behind the object'),
    ('{"price": 1,}', 'no comma'), ('{"price" 1}', 'a colon'), ('{price: 1}', 'in quotes'), ('{"Origin": "\ud800"}'.encode('utf-8', 'surrogatepass'), 'UTF-8'),
])
def test_a_body_that_is_no_object_of_values_is_400_with_its_place(server, body, words):
    answer = ask(server, body)
    assert (answer.status, answer.json()['line']) == (400, 1) and words in answer.json()['detail'], answer.body


def test_another_type_is_415_and_says_what_is_taken(server):
    types = 'application/json, application/x-www-form-urlencoded'
    for content_type in CSV, 'application/x-ndjson', 'text/plain':
        answer = ask(server, 'a', content_type)
        assert (answer.status, answer.headers['Accept-Query'], answer.headers['Accept-Post']) == (415, types, None)
        answer = ask(server, 'a', content_type, 'POST')
        assert (answer.status, answer.headers['Accept-Post'], answer.headers['Accept-Query']) == (415, types, None)
    assert server.request('QUERY', '/search', b'{}').status == 415  # without any
    for method, field in ('QUERY', 'Accept-Query'), ('POST', 'Accept-Post'):
        answer = ask(server, {'tags': []}, FORM, method)
        assert (answer.status, answer.headers[field]) == (415, types), answer.body
    assert server.request('OPTIONS', '/search').headers['Accept-Query'] == types
    assert server.get('/search').headers['Accept-Query'] == types  # 405
    for path in '/things', '*':
        assert server.request('OPTIONS', path).headers['Accept-Query'] is None


def test_a_body_over_its_limit_is_413(server):
    assert ask(server, ' ' * (1024 * 1024 - 2) + '{}').status == 200
    assert ask(server, ' ' * (1024 * 1024 - 1) + '{}').status == 413


def zstd(data):
    return subprocess.run(['zstd', '-c'], input=data, capture_output=True, check=True).stdout


@pytest.mark.parametrize('method', ['QUERY', 'POST'])
@pytest.mark.parametrize('coding, compress', [('gzip', gzip.compress), ('x-gzip', gzip.compress), ('zstd', zstd)])
def test_a_body_may_be_compressed(server, method, coding, compress):
    headers = {'Content-Encoding': coding}
    assert told(ask(server, compress(b'{"tags": ["a"], "Origin": "X"}'), JSON, method, **headers)) == ABSENT | {'tags': 1, 'first': 'a', 'origin': 'X'}
    assert told(ask(server, compress(b'tags=a&Origin=X'), FORM, method, **headers)) == ABSENT | {'tags': 1, 'first': 'a', 'origin': 'X'}
    assert ask(server, compress(b' ' * (1024 * 1024 - 2) + b'{}'), JSON, method, **headers).status == 200
    noise = json.dumps({'unknown': [i * i * 7919 % 1000003 for i in range(100000)], 'Origin': 'last'}).encode()
    assert ask(server, compress(noise), JSON, method, **headers).json()['origin'] == 'last'  # which comes in several parts


def test_a_compressed_body_that_is_damaged_or_too_large_is_told(server):
    good = gzip.compress(b'{"tags": ["a"]}')
    for body, coding, status, detail in [
            (good[:-3], 'gzip', 400, f'the gzip stream is cut off behind byte {len(good) - 3}'),
            (good + b'{}', 'gzip', 400, 'the gzip stream has bytes behind its end'),
            (b'{}', 'gzip', 400, 'the bytes are no gzip stream'),
            (good, 'zstd', 400, 'the bytes are no zstd stream'),
            (gzip.compress(bytes(50_000_000)), 'gzip', 413, 'the body is larger than 1048576 bytes when it is decompressed'),
            (gzip.compress(b'{"tags": ['), 'gzip', 400, 'the JSON ends before it is whole'),
            (good, 'br', 415, 'the Content-Encoding must be one of gzip, zstd'),
            (gzip.compress(good), 'gzip, gzip', 415, 'the Content-Encoding must be one of gzip, zstd')]:
        answer = ask(server, body, **{'Content-Encoding': coding})
        assert (answer.status, answer.json()['detail']) == (status, detail)
        assert answer.headers['Accept-Encoding'] == ('gzip, zstd' if status == 415 else None)
    with server.connect() as client:  # chunked and empty
        client.sendall(b'QUERY /search HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Encoding: gzip\r\n'
                       b'Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n0\r\n\r\n')
        answer = b''.join(iter(lambda: client.recv(65536), b''))
    assert answer.startswith(b'HTTP/1.1 400 ') and b'cut off behind byte 0' in answer


def test_rejects_formats_and_methods_are_as_with_get(server):
    answer = ask(server, {'name': 'a'}, path='/strict/77')
    assert (answer.status, answer.errors('parameter', 'code')) == (404, [('id', 'no_such_thing')])
    assert ask(server, {'name': 'a'}, path='/strict/1?format=csv').body == b'id,name\r\n1,a\r\n'
    assert ask(server, {'name': 'a', 'format': 'ndjson'}, path='/strict/1').body == b'{"id":1,"name":"a"}\n'
    assert ask(server, 'name=a&format=csv', FORM, path='/strict/1').body == b'id,name\r\n1,a\r\n'
    assert ask(server, {'name': 'a'}, path='/strict/1', Accept='image/png').status == 406
    assert server.get('/search').status == 405
    assert server.get('/search').headers['Allow'] == 'POST, OPTIONS, QUERY'
    assert server.request('OPTIONS', '/search').headers['Allow'] == 'POST, OPTIONS, QUERY'
    assert server.request('HEAD', '/pages').status == 405


def test_pages_are_followed_with_the_same_body(server):
    seen, path = [], '/pages'
    while path:
        answer = ask(server, {'above': 1, 'limit': 3}, path=path)
        seen.append([row['id'] for row in answer.json()][:3])
        link = answer.headers['Link']
        path = link[link.index('<') + 1:link.index('>')] if link else None
    assert seen[0] == [2, 3, 4] and seen[1][0] == 5
    cursor = urllib.parse.unquote(ask(server, {'limit': 1}, path='/pages').headers['Link'].split('cursor=')[1].split('>')[0])
    assert ask(server, {'limit': 1, 'cursor': cursor}, path='/pages').json() == [{'id': 2, 'name': 'b'}]


@pytest.mark.parametrize('body, content_type', [('{"limit": 2, "cursor": "%s"}', JSON), ('limit=2&cursor=%s', FORM)])
def test_a_link_is_followed_with_a_body_that_has_a_cursor(server, body, content_type):
    cursor = urllib.parse.unquote(ask(server, {'limit': 1}, path='/pages').headers['Link'].split('cursor=')[1].split('>')[0])
    body, seen, path = body % cursor, [], '/pages?above=0'
    while path:
        answer = ask(server, body, content_type, path=path)
        assert answer.status == 200, answer.body
        seen.append([row['id'] for row in answer.json()][:2])
        link = answer.headers['Link']
        path = link[link.index('<') + 1:link.index('>')] if link else None
    assert seen[0] == [2, 3] and seen[1][0] == 4 and len(seen) > 1
    wrong = ask(server, body, content_type, path='/pages?cursor=none')
    assert wrong.errors('parameter', 'code') == [('cursor', 'cursor')]


@pytest.mark.parametrize('method', ['QUERY', 'POST'])
def test_an_answer_is_kept_by_what_it_asks_until_something_changes(server, method):
    def source(body, content_type=JSON, path='/search'):
        answer = ask(server, body, content_type, method, path)
        return answer.json()['things'], answer.headers['Cache-Status'], answer.headers['ETag']

    things, status, etag = source({'Origin': f'kept {method}', 'tags': ['a', 'b']})
    assert status == 'Reckoner; fwd=uri-miss; stored'
    assert source({'tags': ['a', 'b'], 'Origin': f'kept {method}'}) == (things, 'Reckoner; hit', etag)
    assert source(f'Origin=kept+{method}', FORM, '/search?tags=a,b') == (things, 'Reckoner; hit', etag)
    matched = ask(server, {'Origin': f'kept {method}', 'tags': ['a', 'b']}, method=method, **{'If-None-Match': etag})
    assert matched.status == (304 if method == 'QUERY' else 412)
    assert server.post('/things', [{'id': 100 + things, 'name': 'new'}]).status == 201
    assert source({'Origin': f'kept {method}', 'tags': ['a', 'b']})[:2] == (things + 1, 'Reckoner; fwd=stale; stored')


def test_a_body_in_pieces_and_one_that_is_cut_off(server):
    body = json.dumps({'Origin': 'in pieces'}).encode()
    head = f'QUERY /search HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n'.encode()
    with server.connect() as client:
        for piece in [head[:30], head[30:], *(body[i:i + 1] for i in range(len(body)))]:
            client.sendall(piece)
        answer = b''.join(iter(lambda: client.recv(65536), b''))
    assert answer.startswith(b'HTTP/1.1 200 ') and b'in pieces' in answer
    with server.connect() as client:
        client.sendall(head + body[:5])
        client.shutdown(socket.SHUT_WR)
        assert b' 200 ' not in b''.join(iter(lambda: client.recv(65536), b''))
    both = head.replace(b'Connection: close\r\n', b'') + body + head + body  # pipelined
    with server.connect() as client:
        client.sendall(both)
        answer = b''.join(iter(lambda: client.recv(65536), b''))
    assert answer.count(b'HTTP/1.1 200 ') == 2


@pytest.mark.threads
@pytest.mark.parametrize('store', STORES)
def test_many_ask_while_somebody_writes_and_see_it(start, tmp_path, store, request):
    server = start(write_app(tmp_path / 'small', APP), '--quiet', *new_store(store, request))
    for i in range(40):
        assert server.post('/things', [{'id': 1000 + i, 'name': 'n'}]).status == 201
        padding = ' ' * (20000 if i % 2 else 0)
        assert ask(server, padding + json.dumps({'Origin': 'same'})).json()['things'] == 6 + i


def test_the_author_s_side(tmp_path):
    app = write_app(tmp_path / 'small', APP)
    checked = run('check', app)
    assert checked.returncode == 0 and 'no errors' in checked.stderr, checked.stderr
    assert run('test', app).returncode == 0
    explained = run('explain', '--var', tmp_path, app, 'QUERY /search?tags=a,b')
    assert explained.returncode == 0 and 'answered with 200' in explained.stdout, explained
    wrong = {'query_w.sql': '-- @endpoint QUERY /w\n-- @field a text\n-- @write\nDELETE FROM things;\n-- @answer 204\n',
             'post_p.sql': '-- @endpoint POST /p\n-- @private\n-- @answer\nSELECT 1 AS one;\n',
             'post_c.sql': '-- @endpoint POST /c\n-- @cache off\n-- @field id integer\n-- @write\nDELETE FROM things WHERE id IN (SELECT id FROM batch);\n-- @answer 204\n'}
    checked = run('check', write_app(tmp_path / 'wrong', APP | wrong)).stderr
    assert 'query_w.sql:2:4: a QUERY has no rows, so no @field; use @param' in checked
    assert 'query_w.sql:3:4: a QUERY cannot write; use POST, PUT, PATCH or DELETE' in checked
    assert 'post_p.sql:1:4: a POST without a @write reads, and a read cannot be private; take @private away' in checked
    assert 'post_c.sql:1:4: @cache, @stale and @depends are for reads: no answer of a write is kept; take them away' in checked
