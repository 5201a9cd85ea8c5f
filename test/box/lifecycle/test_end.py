# SPDX-License-Identifier: Apache-2.0
"""SIGTERM: nobody who has come is left without an answer, nothing that was refused is written, and the end comes."""
import concurrent.futures
import contextlib
import http.client
import os
import signal
import socket
import struct
import threading

import pytest

from rounds import rounds
from server import STORES, new_store, wait_until, write_app

pytestmark = pytest.mark.threads
RUNAWAY = 'WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c WHERE x < 2000000000) SELECT max(x) AS m FROM c'
APP = {
    'schema/001_t.sql': 'CREATE TABLE t (x integer PRIMARY KEY);',
    'get_t.sql': '-- @endpoint GET /t\n-- @shape values\n-- @answer\nSELECT x FROM t ORDER BY x;\n',
    'post_t.sql': '-- @endpoint POST /t\n-- @field x integer required\n-- @write\nINSERT INTO t SELECT x FROM batch;\n-- @answer 201\n'
                  'SELECT count(*) AS n FROM batch;\n',
    'get_slow.sql': f'-- @endpoint GET /slow\n-- @answer\n{RUNAWAY};\n',
    'post_slow.sql': f'-- @endpoint POST /slow\n-- @field x integer required\n-- @write\nINSERT INTO t SELECT x FROM batch;\n'
                     f'-- @write\nDELETE FROM t WHERE x = (SELECT -max(m) FROM ({RUNAWAY}) AS slow);\n-- @answer 201\n'
                     'SELECT count(*) AS n FROM batch;\n',
}


@pytest.fixture
def app(tmp_path):
    return write_app(tmp_path / 'ends', APP)


def let_arrive(server):
    """What has been sent is at the writer when many later requests have been answered."""
    assert all(server.get('/t').status == 200 for _ in range(30))


def accepts(server):
    with contextlib.suppress(OSError), server.connect(timeout=1):
        return True
    return False


@pytest.mark.parametrize('store', STORES)
def test_what_runs_and_waits_at_the_limit_is_told_so_and_not_done(start, app, request, store):
    options = new_store(store, request)
    server = start('--drain', '2', app, *options)
    with concurrent.futures.ThreadPoolExecutor(8) as clients:
        reads = [clients.submit(server.get, '/slow', **headers) for headers in [{}, {}, {'Cache-Control': 'no-cache'}]]
        first = clients.submit(server.post, '/slow', {'x': 1})
        let_arrive(server)
        second = clients.submit(server.post, '/t', {'x': 2})
        let_arrive(server)
        server.process.send_signal(signal.SIGTERM)
        answers = [client.result() for client in [*reads, first, second]]
    assert [answer.status for answer in answers] == [503] * 5
    assert all('the server shuts down' in answer.json()['detail'] for answer in answers)
    assert server.process.wait(60) == 0
    again = start(app, *options)
    assert again.get('/t').json() == []


@pytest.mark.parametrize('store', STORES)
def test_a_batch_whose_client_has_gone_does_not_hold_up_the_end(start, app, request, store):
    options = new_store(store, request)
    server = start('--drain', '1', app, *options)
    with server.connect() as client:
        client.sendall(b'POST /slow HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n[{"x":1}]')
        let_arrive(server)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
    server.process.send_signal(signal.SIGTERM)
    assert server.process.wait(60) == 0
    assert start(app, *options).get('/t').json() == []


def test_an_answer_that_waits_for_the_end_of_a_body_is_sent_at_the_limit(start, app):
    server = start('--drain', '1', app)
    with server.connect() as client:
        client.sendall(b'POST /nothing HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n[')
        let_arrive(server)
        server.process.send_signal(signal.SIGTERM)
        assert client.recv(65536).startswith(b'HTTP/1.1 404 ')
    assert server.process.wait(60) == 0


def test_an_idle_connection_may_ask_once_more(start, app):
    server = start(app)
    connection = http.client.HTTPConnection('127.0.0.1', server.port, timeout=30)
    connection.request('GET', '/t')
    assert connection.getresponse().read() == b'[]'
    server.process.send_signal(signal.SIGTERM)
    wait_until(lambda: not accepts(server))
    connection.request('GET', '/t')
    answer = connection.getresponse()
    assert (answer.status, answer.headers['Connection'], answer.read()) == (200, 'close', b'[]')
    assert connection.sock is None or connection.sock.recv(1) == b''
    assert server.process.wait(60) == 0


def test_a_log_that_nobody_reads_does_not_hold_up_the_end(start, app):
    reader, writer = os.pipe()
    server = start(app, preexec=lambda: os.dup2(writer, 1))
    os.close(writer)
    with server.connect() as connection:
        connection.sendall(b'GET /t HTTP/1.1\r\nHost: a\r\n\r\n' * 3000 + b'GET /t HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
        while connection.recv(1 << 20):
            pass
    server.process.send_signal(signal.SIGTERM)
    assert server.process.wait(60) == 0
    os.close(reader)


def test_ctrl_c_ends_it_at_once_where_sigterm_came_before(start, app):
    signal.signal(signal.SIGINT, signal.default_int_handler)  # else a suite in the background has it ignored by all
    server = start(app)
    with server.connect() as connection:
        connection.sendall(b'GET /slow HTTP/1.1\r\nHost: a\r\n\r\n')
        server.process.send_signal(signal.SIGTERM)
        wait_until(lambda: not accepts(server))
        server.process.send_signal(signal.SIGTERM)
        server.process.send_signal(signal.SIGINT)
        assert server.process.wait(60) == -signal.SIGINT


def ask_until_refused(port, unanswered):
    """Keeps asking on connections that are kept, and on new ones; counts requests without an answer."""
    request = b'GET /t HTTP/1.1\r\nHost: a\r\n\r\n'
    while True:
        try:
            connection = socket.create_connection(('127.0.0.1', port), timeout=0.5)
        except OSError:
            return
        with connection:
            connection.settimeout(30)
            for _ in range(20):
                try:
                    connection.sendall(request)
                    answer = connection.recv(65536)
                except OSError as error:
                    unanswered.append(repr(error))
                    break
                if answer == b'':
                    unanswered.append('closed')
                    break
                if b'Connection: close' in answer:
                    break


def test_an_end_under_load_leaves_no_request_without_an_answer(start, app):
    for _ in range(rounds(3, 50)):
        server, unanswered = start('--quiet', app), []
        clients = [threading.Thread(target=ask_until_refused, args=(server.port, unanswered)) for _ in range(6)]
        for client in clients:
            client.start()
        wait_until(lambda: server.get('/t').status == 200)
        server.process.send_signal(signal.SIGTERM)
        for client in clients:
            client.join()
        assert server.process.wait(60) == 0
        assert unanswered == []
