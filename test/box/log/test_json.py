# SPDX-License-Identifier: Apache-2.0
"""`serve --log json`: every line of both logs is one object, whatever clients send, and says what happened."""
import json
import re
import signal

import pytest

from server import Server, wait_until, write_app
from small_apps import READ_APP

TRACE, SPAN = '4bf92f3577b34da6a3ce929d0e0e4736', '00f067aa0ba902b7'
PARENT = f'00-{TRACE}-{SPAN}-00'
APP = {**READ_APP, 'get_broken.sql': '''-- @endpoint GET /broken
-- @column facts json
-- @answer
SELECT 'no "JSON" {' AS facts;
''', 'post_things.sql': '''-- @endpoint POST /things
-- @field id integer required
-- @field name text required
-- @write
INSERT INTO things (id, name) SELECT id, name FROM batch;
-- @answer 201
SELECT count(*) FROM batch;
'''}


def lines_of(text):
    """Each line as an object that has a time and a kind."""
    found = [json.loads(line) for line in text.splitlines()]
    for line in found:
        assert re.fullmatch(r'\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z', line['time'])
        assert line['kind'] in ('access', 'error', 'message')
    return found


@pytest.fixture
def server(tmp_path):
    server = Server(write_app(tmp_path / 'small', APP), '--log', 'json', var=tmp_path / 'var')
    yield server
    server.stop(signal.SIGKILL)


def access_lines(server):
    assert server.stop() == 0
    lines = lines_of(server.stdout)
    assert all(line['kind'] == 'access' for line in lines)
    return lines


def test_a_line_of_the_access_log_says_what_happened(server):
    server.get('/things?name=plain', traceparent=PARENT)
    server.get('/things?name=plain')
    assert server.post('/things', [{'id': 10, 'name': 'a'}, {'id': 11, 'name': 'b'}]).status == 201
    assert server.get('/nowhere').status == 404
    first, second, written, missing = access_lines(server)
    assert first.pop('bytes') > 0 and float(first.pop('seconds')) >= 0
    assert re.fullmatch(r'127\.0\.0\.1:\d+', first.pop('address'))
    first.pop('time')
    assert first == {'kind': 'access', 'method': 'GET', 'path': '/things', 'query': 'name=plain', 'status': 200,
                     'app': 'small', 'route': '/things', 'cache': 'miss', 'rows': 1, 'trace_id': TRACE}
    assert second['cache'] == 'hit' and second['rows'] == 1 and 'trace_id' not in second
    assert (written['method'], written['status'], written['rows']) == ('POST', 201, 2)
    assert 'cache' not in written and 'query' not in written
    assert missing['status'] == 404 and 'route' not in missing and 'app' not in missing


def test_a_failure_is_found_by_its_id_and_its_trace(server):
    answer = server.get('/broken', traceparent=PARENT)
    assert answer.status == 500
    problem = answer.json()
    assert problem['trace_id'] == TRACE
    line, = access_lines(server)
    error, = [line for line in lines_of(server.stderr) if line['kind'] == 'error']
    assert error['request_id'] == line['request_id'] == problem['request']
    assert error['trace_id'] == line['trace_id'] == TRACE
    assert (error['method'], error['path'], error['app'], error['route']) == ('GET', '/broken', 'small', '/broken')
    assert 'facts' in error['message']


def test_messages_of_the_start_and_the_end_are_objects_too(server):
    server.get('/things')
    access_lines(server)
    messages = [line['message'] for line in lines_of(server.stderr)]
    assert any('listening on http://127.0.0.1:' in message for message in messages)


HOSTILE = [
    b'GET /things?name="\\\xff\xc3\x28 HTTP/1.1\r\nHost: x\r\n\r\n',
    b'GET /"},{"kind":"access" HTTP/1.1\r\nHost: x\r\n\r\n',
    b'GET /things?name=%22%00%0a%5c%ff HTTP/1.1\r\nHost: x\r\n\r\n',
    b'GET /\xe6\xbc\xa2\xed\xa0\x80 HTTP/1.1\r\nHost: x\r\n\r\n',
    b'GET /a?b?c&d=\x7f HTTP/1.1\r\nHost: x\r\n\r\n',
    b'GET /a\x00b HTTP/1.1\r\nHost: x\r\n\r\n',
    b'OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n',
    b'GET http://x?a="b" HTTP/1.1\r\nHost: x\r\n\r\n',
    b'\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03',
    b'GET /things HTTP/1.1\r\nHost: x\r\nX: "\\\xff\x01\r\n\r\n',
    b'GET /things?name=' + b'"' * 3000 + b' HTTP/1.1\r\nHost: x\r\n\r\n',
    b'GET /things HTTP/1.1\r\nHost: x\r\ntraceparent: "}\r\n\r\n',
    b'G"T / HTTP/1.1\r\nHost: x\r\n\r\n',
]


def test_no_request_can_break_a_line(server):
    for sent in HOSTILE:
        with server.connect() as connection:
            connection.sendall(sent)
            connection.shutdown(1)
            while connection.recv(65536):
                pass
    lines = access_lines(server)
    assert len(lines) == len(HOSTILE)
    assert lines[6]['path'] == '*' and lines[6]['method'] == 'OPTIONS'
    lines_of(server.stderr)


BAD_PARENTS = [
    'x', f'00-{TRACE}-{SPAN}', f'ff-{TRACE}-{SPAN}-01', f'00-{TRACE.upper()}-{SPAN}-01', f'00-{"0" * 32}-{SPAN}-01',
    f'00-{TRACE}-{"0" * 16}-01', f'00-{TRACE}-{SPAN}-01-more', f'{PARENT},{PARENT}',
]


@pytest.mark.parametrize('parent', BAD_PARENTS)
def test_a_bad_traceparent_is_as_if_there_were_none(server, parent):
    assert server.get('/things?name=plain', traceparent=parent).status == 200
    assert 'trace_id' not in server.get('/nowhere', traceparent=parent).json()
    assert all('trace_id' not in line for line in access_lines(server))


def test_a_later_version_is_taken_and_two_fields_are_none(server):
    assert server.get('/nowhere', traceparent=f'01-{TRACE}-{SPAN}-01-more', tracestate='a=b').json()['trace_id'] == TRACE
    with server.connect() as connection:
        field = f'traceparent: {PARENT}\r\n'
        connection.sendall(f'GET /nowhere HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{field}{field}\r\n'.encode())
        received = b''.join(iter(lambda: connection.recv(65536), b''))
    assert b'404' in received and TRACE.encode() not in received


def test_lines_of_text_stay_as_they_are(tmp_path):
    server = Server(write_app(tmp_path / 'small', APP), var=tmp_path / 'var')
    server.get('/things?name=plain', traceparent=PARENT)
    assert server.stop() == 0
    line, = server.stdout.splitlines()
    assert re.fullmatch(r'[\d-]+T[\d:.]+Z 127\.0\.0\.1:\d+ GET /things\?name=plain 200 \d+ [\d.]+ms -', line)
