# SPDX-License-Identifier: Apache-2.0
"""What is done to a key while its holders ask without a pause, of every server of the store: who was revoked is out within a second, and who
changes over to a new secret is never refused."""
import concurrent.futures
import contextlib
import json
import time

import pytest

import keys
from pipelined import Pipelined, write_request
from rounds import rounds
from server import STORES, new_store, run, wait_until, write_app

ASKING = 6  # connections, each with one request at a time
BOUND_S = 1.0

APP = {
    'app.ini': '[access]\ndefault = key\n',
    'schema/001_t.sql': 'CREATE TABLE t (id integer PRIMARY KEY);\nINSERT INTO t VALUES (1), (2);\n',
    'get_near.sql': '-- @endpoint GET /near\n-- @answer\nSELECT id FROM t ORDER BY id;\n',
    'get_new.sql': '-- @endpoint GET /new\n-- @cache off\n-- @answer\nSELECT id FROM t ORDER BY id;\n',
    'get_me.sql': '-- @endpoint GET /me\n-- @answer\nSELECT :client AS me;\n',
}
TARGETS = ['/near', '/me', '/new']  # given by the loop itself, kept, and worked out


class Nodes:
    """Servers of one store: three of a PostgreSQL."""

    def __init__(self, start, tmp_path, request, store):
        self.app = write_app(tmp_path / 'shop', APP)
        chosen = new_store(store, request)
        self.where = chosen or ['--var', tmp_path / 'var']
        names = ['var'] if store == 'sqlite' else ['var', 'var2', 'var3']
        self.servers = [start(self.app, '--quiet', '--loops', '2', *chosen, var=tmp_path / name) for name in names]

    def rotate(self, key_id, overlap):
        done = run('key', 'rotate', '--overlap', overlap, key_id, self.app, *self.where)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def asking(self, work):
        """Runs work(number, connection) on some connections, beside what is done inside of the with. What goes wrong there goes wrong here."""
        def ask(number):
            with contextlib.closing(Pipelined(self.servers[number % len(self.servers)])) as connection:
                work(number, connection)
        return running(ask, ASKING)


@contextlib.contextmanager
def running(work, count):
    with concurrent.futures.ThreadPoolExecutor(count) as pool:
        started = [pool.submit(work, number) for number in range(count)]
        yield started
        for one in started:
            one.result()


def get(connection, target, key):
    """Status and body. 503 says that the server does not know just now, which a busy machine may bring about: send it again."""
    while True:
        (status, _, body), = connection.ask([write_request('GET', target, [('X-API-Key', key)])])
        if status != 503:
            return status, body


@pytest.mark.threads
@pytest.mark.parametrize('store', STORES)
def test_who_is_revoked_is_out_within_a_second_everywhere(start, tmp_path, request, store):
    """Of requests that begin later than that none is let in, on however busy a machine: what a server knew a second ago counts no more."""
    nodes = Nodes(start, tmp_path, request, store)
    stays, _ = keys.create(nodes.app, nodes.where)
    for _ in range(rounds(2, 40)):
        goes, goes_id = keys.create(nodes.app, nodes.where)
        let_in, wrong, over = [[] for _ in range(ASKING)], [], []

        def ask(number, connection):
            begun = time.monotonic()
            while not over or begun < over[0] + BOUND_S * 1.2:
                for target in TARGETS:
                    begun = time.monotonic()
                    status, body = get(connection, target, goes)
                    if status == 200:
                        let_in[number].append(begun)
                    elif status != 401 or not over and b'revoked' not in body:
                        wrong.append((status, body))
                    status, body = get(connection, target, stays)
                    if status != 200:
                        wrong.append((status, body))

        with nodes.asking(ask) as asking:
            wait_until(lambda: all(len(times) > 20 for times in let_in) or any(one.done() for one in asking))
            keys.revoke(nodes.app, nodes.where, goes_id)
            over.append(time.monotonic())
        assert wrong == []
        assert all(len(times) > 20 for times in let_in)
        assert max(begun for times in let_in for begun in times) <= over[0] + BOUND_S


@pytest.mark.threads
@pytest.mark.parametrize('store', STORES)
def test_a_key_that_is_rotated_refuses_nobody(start, tmp_path, request, store):
    nodes = Nodes(start, tmp_path, request, store)
    first, key_id = keys.create(nodes.app, nodes.where)
    secrets, asked, over = [first], [0] * ASKING, []

    def ask(number, connection):
        while not over:
            # Some change over as soon as they can, others stay with the former one.
            for key in (secrets[-1], secrets[-min(2, len(secrets))]):
                for target in TARGETS:
                    status, body = get(connection, target, key)
                    assert status == 200, (body, secrets.index(key), len(secrets))
                    assert target != '/me' or json.loads(body) == [{'me': key_id}]
            asked[number] += 1

    with nodes.asking(ask) as asking:
        try:
            for _ in range(rounds(10, 300)):
                before = list(asked)
                secrets.append(nodes.rotate(key_id, '1h'))
                wait_until(lambda: all(now > then for now, then in zip(asked, before)) or any(one.done() for one in asking))
        finally:
            over.append(True)
    last = nodes.rotate(key_id, '0')
    for server in nodes.servers:
        assert server.get('/me', **keys.bearer(last)).json() == [{'me': key_id}]
        for former in secrets[-3:]:
            refused = wait_until(lambda: (answer := server.get('/me', **keys.bearer(former))).status == 401 and answer)
            assert refused.json()['detail'] == 'this key has expired: ask for a new one'
