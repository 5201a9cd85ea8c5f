# SPDX-License-Identifier: Apache-2.0
"""Preconditions (RFC 9110 section 13): no write is done that its client wanted done only in another case."""
import json

import pytest

from server import write_app

APP = {
    'schema/001_items.sql': 'CREATE TABLE items (id integer PRIMARY KEY, name text);\n',
    'get_item.sql': '-- @endpoint GET /items/{id}\n-- @param id integer\n-- @shape object\n-- @answer\nSELECT name FROM items WHERE id = :id;\n',
    'get_many.sql': '-- @endpoint GET /many\n-- @param to integer required\n-- @shape values\n-- @answer\n'
                    'WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :to) SELECT i FROM n;\n',
    'put_item.sql': '-- @endpoint PUT /items/{id}\n-- @param id integer\n-- @field name text required\n-- @write\n'
                    'DELETE FROM items WHERE id = :id;\n-- @write\nINSERT INTO items (id, name) SELECT :id, name FROM batch;\n'
                    '-- @answer\nSELECT count(*) AS n FROM batch;\n',
    'delete_item.sql': '-- @endpoint DELETE /items/{id}\n-- @param id integer\n-- @write\nDELETE FROM items WHERE id = :id;\n'
                       '-- @answer 200\nSELECT 1 AS gone;\n',
}


def send(server, method, path, body=None, **headers):
    if body is not None:
        headers['Content-Type'] = 'application/json'
    return server.request(method, path, body if body is None else json.dumps(body), headers)


@pytest.fixture
def server(start, tmp_path):
    server = start(write_app(tmp_path / 'conditions', APP), '--quiet')
    assert send(server, 'PUT', '/items/1', {'name': 'first'}).status == 200
    return server


@pytest.mark.parametrize('field, value, status', [
    ('If-Match', '"nope"', 412), ('If-Match', 'W/"a", "b"', 412), ('If-Match', '', 412), ('If-None-Match', '*', 412), ('If-None-Match', '"a"', 412),
    ('If-Unmodified-Since', 'Sat, 29 Oct 1994 19:43:31 GMT', 412), ('If-Match', 'nope', 400), ('If-None-Match', '"a', 400),
    ('Content-Range', 'bytes 0-3/10', 400),
])
def test_a_write_under_a_condition_is_not_done(server, field, value, status):
    for method, body in ('PUT', {'name': 'lost'}), ('DELETE', None):
        answer = send(server, method, '/items/1', body, **{field: value})
        assert (answer.status, answer.headers['Content-Type']) == (status, 'application/problem+json'), answer.body
    assert server.get('/items/1').json() == {'name': 'first'}


@pytest.mark.parametrize('field, value', [
    ('If-Modified-Since', 'Sat, 29 Oct 2094 19:43:31 GMT'), ('If-Range', '"a"'), ('Range', 'bytes=0-3'),
])
def test_what_is_no_condition_of_a_write_is_passed_over(server, field, value):
    assert send(server, 'PUT', '/items/1', {'name': 'second'}, **{field: value}).status == 200
    assert server.get('/items/1', **{field: value}).json() == {'name': 'second'}


@pytest.mark.parametrize('field, value, status', [
    ('If-Match', '"a"', 412), ('If-Match', '*', 200), ('If-None-Match', '"a"', 200), ('If-None-Match', '*', 304), ('If-None-Match', 'a', 400),
    ('If-Unmodified-Since', 'Sat, 29 Oct 1994 19:43:31 GMT', 200),
])
def test_reads_have_no_tag(server, field, value, status):
    for path in '/items/1', '/-/docs', '/-/livez':
        answer = server.get(path, **{field: value})
        assert answer.status == status, (path, answer.body)
        assert bool(answer.body) == (status != 304)
        assert answer.headers['X-Content-Type-Options'] == 'nosniff'
    assert server.get('/items/2', **{'If-Match': '"a"'}).status == 404  # what is refused anyway has its own reason
    assert send(server, 'OPTIONS', '/items/1', None, **{'If-Match': '"a"'}).status == 204


@pytest.mark.parametrize('coding', ['identity', 'gzip'])
def test_an_answer_that_lies_in_a_file_has_a_tag_too(server, coding):
    plain, other = (server.get(f'/many?to={to}', **{'Accept-Encoding': coding}) for to in (200_000, 200_001))
    assert len(plain.body) > 300_000 and plain.headers['ETag'] != other.headers['ETag']
    tag = plain.headers['ETag']
    for field, value, status in (('If-None-Match', tag, 304), ('If-None-Match', other.headers['ETag'], 200), ('If-Match', tag, 200),
                                 ('If-Match', other.headers['ETag'], 412)):
        answer = server.get('/many?to=200000', **{'Accept-Encoding': coding, field: value})
        assert (answer.status, answer.headers.get('ETag', tag)) == (status, tag)
        assert (answer.body == plain.body) == (status == 200)
    head = server.request('HEAD', '/many?to=200000', None, {'Accept-Encoding': coding})
    assert (head.status, head.headers['ETag'], head.headers['Content-Length']) == (200, tag, plain.headers['Content-Length'])
