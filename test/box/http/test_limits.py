# SPDX-License-Identifier: Apache-2.0
"""Bounds: past each of them a clear answer, and everybody else is served meanwhile."""
import concurrent.futures
import contextlib
import select
import re
import selectors
import socket
import struct

import pytest

from server import plain_build, wait_until, write_app
from small_apps import READ_APP, WRITE_APP

BODY_BYTES = 64 * 1024 * 1024  # as --max-body says


@pytest.fixture
def server(start, tmp_path):
    return start(write_app(tmp_path / 'small', WRITE_APP), '--quiet', '--max-body', '64MiB')


def talk(server, data):
    """Sends, then reads to the end."""
    received = b''
    with server.connect() as connection:
        connection.sendall(data)
        while chunk := connection.recv(65536):
            received += chunk
    return received


@pytest.mark.threads
def test_a_body_that_says_it_is_too_large_is_413_before_it_is_sent(server):
    head = (f'POST /rows HTTP/1.1\r\nHost: a\r\nContent-Type: text/csv\r\nContent-Length: {BODY_BYTES + 1}\r\n'
            'Expect: 100-continue\r\n\r\n').encode()
    assert talk(server, head).startswith(b'HTTP/1.1 413 ')


@pytest.mark.threads
def test_a_body_that_grows_too_large_is_413(server):
    """The client sends on without looking; the refusal reaches it all the same."""
    with server.connect() as connection:
        connection.sendall(b'POST /rows HTTP/1.1\r\nHost: a\r\nContent-Type: text/csv\r\nTransfer-Encoding: chunked\r\n\r\n')
        chunk = b'100000\r\n' + b'1' * 0x100000 + b'\r\n'
        try:
            for _ in range(70):
                connection.sendall(chunk)
        except OSError:
            pass
        assert connection.recv(100).startswith(b'HTTP/1.1 413 ')
    assert server.get('/-/livez').status == 200


def test_a_value_over_its_limit_is_413(server):
    answer = server.post('/rows', '[{"id": 1, "grp": "%s"}]' % ('a' * 1_100_000))
    assert answer.status == 413


def test_deep_json_is_refused(server):
    assert server.post('/rows', '[' * 100_000).status in (400, 413)
    assert server.post('/rows', '{"id":' * 100_000).status in (400, 413)


@pytest.mark.parametrize('head, status', [
    (b'GET /' + b'a' * 9000 + b' HTTP/1.1\r\nHost: a\r\n\r\n', 414),
    (b'GET /rows HTTP/1.1\r\nHost: a\r\nX: ' + b'a' * 40000 + b'\r\n\r\n', 431),
    (b'GET /rows HTTP/1.1\r\nHost: a\r\n' + b'X: a\r\n' * 101 + b'\r\n', 431),
])
def test_large_heads_are_refused_by_name(server, head, status):
    assert talk(server, head).startswith(b'HTTP/1.1 %d ' % status)


def test_a_full_queue_is_503_with_retry_after(start, tmp_path):
    """One worker is held by a slow read, and more reads come than may wait: those are told at once."""
    server = start(write_app(tmp_path / 'small', READ_APP), '--quiet', '--workers', '1')
    with contextlib.ExitStack() as stack:
        selector = stack.enter_context(selectors.DefaultSelector())
        for _ in range(1100):
            connection = stack.enter_context(server.connect())
            connection.sendall(b'GET /slow HTTP/1.1\r\nHost: a\r\nCache-Control: no-cache\r\n\r\n')
            selector.register(connection, selectors.EVENT_READ)
        refused = selector.select(9)  # the slow one itself takes 10 s
        assert refused
        received = refused[0][0].fileobj.recv(10_000)
        assert received.startswith(b'HTTP/1.1 503 Service Unavailable\r\n')
        assert 1 <= int(re.search(rb'\r\nRetry-After: (\d+)\r\n', received).group(1)) <= 60
        assert server.get('/-/livez').status == 200
        for key in list(selector.get_map().values()):  # reset, as a process that dies does
            key.fileobj.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
    # what waited is dropped with its clients, so the queue is empty once the slow one is over
    wait_until(lambda: server.get('/things').status == 200)


@pytest.mark.plain
def test_idle_connections_are_cheap(start, tmp_path):
    server = start(write_app(tmp_path / 'small', READ_APP), '--quiet')
    server.get('/things')
    before = server.rss_bytes()
    count = 1000
    connections = [server.connect() for _ in range(count)]
    for connection in connections:
        connection.sendall(b'GET /-/livez HTTP/1.1\r\nHost: a\r\n\r\n')
    for connection in connections:
        assert connection.recv(1000).startswith(b'HTTP/1.1 200')
    after = server.rss_bytes()
    for connection in connections:
        connection.close()
    if 'debug' not in str(server.process.args[0]):  # sanitizers have a memory of their own
        assert (after - before) / count < 10_000


@pytest.mark.threads
def test_slow_uploads_do_not_hold_a_worker(start, tmp_path):
    server = start(write_app(tmp_path / 'small', WRITE_APP), '--quiet', '--workers', '1')
    slow = []
    for _ in range(20):
        connection = server.connect()
        connection.sendall(b'POST /rows HTTP/1.1\r\nHost: a\r\nContent-Type: text/csv\r\nContent-Length: 1000\r\n\r\nid,grp\n')
        slow.append(connection)
    assert server.get('/rows').status == 200
    assert server.post('/rows', [{'id': 1, 'grp': 'a'}]).status == 201
    for connection in slow:
        connection.close()
    assert [row['id'] for row in server.get('/rows').json()] == [1]


@pytest.mark.threads
def test_a_client_that_leaves_in_the_middle_of_its_body_changes_nothing(server):
    for _ in range(10):
        with server.connect() as connection:
            connection.sendall(b'POST /rows HTTP/1.1\r\nHost: a\r\nContent-Type: text/csv\r\nContent-Length: 1000\r\n\r\n'
                               b'id,grp\n1,a\n')
    assert server.get('/rows').body == b'[]'


def head_of_body(length, content_type='text/csv'):
    return (f'POST /rows HTTP/1.1\r\nHost: a\r\nContent-Type: {content_type}\r\nContent-Length: {length}\r\n'
            'Connection: close\r\n\r\n').encode()


def rows_of(first, count):
    return b'id,grp\n' + b''.join(b'%d,a\n' % i for i in range(first, first + count))


@pytest.mark.threads
def test_clients_that_leave_while_their_bodies_are_parsed_change_nothing(server):
    """Each has sent more than one part, so that parse tasks come back to nobody."""
    body = rows_of(0, 40_000)
    for _ in range(10):
        with server.connect() as connection:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
            connection.sendall(head_of_body(len(body) + 1) + body)
    assert server.get('/rows').body == b'[]'
    assert server.post('/rows', rows_of(0, 3), 'text/csv').status == 201


def test_a_bad_body_is_read_to_its_end_before_it_is_refused(server):
    body = b'id,grp\n1,a' + 5000 * b',' + b'\n' + rows_of(2, 200_000)
    with server.connect() as connection:
        connection.sendall(head_of_body(len(body)) + body[:-1])
        for _ in range(50):
            assert server.get('/-/livez').status == 200
            assert not select.select([connection], [], [], 0)[0]
        connection.sendall(body[-1:])
        answer = connection.makefile('rb').read()
    assert answer.startswith(b'HTTP/1.1 413 ')
    assert b'"line":2' in answer
    assert server.get('/rows').body == b'[]'


@pytest.mark.threads
def test_large_bodies_are_parsed_side_by_side_and_each_is_whole(server):
    def send(first):
        return server.post('/rows', rows_of(first, 15_000), 'text/csv').status

    with concurrent.futures.ThreadPoolExecutor(8) as clients:
        assert list(clients.map(send, range(0, 120_000, 15_000))) == [201] * 8
    assert [row['id'] for row in server.get('/rows').json()] == list(range(120_000))


@plain_build
def test_a_body_costs_its_window_and_not_its_length(server):
    body = b'id,grp\n1,a' + 5000 * b',' + b'\n' + b'2,a\n' * 12_000_000  # bad at once, so that no rows are kept
    server.post('/rows', rows_of(0, 3), 'text/csv')
    before = server.peak_bytes()
    answer = server.post('/rows', body, 'text/csv')
    assert answer.status == 413
    assert server.peak_bytes() - before < 4_000_000


@pytest.mark.threads
def test_a_client_that_leaves_before_its_answer_does_no_harm(start, tmp_path):
    server = start(write_app(tmp_path / 'small', READ_APP), '--quiet')
    for _ in range(200):
        with server.connect() as connection:
            connection.sendall(b'GET /days?a=0001-01-01&b=2000-01-01 HTTP/1.1\r\nHost: a\r\n\r\n')
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
    assert server.get('/things').status == 200


def test_a_reader_that_takes_nothing_holds_only_itself(start, tmp_path):
    server = start(write_app(tmp_path / 'small', READ_APP), '--quiet')
    with server.connect() as stuck:
        stuck.sendall(b'GET /days?a=0001-01-01&b=2000-01-01 HTTP/1.1\r\nHost: a\r\n\r\n' * 5)
        for _ in range(50):
            assert server.get('/things').status == 200


@pytest.mark.threads
def test_pipelined_requests_are_answered_in_order(start, tmp_path):
    server = start(write_app(tmp_path / 'small', READ_APP), '--quiet')
    paths = ['/days?a=2000-01-01&b=2020-01-01', '/things?name=plain', '/nothing', '/-/livez', '/echo?t=1', '/echo?t=2'] * 10
    data = b''.join(f'GET {path} HTTP/1.1\r\nHost: a\r\n\r\n'.encode() for path in paths[:-1])
    data += f'GET {paths[-1]} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n'.encode()
    received = talk(server, data)
    bodies = []
    while received:
        head, _, received = received.partition(b'\r\n\r\n')
        length = int([line for line in head.split(b'\r\n') if line.startswith(b'Content-Length: ')][0].split()[1])
        bodies.append(received[:length])
        received = received[length:]
    expected = [server.get(path).body for path in paths[:6]] * 10
    assert bodies == expected


def test_a_read_behind_a_write_on_one_connection_sees_it(server):
    body = b'[{"id": 5, "grp": "a"}]'
    post = (b'POST /rows HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n' % len(body)) + body
    get = b'GET /rows HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n'
    received = talk(server, post + get)
    assert received.count(b'HTTP/1.1 201 Created') == 1
    assert b'{"id":5,' in received


@pytest.mark.threads
def test_a_thousand_clients_at_once(start, tmp_path):
    server = start(write_app(tmp_path / 'small', READ_APP), '--quiet')
    connections = [server.connect() for _ in range(1000)]
    for connection in connections:
        connection.sendall(b'GET /things HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
    for connection in connections:
        received = b''
        while chunk := connection.recv(65536):
            received += chunk
        assert received.startswith(b'HTTP/1.1 200 OK')
        connection.close()
