# SPDX-License-Identifier: Apache-2.0
"""Watched folders (`[watch]` in app.ini): files that become batches, on both stores."""
import gzip
import json
import os
import pathlib
import pwd
import re
import signal
import subprocess
import tempfile
import time

import pytest

import full_disk
import metrics
from server import STORES, new_store, wait_until, write_app
from full_disk import small_disk  # noqa: F401
from watched import APP, Inbox, ids


@pytest.fixture(params=STORES)
def arguments(request, tmp_path):
    """What a server of the app is started with, on each kind of store."""
    return [write_app(tmp_path / 'small', APP), *new_store(request.param, request)]


@pytest.fixture
def inbox(arguments):
    return Inbox(arguments[0] / 'incoming')


@pytest.mark.threads
def test_a_file_that_is_moved_in_is_a_batch(start, arguments, inbox):
    server = start(*arguments)
    inbox.put('a.csv', 'id,name\n1,x\n2,y\n')
    inbox.put('b.ndjson', '{"id": 3}\n', age=50)
    inbox.put('c.csv.gz', gzip.compress(b'id,name\n4,z\n'), age=40)
    inbox.wait_for('done', 'a.csv', 'b.ndjson', 'c.csv.gz')
    assert inbox.names() == [] and inbox.names_in('rejected') == []
    rows = server.get('/t').json()
    assert [(row['id'], row['name']) for row in rows] == [(1, 'x'), (2, 'y'), (3, None), (4, 'z')]
    records = server.get('/-/batches').json()['batches']
    assert [(record['file'], record['rows']) for record in records] == [('c.csv.gz', 1), ('b.ndjson', 1), ('a.csv', 2)]
    assert {row['batch'] for row in rows} == {record['id'] for record in records}
    server.stop()
    assert f'small: {inbox.folder}/a.csv: 2 rows are in as batch {rows[0]["batch"]} of POST /t; it is done/a.csv now' in server.stderr


def test_the_same_bytes_go_in_once_and_a_state_each_time(start, arguments, inbox):
    server = start(*arguments)
    state = Inbox(inbox.folder / 'state')
    inbox.put('a.csv', 'id\n1\n')
    inbox.wait_for('done', 'a.csv')
    inbox.put('a.csv', 'id\n1\n')
    inbox.put('other.csv', 'id\n1\n')
    inbox.wait_for('done', 'a.csv', 'a.2.csv', 'other.csv')
    assert ids(server) == [1]
    for number, text in enumerate(['id\n1\n', 'id\n2\n', 'id\n1\n']):
        state.put('state.csv', text, age=90 - number)
        state.wait_for('done', f'state{f".{number + 1}" if number else ""}.csv')
    assert server.get('/state').json() == [1]
    server.stop()
    assert f'{inbox.folder}/other.csv: it is in already, as batch 1; it is done/other.csv now' in server.stderr


def test_what_does_not_pass_is_rejected_with_the_report_of_a_direct_batch(start, arguments, inbox):
    server = start(*arguments)
    good, bad, broken, there = 'id\n1\n', 'id,name\n5,x\n-1,y\nz,\n', 'id,"na', 'id\n1\n7\n'
    inbox.put('0.csv', good, age=90)
    inbox.wait_for('done', '0.csv')
    inbox.put('bad.csv', bad, age=80)
    inbox.put('broken.csv', broken, age=70)
    inbox.put('there.csv', there, age=60)
    inbox.put('empty.csv', '', age=50)
    inbox.wait_for('rejected', 'bad.csv', 'broken.csv', 'there.csv', 'empty.csv')
    for name, text in [('bad.csv', bad), ('broken.csv', broken), ('there.csv', there), ('empty.csv', '')]:
        report = json.loads((inbox.rejected / f'{name}.report.json').read_text())
        direct = server.post('/t', text, content_type='text/csv')
        if text:
            assert report == direct.json(), name
        assert report['status'] == direct.status
        assert (inbox.rejected / name).read_text() == text
    assert ids(server) == [1]
    assert len(inbox.names_in('rejected')) == 8 and inbox.names() == []
    inbox.put('bad.csv', bad)
    inbox.wait_for('rejected', 'bad.2.csv', 'bad.2.csv.report.json')


def test_a_file_that_somebody_still_writes_is_left_alone(start, arguments, inbox):
    server = start(*arguments)
    with (inbox.folder / 'slow.csv').open('w') as slow:
        slow.write('id\n1\n')
        slow.flush()
        inbox.put('later.part', 'id\n7\n')
        inbox.put('later.tmp', 'id\n7\n')
        inbox.put('quick.csv', 'id\n9\n')
        inbox.wait_for('done', 'quick.csv')
        old = time.time() - 3600
        os.utime(slow.fileno(), (old, old))
        inbox.put('quicker.csv', 'id\n10\n')
        inbox.wait_for('done', 'quicker.csv')
        assert ids(server) == [9, 10]
        slow.write('2\n')
    inbox.wait_for('done', 'slow.csv')
    assert sorted(ids(server)) == [1, 2, 9, 10]
    assert inbox.names() == ['later.part', 'later.tmp']


def test_only_files_are_taken_and_whatever_their_names(start, arguments, inbox, tmp_path):
    server = start(*arguments)
    secret = tmp_path / 'secret.csv'
    secret.write_text('id\n666\n')
    (inbox.folder / 'link.csv').symlink_to(secret)
    (inbox.folder / 'folder.csv').mkdir()
    os.mkfifo(inbox.folder / 'fifo.csv')
    odd = b'new\nline \xff\x1b.csv'
    with open(os.fsencode(inbox.folder) + b'/' + odd, 'wb') as file:
        file.write(b'id\n1\n')
    long = 'n' * 251 + '.csv'
    inbox.put(long, 'id\nx\n', age=50)
    inbox.put('plain.csv', 'id\n2\n')
    wait_until(lambda: os.path.exists(os.fsencode(inbox.done) + b'/' + odd), pause=0.2)
    inbox.wait_for('done', 'plain.csv')
    cut = wait_until(lambda: inbox.names_in('rejected') if len(inbox.names_in('rejected')) == 2 else None, pause=0.2)
    assert cut[0].endswith('n.csv') and cut[1] == cut[0] + '.report.json'
    assert sorted(ids(server)) == [1, 2]
    assert inbox.names() == ['fifo.csv', 'folder.csv', 'link.csv']
    files = {record['file'] for record in server.get('/-/batches').json()['batches']}
    assert files == {'new\\x0aline \\xff\\x1b.csv', 'plain.csv'}
    server.stop()
    assert server.stderr.count('no file by itself') == 1  # however many there are
    assert f'{inbox.folder}: fifo.csv is no file by itself; such ones stay where they are' in server.stderr


def test_a_folder_may_come_and_go(start, arguments, inbox):
    os.rmdir(inbox.folder)
    server = start(*arguments)
    wait_until(lambda: server.read_stderr(0.1) and 'files are waited for, and the folder could not be read' in server.stderr)
    inbox.folder.mkdir()
    inbox.put('a.csv', 'id\n1\n')
    inbox.wait_for('done', 'a.csv')
    away = inbox.folder.with_name('away')
    inbox.folder.rename(away)
    inbox.folder.mkdir()
    inbox.put('b.csv', 'id\n2\n')
    inbox.wait_for('done', 'b.csv')
    assert ids(server) == [1, 2]


@pytest.mark.skipif(os.geteuid() != 0, reason='only root may become somebody with fewer rights')
def test_what_may_not_be_read_or_moved_waits_and_is_told_once(start, arguments):
    nobody = pwd.getpwnam('nobody').pw_uid
    with tempfile.TemporaryDirectory() as folder:  # pytest's own are closed to others again when somebody starts another one
        home = pathlib.Path(folder)
        home.chmod(0o755)
        inbox = Inbox(home / 'incoming')
        for path in (home, inbox.folder):
            os.chown(path, nobody, -1)
        ini = write_app(home / 'small', {**APP, 'app.ini': f'[watch]\nPOST /t = {inbox.folder}/*.csv\n'})
        server = start(ini, *arguments[1:], '--user', 'nobody', '--seccomp', var=home / 'var',
                       env={'ASAN_OPTIONS': 'detect_leaks=0'})  # which attaches to its threads
        look_at_rights(server, inbox, nobody)
        server.stop()


def look_at_rights(server, inbox, nobody):

    def told(text):
        return wait_until(lambda: server.read_stderr(0.1) and text in server.stderr)
    inbox.put('closed.csv', 'id\n1\n')
    (inbox.folder / 'closed.csv').chmod(0o600)
    inbox.put('open.csv', 'id\n2\n')
    inbox.wait_for('done', 'open.csv')
    told('closed.csv: could not be opened: Permission denied')
    (inbox.folder / 'closed.csv').chmod(0o644)
    inbox.wait_for('done', 'closed.csv')
    os.chown(inbox.done, 0, 0)
    inbox.put('c.csv', 'id\n3\n')
    told('may not write to the folder done: Permission denied')
    assert sorted(ids(server)) == [1, 2]  # of a file that cannot be moved no row goes in
    os.chown(inbox.done, nobody, -1)
    inbox.wait_for('done', 'c.csv')
    assert sorted(ids(server)) == [1, 2, 3]
    assert server.stderr.count('Permission denied') == 2


@pytest.mark.skipif(os.geteuid() != 0, reason='only root may mount')
def test_files_are_copied_to_another_file_system(start, arguments, inbox):
    for folder in (inbox.done, inbox.rejected):
        folder.mkdir()
        if subprocess.run(['mount', '-t', 'tmpfs', '-o', 'size=1m', 'none', folder], stderr=subprocess.DEVNULL).returncode != 0:
            pytest.skip('needs to mount')
    try:
        server = start(*arguments)
        long = 'n' * 251 + '.csv'
        inbox.put('a.csv', 'id\n1\n', age=70)
        inbox.put(long, 'id\n2\n', age=65)
        inbox.put('b.csv', 'id\nx\n')
        inbox.wait_for('done', 'a.csv', long)
        inbox.wait_for('rejected', 'b.csv', 'b.csv.report.json')
        wait_until(lambda: not inbox.names())
        assert (inbox.done / 'a.csv').read_text() == 'id\n1\n'
        full = full_disk.fill(inbox.rejected)
        inbox.put('c.csv', 'id\ny\n')
        wait_until(lambda: server.read_stderr(0.1) and re.search(r'c\.csv: .*No space left on device', server.stderr))
        assert inbox.names() == ['c.csv'] and 'c.csv' not in inbox.names_in('rejected')
        full.unlink()
        inbox.wait_for('rejected', 'c.csv', 'c.csv.report.json')
        assert ids(server) == [1, 2]
        full = full_disk.fill(inbox.done)
        inbox.put('d.csv', 'id\n3\n')
        wait_until(lambda: server.read_stderr(0.1) and re.search(r'd\.csv: 1 row is in .*it stays .*No space left on device', server.stderr))
        assert inbox.names() == ['d.csv'] and 'd.csv' not in inbox.names_in('done')
        full.unlink()
        inbox.wait_for('done', 'd.csv')
        assert ids(server) == [1, 2, 3]
        server.stop()
    finally:
        for folder in (inbox.done, inbox.rejected):
            subprocess.run(['umount', '-l', folder], stderr=subprocess.DEVNULL)


def test_a_folder_is_watched_from_a_reload_on(start, arguments, inbox):
    app = arguments[0]
    (app / 'app.ini').rename(app / 'kept')
    server = start(*arguments)
    inbox.put('a.csv', 'id\n1\n')
    assert not metrics.read(server).of('reckoner_files_waiting')
    (app / 'kept').rename(app / 'app.ini')
    server.process.send_signal(signal.SIGHUP)
    inbox.wait_for('done', 'a.csv')
    assert ids(server) == [1]
    (app / 'app.ini').write_text('[watch]\nPOST /gone = incoming/*.csv\n')
    server.process.send_signal(signal.SIGHUP)
    wait_until(lambda: server.read_stderr(0.1) and 'the app has no endpoint POST /gone' in server.stderr)
    inbox.put('b.csv', 'id\n2\n')  # by what was in force before
    inbox.wait_for('done', 'b.csv')
    (app / 'app.ini').write_text('title = x\n')
    server.process.send_signal(signal.SIGHUP)
    wait_until(lambda: server.read_stderr(0.1) and server.stderr.count('was read anew and is in force') == 2)
    inbox.put('c.csv', 'id\n3\n')
    assert ids(server) == [1, 2]
    assert inbox.names() == ['c.csv']


def test_files_are_counted(start, arguments, inbox):
    server = start(*arguments)
    inbox.put('a.csv', 'id\n1\n')
    inbox.put('b.csv', 'id\nx\n')
    inbox.wait_for('done', 'a.csv')
    inbox.wait_for('rejected', 'b.csv')
    with (inbox.folder / 'open.csv').open('w') as file:
        file.write('id\n')
        file.flush()

        def of(name, **labels):
            return metrics.read(server).one(name, app='small', **labels)
        wait_until(lambda: of('reckoner_files_waiting') == 1)
        assert of('reckoner_files_total', outcome='done') == 1
        assert of('reckoner_files_total', outcome='rejected') == 1
        assert of('reckoner_files_total', outcome='known') == 0
        assert of('reckoner_files_oldest_seconds') >= 0


@pytest.mark.threads
def test_two_servers_of_one_folder_take_each_file_once(start, request, tmp_path):
    store = new_store('postgresql', request)
    app = write_app(tmp_path / 'small', APP)
    inbox = Inbox(app / 'incoming')
    servers = [start(app, *store), start(app, *store)]
    for number in range(20):
        inbox.put(f'{number:02}.csv', f'id\n{number}\n' if number % 5 else 'id\nx\n')
    wait_until(lambda: not inbox.names(), pause=0.2)
    assert sorted(ids(servers[0])) == [number for number in range(20) if number % 5]
    assert len(inbox.names_in('done')) == 16
    assert len(inbox.names_in('rejected')) == 8


def test_a_file_without_room_for_its_rows_holds_up_no_other(start, request, tmp_path, small_disk):
    app = write_app(tmp_path / 'small', APP)
    inbox = Inbox(app / 'incoming')
    server = start(app, *new_store('postgresql', request), var=small_disk)
    inbox.put('large.csv', 'id,name\n' + ''.join(f'{number},{"n" * 1000}\n' for number in range(20000)), age=90)
    wait_until(lambda: server.read_stderr(0.1) and 'large.csv: ' in server.stderr)
    inbox.put('small.csv', 'id\n1\n')
    inbox.wait_for('done', 'small.csv')
    assert ids(server) == [1]
    assert inbox.names() == ['large.csv']
