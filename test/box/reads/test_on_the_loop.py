# SPDX-License-Identifier: Apache-2.0
"""Cheap reads of a SQLite store, which a loop does itself: they see every commit, and wait for nothing."""
import contextlib
import errno
import gzip
import http.client
import os
import pathlib
import sqlite3

import pytest

from server import Server, WAIT_SECONDS, wait_until, write_app
from standing_disk import StandingDisk

APP = {
    'app.ini': 'title = Small\n',
    'schema/001_things.sql': '''
        CREATE TABLE things (id integer PRIMARY KEY, size integer);
        INSERT INTO things VALUES (1, 0);
    ''',
    'get_things.sql': '''-- @endpoint GET /things
-- @shape object
-- @param id integer required
-- @reject 404 no such thing
SELECT 'id' AS parameter, :id AS value WHERE NOT EXISTS (SELECT 1 FROM things WHERE id = :id);
-- @answer
SELECT size FROM things WHERE id = :id;
''',
    'get_digits.sql': '''-- @endpoint GET /digits
-- @shape object
-- @answer
SELECT printf('%.2000d', size) AS digits FROM things WHERE id = 1;
''',
    'post_things.sql': '''-- @endpoint POST /things
-- @field size integer required
-- @write
UPDATE things SET size = (SELECT size FROM batch) WHERE id = 1;
-- @answer 204
''',
}
RUNS = 200


@pytest.fixture
def make_server(tmp_path):
    probe = tmp_path / 'probe'
    probe.write_bytes(b'x')
    with open(probe, 'rb') as file:
        try:
            os.preadv(file.fileno(), [bytearray(1)], 0, os.RWF_NOWAIT)
        except OSError as error:
            if error.errno == errno.EOPNOTSUPP:
                pytest.skip('this file system cannot tell what it has in memory: all reads are done by workers')
    app = write_app(tmp_path / 'small', APP)
    with contextlib.ExitStack() as stack:
        def make(*options, **more):
            server = Server(*options, app, var=tmp_path / 'var', **more)
            stack.callback(server.stop)
            return server
        yield make


class Client:
    """A connection that stays open, on which each answer is read: none that is kept is asked for."""

    def __init__(self, server, **headers):
        self.headers = {'Cache-Control': 'no-cache', **headers}
        self.connection = http.client.HTTPConnection('127.0.0.1', server.port, timeout=WAIT_SECONDS)

    def ask(self, target='/things?id=1'):
        self.connection.request('GET', target, headers=self.headers)
        return self.connection.getresponse()

    def get(self, target='/things?id=1'):
        answer = self.ask(target)
        return answer.status, answer.read()


def thing(size):
    return 200, b'{"size":%d}' % size


def pauses(server):
    """How often each thread has waited for something so far."""
    counts = {}
    for task in pathlib.Path(f'/proc/{server.process.pid}/task').iterdir():
        status = (task / 'status').read_text()
        counts[task.name] = int(status.split('voluntary_ctxt_switches:')[1].split()[0])
    return counts


def is_on_the_loop(server, client, target='/things?id=1'):
    """Whether one thread does all of it, so that no other one is woken up for each read."""
    before = pauses(server)
    for _ in range(RUNS):
        client.get(target)
    after = pauses(server)
    return sum(count - before.get(task, 0) >= RUNS // 2 for task, count in after.items()) == 1


def test_cheap_reads_come_to_be_done_by_the_loop_whatever_they_find(make_server):
    server = make_server('--quiet')
    client = Client(server)
    wait_until(lambda: is_on_the_loop(server, client))
    assert client.get() == thing(0)
    wait_until(lambda: is_on_the_loop(server, client, '/things?id=2'))
    status, body = client.get('/things?id=2')
    assert status == 404 and b'no such thing' in body


def test_a_loop_compresses_a_short_answer_itself(make_server):
    server = make_server('--quiet')
    client = Client(server, **{'Accept-Encoding': 'gzip'})
    wait_until(lambda: is_on_the_loop(server, client, '/digits'))
    status, body = client.get('/digits')
    assert (status, gzip.decompress(body)) == (200, b'{"digits":"%02000d"}' % 0)


def test_they_see_every_commit_of_the_server_and_of_others(make_server, tmp_path):
    server = make_server('--quiet')
    clients = [Client(server) for _ in range(4)]
    for client in clients:
        wait_until(lambda: is_on_the_loop(server, client))
    other = sqlite3.connect(next((tmp_path / 'var').glob('*.db')), isolation_level=None)
    for size in range(1, 101):
        if size % 2:
            assert server.post('/things', [{'size': size}]).status == 204
        else:
            other.execute('UPDATE things SET size = ?', (size,))
        for client in clients:
            assert client.get() == thing(size)
            kept = server.get('/things?id=1')
            assert (kept.status, kept.body) == thing(size)
    other.close()


def test_they_go_on_after_a_change_of_the_schema(make_server, tmp_path):
    server = make_server('--quiet')
    client = Client(server)
    wait_until(lambda: is_on_the_loop(server, client))
    other = sqlite3.connect(next((tmp_path / 'var').glob('*.db')), isolation_level=None)
    other.execute('ALTER TABLE things RENAME TO all_things')
    other.execute('CREATE VIEW things AS SELECT id, size + 7 AS size FROM all_things')
    assert client.get() == thing(7)
    wait_until(lambda: is_on_the_loop(server, client))
    assert client.get() == thing(7)
    other.close()


def test_a_disk_that_stands_still_holds_up_only_those_who_need_it(make_server, tmp_path):
    disk = StandingDisk(tmp_path)
    server = make_server('--loops', 1, '--quiet', env=disk.env)
    waits, other = Client(server), Client(server)
    wait_until(lambda: is_on_the_loop(server, waits))
    refused = disk.refused()
    assert server.post('/things', [{'size': 5}]).status == 204  # all have to read the page anew
    disk.stand(True)
    waits.connection.request('GET', '/things?id=1', headers={'Cache-Control': 'no-cache'})
    wait_until(lambda: disk.waiting() == 1)  # a worker does
    assert disk.refused() > refused  # the loop has tried
    for _ in range(RUNS):
        assert other.get('/-/livez') == (200, b'ok\n')
    assert disk.waiting() == 1
    disk.stand(False)
    answer = waits.connection.getresponse()
    assert (answer.status, answer.read()) == thing(5)
    wait_until(lambda: is_on_the_loop(server, waits))
