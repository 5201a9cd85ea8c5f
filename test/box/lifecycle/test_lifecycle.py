# SPDX-License-Identifier: Apache-2.0
"""Starting, stopping, crashing: what was acknowledged is there, what was not is not half there."""
import http.client
import os
import random
import resource
import signal
import sqlite3
import threading

import pytest

from rounds import rounds
from server import Server, plain_build, run, wait_until, write_app
from small_apps import CSV, LOAD_APP, READ_APP, WRITE_APP, ids


def test_the_first_load_happens_once(start, tmp_path):
    app = write_app(tmp_path / 'small', LOAD_APP)
    server = start(app)
    assert ids(server) == [1, 2]
    assert server.endpoints == 4
    assert server.post('/rows', [{'id': 3, 'grp': 'a'}]).status == 201
    assert server.stop() == 0
    assert f'loaded {app}/data/rows.csv' in server.stderr
    server = start(app)
    assert ids(server) == [1, 2, 3]
    assert 'loaded' not in server.stderr


def test_another_data_folder_replaces_the_apps_own(start, tmp_path):
    app = write_app(tmp_path / 'small', LOAD_APP)
    data = write_app(tmp_path / 'data', {'rows.csv': 'id,grp\n7,a\n'})
    server = start(app, '--data', data)
    assert ids(server) == [7]
    assert f'{data}/groups.csv is not there' in server.stderr


def test_a_data_folder_without_any_of_the_files_is_refused(tmp_path):
    app = write_app(tmp_path / 'small', LOAD_APP)
    result = run('serve', '--listen', '127.0.0.1:0', '--var', tmp_path / 'var', '--data', tmp_path, app)
    assert result.returncode == 1
    assert f'{tmp_path}: has none of the files that [load] of any app names' in result.stderr


@pytest.mark.threads
def test_a_failed_first_load_leaves_nothing_and_names_the_rows(start, tmp_path):
    files = {**LOAD_APP, 'data/rows.csv': 'id,grp\n1,c\nx,d\n3,zz\n'}
    app = write_app(tmp_path / 'small', files)
    result = run('serve', '--listen', '127.0.0.1:0', '--var', tmp_path / 'var', app)
    assert result.returncode == 1
    assert f'{app}/data/rows.csv:3: id: must be an integer (x)' in result.stderr
    assert f'{app}/data/rows.csv:4: grp: unknown group (zz)' in result.stderr
    with sqlite3.connect(tmp_path / 'var' / 'small.db') as db:
        assert db.execute('SELECT count(*) FROM groups').fetchone() == (2,)
        assert db.execute('SELECT count(*) FROM rows').fetchone() == (0,)
    (app / 'data' / 'rows.csv').write_text('id,grp\n1,c\n')
    assert ids(start(app)) == [1]


@pytest.mark.threads
def test_sigterm_finishes_what_runs(start, tmp_path):
    server = start(write_app(tmp_path / 'small', READ_APP), '--quiet')
    with server.connect() as busy, server.connect() as idle:
        # sent as a whole before: a connection on which nothing has come is idle, too
        busy.sendall(b'GET /slow HTTP/1.1\r\nHost: a\r\n\r\n')
        wait_until(lambda: open_connections(server) >= 2)
        server.process.send_signal(signal.SIGTERM)
        assert idle.recv(10) == b''  # an idle connection is closed first
        assert busy.recv(100).startswith(b'HTTP/1.1 504 ')
    assert server.process.wait(60) == 0  # a second signal would end it at once


def open_connections(server):
    """Established connections to the server's port, as the kernel has them, that were accepted by it."""
    count = 0
    for name in os.listdir(f'/proc/{server.process.pid}/fd'):
        try:
            if os.readlink(f'/proc/{server.process.pid}/fd/{name}').startswith('socket:'):
                count += 1
        except FileNotFoundError:
            pass
    return count - 1  # the listener


def test_a_port_in_use_is_an_error(start, tmp_path):
    app = write_app(tmp_path / 'small', READ_APP)
    server = start(app, '--quiet')
    result = run('serve', '--listen', f'127.0.0.1:{server.port}', '--var', tmp_path / 'other', app)
    assert result.returncode == 1
    assert f'127.0.0.1:{server.port}' in result.stderr and 'in use' in result.stderr


@pytest.mark.plain
@pytest.mark.threads
def test_no_acknowledged_batch_is_lost_when_the_process_is_killed(start, tmp_path):
    app = write_app(tmp_path / 'small', WRITE_APP)
    acknowledged = set()
    # Each kill comes while four clients wait for their commits, so that each can lose one that was told too early.
    for round_number in range(rounds(5, 200)):
        server = start(app, '--quiet')
        before = set(ids(server))
        assert acknowledged <= before
        stop = threading.Event()

        def send(worker):
            number = 0
            while not stop.is_set():
                first = (round_number * 8 + worker) * 10_000_000 + number * 10
                rows = [{'id': first + i, 'grp': 'a'} for i in range(10)]
                number += 1
                try:
                    if server.post('/rows', rows).status == 201:
                        acknowledged.update(row['id'] for row in rows)
                except (OSError, http.client.HTTPException):
                    return  # killed in the middle

        threads = [threading.Thread(target=send, args=(worker,)) for worker in range(4)]
        for thread in threads:
            thread.start()
        target = len(acknowledged) + 200 + random.randrange(300)
        wait_until(lambda: len(acknowledged) >= target)
        server.process.kill()
        server.process.wait()
        stop.set()
        for thread in threads:
            thread.join()
    server = start(app, '--quiet')
    found = ids(server)
    assert acknowledged <= set(found)
    groups = {}
    for number in found:
        groups.setdefault(number // 10, []).append(number)
    assert all(len(rows) == 10 for rows in groups.values()), 'a batch is half there'


def test_a_full_disk_refuses_the_batch_and_keeps_the_rest(start, tmp_path):
    """RLIMIT_FSIZE stands in for the disk: writes past it fail, as on a full one."""

    def limit():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (2_000_000, 2_000_000))

    app = write_app(tmp_path / 'small', WRITE_APP)
    server = start(app, '--quiet', preexec=limit)
    assert server.post('/rows', [{'id': 1, 'grp': 'a'}]).status == 201
    rows = 'id,grp\n' + ''.join(f'{i},a\n' for i in range(10, 200_000))
    answer = server.post('/rows', rows, CSV)
    assert answer.status in (500, 507)
    assert ids(server) == [1]
    assert server.post('/rows', [{'id': 2, 'grp': 'a'}]).status == 201
    assert ids(server) == [1, 2]


def test_a_changed_migration_is_an_error_that_says_so(start, tmp_path):
    app = write_app(tmp_path / 'small', WRITE_APP)
    assert start(app).stop() == 0
    path = app / 'schema' / '001_tables.sql'
    path.write_text(path.read_text() + '-- changed\n')
    result = run('serve', '--listen', '127.0.0.1:0', '--var', tmp_path / 'var', app)
    assert result.returncode == 1
    assert '001_tables' in result.stderr and 'has changed' in result.stderr


def test_a_new_migration_is_applied_at_the_next_start(start, tmp_path):
    app = write_app(tmp_path / 'small', WRITE_APP)
    server = start(app)
    assert server.post('/rows', [{'id': 1, 'grp': 'a'}]).status == 201
    assert server.stop() == 0
    write_app(app, {'schema/002_more.sql': "ALTER TABLE rows ADD COLUMN extra text DEFAULT 'x';"})
    assert start(app).get('/rows').json()[0]['extra'] == 'x'


def test_several_apps_in_one_process(start, tmp_path):
    server = start(write_app(tmp_path / 'one', READ_APP), write_app(tmp_path / 'two', WRITE_APP))
    assert server.endpoints == sum(name.startswith(('get_', 'post_')) for name in [*READ_APP, *WRITE_APP])
    assert len(server.get('/things').json()) == 4
    assert server.post('/rows', [{'id': 1, 'grp': 'a'}]).status == 201
    assert (tmp_path / 'var' / 'one.db').exists() and (tmp_path / 'var' / 'two.db').exists()


def test_two_apps_with_one_route_are_an_error(tmp_path):
    one, two = write_app(tmp_path / 'one', READ_APP), write_app(tmp_path / 'two', READ_APP)
    result = run('serve', '--listen', '127.0.0.1:0', '--var', tmp_path / 'var', one, two)
    assert result.returncode == 1
    assert 'is claimed by both' in result.stderr and str(one) in result.stderr and str(two) in result.stderr


def test_each_request_is_a_line_of_the_access_log(start, tmp_path):
    server = start(write_app(tmp_path / 'small', READ_APP))
    server.get('/things?name=plain')
    server.get('/nothing')
    with server.connect() as connection:
        connection.sendall(b'nonsense\r\n\r\n')
        while connection.recv(1000):
            pass
    assert server.stop() == 0
    lines = [line.split(' ') for line in server.stdout.splitlines()]
    assert sorted((line[2], line[3], line[4]) for line in lines) == [  # connections are on different loops
        ('-', '-', '400'), ('GET', '/nothing', '404'), ('GET', '/things?name=plain', '200')]
    assert all(line[1].startswith('127.0.0.1:') and line[6].endswith('ms') for line in lines)


def test_a_log_nobody_reads_does_not_stop_the_server(start, tmp_path):
    """The pipe of standard output fills up; requests are answered all the same."""
    server = start(write_app(tmp_path / 'small', READ_APP))
    with server.connect() as connection:
        request = b'GET /-/livez?' + b'x' * 400 + b' HTTP/1.1\r\nHost: a\r\n\r\n'
        for _ in range(300):
            connection.sendall(request * 10)
            seen = b''
            while seen.count(b'HTTP/1.1 200 OK') < 10 or not seen.endswith(b'ok\n'):
                seen += connection.recv(65536)
    os.set_blocking(server.process.stdout.fileno(), True)
    assert server.get('/-/livez').status == 200


def test_a_first_load_may_begin_with_nothing_but_a_request_may_not(start, tmp_path):
    app = write_app(tmp_path / 'small', {**WRITE_APP, 'app.ini': '[load]\nPOST /rows = rows.csv\n', 'data/rows.csv': 'id,grp\n'})
    server = start(app)
    assert 'loaded' in server.stderr
    answer = server.post('/rows', 'id,grp\n', 'text/csv')
    assert (answer.status, answer.json()['detail']) == (400, 'the body has no rows: send at least one')


@plain_build
@pytest.mark.parametrize('mib', [60, 100, 140, 180, 220, 260, 300])
def test_threads_that_cannot_be_had_end_the_start_and_never_the_process(tmp_path, mib):
    """Each thread wants 8 MiB of addresses for its stack."""
    app = write_app(tmp_path / 'small', {**READ_APP, 'public/large.txt': 'x' * 1_000_000})
    server = Server('--quiet', app, var=tmp_path / 'var', wait=False,
                    preexec=lambda: resource.setrlimit(resource.RLIMIT_AS, (mib << 20, mib << 20)))
    while server.read_stderr(0.1) and 'listening on' not in server.stderr:
        pass
    if 'listening on' not in server.stderr:
        assert server.process.wait(60) == 1
        assert 'could not start a thread' in server.stderr and 'ulimit -u' in server.stderr
        return
    server.wait_ready()
    assert len(server.get('/large.txt').body) == 1_000_000
    assert server.stop() == 0
