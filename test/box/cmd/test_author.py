# SPDX-License-Identifier: Apache-2.0
"""What an author of apps meets: short endpoints, and messages that say where and what to do."""
import socket

import pytest

from server import STORES, new_store, run, write_app

SCHEMA = 'CREATE TABLE t (id integer PRIMARY KEY NOT NULL, x integer);'
GET = '-- @endpoint GET /t\n-- @answer\nSELECT id, x FROM t ORDER BY id;\n'
POST = '-- @endpoint POST /items\n-- @field id integer required\n-- @write\nINSERT INTO t (id) SELECT id FROM batch;\n-- @answer 204\n'
FORM = {'Content-Type': 'application/x-www-form-urlencoded'}


@pytest.mark.parametrize('store', STORES)
def test_a_write_without_rows_to_answer_is_204(start, request, tmp_path, store):
    app = write_app(tmp_path / 'short', {
        'schema/001_t.sql': SCHEMA,
        'get_t.sql': '-- @endpoint GET /t\n-- @answer\nSELECT id, x FROM t ORDER BY id;\n',
        'delete_t.sql': '-- @endpoint DELETE /t/{id}\n-- @param id integer\n-- @write\nDELETE FROM t WHERE id = :id;\n',
        'post_t.sql': '-- @endpoint POST /t\n-- @field id integer required\n-- @field x integer\n-- @write\n'
                      'INSERT INTO t (id, x) SELECT id, x FROM batch;\n'
                      '-- @answer 201 when (SELECT count(*) FROM batch) > 1\nSELECT count(*) AS n FROM batch;\n-- @answer 204\n',
    })
    server = start(*new_store(store, request), app)
    for body, expected in [([{'id': 1}], (204, b'')), ([{'id': 2}, {'id': 3}], (201, b'[{"n":2}]'))]:
        answer = server.post('/t', body)
        assert (answer.status, answer.body) == expected
        assert (answer.headers.get('Content-Type') is None) == (answer.status == 204)
    answer = server.request('DELETE', '/t/1')
    assert (answer.status, answer.body, answer.headers.get('Content-Length')) == (204, b'', None)
    assert server.get('/t').json() == [{'id': 2, 'x': None}, {'id': 3, 'x': None}]
    assert 'Answers 204, without a body.' in server.get('/-/docs').body.decode()


@pytest.mark.parametrize('files, lines', [
    ({'schema/002_u.sql': 'CREATE TABLE u (a integer)\nCREATE TABLE v (a integer);\n'},
     ['{app}/schema/002_u.sql:2:1: near "CREATE": syntax error', '  hint: end the statement in front of it with a ;']),
    ({'get_u.sql': '-- @endpoint GET /u\n-- @page 5 max 5\n-- @answer\nSELECT a.id FROM t AS a JOIN t AS b ON a.x = b.x ORDER BY a.x;\n'},
     ["{app}/get_u.sql:4:59: @page orders by names of the answer's columns: select a.x AS x, and order by x"]),
    ({'app.ini': '[load]\nPOST /items = data/t.csv\n', 'post_t.sql': POST},
     ['{app}/app.ini:2: {app}/data/data/t.csv could not be opened: no such file: leave data/ out', 'the first load failed, and nothing of it was kept']),
    ({'app.ini': '[laod]\nPOST /t = t.csv\nPOST /u = t.csv\n'}, ['{app}/app.ini:2: unknown section [laod]; did you mean [load]?']),
    ({'app.ini': '[load]\nPOST /itms = "t.csv"\n', 'post_t.sql': POST},
     ['{app}/app.ini:2: the app has no endpoint POST /itms; did you mean POST /items?', '{app}/app.ini:2: ""t.csv"" is in quotes: leave them out']),
    ({'app.toml': ''}, ['{app}/app.toml: is not read; did you mean app.ini?']),
])
def test_check_says_where_and_what_to_do(tmp_path, files, lines):
    app = write_app(tmp_path / 'small', {'schema/001_t.sql': SCHEMA, 'get_t.sql': GET, **files})
    result = run('check', app)
    assert (result.returncode, result.stderr.splitlines()) == (1, [line.format(app=app) for line in lines])


@pytest.mark.parametrize('text, lines', [
    ('GET /t\nHTTP 200\n', ['1: a test starts with a line "### its name"']),
    ('### a\nGET /t\n\n### b\n/t\nHTTP 200\n',
     ['2: no line such as "HTTP 200" says what this request\'s answer should be',
      '5: a request starts with its method and target: GET /path?name=value']),
])
def test_check_reads_the_tests_too(tmp_path, text, lines):
    app = write_app(tmp_path / 'small', {'schema/001_t.sql': SCHEMA, 'get_t.sql': GET, 'tests/t.http': text})
    result = run('check', app)
    assert (result.returncode, result.stderr.splitlines()[:len(lines)]) == (1, [f'{app}/tests/t.http:{line}' for line in lines])


def test_a_failed_example_is_told_with_its_answer_whole(tmp_path):
    get = '-- @endpoint GET /t/{id}\n-- @param id integer max 9\n-- @example /t/10\n-- @shape object\n-- @answer\nSELECT id FROM t WHERE id = :id;\n'
    result = run('test', write_app(tmp_path / 'small', {'schema/001_t.sql': SCHEMA, 'get_one.sql': get}))
    assert result.returncode == 1
    assert '"errors":[{"parameter":"id","value":"10","code":"max","detail":"must be an integer of at most 9"}],"errors_total":1}' in result.stdout


def test_the_documentation_is_found_and_a_body_of_another_type_is_told(start, tmp_path):
    server = start(write_app(tmp_path / 'small', {'schema/001_t.sql': SCHEMA, 'get_t.sql': GET, 'post_t.sql': POST}))
    assert server.stderr.splitlines()[-1].endswith(f'2 endpoints: see http://127.0.0.1:{server.port}/-/docs')
    for path in ['/', '/-/']:
        answer = server.get(path)
        assert (answer.status, answer.headers['Location']) == (307, '/-/docs')
    assert (server.request('POST', '/').status, server.get('/-').status) == (404, 404)
    for body, text in [('{"id": 1}', 'send it with Content-Type: application/json'), ('[{"id": "5%"}]', 'send it with Content-Type: application/json'),
                       ('id,x\n1,2\n', 'send it with Content-Type: text/csv')]:
        answer = server.request('POST', '/items', body, FORM)
        assert answer.status == 415 and text in answer.json()['detail'], answer.body
    assert server.request('POST', '/items', 'id=1', FORM).status == 204


def test_a_port_that_is_taken_is_told_before_the_first_load(tmp_path):
    app = write_app(tmp_path / 'small', {'schema/001_t.sql': SCHEMA, 'get_t.sql': GET})
    with socket.create_server(('127.0.0.1', 0)) as taken:
        result = run('serve', '--listen', f'127.0.0.1:{taken.getsockname()[1]}', '--var', tmp_path / 'var', app)
    assert result.returncode == 1 and 'Address already in use' in result.stderr
    assert not (tmp_path / 'var').exists()


def test_load_touches_a_store_only_with_a_right_command_line_and_tells_of_a_new_one(tmp_path):
    app = write_app(tmp_path / 'small', {'schema/001_t.sql': SCHEMA, 'get_t.sql': GET, 'post_t.sql': POST})
    var = tmp_path / 'var'
    rows = write_app(tmp_path / 'rows', {'t.csv': 'id\n1\n'}) / 't.csv'
    for endpoint, file, text in [('POST /itms', rows, "writes nothing under 'POST /itms'; did you mean 'POST /items'?"), ('POST /items', tmp_path / 'no.csv', 'No such file')]:
        result = run('load', '--var', var, app, endpoint, file)
        assert result.returncode == 1 and text in result.stderr and not var.exists()
    told = f'reckoner: sqlite:{var}/small.db: this store was not there, and is made'
    assert told in run('load', '--var', var, app, 'POST /items', rows).stderr
    assert told not in run('load', '--var', var, app, 'POST /items', rows).stderr
