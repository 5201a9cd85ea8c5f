# SPDX-License-Identifier: Apache-2.0
"""What a server gives up of what it was started with, and who may read what it writes."""
import os
import pathlib
import pwd
import re
import signal
import socket
import stat

import pytest

from server import run, write_app
from upgrades import Upgraded

APP = {
    'schema/001_t.sql': 'CREATE TABLE t (x integer PRIMARY KEY);',
    'get_t.sql': '-- @endpoint GET /t\n-- @shape values\n-- @answer\nSELECT x FROM t ORDER BY x;\n',
    'post_t.sql': '-- @endpoint POST /t\n-- @field x integer required\n-- @write\nINSERT INTO t SELECT x FROM batch;\n-- @answer 204\n',
}
as_root = pytest.mark.skipif(os.geteuid() != 0, reason='only root has something to give up')


@pytest.fixture
def app(tmp_path):
    return write_app(tmp_path / 'given', APP)


@pytest.fixture
def open_folder(app, tmp_path):
    """A folder of that user's, in folders that everybody may look into."""
    for folder in [tmp_path, *list(tmp_path.parents)[:2]]:
        folder.chmod(0o755)
    home = tmp_path / 'home'
    home.mkdir(mode=0o755)
    os.chown(home, pwd.getpwnam('nobody').pw_uid, -1)
    return home


def status_of(server):
    """Of all threads."""
    tasks = pathlib.Path(f'/proc/{server.process.pid}/task')
    return [dict(re.findall(r'^(\w+):\s+(.*)$', (task / 'status').read_text(), re.MULTILINE)) for task in tasks.iterdir()]


@as_root
def test_a_server_started_as_root_goes_on_as_the_user_that_is_named(start, app, open_folder):
    server = start('--user', 'nobody', '--listen', f'unix:{open_folder}/s', app, var=open_folder / 'var')
    nobody = pwd.getpwnam('nobody').pw_uid
    for status in status_of(server):
        assert set(status['Uid'].split()) == {str(nobody)}
        assert '0' not in status['Gid'].split() + status['Groups'].split()
        assert int(status['CapEff'], 16) == int(status['CapPrm'], 16) == 0
        assert status['NoNewPrivs'] == '1'
    assert server.post('/t', [{'x': 1}]).status == 204
    assert 'as root' not in server.stderr
    assert {path.stat().st_uid for path in (open_folder / 'var').iterdir()} == {nobody}


@as_root
def test_a_port_of_root_is_bound_before_root_is_given_up(start, app, open_folder):
    port = next(port for port in range(1023, 600, -1) if is_free(port))
    server = start('--user', 'nobody', '--listen', f'127.0.0.1:{port}', app, var=open_folder / 'var')
    assert f'listening on 127.0.0.1:{port}, too' in server.stderr
    assert server.get('/t').status == 200


def is_free(port):
    with socket.socket() as probe:
        return probe.connect_ex(('127.0.0.1', port)) != 0


@pytest.mark.parametrize('user, told', [
    ('nosuchuser', '--user nosuchuser: there is no such user'),
    ('root', '--user root: root is who it is to keep from running the server'),
])
def test_a_user_that_cannot_be_ends_the_start(app, tmp_path, user, told):
    result = run('serve', '--user', user, '--listen', '127.0.0.1:0', '--var', tmp_path / 'var', app)
    assert (result.returncode, result.stderr.splitlines()[0]) == (2, f'reckoner: serve: {told}')
    assert not (tmp_path / 'var').exists()


def test_calls_that_no_server_needs_are_refused_on_every_thread(start, app):
    server = start('--seccomp', app)
    assert {(status['Seccomp'], status['NoNewPrivs']) for status in status_of(server)} == {('2', '1')}
    assert server.post('/t', [{'x': 1}]).status == 204
    assert server.get('/t').json() == [1]
    server.stop(signal.SIGKILL)  # what looks for leaks at the end traces the process, which is refused now


def test_a_process_that_calls_are_refused_to_can_be_replaced(app, tmp_path):
    server = Upgraded('--seccomp', app, var=tmp_path / 'var', env={'ASAN_OPTIONS': 'detect_leaks=0'})  # as above
    try:
        heir = server.upgrade()
        assert re.search(r'^Seccomp:\s+2$', pathlib.Path(f'/proc/{heir}/status').read_text(), re.MULTILINE)
        assert server.server.post('/t', [{'x': 1}]).status == 204
    finally:
        server.end()


def test_all_files_are_for_their_owner_alone(start, app, tmp_path):
    var = tmp_path / 'made'
    server = start(app, var=var, preexec=lambda: os.umask(0))
    assert server.post('/t', [{'x': 1}]).status == 204
    assert stat.S_IMODE(var.stat().st_mode) == 0o700
    files = list(var.iterdir())
    assert len(files) >= 3  # the database, its log and the log's index
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}
