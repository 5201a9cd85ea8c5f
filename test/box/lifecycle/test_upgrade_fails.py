# SPDX-License-Identifier: Apache-2.0
"""SIGUSR2 where the new process cannot take over: the old one goes on as it was, and says why."""
import contextlib
import os
import pathlib
import signal
import socket
import subprocess
import sys

import pytest

import server as servers
from full_disk import fill, small_disk  # noqa: F401: a fixture
from server import wait_until, write_app
from upgrades import Kept, Upgraded, is_alive

APP = {
    'schema/001_t.sql': 'CREATE TABLE t (x integer PRIMARY KEY);',
    'get_t.sql': '-- @endpoint GET /t\n-- @shape values\n-- @answer\nSELECT x FROM t ORDER BY x;\n',
    'post_t.sql': '-- @endpoint POST /t\n-- @field x integer required\n-- @write\nINSERT INTO t SELECT x FROM batch;\n-- @answer 201\n'
                  'SELECT count(*) AS n FROM batch;\n',
}
# What stands in the place of a new process; its descriptor 3 leads to the old one.
SPEAKS = f'#!{sys.executable}\nimport os, signal, socket, time\npair = socket.socket(fileno=3)\n'


@pytest.fixture
def app(tmp_path):
    return write_app(tmp_path / 'goes_on', APP)


@pytest.fixture
def program(tmp_path, monkeypatch):
    """A path that leads to the program; a test puts something else there."""
    path = tmp_path / 'reckoner'
    path.symlink_to(servers.BINARY)
    monkeypatch.setattr(servers, 'BINARY', str(path))
    return path


@pytest.fixture
def upgraded(tmp_path, program):
    started = []

    def begin(*args, **options):
        started.append(Upgraded(*args, var=tmp_path / 'var', **options))
        return started[-1]

    yield begin
    for one in started:
        one.end()


def exchange(program, text, mode=0o755):
    new = program.with_name('new')
    new.write_text(text)
    new.chmod(mode)
    new.rename(program)


def goes_on(server, client, x):
    """All works as before, for whoever comes and for who is there; and the next upgrade may work."""
    assert server.server.post('/t', [{'x': x}]).status == 201
    assert client.get('/t')[0] == 200
    assert client.connections == 1


@pytest.fixture
def server(upgraded, app):
    return upgraded(app)


@pytest.fixture
def client(server):
    one = Kept(server.server.port)
    assert one.get('/t') == (200, b'[]')
    yield one
    one.close()


def mend(program, server):
    program.unlink()
    program.symlink_to(os.environ.get('RECKONER', servers.ROOT / 'build' / 'debug' / 'reckoner'))
    server.upgrade()


@pytest.mark.parametrize('text, mode, reason', [
    (None, 0, 'No such file or directory'),
    ('#!/bin/sh\nexit 0\n', 0o644, 'Permission denied'),
    ('no program\n', 0o755, 'Exec format error'),
])
def test_what_cannot_be_executed(server, client, program, text, mode, reason):
    if text is None:
        program.unlink()
    else:
        exchange(program, text, mode)
    os.kill(server.pid, signal.SIGUSR2)
    server.said(rf'no upgrade, this process goes on: could not start {program}: {reason}\n')
    goes_on(server, client, 1)
    if text is not None:
        mend(program, server)
        goes_on(server, client, 2)


@pytest.mark.parametrize('text, how', [
    ('#!/bin/sh\necho "the new one: no such library" >&2\nexit 127\n', 'ended with exit code 127'),
    ('#!/bin/sh\nkill -SEGV $$\n', 'was ended by SIGSEGV'),
    ('#!/bin/sh\nexec 3<&-\nexec sleep 1000\n', 'was ended by SIG(TERM|KILL)'),
])
def test_what_ends_before_it_is_ready(server, client, program, text, how):
    exchange(program, text)
    new = server.begin()
    server.said(rf'no upgrade, process {server.pid} goes on: the new process {new} {how}\n')
    assert not is_alive(new)
    goes_on(server, client, 1)
    mend(program, server)
    goes_on(server, client, 2)


def test_a_unix_socket_stays_where_a_new_process_fails_that_had_it(upgraded, app, tmp_path):
    path = tmp_path / 'socket'
    server = upgraded('--listen', f'unix:{path}', app)
    (app / 'get_t.sql').write_text('-- @endpoint GET /t\n-- @answer\nSELECT x FROM nowhere;\n')
    new = server.begin()
    server.said(rf'no upgrade, process {server.pid} goes on: the new process {new} ended with exit code 1\n')
    with contextlib.closing(socket.socket(socket.AF_UNIX)) as client:
        client.connect(str(path))
        client.sendall(b'GET /t HTTP/1.1\r\nHost: a\r\n\r\n')
        assert client.recv(65536).startswith(b'HTTP/1.1 200 ')


def test_what_ends_when_it_is_ready(server, client, program):
    exchange(program, SPEAKS + "pair.send(b'ready')\nos.kill(os.getpid(), signal.SIGKILL)\n")
    new = server.begin()
    server.said(rf'no upgrade, process {server.pid} goes on: the new process {new} was ended by SIGKILL, after it was ready\n')
    assert server.server.post('/t', [{'x': 1}]).status == 201  # `client` may have been given to it, and be lost
    mend(program, server)
    assert server.server.get('/t').json() == [1]


def test_what_says_nothing_in_time(upgraded, app, program):
    server = upgraded('--upgrade-timeout', '1', app)
    client = Kept(server.server.port)
    assert client.get('/t')[0] == 200
    exchange(program, SPEAKS + 'time.sleep(1000)\n')
    new = server.begin()
    server.said(rf'no upgrade, process {server.pid} goes on: in time nothing was heard, and the new process {new} was ended by SIGTERM\n')
    assert not is_alive(new)
    goes_on(server, client, 1)
    client.close()


def test_what_gets_ready_when_it_is_too_late(upgraded, app, program, tmp_path):
    """It ends as a server does: its listening sockets take nobody any more, and they are this one's, too."""
    pid_file = tmp_path / 'pid'
    server = upgraded('--upgrade-timeout', '5', '--pid-file', pid_file, app)
    assert server.server.get('/t').status == 200
    exchange(program, SPEAKS + f'''import ctypes, pathlib, struct
fds = [fd for _ in range(3) for fd in socket.recv_fds(pair, 512, 1)[1]]
def end(*_):
    pair.send(b'ready')
    pathlib.Path({str(pid_file)!r}).write_text(str(os.getpid()))
    drop = ctypes.create_string_buffer(struct.pack('HBBI', 6, 0, 0, 0))  # bpf(2): nothing of a packet is taken
    socket.socket(fileno=fds[0]).setsockopt(socket.SOL_SOCKET, 26, struct.pack('HL', 1, ctypes.addressof(drop)))
    os._exit(0)
signal.signal(signal.SIGTERM, end)
time.sleep(1000)
''')
    new = server.begin()
    server.said(rf'no upgrade, process {server.pid} goes on: in time nothing was heard, and the new process {new} ended with exit code 0\n')
    assert server.server.get('/t').status == 200
    assert int(pid_file.read_text()) == server.pid


def test_what_gets_ready_when_it_is_too_late_leaves_the_file_of_a_unix_socket(upgraded, app, program, tmp_path):
    path = tmp_path / 'socket'
    server = upgraded('--listen', f'unix:{path}', '--upgrade-timeout', '60', app)
    new = server.begin()
    os.kill(server.pid, signal.SIGSTOP)  # it does not hear that the new one is ready
    try:
        server.said(r'(?s)is started to.*listening on ')
        os.kill(new, signal.SIGTERM)
        wait_until(lambda: not is_alive(new))
        assert path.exists()
    finally:
        os.kill(server.pid, signal.SIGCONT)


def test_clients_that_the_new_process_does_not_take_stay(server, client, program):
    exchange(program, SPEAKS + "pair.shutdown(socket.SHUT_RD)\npair.send(b'ready')\ntime.sleep(1000)\n")
    new = server.begin()
    server.said(rf'process {new} serves, and this one, {server.pid}, finishes')
    for _ in range(20):
        assert client.get('/t') == (200, b'[]')
    assert client.connections == 1


def test_clients_that_are_given_to_a_process_that_ends_are_served(app, tmp_path):
    """By that one, or by the old one, which is a script here."""
    old = f'''import os, socket, subprocess, sys
os.open('/dev/null', os.O_RDONLY)  # so that 3 is none of ours
ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
handed, listener = socket.create_server(('127.0.0.1', 0)), socket.create_server(('127.0.0.1', 0))
os.dup2(theirs.fileno(), 3, True)
theirs.close()
ours.send(b'reckoner-handover 1')
socket.send_fds(ours, [b'socket 127.0.0.1:0'], [handed.fileno()])
ours.send(b'begin')
new = subprocess.Popen([{servers.BINARY!r}, 'serve', '--listen', '127.0.0.1:0', '--var', {str(tmp_path / 'var')!r}, {str(app)!r}],
                       env={{**os.environ, 'RECKONER_HANDOVER': '3'}}, pass_fds=[3])
os.close(3)
assert ours.recv(512) == b'ready'
ours.settimeout(30)
given = []
while True:
    if len(given) == 20:
        new.terminate()
    client = socket.create_connection(listener.getsockname())
    connection, peer = listener.accept()
    try:
        socket.send_fds(ours, [f'connection 0 127.0.0.1:{{peer[1]}}'.encode()], [connection.fileno()])
    except BrokenPipeError:
        break
    connection.close()
    client.sendall(b'GET /t HTTP/1.1\\r\\nHost: a\\r\\n\\r\\n')
    given.append(client)
lost = sum(not client.recv(512).startswith(b'HTTP/1.1 200 ') for client in given)
said = ours.recv(512)
for client in given:
    client.close()
print(lost, said, new.wait(), len(given) >= 20)
'''
    done = subprocess.run([sys.executable, '-c', old], capture_output=True, text=True, timeout=60)
    assert done.stdout.endswith("0 b'end' 0 True\n"), done.stderr


def test_an_app_with_an_error(server, client, app):
    (app / 'get_t.sql').write_text('-- @endpoint GET /t\n-- @answer\nSELECT x FROM nowhere;\n')
    new = server.begin()
    server.said(rf'no upgrade, process {server.pid} goes on: the new process {new} ended with exit code 1\n')
    assert 'no such table: nowhere' in server.server.stderr
    goes_on(server, client, 1)
    (app / 'get_t.sql').write_text(APP['get_t.sql'])
    server.upgrade()
    goes_on(server, client, 2)


def test_a_second_signal_meanwhile(server, client, program):
    exchange(program, SPEAKS + 'time.sleep(1000)\n')
    new = server.begin()
    os.kill(server.pid, signal.SIGUSR2)
    server.said('SIGUSR2 means nothing to a server that is being replaced\n')
    os.kill(new, signal.SIGKILL)
    server.said(rf'the new process {new} was ended by SIGKILL\n')
    goes_on(server, client, 1)


def test_the_end_meanwhile_is_that_of_both(server, client, program):
    exchange(program, SPEAKS + 'time.sleep(1000)\n')
    new = server.begin()
    os.kill(server.pid, signal.SIGTERM)
    client.close()
    assert server.server.process.wait(60) == 0
    assert not is_alive(new)


def test_a_process_that_speaks_another_version_of_the_hand_over(app, tmp_path):
    old = f'''import os, socket, sys
ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
ours.send(b'reckoner-handover 99')
os.dup2(theirs.fileno(), 3)
os.execve({servers.BINARY!r}, ['reckoner', 'serve', '--listen', '127.0.0.1:0', {str(app)!r}], {{**os.environ, 'RECKONER_HANDOVER': '3'}})
'''
    done = subprocess.run([sys.executable, '-c', old], capture_output=True, text=True, timeout=60, close_fds=False)
    assert done.returncode == 1
    assert done.stderr == ('reckoner: serve: the process that is to be replaced hands over in another way, as it is of another version\n'
                           '  hint: end it (SIGTERM) and start this one by itself\n')


def test_the_variable_without_a_process(app, tmp_path):
    done = servers.run('serve', '--listen', '127.0.0.1:0', app, env={**os.environ, 'RECKONER_HANDOVER': '3'})
    assert (done.returncode, done.stderr) == (1, 'reckoner: serve: RECKONER_HANDOVER is set, but no process hands over\n'
                                                 '  hint: it is for a server that replaces itself at SIGUSR2: unset it\n')


def test_an_old_process_that_stands_still_does_not_keep_the_new_one_from_writing(upgraded, app):
    server = upgraded('--drain', '1', app)
    old, new = server.pid, server.begin()
    os.kill(old, signal.SIGSTOP)  # it does not hear that the new one is ready
    try:
        server.said(rf'(?s)replace this one, {old}\n.*listening on ')
        assert server.server.post('/t', [{'x': 1}]).status == 201
        server.said(f'the process before says nothing of its last batch: this one, {new}, writes from here on')
    finally:
        os.kill(old, signal.SIGCONT)
    server.pid = new
    wait_until(lambda: not is_alive(old))
    assert server.server.get('/t').json() == [1]


def test_process_1_of_a_container(app, tmp_path):
    command = ['unshare', '--pid', '--fork', '--kill-child']
    if subprocess.run([*command, 'true'], check=False).returncode != 0:
        pytest.skip('no namespace of processes can be made here')
    command += [servers.BINARY, 'serve', '--listen', '127.0.0.1:0', '--var', str(tmp_path / 'var'), str(app)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        for line in process.stderr:
            if 'listening' in line:
                break
        child = int(pathlib.Path(f'/proc/{process.pid}/task/{process.pid}/children').read_text().split()[0])
        os.kill(child, signal.SIGUSR2)
        assert process.stderr.readline() == ('reckoner: no upgrade, as this is process 1 of a container, which would end with it: '
                                             'start another container\n')
        os.kill(child, signal.SIGTERM)


def test_a_full_disk_costs_no_read_and_no_batch(app, program, small_disk):
    server = Upgraded(app, var=small_disk / 'var')
    client = Kept(server.server.port)
    assert server.server.post('/t', [{'x': 1}]).status == 201
    filled = fill(small_disk)
    server.upgrade()
    assert client.get('/t') == (200, b'[1]')
    assert server.server.post('/t', [{'x': 2}]).status == 507
    filled.unlink()
    goes_on(server, client, 3)
    assert client.get('/t') == (200, b'[1,3]')
    client.close()
    server.end()  # before the disk goes
