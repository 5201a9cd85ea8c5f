# SPDX-License-Identifier: Apache-2.0
"""What an author of apps meets: short endpoints, and messages that say where and what to do."""
import pytest

from server import STORES, new_store, run, write_app

pytestmark = pytest.mark.threads
SCHEMA = 'CREATE TABLE t (id integer PRIMARY KEY NOT NULL, x integer);'
GET = '-- @endpoint GET /t\n-- @answer\nSELECT id, x FROM t ORDER BY id;\n'


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
])
def test_check_says_where_and_what_to_do(tmp_path, files, lines):
    app = write_app(tmp_path / 'small', {'schema/001_t.sql': SCHEMA, 'get_t.sql': GET, **files})
    result = run('check', app)
    assert (result.returncode, result.stderr.splitlines()) == (1, [line.format(app=app) for line in lines])
