# SPDX-License-Identifier: Apache-2.0
"""Reads whose clients have gone: they are not begun, or interrupted, and cost the clients that are there nothing."""
import socket
import struct

import pytest

from server import STORES, new_store, wait_until, write_app

APP = {'schema/001_names.sql': 'CREATE TABLE names (name text);',
       'get_names.sql': '-- @endpoint GET /names\n-- @shape values\n-- @answer\nSELECT name FROM names;\n',
       'get_slow.sql': '-- @endpoint GET /slow\n-- @param n integer default 2000000000\n-- @answer\n'
                       'WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c WHERE x < :n) SELECT max(x) AS m FROM c;\n',
       'post_names.sql': '-- @endpoint POST /names\n-- @field name text required\n-- @write\n'
                         'INSERT INTO names SELECT name FROM batch;\n-- @answer\nSELECT count(*) AS rows FROM batch;\n'}
HEADS = {'kept': 'HTTP/1.1\r\nHost: a\r\n\r\n', 'closed': 'HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n', 'old': 'HTTP/1.0\r\n\r\n'}


def reset(client):
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
    client.close()


@pytest.mark.threads
@pytest.mark.parametrize('store', STORES)
def test_reads_of_clients_that_have_gone_hold_up_nobody(start, tmp_path, request, store):
    server = start(write_app(tmp_path / 'app', APP), '--workers', 1, *new_store(store, request))
    clients = []
    for head in [*HEADS.values(), *HEADS.values()]:
        clients.append(server.connect())
        clients[-1].sendall(f'GET /slow {head}'.encode())
    for leave, client in zip([socket.socket.close] * 3 + [reset] * 3, clients):
        leave(client)
    assert server.get('/names').json() == []
    server.stop()
    # each ran for no more than a part of its time, and told nobody of an error
    gone = [line for line in server.stdout.splitlines() if ' /slow ' in line]
    assert len(gone) == 6 and all(' 499 0 ' in line for line in gone), gone
    assert 'time limit' not in server.stderr


@pytest.mark.parametrize('store', STORES)
def test_a_client_that_sends_no_more_gets_quick_answers(start, tmp_path, request, store):
    server = start(write_app(tmp_path / 'app', APP), '--quiet', *new_store(store, request))
    with server.connect() as client:
        client.sendall(b'GET /names HTTP/1.1\r\nHost: a\r\n\r\nPOST /names HTTP/1.1\r\nHost: a\r\nContent-Length: 14\r\n'
                       b'Content-Type: application/json\r\n\r\n[{"name":"a"}]GET /names HTTP/1.1\r\nHost: a\r\n\r\n')
        client.shutdown(socket.SHUT_WR)
        received = b''.join(iter(lambda: client.recv(65536), b''))
    assert received.count(b'HTTP/1.1 200 ') == 3 and received.endswith(b'["a"]')


@pytest.mark.parametrize('store', STORES)
def test_a_batch_that_has_come_is_carried_out_without_its_client(start, tmp_path, request, store):
    server = start(write_app(tmp_path / 'app', APP), '--quiet', *new_store(store, request))
    client = server.connect()
    client.sendall(b'POST /names HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 14\r\n\r\n[{"name":"a"}]')
    reset(client)
    wait_until(lambda: server.get('/names').json() == ['a'])
