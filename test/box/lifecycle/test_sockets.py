# SPDX-License-Identifier: Apache-2.0
"""Where a server listens: several addresses, Unix sockets, and one apart for the admin."""
import contextlib
import http.client
import os
import re
import resource
import signal
import socket
import stat

import pytest

from server import WAIT_SECONDS, Answer, run, wait_until, write_app
from unix_http import UnixConnection, get

APP = {
    'schema/001_t.sql': 'CREATE TABLE t (x integer PRIMARY KEY);',
    'get_t.sql': '-- @endpoint GET /t\n-- @answer\nSELECT 7 AS x;\n',
    'get_long.sql': "-- @endpoint GET /long\n-- @answer\nWITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c WHERE x < 300000) "
                    "SELECT x, 'a text to make the answer long' AS t FROM c;\n",
}


@pytest.fixture
def app(tmp_path):
    return write_app(tmp_path / 'sockets', APP)


@pytest.fixture
def path(tmp_path):
    return tmp_path / 'http.sock'


def refuse(app, tmp_path, *options):
    result = run('serve', *options, '--var', tmp_path / 'var', app)
    return result.returncode, result.stderr


def admin_port(server):
    return int(re.search(r'listening on 127\.0\.0\.1:(\d+) for /-/', server.stderr).group(1))


def ask(port, target, method='GET'):
    connection = http.client.HTTPConnection('127.0.0.1', port, timeout=WAIT_SECONDS)
    with contextlib.closing(connection):
        connection.request(method, target)
        return Answer(connection.getresponse())


def few_descriptors():
    resource.setrlimit(resource.RLIMIT_NOFILE, (256, 256))


def test_a_unix_socket_is_served_beside_an_address_and_removed_at_the_end(start, app, path):
    server = start('--listen', f'unix:{path},mode=0600', app)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert get(path, '/t').json() == server.get('/t').json() == [{'x': 7}]
    assert f'listening on unix:{path}, too' in server.stderr
    log = []
    wait_until(lambda: log.append(server.process.stdout.read() or b'') or b' unix: GET /t 200 ' in b''.join(log))
    assert server.stop() == 0
    assert not path.exists()


def test_a_large_answer_goes_over_a_unix_socket_to_a_slow_reader(start, app, path):
    start('--listen', f'unix:{path}', app)
    with contextlib.closing(UnixConnection(path)) as connection:
        connection.request('GET', '/long')
        answer = connection.getresponse()
        body = b''
        while piece := answer.read(50000):
            body += piece
    assert body.count(b'"x":') == 300000


def test_clients_that_have_connected_to_a_unix_socket_are_answered_at_the_end(start, app, path):
    server = start('--listen', f'unix:{path}', app)
    clients = [socket.socket(socket.AF_UNIX) for _ in range(50)]
    for client in clients:
        client.settimeout(60)
        client.connect(str(path))
    server.process.send_signal(signal.SIGTERM)
    for client in clients:
        client.sendall(b'GET /t HTTP/1.1\r\nHost: a\r\n\r\n')
        assert client.recv(1000).startswith(b'HTTP/1.1 200 ')
        client.close()
    assert server.process.wait(60) == 0


def test_what_a_killed_server_left_is_replaced(start, app, path):
    server = start('--listen', f'unix:{path}', app)
    server.stop(signal.SIGKILL)
    assert path.exists()
    start('--listen', f'unix:{path}', app)
    assert get(path, '/t').status == 200


def test_a_server_leaves_the_socket_of_its_successor(start, app, path):
    first = start('--listen', f'unix:{path}', app)
    path.unlink()
    start('--listen', f'unix:{path}', app)
    assert first.stop() == 0
    assert get(path, '/t').status == 200


def test_the_socket_of_a_server_that_runs_is_refused(start, app, tmp_path, path):
    start('--listen', f'unix:{path}', app)
    code, told = refuse(app, tmp_path, '--listen', f'unix:{path}')
    assert (code, told.splitlines()) == (1, [
        f'reckoner: serve: could not listen on unix:{path}: Address already in use',
        '  hint: another server has it: stop that one, or take another path'])
    assert get(path, '/t').status == 200


def test_a_file_in_the_place_of_a_socket_is_kept(app, tmp_path, path):
    path.write_text('precious')
    code, told = refuse(app, tmp_path, '--listen', f'unix:{path}')
    assert (code, told.splitlines()) == (1, [
        f'reckoner: serve: could not listen on unix:{path}: File exists',
        '  hint: there is a file that is no socket: remove it, or take another path'])
    assert path.read_text() == 'precious'


def test_of_several_addresses_one_that_is_wrong_ends_the_start_and_leaves_nothing(app, tmp_path, path):
    code, told = refuse(app, tmp_path, '--listen', f'unix:{path}', '--listen', 'unix:/nowhere/x,group=nosuchgroup')
    assert code == 2
    assert 'there is no group nosuchgroup' in told
    assert not path.exists()


def test_a_variable_may_name_several_addresses(app, tmp_path, path):
    result = run('serve', '--var', tmp_path / 'var', app, env={**os.environ, 'RECKONER_LISTEN': f'unix:{path}  nonsense'})
    assert '"nonsense" is no address to listen on' in result.stderr
    assert not path.exists()


def test_more_addresses_than_a_server_takes_are_told(app, tmp_path):
    code, told = refuse(app, tmp_path, *['--listen', '127.0.0.1:0'] * 17)
    assert (code, 'more than 16 addresses to listen on' in told) == (2, True)


def test_an_admin_listener_has_the_servers_own_pages_and_no_app(start, app):
    server = start('--admin-listen', '127.0.0.1:0', app)
    admin = admin_port(server)
    pages = {'/-/livez': (404, 200), '/-/readyz': (404, 200), '/-/docs': (200, 200), '/t': (200, 404), '/%2D/livez': (404, 200)}
    for _ in range(3):  # also of an answer that is kept near
        assert {page: (server.get(page).status, ask(admin, page).status) for page in pages} == pages
    assert ask(admin, '/t', 'DELETE').status == 404
    assert ask(admin, '/-/livez', 'DELETE').status == 405


def test_without_an_admin_listener_all_is_at_one_address(start, app):
    server = start(app)
    assert [server.get(page).status for page in ['/-/livez', '/-/readyz', '/-/docs', '/t']] == [200] * 4


def test_the_admin_gets_in_when_there_is_no_room_for_others(start, app):
    server = start('--admin-listen', '127.0.0.1:0', app, preexec=few_descriptors)
    with contextlib.ExitStack() as held:
        def is_full():
            held.enter_context(contextlib.closing(server.connect()))
            return server.get('/t').status == 503
        wait_until(is_full)
        assert ask(admin_port(server), '/-/livez').status == 200


def test_a_notice_tells_balancers_before_anything_else_changes(start, app):
    server = start('--drain-notice', '1h', app)
    with contextlib.closing(server.connect()) as kept:
        server.process.send_signal(signal.SIGTERM)
        wait_until(lambda: server.get('/-/readyz').status == 503)
        assert server.get('/-/readyz').json()['detail'] == 'the server is shutting down'
        answer = server.get('/t')
        assert (answer.status, answer.headers.get('Connection')) == (200, None)
        kept.sendall(b'GET /t HTTP/1.1\r\nHost: a\r\n\r\n')
        assert kept.recv(1000).startswith(b'HTTP/1.1 200 ')
    server.process.send_signal(signal.SIGTERM)  # a second one begins the drain
    assert server.process.wait(60) == 0


def test_a_notice_ends_by_itself(start, app):
    server = start('--drain-notice', '300ms', app)
    server.process.send_signal(signal.SIGTERM)
    assert server.process.wait(60) == 0
