# SPDX-License-Identifier: Apache-2.0
"""`reckoner health`: whether a server on this machine is ready, by its exit code."""
import os
import socket

from server import run, wait_until, write_app
from small_apps import READ_APP


def test_a_server_that_is_ready_is_well(start, tmp_path):
    server = start(write_app(tmp_path / 'app', READ_APP))
    for address in (f'127.0.0.1:{server.port}', str(server.port), f':{server.port}', f'0.0.0.0:{server.port}',
                    f'http://127.0.0.1:{server.port}/', f'localhost:{server.port}'):
        result = run('health', address)
        assert (result.returncode, result.stdout, result.stderr) == (0, '', ''), address


def test_without_an_address_it_asks_where_serve_would_listen(start, tmp_path):
    server = start(write_app(tmp_path / 'app', READ_APP))
    env = {**os.environ, 'RECKONER_LISTEN': f':{server.port}'}
    assert run('health', env=env).returncode == 0
    assert run('health', '--listen', f'127.0.0.1:{server.port}').returncode == 0


def test_a_proxy_of_the_environment_is_not_asked(start, tmp_path):
    server = start(write_app(tmp_path / 'app', READ_APP))
    env = {**os.environ, 'http_proxy': 'http://127.0.0.1:1', 'ALL_PROXY': 'http://127.0.0.1:1'}
    assert run('health', str(server.port), env=env).returncode == 0


def test_nobody_there_is_not_well():
    with socket.socket() as held:  # a port that nobody listens on, nor will
        held.bind(('127.0.0.1', 0))
        result = run('health', f'127.0.0.1:{held.getsockname()[1]}')
    assert result.returncode == 1
    assert 'does not answer: ' in result.stderr and 'Traceback' not in result.stderr


def test_a_server_whose_database_has_gone_is_not_well(start, tmp_path):
    server = start(write_app(tmp_path / 'app', READ_APP))
    for file in (tmp_path / 'var').glob('app.db*'):
        file.unlink()
    result = wait_until(lambda: (done := run('health', str(server.port))).returncode and done)
    assert result.returncode == 1
    assert f'{server.port} answers 503: it is not ready' in result.stderr


def test_an_address_that_is_none_is_told():
    assert run('health', 'x' * 2000).returncode == 2
    assert run('health', '1', '2').returncode == 2
    result = run('health', 'nowhere.invalid:1')
    assert result.returncode == 1 and 'nowhere.invalid:1 does not answer: ' in result.stderr


def test_a_unix_socket_is_asked(tmp_path, start):
    path = f'unix:{tmp_path}/http.sock,mode=0600'
    start(write_app(tmp_path / 'app', READ_APP), '--listen', path)
    assert run('health', path).returncode == 0
    assert run('health', f'unix:{tmp_path}/none.sock').returncode == 1
    assert run('health', '--listen', path).returncode == 0


def test_the_listener_of_own_pages_is_asked(tmp_path, start):
    admin = f'unix:{tmp_path}/admin.sock'
    server = start(write_app(tmp_path / 'app', READ_APP), '--admin-listen', admin)
    assert run('health', '--admin-listen', admin).returncode == 0
    result = run('health', str(server.port))
    assert result.returncode == 1 and 'answers 404: it is not ready' in result.stderr


def test_the_server_of_a_configuration_file_is_asked(tmp_path, start):
    ini = tmp_path / 'reckoner.ini'
    ini.write_text(f'[server]\nlisten = unix:{tmp_path}/http.sock\n', encoding='utf-8')
    start(write_app(tmp_path / 'app', READ_APP), '--listen', f'unix:{tmp_path}/http.sock')
    assert run('health', '--config', ini).returncode == 0
    ini.write_text('[server]\nlistens = x\n', encoding='utf-8')
    result = run('health', '--config', ini)
    assert result.returncode == 2 and 'did you mean listen?' in result.stderr


def test_a_listener_for_proxies_gets_its_header(tmp_path, start):
    path = f'unix:{tmp_path}/http.sock,proxy'
    start(write_app(tmp_path / 'app', READ_APP), '--listen', path, '--trust-proxy', 'unix')
    assert run('health', path).returncode == 0
