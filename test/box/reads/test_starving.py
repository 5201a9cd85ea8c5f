# SPDX-License-Identifier: Apache-2.0
"""Slow reads of some endpoints beside quick ones of others: whoever asks something quick does not wait for them."""
import contextlib

import pytest

from server import STORES, new_store, wait_until, write_app

SLOW = ('-- @endpoint GET /slow{}\n-- @param n integer default 2000000000\n-- @answer\n'
        'WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c WHERE x < :n) SELECT max(x) AS m FROM c;\n')
QUICK = '-- @endpoint GET /{}\n-- @shape value\n-- @answer\nSELECT 1 AS one;\n'
SCHEMA = {'schema/001_names.sql': 'CREATE TABLE names (name text);'}


def ask(server, stack, path, count):
    """So many clients that wait for their answers; each asks the database, so that none gets another one's."""
    clients = []
    for _ in range(count):
        clients.append(stack.enter_context(contextlib.closing(server.connect())))
        clients[-1].sendall(f'GET {path} HTTP/1.1\r\nHost: a\r\nCache-Control: no-cache\r\n\r\n'.encode())
    return clients


@pytest.mark.threads
@pytest.mark.parametrize('workers', [1, 2])
@pytest.mark.parametrize('store', STORES)
def test_slow_reads_take_no_worker_from_quick_ones(start, tmp_path, request, store, workers):
    slow = write_app(tmp_path / 'slow', {**SCHEMA, 'get_quick.sql': QUICK.format('quick'), 'get_slow1.sql': SLOW.format(1),
                                         'get_slow2.sql': SLOW.format(2), 'get_slow3.sql': SLOW.format(3)})
    other = write_app(tmp_path / 'other', {**SCHEMA, 'get_other.sql': QUICK.format('other'), 'get_slow4.sql': SLOW.format(4)})
    server = start(slow, other, '--quiet', '--workers', workers, *new_store(store, request))
    with contextlib.ExitStack() as stack:
        for path in ['/slow1', '/slow2', '/slow3', '/slow1', '/slow4']:
            ask(server, stack, path, 5)
            assert server.get('/quick').json() == 1
            assert server.get('/other').json() == 1


@pytest.mark.parametrize('store', STORES)
def test_who_would_wait_too_long_for_a_slow_read_is_told_when_to_come_again(start, tmp_path, request, store):
    app = write_app(tmp_path / 'slow', {**SCHEMA, 'get_quick.sql': QUICK.format('quick'), 'get_slow.sql': SLOW.format('')})
    server = start(app, '--quiet', '--workers', 1, *new_store(store, request))
    with contextlib.ExitStack() as stack:
        clients = ask(server, stack, '/slow', 520)  # of which one runs, and LIMIT_LONG_QUEUE wait

        def refused():
            for client in clients:
                client.settimeout(0)
                with contextlib.suppress(BlockingIOError):
                    return client.recv(65536)

        answer = wait_until(refused)
        assert answer.startswith(b'HTTP/1.1 503 ') and b'\r\nRetry-After: 60\r\n' in answer, answer
        assert server.get('/quick').json() == 1
