# SPDX-License-Identifier: Apache-2.0
"""`reckoner backup`, `verify` and `restore`, on both stores: what is in a backup, and what becomes of what was there."""
import os
import signal
import stat
import subprocess
import threading

import pytest

from full_disk import small_disk  # noqa: F401: a fixture
from rounds import rounds
from server import BINARY, STORES, new_store, run, wait_until, write_app
from small_apps import ids

APP = {
    'schema/001_tables.sql': 'CREATE TABLE rows (id integer PRIMARY KEY, grp text NOT NULL);\n',
    'get_rows.sql': '-- @endpoint GET /rows\n-- @answer\nSELECT id, grp FROM rows ORDER BY id;\n',
    'post_rows.sql': '-- @endpoint POST /rows\n-- @field id integer required\n-- @field grp text required\n-- @write\n'
                     'INSERT INTO rows SELECT id, grp FROM batch;\n-- @answer 201\nSELECT count(*) AS n FROM batch;\n',
}

SIZE = 5  # rows of each batch


def rows_of(number):
    return [{'id': SIZE * number + i, 'grp': 'a'} for i in range(SIZE)]


class Writer(threading.Thread):
    """Posts one batch after another; `acknowledged` counts them, all in order."""

    def __init__(self, server, first=0):
        super().__init__()
        self.server, self.first, self.acknowledged, self.is_over = server, first, 0, False

    def run(self):
        while not self.is_over:
            assert self.server.post('/rows', rows_of(self.first + self.acknowledged)).status == 201
            self.acknowledged += 1

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.is_over = True
        self.join()


@pytest.fixture(params=STORES)
def options(request, tmp_path):
    return ['--var', str(tmp_path / 'var'), *new_store(request.param, request)]


@pytest.fixture
def app(tmp_path):
    return write_app(tmp_path / 'small', APP)


def restored(start, app, file, tmp_path, request, options):
    """A server of a new store that the backup was brought back to."""
    other = ['--var', str(tmp_path), *new_store('postgresql' if '--store' in options else 'sqlite', request)]
    done = run('restore', app, file, *other)
    assert done.returncode == 0, done.stderr
    return start(app, '--quiet', *other[2:], var=tmp_path)


def test_a_backup_under_a_steady_writer_has_each_batch_whole_or_not_at_all(start, app, options, tmp_path, request):
    server = start(app, '--quiet', *options)
    with Writer(server) as writer:
        for number in range(rounds(3, 100)):
            wait_until(lambda: writer.acknowledged > 3 * number)
            before = writer.acknowledged
            file = tmp_path / f'{number}.backup'
            done = run('backup', app, file, *options)
            assert done.returncode == 0, done.stderr
            after = writer.acknowledged + 1  # one may be in before it is acknowledged
            assert stat.S_IMODE(file.stat().st_mode) == 0o600
            checked = run('verify', app, file)
            assert (checked.returncode, checked.stdout, checked.stderr) == (0, f'{file}: is whole\n', '')
            copy = restored(start, app, file, tmp_path / f'other{number}', request, options)
            there = ids(copy)
            assert copy.stop() == 0
            assert there == list(range(len(there)))
            assert len(there) % SIZE == 0 and before <= len(there) // SIZE <= after
    assert sorted(path.name for path in tmp_path.iterdir() if '.part' in path.name) == []


def test_a_backup_replaces_nothing_unless_it_is_told_to(start, app, options, tmp_path):
    server = start(app, '--quiet', *options)
    file = tmp_path / 'rows.backup'
    file.write_text('precious')
    done = run('backup', app, file, *options)
    assert (done.returncode, done.stdout) == (1, '')
    assert done.stderr == (f'reckoner: {file}: is there already\n  hint: --force has it replaced, once the new one is whole\n'
                           'reckoner: there is no new backup\n')
    assert file.read_text() == 'precious'
    assert server.post('/rows', rows_of(1)).status == 201
    done = run('backup', '--force', app, file, *options)
    assert done.returncode == 0, done.stderr
    assert done.stdout == f'{file}: {file.stat().st_size} bytes, checked\n'
    assert run('verify', file).returncode == 0


def test_a_store_that_holds_something_is_moved_aside_and_never_lost(start, app, options, tmp_path, request):
    server = start(app, '--quiet', *options)
    assert server.post('/rows', rows_of(1)).status == 201
    file = tmp_path / 'rows.backup'
    assert run('backup', app, file, *options).returncode == 0
    assert server.post('/rows', rows_of(2)).status == 201
    assert server.stop() == 0
    done = run('restore', app, file, *options)
    assert done.returncode == 1 and 'holds something: nothing was changed\n  hint: --force ' in done.stderr
    done = run('restore', '--force', app, file, *options)
    assert done.returncode == 0, done.stderr
    server = start(app, '--quiet', *options)
    assert ids(server) == [5, 6, 7, 8, 9]
    aside = done.stderr.split('what was there is now ')[1].strip()
    if '--store' in options:
        database = options[-1].rsplit('/', 1)[1]
        count = request.getfixturevalue('databases').sql(f'SELECT count(*) FROM {aside}.rows', database)
        assert count.strip() == '10'
    else:
        assert server.stop() == 0
        os.rename(aside, tmp_path / 'var' / 'small.db')
        assert ids(start(app, '--quiet', *options)) == list(range(5, 15))


def test_what_cannot_be_moved_aside_is_not_said_to_have_been(start, app, tmp_path, request):
    store = new_store('postgresql', request)
    assert start(app, '--quiet', *store).stop() == 0
    file = tmp_path / 'rows.backup'
    assert run('backup', app, file, *store).returncode == 0
    url, database = store[1], store[1].rsplit('/', 1)[1]
    request.getfixturevalue('databases').sql(f'CREATE ROLE lodger LOGIN; GRANT CREATE ON DATABASE {database} TO lodger', database)
    done = run('restore', '--force', app, file, '--store', url.replace('reckoner@', 'lodger@'))
    assert done.returncode == 1 and 'must be owner of schema' in done.stderr and 'what was there' not in done.stderr, done.stderr


def test_nothing_is_restored_while_a_server_has_the_store_open(start, app, options, tmp_path):
    server = start(app, '--quiet', *options)
    file = tmp_path / 'rows.backup'
    assert run('backup', app, file, *options).returncode == 0
    assert server.post('/rows', rows_of(1)).status == 201
    done = run('restore', '--force', app, file, *options)
    assert done.returncode == 1
    if '--store' in options:
        assert "the store is open: PostgreSQL's session " in done.stderr
    else:
        path = tmp_path / 'var' / 'small.db'
        assert done.stderr == (f'reckoner: {path}: process {server.process.pid} has it open\n'
                               '  hint: end the server that serves it, and try again\n')
    assert ids(server) == [5, 6, 7, 8, 9]
    assert server.post('/rows', rows_of(2)).status == 201


def test_migrations_that_are_not_the_apps_are_found_before_anything_is_changed(start, app, options, tmp_path):
    server = start(app, '--quiet', *options)
    file = tmp_path / 'rows.backup'
    assert run('backup', app, file, *options).returncode == 0
    assert server.post('/rows', rows_of(1)).status == 201
    assert server.stop() == 0
    schema = app / 'schema' / '001_tables.sql'
    schema.write_text('-- edited\n' + schema.read_text())
    for command in (['verify', app, file], ['restore', '--force', app, file, *options]):
        done = run(*command)
        assert done.returncode == 1
        assert f'reckoner: {file}: {schema} has changed since it was applied on ' in done.stderr
    write_app(app, APP)
    assert ids(start(app, '--quiet', *options)) == [5, 6, 7, 8, 9]


def test_migrations_that_are_newer_than_a_backup_are_applied_by_the_next_start(start, app, options, tmp_path):
    server = start(app, '--quiet', *options)
    file = tmp_path / 'rows.backup'
    assert run('backup', app, file, *options).returncode == 0
    assert server.stop() == 0
    write_app(app, {'schema/002_more.sql': 'CREATE TABLE more (id integer PRIMARY KEY);\n'})
    done = run('restore', '--force', app, file, *options)
    assert done.returncode == 0, done.stderr
    assert f'{file}: 1 migrations are newer than it: the next start applies them\n' in done.stderr
    assert start(app, '--quiet', *options).get('/rows').status == 200


def test_a_backup_that_is_cut_off_or_overwritten_is_refused(start, app, options, tmp_path):
    server = start(app, '--quiet', *options)
    assert server.post('/rows', [{'id': i, 'grp': 'a'} for i in range(20000)]).status == 201
    file = tmp_path / 'rows.backup'
    assert run('backup', app, file, *options).returncode == 0
    assert server.stop() == 0
    whole = file.read_bytes()
    middle = len(whole) // 2
    # The bytes of an archive are compressed: what is overwritten in it does not inflate.
    for damaged in (whole[:middle], whole[:middle] + bytes(8192) + whole[middle + 8192:], whole[:100]):
        file.write_bytes(damaged)
        done = run('verify', file)
        assert done.returncode == 1 and f'reckoner: {file}: ' in done.stderr
        done = run('restore', '--force', app, file, *options)
        assert done.returncode == 1, done.stderr
        assert f'reckoner: {file}: is not fit to be restored: nothing was changed\n  hint: take an older backup\n' in done.stderr
    assert len(ids(start(app, '--quiet', *options))) == 20000


@pytest.mark.parametrize('content, words', [(b'', 'is no backup of Reckoner: it is empty'), (b'id,grp\n', 'is no backup of Reckoner')])
def test_what_is_no_backup_is_called_so(tmp_path, content, words):
    file = tmp_path / 'file'
    file.write_bytes(content)
    done = run('verify', file)
    assert done.returncode == 1
    assert done.stderr == (f"reckoner: {file}: {words}\n  hint: 'reckoner backup APP FILE' makes one; this file is damaged, "
                           'or is something else\n')


def test_another_programs_database_is_no_backup(start, app, tmp_path):
    file = tmp_path / 'other.db'
    subprocess.run(['sqlite3', file, 'CREATE TABLE t (a)'], check=True)
    done = run('verify', file)
    assert done.returncode == 1
    assert done.stderr.startswith(f"reckoner: {file}: it has no records of Reckoner: it is another program's database\n")


def test_an_app_with_a_mistake_can_be_backed_up(start, app, options, tmp_path):
    start(app, '--quiet', *options)
    write_app(app, {'get_wrong.sql': '-- @endpoint GET /wrong\n-- @nonsense\n'})
    done = run('backup', app, tmp_path / 'rows.backup', *options)
    assert done.returncode == 0, done.stderr
    assert done.stderr == f"reckoner: {app}: has errors, which 'reckoner check' tells: its store is looked at all the same\n"


def test_a_store_that_is_not_there_is_not_made(app, tmp_path):
    for command in ('backup', 'verify'):
        done = run(command, app, *([tmp_path / 'file'] if command == 'backup' else []), '--var', tmp_path / 'typo')
        assert done.returncode == 1 and 'there is no such store' in done.stderr
    assert not (tmp_path / 'typo').exists() and not (tmp_path / 'file').exists()


def test_a_backup_that_is_ended_leaves_nothing(start, app, tmp_path):
    server = start(app, '--quiet')
    for i in range(3):
        rows = '\n'.join(f'{100000 * i + j},a' for j in range(100000))
        assert server.post('/rows', 'id,grp\n' + rows, 'text/csv').status == 201
    folder = tmp_path / 'backups'
    folder.mkdir()
    process = subprocess.Popen([BINARY, 'backup', app, folder / 'rows.backup', '--var', tmp_path / 'var'],
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    wait_until(lambda: list(folder.iterdir()) or process.poll() is not None)
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=60)
    if process.returncode == 0:  # it was quicker
        assert [path.name for path in folder.iterdir()] == ['rows.backup']
    else:
        assert process.returncode == 1 and 'it was ended by a signal' in err, out + err
        assert list(folder.iterdir()) == []


def test_a_backup_that_finds_no_room_is_not_there(start, app, options, tmp_path, small_disk):
    server = start(app, '--quiet', *options)
    rows = '\n'.join(f'{i},{os.urandom(16).hex()}' for i in range(300_000))  # which pg_dump cannot make small
    assert server.post('/rows', 'id,grp\n' + rows, 'text/csv').status == 201
    done = run('backup', app, small_disk / 'rows.backup', *options)
    assert done.returncode == 1
    assert ('there is no room left' in done.stderr or 'No space left on device' in done.stderr), done.stderr
    assert done.stderr.endswith('reckoner: there is no new backup\n')
    assert list(small_disk.iterdir()) == []
    assert run('backup', app, tmp_path / 'rows.backup', *options).returncode == 0
    if '--store' not in options:
        done = run('restore', app, tmp_path / 'rows.backup', '--var', small_disk / 'var')
        assert done.returncode == 1 and 'No space left on device' in done.stderr
        assert list((small_disk / 'var').iterdir()) == []


def test_a_password_is_not_on_the_command_line_of_pg_dump(start, app, tmp_path, request):
    url = new_store('postgresql', request)[1]
    start(app, '--quiet', '--store', url)
    tools = tmp_path / 'bin'
    tools.mkdir()
    real = subprocess.run(['which', 'pg_dump'], capture_output=True, text=True, check=True).stdout.strip()
    (tools / 'pg_dump').write_text(f'#!/bin/sh\necho "$@" > {tmp_path}/words\necho "$PGPASSWORD" > {tmp_path}/password\nexec {real} "$@"\n')
    (tools / 'pg_dump').chmod(0o755)
    env = {**os.environ, 'PATH': f'{tools}:{os.environ["PATH"]}', 'RECKONER_STORE': url.replace('reckoner@', 'reckoner:s%20cret@')}
    done = run('backup', app, tmp_path / 'rows.backup', env=env)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / 'password').read_text() == 's cret\n'
    assert 'cret' not in (tmp_path / 'words').read_text()


def test_without_pg_dump_its_package_is_named(start, app, tmp_path, request):
    store = new_store('postgresql', request)
    start(app, '--quiet', *store)
    done = run('backup', app, tmp_path / 'rows.backup', *store, env={**os.environ, 'PATH': str(tmp_path)})
    assert done.returncode == 1
    assert 'pg_dump is not installed\n  hint: Debian has it in postgresql-client, ' in done.stderr
    assert not (tmp_path / 'rows.backup').exists()
