# SPDX-License-Identifier: Apache-2.0
"""`reckoner top`: the metrics as a page."""
import os
import pty
import re
import select
import signal
import subprocess

from server import BINARY, ROOT, run


def test_one_page_of_a_server(start):
    server = start(ROOT / 'apps' / 'rates', '--quiet')
    for _ in range(5):
        assert server.get('/ports').status == 200
    done = run('top', '--once', f'127.0.0.1:{server.port}')
    assert done.returncode == 0, done.stderr
    assert re.match(rf'Reckoner \S+ at 127\.0\.0\.1:{server.port}   ready   up 00:00:\d\d ', done.stdout)
    assert re.search(r'^rates GET /ports +\d+\.\d +0\.0% ', done.stdout, re.M), done.stdout
    assert re.search(r'^reads +0/\d', done.stdout, re.M)
    assert re.search(r'^rates +up ', done.stdout, re.M)
    by_url = run('top', f'http://127.0.0.1:{server.port}/')
    assert by_url.returncode == 0 and '/ports' in by_url.stdout, 'without a terminal it is one page, too'


def test_an_admin_listener_on_a_unix_socket(start, tmp_path):
    admin = f'unix:{tmp_path}/admin.sock'
    server = start(ROOT / 'apps' / 'rates', '--quiet', '--admin-listen', admin)
    for arguments, environment in ([[admin], {}], [[], {'RECKONER_ADMIN_LISTEN': admin}]):
        done = run('top', '--once', *arguments, env={**os.environ, **environment})
        assert done.returncode == 0, done.stderr
        assert f' at {admin} ' in done.stdout
    done = run('top', '--once', f'127.0.0.1:{server.port}')
    assert (done.returncode, done.stdout) == (1, '')
    assert 'it answers 404 to /-/metrics: where the server has an --admin-listen, give that address' in done.stderr


def test_a_server_that_is_not_there(tmp_path):
    done = run('top', '--once', f'unix:{tmp_path}/none.sock')
    assert done.returncode == 1
    assert done.stderr.startswith(f'reckoner: top: unix:{tmp_path}/none.sock: ')


def test_a_terminal_gets_a_page_each_second(start):
    server = start(ROOT / 'apps' / 'rates', '--quiet')
    mine, its = pty.openpty()
    with subprocess.Popen([BINARY, 'top', f'127.0.0.1:{server.port}'], stdout=its, stdin=its, stderr=its) as process:
        os.close(its)
        seen = b''
        while seen.count(b'\033[H\033[2J') < 3:
            assert select.select([mine], [], [], 60)[0], seen
            seen += os.read(mine, 65536)
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == -signal.SIGINT
    os.close(mine)
    first, second = seen.decode().split('\033[H\033[2J')[1:3]
    assert '(since the start)' in first and '(since the start)' not in second
    assert 'Reckoner' in second and 'POOL' in second
