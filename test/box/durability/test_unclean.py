# SPDX-License-Identifier: Apache-2.0
"""What a start says after an end that was not a clean one, and of a store that is damaged."""
import os
import re
import subprocess

import pytest

from server import run, write_app
from small_apps import WRITE_APP, ids
from upgrades import Upgraded

TOLD = re.compile(r'reckoner: sqlite:(\S+): the last process that wrote to it did not end cleanly: a log of (\d+) bytes was there, '
                  r'of which (\d+) were recovered; all that was acknowledged is in the store\n')


@pytest.fixture
def app(tmp_path):
    return write_app(tmp_path / 'small', WRITE_APP)


def kill(server):
    server.process.kill()
    server.process.wait()


def test_an_unclean_end_is_told_by_the_next_start_and_by_no_other(start, app, tmp_path):
    server = start(app, '--quiet')
    assert 'cleanly' not in server.stderr
    assert server.post('/rows', [{'id': 1, 'grp': 'a'}]).status == 201
    log_bytes = (tmp_path / 'var' / 'small.db-wal').stat().st_size
    kill(server)
    server = start(app, '--quiet')
    told = TOLD.search(server.stderr)
    assert (told[1], told[2], told[3]) == (str(tmp_path / 'var' / 'small.db'), str(log_bytes), str(log_bytes))
    assert ids(server) == [1]
    assert server.stop() == 0
    server = start(app, '--quiet')
    assert 'cleanly' not in server.stderr
    assert ids(server) == [1]


def test_a_command_beside_a_server_has_nothing_to_tell(start, app, tmp_path):
    server = start(app, '--quiet')
    assert server.post('/rows', [{'id': 1, 'grp': 'a'}]).status == 201
    for command in (['verify', app], ['backup', app, tmp_path / 'file'], ['usage', app]):
        done = run(*command, '--var', tmp_path / 'var')
        assert 'cleanly' not in done.stderr


def test_an_upgrade_has_nothing_to_tell(app, tmp_path):
    upgraded = Upgraded(app, '--quiet', var=tmp_path / 'var')
    assert upgraded.server.post('/rows', [{'id': 1, 'grp': 'a'}]).status == 201
    upgraded.upgrade()
    upgraded.end()
    assert 'cleanly' not in upgraded.server.stderr


@pytest.mark.parametrize('command', ['verify', 'job list', 'hook list', 'key list', 'usage'])
def test_a_command_that_comes_first_tells_of_it(start, app, tmp_path, command):
    server = start(app, '--quiet')
    assert server.post('/rows', [{'id': 1, 'grp': 'a'}]).status == 201
    kill(server)
    done = run(*command.split(), app, '--var', tmp_path / 'var')
    assert done.returncode == 0 and TOLD.match(done.stderr)
    assert 'cleanly' not in start(app, '--quiet').stderr


def refusal(app, var):
    done = run('serve', '--listen', '127.0.0.1:0', '--var', var, app)
    assert done.returncode == 1
    return done.stderr.replace('reckoner: runs as root, which nothing here needs: give it a user of its own (--user)\n', '')


HINT = "  hint: 'reckoner restore --force APP FILE' brings a backup back, and keeps this file beside it\n"


def test_a_damaged_store_is_refused_with_what_to_do(start, app, tmp_path):
    server = start(app, '--quiet')
    assert server.post('/rows', [{'id': i, 'grp': 'a'} for i in range(1000)]).status == 201
    backup, path = tmp_path / 'rows.backup', tmp_path / 'var' / 'small.db'
    assert run('backup', app, backup, '--var', tmp_path / 'var').returncode == 0
    assert server.stop() == 0
    whole = path.read_bytes()
    path.write_bytes(whole[:8192])
    assert refusal(app, tmp_path / 'var') == f'reckoner: {path}: is damaged: database disk image is malformed\n{HINT}'
    path.write_bytes(b'id,grp\n' * 1000)
    assert refusal(app, tmp_path / 'var') == f'reckoner: {path}: is not an SQLite database, or is damaged\n{HINT}'
    path.write_bytes(whole[:4096] + os.urandom(4096) * (len(whole) // 4096 - 1))
    assert HINT in refusal(app, tmp_path / 'var')
    done = run('verify', app, '--var', tmp_path / 'var')
    assert done.returncode == 1 and 'fault' in done.stderr or HINT in done.stderr
    done = run('restore', '--force', app, backup, '--var', tmp_path / 'var')
    assert done.returncode == 0, done.stderr
    assert len(ids(start(app, '--quiet'))) == 1000


def test_a_file_that_was_emptied_does_not_cost_its_log(start, app, tmp_path):
    server = start(app, '--quiet')
    assert server.post('/rows', [{'id': 1, 'grp': 'a'}]).status == 201
    kill(server)
    path, log = tmp_path / 'var' / 'small.db', tmp_path / 'var' / 'small.db-wal'
    whole, size = path.read_bytes(), log.stat().st_size
    path.write_bytes(b'')
    assert refusal(app, tmp_path / 'var').startswith(
        f'reckoner: {path}: is damaged: it is empty, and a log of {size} bytes lies beside it\n')
    path.write_bytes(whole)
    assert ids(start(app, '--quiet')) == [1]


def test_a_damaged_store_is_not_copied_over_a_backup_that_is_whole(start, app, tmp_path):
    server = start(app, '--quiet')
    assert server.post('/rows', [{'id': i, 'grp': 'a'} for i in range(5000)]).status == 201
    backup, path = tmp_path / 'rows.backup', tmp_path / 'var' / 'small.db'
    assert run('backup', app, backup, '--var', tmp_path / 'var').returncode == 0
    assert server.stop() == 0
    before, whole = backup.read_bytes(), path.read_bytes()
    middle = len(whole) // 2 // 4096 * 4096
    path.write_bytes(whole[:middle] + os.urandom(4096) + whole[middle + 4096:])
    done = run('backup', '--force', app, backup, '--var', tmp_path / 'var')
    assert done.returncode == 1
    assert 'the store is damaged, and was not copied\n' in done.stderr
    assert backup.read_bytes() == before
    assert run('verify', app, '--var', tmp_path / 'var').returncode == 1


def test_a_database_in_the_place_of_the_store_is_read_by_sqlite3(start, app, tmp_path):
    """A backup of SQLite is a database by itself: whoever reads it makes no files beside it."""
    start(app, '--quiet').post('/rows', [{'id': 1, 'grp': 'a'}])
    folder = tmp_path / 'backups'
    folder.mkdir()
    assert run('backup', app, folder / 'rows.db', '--var', tmp_path / 'var').returncode == 0
    read = subprocess.run(['sqlite3', '-readonly', folder / 'rows.db', 'SELECT id FROM rows'], capture_output=True, text=True, check=True)
    assert read.stdout == '1\n'
    assert run('verify', folder / 'rows.db').returncode == 0
    assert [path.name for path in folder.iterdir()] == ['rows.db']
