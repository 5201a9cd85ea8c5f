# SPDX-License-Identifier: Apache-2.0
"""A process that may open few files: clients do not take those that answers need, and what gets none is told to come again."""
import contextlib
import resource
import socket

import pytest

from server import STORES, new_store, wait_until, write_app

LIMIT = 100
APP = {
    'get_large.sql': '-- @endpoint GET /large\n-- @param text text default ' + 1000 * 'x' + '\n-- @answer\n'
                     "SELECT day, :text AS text FROM calendar('2001-01-01', '2003-12-31');\n",
    'get_small.sql': '-- @endpoint GET /small\n-- @answer\nSELECT 1 AS one;\n',
    'public/large.txt': 1_000_000 * 'x',
}


def few_files():
    resource.setrlimit(resource.RLIMIT_NOFILE, (LIMIT, LIMIT))


@pytest.fixture
def stack():
    with contextlib.ExitStack() as stack:
        yield stack


def connect(server, stack):
    connection = stack.enter_context(socket.socket())
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)  # what it does not read stays with the server
    connection.settimeout(30)
    connection.connect(('127.0.0.1', server.port))
    return connection


def ask(connection, path):
    connection.sendall(f'GET {path} HTTP/1.1\r\nHost: a\r\n\r\n'.encode())


def head_of(connection):
    head = b''
    while b'\r\n\r\n' not in head:
        data = connection.recv(1)
        assert data, head
        head += data
    return head.decode()


def fill(server, stack):
    """Idle clients, until one is turned away."""
    clients = []
    while len(clients) < LIMIT:
        connection = connect(server, stack)
        ask(connection, '/small')
        head = head_of(connection)
        if ' 503 ' in head:
            assert 'Retry-After: ' in head
            return clients
        assert ' 200 ' in head
        clients.append(connection)
    raise AssertionError('nobody was turned away')


@pytest.mark.parametrize('store', STORES)
def test_clients_do_not_take_the_files_that_answers_need(start, tmp_path, request, stack, store):
    server = start(write_app(tmp_path / 'few', APP), '--quiet', '--workers', '2', *new_store(store, request), preexec=few_files)
    wait_until(lambda: server.read_stderr(0.05) and 'the limit of 100 open files leaves room for ' in server.stderr)
    clients = fill(server, stack)
    assert len(clients) > 10
    for path in '/large', '/large.txt', '/small':
        ask(clients[-1], path)
        head = head_of(clients[-1])
        assert ' 200 ' in head, head
        length = int(head.split('Content-Length: ')[1].split('\r')[0])
        while length > 0:
            length -= len(clients[-1].recv(min(length, 65536)))
    for i, connection in enumerate(clients):  # now all at once, and nobody reads
        ask(connection, '/large' if i % 2 else '/large.txt')
    heads = [head_of(connection) for connection in clients]
    assert {head.split(' ')[1] for head in heads} <= {'200', '503'}, heads
    assert all('Retry-After: ' in head for head in heads if ' 503 ' in head)
    for connection in clients:
        connection.close()
    wait_until(lambda: server.get('/large').status == 200)
