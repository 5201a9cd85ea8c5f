# SPDX-License-Identifier: Apache-2.0
"""`reckoner reset` and `serve --reset`: a store made anew, after a question."""
import os
import pty
import subprocess

import pytest

from server import BINARY, STORES, new_store, run, write_app

APP = {
    'schema/001_tables.sql': 'CREATE TABLE rows (id integer PRIMARY KEY);',
    'get_rows.sql': '-- @endpoint GET /rows\n-- @shape values\n-- @answer\nSELECT id FROM rows ORDER BY id;\n',
    'post_rows.sql': '-- @endpoint POST /rows\n-- @field id integer required\n-- @write\nINSERT INTO rows SELECT id FROM batch;\n'
                     '-- @answer 201\nSELECT count(*) AS n FROM batch;\n',
    'app.ini': '[load]\nPOST /rows = rows.csv\n',
    'data/rows.csv': 'id\n1\n2\n',
}


def ids(server):
    return server.get('/rows').json()


@pytest.fixture(params=STORES)
def options(request, tmp_path):
    return ['--var', str(tmp_path / 'var'), *new_store(request.param, request)]


@pytest.fixture
def app(tmp_path):
    return write_app(tmp_path / 'small', APP)


def fill(start, app, options):
    server = start(app, *options)
    assert server.post('/rows', {'id': 9}).status == 201
    assert ids(server) == [1, 2, 9]
    assert server.stop() == 0


def test_a_reset_leaves_what_a_first_start_makes(start, app, options):
    fill(start, app, options)
    write_app(app, {'schema/001_tables.sql': '-- edited\n' + (app / 'schema' / '001_tables.sql').read_text(),
                    'data/rows.csv': 'id\n5\n'})
    result = run('reset', '--yes', app, *options)
    assert result.returncode == 0, result.stderr
    assert f'loaded {app}/data/rows.csv' in result.stderr
    assert ids(start(app, *options)) == [5]


def test_serve_resets_before_it_begins(start, app, options):
    fill(start, app, options)
    assert ids(start(app, '--reset', '--yes', *options)) == [1, 2]


def test_without_a_yes_nothing_is_taken_away(start, app, options):
    fill(start, app, options)
    result = run('reset', app, *options)
    assert result.returncode == 1 and 'say --yes where nobody can be asked' in result.stderr
    master, slave = pty.openpty()
    os.write(master, b'n\n')
    asked = subprocess.run([BINARY, 'reset', app, *options], stdin=slave, capture_output=True, text=True, check=False)
    os.close(slave)
    os.close(master)
    assert asked.returncode == 1 and asked.stderr.endswith('Go on? [y/N] reckoner: nothing was taken away\n')
    assert ids(start(app, *options)) == [1, 2, 9]


def test_the_question_says_how_many_keys_go(start, app, options):
    fill(start, app, options)
    for _ in range(2):
        assert run('key', 'create', app, *options).returncode == 0
    master, slave = pty.openpty()
    os.write(master, b'n\n')
    asked = subprocess.run([BINARY, 'reset', app, *options], stdin=slave, capture_output=True, text=True, check=False)
    os.close(slave)
    os.close(master)
    assert 'is taken away, for good, and with it 2 keys that let clients in. Go on? [y/N] ' in asked.stderr


def test_a_yes_on_the_terminal_is_enough(start, app, options):
    fill(start, app, options)
    master, slave = pty.openpty()
    os.write(master, b'y\n')
    asked = subprocess.run([BINARY, 'reset', app, *options], stdin=slave, capture_output=True, text=True, check=False)
    os.close(slave)
    os.close(master)
    assert asked.returncode == 0, asked.stderr
    assert ids(start(app, *options)) == [1, 2]


def test_an_app_that_does_not_run_keeps_its_store(start, app, options):
    fill(start, app, options)
    (app / 'get_more.sql').write_text('-- @endpoint GET /more\n-- @answer\nSELECT nowhere AS a;\n')
    result = run('reset', '--yes', app, *options)
    assert result.returncode == 1 and 'get_more.sql:3:8' in result.stderr
    (app / 'get_more.sql').unlink()
    assert ids(start(app, *options)) == [1, 2, 9]


def test_a_store_that_is_not_there_is_not_made(app, tmp_path):
    result = run('reset', '--yes', app, '--var', tmp_path / 'typo')
    assert result.returncode == 1
    assert result.stderr == f'reckoner: sqlite:{tmp_path}/typo/small.db: there is no such store to reset; --var says in which folder it is\n'
    assert not (tmp_path / 'typo').exists()
