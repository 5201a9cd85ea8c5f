# SPDX-License-Identifier: Apache-2.0
"""Files that are loaded each time that they have changed (`[reload]` in app.ini), on both stores."""
import os
import signal
import threading
import time

import pytest

import metrics
from server import STORES, Server, new_store, wait_until, write_app
from watched import APP

INI = '[reload]\nPUT /state = data/state.csv\n'


def put(path, text, age=60):
    """Another file in its place, written `age` seconds ago."""
    path.parent.mkdir(exist_ok=True)
    hidden = path.with_name('.new')
    hidden.write_text(text)
    then = time.time() - age
    os.utime(hidden, (then, then))
    hidden.rename(path)


@pytest.fixture(params=STORES)
def arguments(request, tmp_path):
    return [write_app(tmp_path / 'small', {**APP, 'app.ini': INI}), *new_store(request.param, request)]


@pytest.fixture
def file(arguments):
    return arguments[0] / 'data' / 'state.csv'


def wait_for(server, *ids):
    wait_until(lambda: server.get('/state').json() == list(ids), pause=0.2)


def told(server, text):
    return wait_until(lambda: server.read_stderr(0.1) and text in server.stderr)


def test_a_file_that_changes_replaces_the_table(start, arguments, file):
    put(file, 'id\n1\n2\n', age=90)
    server = start(*arguments)
    wait_for(server, 1, 2)
    put(file, 'id\n3\n', age=80)
    wait_for(server, 3)
    put(file, 'id\n4\nx\ny\n', age=70)
    told(server, 'state.csv:3: id x: ')
    assert server.get('/state').json() == [3]
    put(file, 'id\n3\n', age=60)  # as it was, and the state that is loaded
    told(server, 'state.csv: it has the bytes of batch 2, which was loaded last')
    put(file, 'id\n1\n2\n', age=50)  # as it was once
    wait_for(server, 1, 2)
    assert file.exists() and sorted(os.listdir(file.parent)) == ['state.csv']
    found = metrics.read(server)
    assert [found.one('reckoner_files_total', app='small', outcome=outcome) for outcome in ('done', 'known', 'rejected')] == [3, 1, 1]
    records = server.get('/-/batches').json()['batches']
    assert {record['file'] for record in records} == {'state.csv'}


def test_only_what_is_newer_is_loaded_at_a_start(start, arguments, file):
    put(file, 'id\n1\n', age=60)
    server = start(*arguments)
    wait_for(server, 1)
    assert server.stop() == 0
    put(file, 'id\n2\n', age=90)
    server = start(*arguments)
    told(server, 'state.csv: it was written before the file that was loaded last')
    assert server.get('/state').json() == [1]
    os.utime(file)
    wait_for(server, 2)
    assert server.stop() == 0
    server = start(*arguments)
    put(file.with_name('other.csv'), 'id\n7\n')
    file.unlink()
    told(server, 'state.csv: could not be opened: No such file or directory')
    file.symlink_to('other.csv')
    assert server.get('/state').json() == [2]


def test_readers_see_the_old_state_or_the_new_one(start, arguments, file):
    put(file, 'id\n' + ''.join(f'{i}\n' for i in range(1000)))
    server = start(*arguments)
    wait_until(lambda: len(server.get('/state').json()) == 1000)
    seen, is_over = [], threading.Event()

    def read():
        while not is_over.is_set():
            ids = server.get('/state').json()
            seen.append((len(ids), ids[0]))
    reader = threading.Thread(target=read)
    reader.start()
    put(file, 'id\n' + ''.join(f'{i}\n' for i in range(5000, 5500)), age=50)
    wait_until(lambda: (500, 5000) in seen)
    is_over.set()
    reader.join()
    assert set(seen) <= {(1000, 0), (500, 5000)}


@pytest.mark.threads
def test_it_waits_for_a_quiet_moment(start, arguments, file):
    (arguments[0] / 'app.ini').write_text(INI + 'quiet = 3s\n')
    put(file, 'id\n1\n', age=90)
    server = start(*arguments)
    wait_for(server, 1)  # the first time it waits for nothing
    put(file, 'id\n2\n', age=80)
    assert metrics.read(server).one('reckoner_files_total', app='small', outcome='done') == 1
    wait_until(lambda: metrics.read(server).one('reckoner_files_total', app='small', outcome='done') == 2)  # no requests for the app
    assert server.get('/state').json() == [2]


def test_it_waits_for_its_time_of_the_day(start, arguments, file):
    hour = (time.localtime().tm_hour + 12) % 24
    (arguments[0] / 'app.ini').write_text(f'{INI}at = {hour:02}:00\n')
    put(file, 'id\n1\n', age=90)
    server = start(*arguments)
    wait_for(server, 1)
    put(file, 'id\n2\n', age=80)
    (arguments[0] / 'app.ini').write_text(INI)
    assert server.get('/state').json() == [1]
    server.process.send_signal(signal.SIGHUP)
    wait_for(server, 2)


@pytest.mark.parametrize('step', ['file-settled', 'file-read', 'reload-sealed', 'reload-committed'])
def test_a_crash_leaves_the_old_state_or_the_new_one(arguments, file, tmp_path, step):
    put(file, 'id\n1\n', age=90)
    server = Server(*arguments, var=tmp_path / 'var', env={'RECKONER_CRASH': f'{step}:2'})
    wait_for(server, 1)
    put(file, 'id\n2\n', age=80)
    assert server.process.wait(60) == -signal.SIGKILL
    server.stop()
    server = Server(*arguments, var=tmp_path / 'var')
    wait_for(server, 2)
    batches = [record['id'] for record in server.get('/-/batches').json()['batches']]
    assert batches == [2, 1] if arguments[1:] == [] else len(batches) == 2
    assert server.stop() == 0, server.stderr
