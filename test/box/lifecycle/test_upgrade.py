# SPDX-License-Identifier: Apache-2.0
"""SIGUSR2 replaces the binary, and no client notices: neither those who keep their connections, nor those who come, nor those who write."""
import contextlib
import json
import os
import pathlib
import signal
import socket

import pytest

from rounds import rounds
from server import STORES, new_store, run, wait_until, write_app
from systemd import NotifySocket, activate, listen
from upgrades import Crowd, Kept, Upgraded, is_alive

APP = {
    'schema/001_t.sql': 'CREATE TABLE t (x integer PRIMARY KEY);',
    'get_t.sql': '-- @endpoint GET /t\n-- @shape values\n-- @answer\nSELECT x FROM t ORDER BY x;\n',
    'get_n.sql': '-- @endpoint GET /n\n-- @shape values\n-- @answer\nSELECT count(*) AS n FROM t;\n',
    'post_t.sql': '-- @endpoint POST /t\n-- @field x integer required\n-- @write\nINSERT INTO t SELECT x FROM batch;\n-- @answer 201\n'
                  'SELECT count(*) AS n FROM batch;\n',
}


@pytest.fixture
def app(tmp_path):
    return write_app(tmp_path / 'goes_on', APP)


@pytest.fixture
def upgraded(tmp_path):
    """Starts servers that the test upgrades; each has to end."""
    servers = []

    def begin(*args, **options):
        servers.append(Upgraded(*args, var=tmp_path / 'var', **options))
        return servers[-1]

    yield begin
    for server in servers:
        server.end()


def process_of(var, app):
    """The process that serves the app on that folder."""
    for path in pathlib.Path('/proc').glob('[0-9]*'):
        with contextlib.suppress(OSError):
            words = (path / 'cmdline').read_bytes().split(b'\0')
            if os.fsencode(var) in words and os.fsencode(app) in words and b'serve' in words and is_alive(int(path.name)):
                return int(path.name)
    return None


def read(client, number, round_):
    status, body = client.get('/n')
    assert status == 200, body


def read_anew(client, number, round_):
    read(client, number, round_)
    client.close()


@pytest.mark.threads
@pytest.mark.parametrize('store', STORES)
def test_no_request_fails_and_no_batch_is_lost(upgraded, app, request, store):
    server = upgraded('--quiet', app, *new_store(store, request))
    acknowledged = []

    def write(client, number, round_):
        x = number * 10_000_000 + round_
        status, body = client.post('/t', [{'x': x}])
        assert status == 201, body
        acknowledged.append(x)

    with Crowd(server.server.port, [read, read, read_anew, write, write, write]) as crowd:
        for _ in range(rounds(6, 500)):
            server.upgrade()
            crowd.go_on()
    assert crowd.failures == []
    assert server.server.get('/t').json() == sorted(acknowledged)


@pytest.mark.threads
def test_connections_that_are_idle_go_to_the_new_process(upgraded, app):
    server = upgraded(app)
    clients = [Kept(server.server.port) for _ in range(50)]
    for client in clients[:40]:
        assert client.get('/n')[0] == 200
    for client in clients[40:]:  # who has connected, and said nothing yet
        client.socket = socket.create_connection(('127.0.0.1', server.server.port), timeout=60)
        client.connections = 1
    for _ in range(2):
        server.upgrade()
        for client in clients:
            assert client.get('/n') == (200, b'[0]')
    assert all(client.connections == 1 for client in clients)
    for client in clients:
        client.close()


@pytest.mark.threads
def test_half_a_request_is_finished_by_the_process_that_has_begun_it(upgraded, app):
    server = upgraded(app)
    body = b'[{"x":1},{"x":2}]'
    with server.server.connect() as client:
        client.sendall(b'POST /t HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n' % len(body))
        client.sendall(body[:5])
        old, new = server.pid, server.begin()
        server.said(rf'process {new} serves')
        assert is_alive(old)
        client.sendall(body[5:])
        assert client.recv(65536).startswith(b'HTTP/1.1 201 ')
        server.pid = new
        client.sendall(b'GET /t HTTP/1.1\r\nHost: a\r\n\r\n')  # and then the connection goes on, at the new one
        assert client.recv(65536).endswith(b'[1,2]')


@pytest.mark.threads
def test_a_batch_that_comes_late_is_written_beside_those_of_the_new_process(upgraded, app):
    server = upgraded('--quiet', app)
    body = json.dumps([{'x': -x} for x in range(1, 500)]).encode()

    def write(client, number, round_):
        status, answer = client.post('/t', [{'x': number * 10_000_000 + round_}])
        assert status == 201, answer

    with server.server.connect() as late, Crowd(server.server.port, [write] * 4) as crowd:
        late.sendall(b'POST /t HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n' % len(body))
        late.sendall(body[:100])
        old, new = server.pid, server.begin()
        server.said(rf'process {new} serves')
        for _ in range(3):
            crowd.go_on()  # so the new process writes
        assert is_alive(old)
        late.sendall(body[100:])
        assert late.recv(65536).startswith(b'HTTP/1.1 201 ')
        server.pid = new
        crowd.go_on()
    assert crowd.failures == []
    assert server.server.get('/n').json() == [499 + crowd.done]


@pytest.mark.threads
def test_a_new_process_that_ends_before_the_one_that_it_replaced_is_not_stood_in_for(upgraded, app):
    server = upgraded(app)
    body = b'[{"x":1}]'
    with server.server.connect() as client:
        client.sendall(b'POST /t HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n' % len(body))
        client.sendall(body[:5])
        old, new = server.pid, server.begin()
        server.said(rf'process {new} serves')
        os.kill(new, signal.SIGTERM)  # which is the end of both
        assert server.said(rf'reckoner: .*process {new} .*ended.*').group() == (
            f'reckoner: upgrade: the new process {new} has ended, and this one, {old}, ends as well')
        assert is_alive(old)
        client.sendall(body[5:])
        assert client.recv(65536).startswith(b'HTTP/1.1 201 ')
    assert server.server.process.wait(60) == 0
    server.end()
    assert 'goes on' not in server.server.stderr


def test_a_new_process_has_no_more_open_than_one_before(upgraded, app):
    server = upgraded(app)
    server.upgrade()
    first = {os.readlink(path).partition(':')[0] for path in pathlib.Path(f'/proc/{server.pid}/fd').iterdir()}
    count = len(os.listdir(f'/proc/{server.pid}/fd'))
    for _ in range(3):
        server.upgrade()
    names = {os.readlink(path).partition(':')[0] for path in pathlib.Path(f'/proc/{server.pid}/fd').iterdir()}
    assert names == first
    assert len(os.listdir(f'/proc/{server.pid}/fd')) == count


def test_what_the_first_start_alone_is_told_to_do_is_not_done_again(upgraded, app):
    server = upgraded('--reset', '--yes', app)
    assert server.server.post('/t', [{'x': 7}]).status == 201
    server.upgrade()
    assert server.server.get('/t').json() == [7]


def test_edited_files_are_read_by_the_new_process(upgraded, app):
    server = upgraded(app)
    write_app(app, {'get_n.sql': "-- @endpoint GET /n\n-- @shape values\n-- @answer\nSELECT 'edited' AS n;\n"})
    assert server.server.get('/n').json() == [0]
    server.upgrade()
    assert server.server.get('/n').json() == ['edited']


def test_the_file_names_the_process_that_serves(upgraded, app, tmp_path):
    file = tmp_path / 'server.pid'
    server = upgraded('--pid-file', file, app)
    assert file.read_text() == f'{server.pid}\n'
    for _ in range(2):
        server.upgrade()
        assert file.read_text() == f'{server.pid}\n'
    server.end()
    assert not file.exists()


@pytest.mark.threads
def test_usage_is_counted_whole(upgraded, app, request, tmp_path):
    write_app(app, {'app.ini': '[access]\ndefault = open\n'})
    server = upgraded('--quiet', app)
    with Crowd(server.server.port, [read, read, read_anew]) as crowd:
        for _ in range(rounds(4, 100)):
            server.upgrade()
            crowd.go_on()
    assert crowd.failures == []
    server.end()
    done = run('usage', app, '--var', tmp_path / 'var', '--format', 'json')
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)['total']['requests'] == crowd.done


@pytest.mark.threads
def test_a_balancer_never_hears_that_it_should_go_elsewhere(upgraded, app):
    server = upgraded('--quiet', app)

    def look(client, number, round_):
        status, body = client.get('/-/readyz')
        assert status == 200, body

    with Crowd(server.server.port, [look, look]) as crowd:
        for _ in range(2):
            server.upgrade()
            crowd.go_on()
    assert crowd.failures == []


def test_systemd_is_told_of_the_process_that_serves_now(upgraded, app, tmp_path):
    with contextlib.closing(NotifySocket(tmp_path / 'notify')) as notify:
        server = upgraded(app, env={'NOTIFY_SOCKET': notify.path})
        assert notify.wait_for('READY') == {'READY': '1'}
        new = server.upgrade()
        assert notify.wait_for('READY') == {'READY': '1', 'MAINPID': str(new)}
        while notify.receive(0):
            pass
        assert not any('STOPPING' in message for message in notify.told)
        server.end()
        notify.wait_for('STOPPING', '1')


def test_sockets_that_systemd_holds_go_on(app, tmp_path):
    with listen() as held, listen() as admin:
        process = activate([held, admin], ['http', 'admin'], '--var', tmp_path / 'var', app)
        pid, port = process.pid, held.getsockname()[1]
        client = Kept(port)
        assert client.get('/t') == (200, b'[]')
        for _ in range(2):
            os.kill(pid, signal.SIGUSR2)
            wait_until(lambda: not is_alive(pid))
            new = process_of(tmp_path / 'var', app)
            assert new != pid
            pid = new
            assert client.get('/t') == (200, b'[]')
            assert Kept(admin.getsockname()[1]).get('/-/readyz')[0] == 200
            assert client.get('/-/readyz')[0] == 404
        assert client.connections == 1
        client.close()
        os.kill(pid, signal.SIGTERM)
        wait_until(lambda: not is_alive(pid))
        process.communicate(timeout=60)


def test_a_unix_socket_goes_on_under_its_name(upgraded, app, tmp_path):
    path = tmp_path / 'socket'
    server = upgraded('--listen', f'unix:{path}', app)
    for _ in range(2):
        server.upgrade()
        with contextlib.closing(socket.socket(socket.AF_UNIX)) as client:
            client.connect(str(path))
            client.sendall(b'GET /n HTTP/1.1\r\nHost: a\r\n\r\n')
            assert client.recv(65536).startswith(b'HTTP/1.1 200 ')
    server.end()
    assert not path.exists()
