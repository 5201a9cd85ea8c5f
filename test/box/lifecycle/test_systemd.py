# SPDX-License-Identifier: Apache-2.0
"""What a service of systemd does: tells its state, takes sockets that are held for it, and ends when nobody comes."""
import contextlib
import http.client
import os
import pathlib
import signal
import socket
import ssl
import time

import pytest

from certificates import server_certificate
from server import WAIT_SECONDS, Answer, run, wait_until, write_app
from systemd import NotifySocket, activate, listen
from upgrades import is_alive

APP = {
    'schema/001_t.sql': 'CREATE TABLE t (x integer PRIMARY KEY);',
    'get_t.sql': '-- @endpoint GET /t\n-- @answer\nSELECT 7 AS x;\n',
}


@pytest.fixture
def app(tmp_path):
    return write_app(tmp_path / 'served', APP)


@pytest.fixture
def notify(tmp_path):
    with contextlib.closing(NotifySocket(tmp_path / 'notify')) as one:
        yield one


@pytest.fixture
def activated(app, tmp_path):
    """Starts servers on held sockets, and ends them."""
    processes = []

    def begin(held, names, *args, **options):
        processes.append(activate(held, names, *args, '--var', tmp_path / 'var', app, **options))
        return processes[-1]
    yield begin
    for process in processes:
        process.kill()
        process.communicate()


def ask(held, target):
    connection = http.client.HTTPConnection('127.0.0.1', held.getsockname()[1], timeout=WAIT_SECONDS)
    with contextlib.closing(connection):
        connection.request('GET', target)
        return Answer(connection.getresponse())


def refuse(process):
    _, told = process.communicate(timeout=60)
    return process.returncode, told.decode().splitlines()


# --- telling

def test_systemd_is_told_of_every_state(start, app, notify):
    server = start('--drain-notice', '1h', '--drain', '7', app, env={'NOTIFY_SOCKET': notify.path})
    assert notify.wait_for('READY') == {'READY': '1'}
    assert notify.wait_for('STATUS')['STATUS'].startswith('serving: ')
    server.process.send_signal(signal.SIGTERM)
    assert int(notify.wait_for('STOPPING', '1')['EXTEND_TIMEOUT_USEC']) == (3600 + 7 + 30) * 1000000
    server.process.send_signal(signal.SIGTERM)
    assert int(notify.wait_for('STOPPING', '1')['EXTEND_TIMEOUT_USEC']) == (7 + 30) * 1000000
    assert server.process.wait(60) == 0


def test_nothing_is_ready_before_requests_are_answered(app, notify, tmp_path, start):
    server = start('--admin-listen', '127.0.0.1:0', app, env={'NOTIFY_SOCKET': notify.path}, wait=False)
    notify.wait_for('READY')
    server.wait_ready()
    assert server.get('/t').status == 200


def test_the_watchdog_gets_signs_of_life_while_all_loops_turn(start, app, notify):
    server = start(app, '--loops', '3', wait=False, env={'NOTIFY_SOCKET': notify.path, 'WATCHDOG_USEC': '400000'})
    for _ in range(5):
        notify.wait_for('WATCHDOG', '1')
    server.wait_ready()


def test_a_loop_that_stands_still_gives_no_sign_of_life(start, app, notify):
    """A thread of a process is stopped as a debugger would, so that it alone stands still."""
    server = start(app, '--loops', '2', env={'NOTIFY_SOCKET': notify.path, 'WATCHDOG_USEC': '400000'})
    notify.wait_for('WATCHDOG', '1')
    with stopped_loop(server.process.pid):
        while notify.receive(1):  # some may have been on their way; then one second without any: ten would have come
            pass
        notify.told.clear()
        assert not notify.receive(1)
    notify.wait_for('WATCHDOG', '1')


def waits_for_events(pid, task):
    """epoll_wait or epoll_pwait, on x86-64 or elsewhere (proc(5), syscall)."""
    return pathlib.Path(f'/proc/{pid}/task/{task}/syscall').read_text().split()[0] in ('232', '281', '22')


@contextlib.contextmanager
def stopped_loop(pid):
    """Stops a thread of the process that waits for events but is not the main one (ptrace(2))."""
    import ctypes
    libc = ctypes.CDLL(None, use_errno=True)
    seize, interrupt, detach = 0x4206, 0x4207, 17
    loops, tries = [], 1000  # as one that runs just now waits for nothing
    while not loops and tries > 0:
        tasks = [int(task.name) for task in pathlib.Path(f'/proc/{pid}/task').iterdir()]
        loops = [task for task in tasks if task != pid and waits_for_events(pid, task)]
        tries -= 1
    if not loops:
        pytest.skip('the kernel does not tell what threads wait for')
    for call in (seize, interrupt):
        if libc.ptrace(call, loops[-1], None, None) != 0:
            pytest.skip('ptrace(2) is not allowed here')
    os.waitpid(loops[-1], 0x40000000)  # __WALL: of another process's thread
    yield
    libc.ptrace(detach, loops[-1], None, None)


def test_systemd_is_told_that_a_server_reloads(start, app, notify):
    server = start(app, env={'NOTIFY_SOCKET': notify.path})
    notify.wait_for('READY')
    for _ in range(3):
        before_us = time.monotonic() * 1e6
        server.process.send_signal(signal.SIGHUP)
        assert int(notify.wait_for('RELOADING', '1')['MONOTONIC_USEC']) >= before_us - 1
        notify.wait_for('READY', '1')
    assert server.get('/t').status == 200


def test_systemd_is_told_which_process_is_the_service_after_an_upgrade(start, app, notify):
    server = start(app, env={'NOTIFY_SOCKET': notify.path, 'WATCHDOG_USEC': '400000'})
    notify.wait_for('READY')
    server.process.send_signal(signal.SIGUSR2)
    heir = int(notify.wait_for('MAINPID')['MAINPID'])
    try:
        assert heir != server.process.pid and is_alive(heir)
        assert server.process.wait(60) == 0
        assert server.get('/t').json() == [{'x': 7}]
        notify.wait_for('WATCHDOG', '1')  # by the heir alone
        assert not any('STOPPING' in message for message in notify.all)  # or systemd would end the service
    finally:
        os.kill(heir, signal.SIGTERM)
    notify.wait_for('STOPPING', '1')
    wait_until(lambda: not is_alive(heir))


# --- sockets that are held

def test_sockets_that_are_held_are_served_and_stay_open(activated, notify):
    with listen() as held:
        for _ in range(3):  # one process after the other; who comes between them waits
            process = activated([held], ['reckoner.socket'], '--listen', 'nonsense', env={'NOTIFY_SOCKET': notify.path})
            assert ask(held, '/t').json() == [{'x': 7}]
            notify.wait_for('READY')
            process.send_signal(signal.SIGTERM)
            assert process.wait(60) == 0


def test_who_comes_while_no_process_is_there_is_answered_by_the_next(activated):
    with listen() as held, socket.create_connection(held.getsockname()) as client:
        client.sendall(b'GET /t HTTP/1.1\r\nHost: a\r\n\r\n')
        activated([held], ['http'])
        client.settimeout(60)
        assert client.recv(1000).startswith(b'HTTP/1.1 200 ')


def test_a_held_socket_may_be_the_admins(activated):
    with listen() as apps, listen() as admin:
        activated([admin, apps], ['admin', 'http'])
        assert [ask(apps, '/t').status, ask(apps, '/-/livez').status] == [200, 404]
        assert [ask(admin, '/t').status, ask(admin, '/-/livez').status] == [404, 200]


def test_a_held_socket_may_speak_tls(activated, tmp_path):
    signed = server_certificate(tmp_path)
    context = ssl.create_default_context(cafile=str(signed.cert))
    with listen() as held:
        activated([held], ['https'], '--tls-cert', signed.cert, '--tls-key', signed.key)
        connection = http.client.HTTPSConnection('localhost', held.getsockname()[1], context=context, timeout=WAIT_SECONDS)
        with contextlib.closing(connection):
            connection.request('GET', '/t')
            assert Answer(connection.getresponse()).json() == [{'x': 7}]


def test_the_line_that_says_where_a_server_listens_names_the_scheme_of_that_address(activated, tmp_path):
    signed = server_certificate(tmp_path)
    with listen() as apps, listen() as admin:
        process = activated([admin, apps], ['admin', 'https'], '--tls-cert', signed.cert, '--tls-key', signed.key)
        lines = []
        while not lines or 'endpoints' not in lines[-1]:
            lines += [line for line in [process.stderr.readline().decode()] if 'listening' in line]
        ports = [held.getsockname()[1] for held in (apps, admin)]
        address = f'https://127.0.0.1:{ports[0]}'
        assert lines == [f'reckoner: listening on 127.0.0.1:{ports[1]} for /-/\n',
                         f'reckoner: listening on {address}, 1 endpoints: see {address}/-/docs\n']


def test_a_held_socket_for_tls_wants_a_certificate(activated):
    with listen() as held:
        assert refuse(activated([held], ['https'])) == (2, [
            'reckoner: serve: TLS needs a certificate and its key: --tls-cert FILE and --tls-key FILE', '  hint: --tls-cert is missing'])


def test_held_sockets_go_on_to_the_heir_and_stay_held(activated, notify):
    with listen() as apps, listen() as admin:
        process = activated([admin, apps], ['admin', 'http'], '--listen', '127.0.0.1:0', env={'NOTIFY_SOCKET': notify.path})
        notify.wait_for('READY')
        process.send_signal(signal.SIGUSR2)
        heir = int(notify.wait_for('MAINPID')['MAINPID'])
        try:
            assert process.wait(60) == 0
            assert [ask(apps, '/t').status, ask(apps, '/-/livez').status] == [200, 404]
            assert [ask(admin, '/t').status, ask(admin, '/-/livez').status] == [404, 200]
        finally:
            os.kill(heir, signal.SIGTERM)
        wait_until(lambda: not is_alive(heir))
        activated([admin, apps], ['admin', 'http'])
        assert ask(apps, '/t').status == 200


def test_a_held_unix_socket_is_left_where_it_is(activated, tmp_path):
    path = str(tmp_path / 'held.sock')
    with listen(family=socket.AF_UNIX, address=path) as held, socket.socket(socket.AF_UNIX) as client:
        process = activated([held], ['http'])
        client.settimeout(60)
        client.connect(path)
        client.sendall(b'GET /t HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
        assert client.recv(1000).startswith(b'HTTP/1.1 200 ')
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
        assert os.path.exists(path)


HINT = '  hint: in the .socket unit, say ListenStream=, and not Accept=yes'


def test_a_socket_for_datagrams_is_refused(activated):
    with listen(socket.SOCK_DGRAM) as held:
        assert refuse(activated([held], ['metrics'])) == (2, [
            'reckoner: serve: systemd hands over descriptor 3 (metrics), which is no socket for streams', HINT])


def test_a_connection_is_refused(activated):
    with listen() as held, socket.create_connection(held.getsockname()) as client:
        assert refuse(activated([client], ['connection'])) == (2, [
            'reckoner: serve: systemd hands over descriptor 3 (connection), which does not listen', HINT])


def test_a_file_is_refused(activated, tmp_path):
    with open(tmp_path / 'file', 'w', encoding='utf-8') as held:
        assert refuse(activated([held], ['file'])) == (2, [
            'reckoner: serve: systemd hands over descriptor 3 (file), which is no socket', HINT])


def test_names_that_do_not_go_with_the_sockets_are_refused(activated):
    with listen() as held:
        code, told = refuse(activated([held], ['a', 'b']))
        assert (code, told[0]) == (2, 'reckoner: serve: LISTEN_FDS and LISTEN_FDNAMES, as systemd sets them, are not right: Invalid argument')


# --- ending when nobody comes

def test_a_server_that_nobody_comes_to_ends_and_the_next_client_starts_it_again(activated):
    with listen() as held:
        for _ in range(2):
            process = activated([held], ['http'], '--idle-exit', '400ms')
            assert ask(held, '/t').status == 200
            _, told = process.communicate(timeout=60)
            assert process.returncode == 0
            assert told.decode().endswith('reckoner: ends, as nobody came for 400 ms (--idle-exit)\n')


def test_a_server_with_a_connection_does_not_end(activated):
    with listen() as held:
        process = activated([held], ['http'], '--idle-exit', '100ms')
        with socket.create_connection(held.getsockname()) as client:
            client.settimeout(60)
            end = time.monotonic() + 0.5  # the server would wait for a fifth of it without the connection
            while time.monotonic() < end:
                client.sendall(b'GET /t HTTP/1.1\r\nHost: a\r\n\r\n')
                assert client.recv(1000).startswith(b'HTTP/1.1 200 ')
        assert process.wait(60) == 0


def test_a_server_whose_sockets_nobody_holds_may_not_end_when_nobody_comes(app, tmp_path):
    result = run('serve', '--listen', '127.0.0.1:0', '--idle-exit', '15min', '--var', tmp_path / 'var', app)
    assert (result.returncode, result.stderr.splitlines()) == (2, [
        'reckoner: serve: --idle-exit is for sockets that systemd holds: nobody would start this server again',
        '  hint: take reckoner.socket, or leave --idle-exit away'])
