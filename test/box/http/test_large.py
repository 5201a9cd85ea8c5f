# SPDX-License-Identifier: Apache-2.0
"""Answers of any size in bounded memory, to slow readers too."""
import contextlib
import hashlib
import os
import pathlib
import socket

import pytest

from server import Server, plain_build, wait_until, write_app

pytestmark = pytest.mark.threads
ROWS = 1_500_000
APP = {
    'get_rows.sql': '''-- @endpoint GET /rows
-- @param n integer default 10 max 100000000
-- @answer
WITH RECURSIVE r(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM r WHERE i < :n)
SELECT i AS id, 'row number ' || i AS name, i * 0.5 AS half FROM r;
''',
    'get_wrong.sql': '''-- @endpoint GET /wrong
-- @column id integer
-- @answer
WITH RECURSIVE r(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM r WHERE i < 200000)
SELECT CASE WHEN i < 200000 THEN i ELSE 'x' END AS id FROM r;
''',
    'get_wide.sql': '''-- @endpoint GET /wide
-- @answer
SELECT hex(zeroblob(125000)) AS zeros;
''',
}


@pytest.fixture(scope='module')
def server(tmp_path_factory):
    folder = tmp_path_factory.mktemp('large')
    started = Server('--quiet', write_app(folder / 'large', APP), var=folder / 'var')
    yield started
    assert started.stop() == 0, started.stderr


def expected(rows, form):
    row = {'json': '{{"id":{0},"name":"row number {0}","half":{1}}}', 'ndjson': '{{"id":{0},"name":"row number {0}","half":{1}}}\n',
           'csv': '{0},row number {0},{1}\r\n'}[form]
    texts = (row.format(i, i / 2) for i in range(1, rows + 1))
    if form == 'json':
        return '[' + ','.join(texts) + ']'
    return ('id,name,half\r\n' if form == 'csv' else '') + ''.join(texts)


@pytest.mark.parametrize('form', ['json', 'ndjson', 'csv'])
def test_a_large_answer_is_whole_to_the_byte(server, form):
    answer = server.get(f'/rows?n=60000&format={form}')
    assert answer.status == 200
    assert answer.body.decode() == expected(60_000, form)
    assert answer.headers['Content-Length'] == str(len(answer.body))


@plain_build
def test_a_large_answer_costs_little_memory(server):
    before = server.peak_bytes()
    digest, size = hashlib.sha256(), 0
    with server.connect() as connection:
        connection.sendall(f'GET /rows?n={ROWS}&format=csv HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n'.encode())
        while data := connection.recv(1 << 20):
            digest.update(data)
            size += len(data)
    assert size > 40_000_000
    assert server.peak_bytes() - before < 16_000_000


@plain_build
def test_slow_readers_of_large_answers_cost_little_memory_and_hold_up_nobody(server):
    held, before = [], server.rss_bytes()
    for _ in range(6):
        connection = server.connect()
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.sendall(b'GET /rows?n=200000 HTTP/1.1\r\nHost: a\r\n\r\n')
        assert connection.recv(16).startswith(b'HTTP/1.1 200')
        held.append(connection)
    for _ in range(100):
        assert server.get('/rows').status == 200
    assert server.rss_bytes() - before < 24_000_000
    for connection in held:
        connection.close()


@plain_build
def test_answers_that_nobody_takes_cost_bounded_memory(server):
    """640 MB of answers that are each small enough for memory. Those who ask for most are closed, nobody else is. Then most of
    the memory goes back: the allocator keeps the free end of the arenas of threads that sleep, up to 64 MiB each."""
    def ask(count):
        connection = stack.enter_context(server.connect())
        connection.sendall(b'GET /wide HTTP/1.1\r\nHost: a\r\n\r\n' * count)
        assert server.get('/wide').status == 200  # the queue of reads is short
        return connection

    def takes_all(connection, count):
        size = 0
        with contextlib.suppress(ConnectionResetError):
            while size < count * 250_000 and (data := connection.recv(1 << 20)):
                size += len(data)
        return size >= count * 250_000

    peak, before = server.peak_bytes(), server.rss_bytes()
    with contextlib.ExitStack() as stack:
        modest = ask(8)
        greedy = [ask(32) for _ in range(80)]
        assert server.peak_bytes() - peak < 400_000_000
        assert takes_all(modest, 8)
        assert not all(takes_all(connection, 32) for connection in greedy)
    assert server.get('/wide').status == 200
    wait_until(lambda: server.rss_bytes() - before < 160_000_000)


def test_an_error_in_the_middle_is_an_error_and_no_cut_answer(server):
    answer = server.get('/wrong')
    assert answer.status == 500
    assert answer.headers['Content-Type'] == 'application/problem+json'


def test_a_client_that_leaves_frees_the_file(server):
    def spools():
        """Temporary files that are open: those of the var folder without a name."""
        found = []
        for fd in pathlib.Path(f'/proc/{server.process.pid}/fd').iterdir():
            with contextlib.suppress(FileNotFoundError):  # closed meanwhile
                name = os.readlink(fd)
                if name.endswith('(deleted)'):
                    found.append(name)
        return found

    connection = server.connect()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connection.sendall(b'GET /rows?n=200000 HTTP/1.1\r\nHost: a\r\n\r\n')
    assert connection.recv(16).startswith(b'HTTP/1.1 200')
    assert spools()
    connection.close()
    wait_until(lambda: not spools())


def test_head_of_a_large_answer_tells_its_length(server):
    answer = server.request('HEAD', '/rows?n=60000')
    assert (answer.body, answer.headers['Content-Length']) == (b'', str(len(expected(60_000, 'json'))))
