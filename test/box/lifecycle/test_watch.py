# SPDX-License-Identifier: Apache-2.0
"""serve --watch: an edit is in force at the next request; a broken one leaves what was there and says why."""
import contextlib
import sqlite3
import threading

import pytest

from server import STORES, new_store, wait_until, write_app

ANSWER = '-- @endpoint GET /a\n-- @answer\nSELECT {} AS a;\n'
APP = {
    'app.ini': 'title = Watched\n',
    'schema/001_t.sql': 'CREATE TABLE t (x integer PRIMARY KEY);',
    'get_a.sql': ANSWER.format(0),
    'post_t.sql': '-- @endpoint POST /t\n-- @field x integer required\n-- @write\nINSERT INTO t SELECT x FROM batch;\n-- @answer 201\n'
                  'SELECT count(*) AS n FROM batch;\n',
    'public/page.txt': 'one',
}


@pytest.fixture
def app(tmp_path):
    return write_app(tmp_path / 'watched', APP)


@pytest.mark.threads
def test_each_edit_is_in_force_at_the_next_request(start, app):
    server = start('--watch', app)
    for number in range(1, 60):
        (app / 'get_a.sql').write_text(ANSWER.format(number))
        assert server.get('/a').json() == [{'a': number}]


def test_an_edit_by_renaming_as_editors_do_is_seen(start, app):
    server = start('--watch', app)
    for number in range(1, 20):
        (app / 'get_a.sql.new').write_text(ANSWER.format(number))
        (app / 'get_a.sql.new').rename(app / 'get_a.sql')
        assert server.get('/a').json() == [{'a': number}]


@pytest.mark.threads
def test_a_broken_edit_keeps_the_old_one_and_says_why(start, app):
    server = start('--watch', app)
    (app / 'get_a.sql').write_text('-- @endpoint GET /a\n-- @answr\nSELECT 1 AS a;\n')
    assert server.get('/a').json() == [{'a': 0}]
    wait_until(lambda: server.read_stderr(0.1) and 'get_a.sql:2:4: unknown directive @answr; did you mean @answer?' in server.stderr)
    (app / 'get_a.sql').write_text('-- @endpoint GET /a\n-- @answer\nSELECT nowhere AS a;\n')
    assert server.get('/a').json() == [{'a': 0}]
    wait_until(lambda: server.read_stderr(0.1) and 'no such column: nowhere' in server.stderr)
    (app / 'get_a.sql').write_text(ANSWER.format(5))
    assert server.get('/a').json() == [{'a': 5}]


@pytest.mark.parametrize('store', STORES)
def test_a_statement_that_fails_is_named_in_the_answer_to_its_author(start, request, app, store):
    write_app(app, {'get_g.sql': "-- @endpoint GET /g\n-- @column a integer\n-- @answer\n\nSELECT 'x' AS a;\n"})
    options = new_store(store, request)
    server = start('--watch', *options, app)
    answer = server.get('/g')
    assert (answer.status, answer.json()['detail']) == (500, f"{app}/get_g.sql:5:1: column a is declared integer, and a row has x")


def test_files_that_come_and_go_are_endpoints_that_come_and_go(start, app):
    server = start('--watch', app)
    assert server.get('/b').status == 404
    (app / 'get_b.sql').write_text(ANSWER.format(7).replace('/a', '/b/{id}').replace('-- @answer', '-- @param id integer\n-- @answer')
                                   .replace('7', ':id'))
    assert server.get('/b/8').json() == [{'a': 8}]
    (app / 'get_a.sql').unlink()
    assert (server.get('/a').status, server.get('/b/9').status) == (404, 200)
    (app / 'public' / 'sub').mkdir()
    (app / 'public' / 'sub' / 'two.txt').write_text('two')
    assert wait_until(lambda: server.get('/sub/two.txt').status == 200)
    (app / 'public' / 'page.txt').unlink()
    assert server.get('/page.txt').status == 404


@pytest.mark.threads
def test_a_new_schema_file_is_applied_and_a_changed_one_refused(start, app):
    server = start('--watch', app)
    assert server.post('/t', {'x': 1}).status == 201
    write_app(app, {'schema/002_u.sql': 'CREATE TABLE u AS SELECT x + 1 AS y FROM t;'})
    (app / 'get_u.sql').write_text('-- @endpoint GET /u\n-- @answer\nSELECT y FROM u;\n')
    assert server.get('/u').json() == [{'y': 2}]
    (app / 'schema' / '001_t.sql').write_text('-- changed\n' + APP['schema/001_t.sql'])
    assert server.get('/u').json() == [{'y': 2}]
    wait_until(lambda: server.read_stderr(0.1) and '001_t' in server.stderr)
    (app / 'schema' / '001_t.sql').write_text(APP['schema/001_t.sql'])
    assert server.post('/t', {'x': 2}).status == 201


def test_a_schema_file_is_applied_when_something_is_in_it(start, app):
    server = start('--watch', app)
    (app / 'schema' / '002_u.sql').touch()
    wait_until(lambda: server.get('/a').status == 200 and server.read_stderr(0.1) and 'schema/002_u.sql: the file is empty' in server.stderr)
    write_app(app, {'schema/002_u.sql': 'CREATE TABLE u AS SELECT 5 AS y;', 'get_u.sql': '-- @endpoint GET /u\n-- @answer\nSELECT y FROM u;\n'})
    assert server.get('/u').json() == [{'y': 5}]


@pytest.mark.threads
def test_a_write_endpoint_that_changes_takes_batches_the_new_way(start, app):
    server = start('--watch', app)
    for number in range(1, 10):
        text = APP['post_t.sql'].replace('SELECT x FROM', f'SELECT x + {number * 1000} FROM').replace('count(*)', str(number))
        (app / 'post_t.sql').write_text(text)
        assert server.post('/t', {'x': 1}).json() == [{'n': number}]


@pytest.mark.threads
def test_no_request_is_lost_while_files_change_together_with_load(start, app):
    server = start('--watch', app)
    wrong, ended = [], threading.Event()

    def ask():
        while not ended.is_set():
            answer = server.get('/a')
            if answer.status != 200:
                wrong.append(answer.status)

    def send(base):
        for i in range(60):
            answer = server.post('/t', {'x': base + i})
            if answer.status != 201:
                wrong.append(answer.body)

    readers = [threading.Thread(target=ask) for _ in range(3)]
    writers = [threading.Thread(target=send, args=(base,)) for base in (1000, 2000)]
    for thread in readers + writers:
        thread.start()
    for number in range(1, 40):
        (app / 'get_a.sql').write_text(ANSWER.format(number) if number % 3 else 'broken')
    for thread in writers:
        thread.join()
    ended.set()
    for thread in readers:
        thread.join()
    assert wrong == []
    (app / 'get_a.sql').write_text('-- @endpoint GET /a\n-- @answer\nSELECT count(*) AS n FROM t;\n')
    assert server.get('/a').json() == [{'n': 120}]


def test_without_watch_edits_wait_for_the_next_start(start, app):
    server = start(app)
    (app / 'get_a.sql').write_text(ANSWER.format(1))
    assert server.get('/a').json() == [{'a': 0}]


def test_a_schema_file_is_not_applied_for_endpoints_that_do_not_fit_it(start, app):
    server = start('--watch', app)
    (app / 'get_x.sql').write_text('-- @endpoint GET /x\n-- @answer\nSELECT x FROM t;\n')
    assert server.get('/x').json() == []
    write_app(app, {'schema/002_y.sql': 'ALTER TABLE t RENAME COLUMN x TO y;'})
    assert server.get('/x').json() == []
    wait_until(lambda: server.read_stderr(0.1) and 'no such column: x' in server.stderr)
    (app / 'get_x.sql').write_text('-- @endpoint GET /x\n-- @answer\nSELECT y AS x FROM t;\n')
    (app / 'post_t.sql').write_text(APP['post_t.sql'].replace('INSERT INTO t SELECT', 'INSERT INTO t (y) SELECT'))
    assert server.post('/t', {'x': 3}).status == 201
    assert server.get('/x').json() == [{'x': 3}]


# --- a draft: a store that has nothing but its first load

DRAFT = {**APP, 'post_t.sql': APP['post_t.sql'].replace('INTO t SELECT', 'INTO t (x) SELECT'), 
         'app.ini': '[load]\nPOST /t = t.csv\n', 'data/t.csv': 'x\n1\n', 'data/more.csv': 'x\n5\n',
         'get_t.sql': '-- @endpoint GET /t\n-- @shape values\n-- @answer\nSELECT x FROM t ORDER BY x;\n'}


@pytest.fixture(params=STORES)
def draft(request, tmp_path):
    return write_app(tmp_path / 'draft', DRAFT), new_store(request.param, request)


def tells(server, text):
    return wait_until(lambda: server.read_stderr(0.1) and text in server.stderr)


def test_a_schema_file_of_a_draft_may_change(start, draft):
    app, store = draft
    server = start('--watch', app, *store)
    for number in range(3):
        (app / 'schema' / '001_t.sql').write_text(f'CREATE TABLE t (x integer PRIMARY KEY, y integer DEFAULT {number});')
        (app / 'get_t.sql').write_text(DRAFT['get_t.sql'].replace('SELECT x', 'SELECT x * 10 + y'))
        assert server.get('/t').json() == [10 + number]
        assert server.post('/t', {'x': 'none'}).status == 422  # what is refused leaves it a draft
        assert server.post('/t', {'x': 1}).status == 409
        dry = server.request('POST', '/t', '{"x": 2}', {'Content-Type': 'application/json', 'Prefer': 'tx=rollback'})
        assert dry.status == 201
    tells(server, 'the store is made anew, as only its first load was in it')
    assert server.post('/t', {'x': 2}).status == 201


def test_a_schema_file_of_more_than_a_draft_may_not_change(start, draft):
    app, store = draft
    server = start('--watch', app, *store)
    assert server.post('/t', {'x': 2}).status == 201
    write_app(app, {'schema/001_t.sql': '-- changed\n' + APP['schema/001_t.sql']})
    assert server.get('/t').json() == [1, 2]
    tells(server, "has changed since it was applied")
    assert server.get('/t').json() == [1, 2]


def test_a_store_that_was_served_for_real_is_no_draft(start, draft, tmp_path):
    app, store = draft
    options = ['--var', tmp_path / 'var', *store]
    assert start('--watch', app, *options).stop() == 0
    assert start(app, *options).stop() == 0
    server = start('--watch', app, *options)
    write_app(app, {'schema/001_t.sql': '-- changed\n' + APP['schema/001_t.sql']})
    assert server.get('/t').json() == [1]
    tells(server, "has changed since it was applied")


def test_a_store_that_has_tables_of_others_is_no_draft(start, draft, tmp_path, request):
    app, store = draft
    if store:
        request.getfixturevalue('databases').sql('CREATE SCHEMA draft; CREATE TABLE draft.kept (a integer); INSERT INTO draft.kept VALUES (7)',
                                               store[1].rpartition('/')[2])
    else:
        (tmp_path / 'var').mkdir()
        with contextlib.closing(sqlite3.connect(tmp_path / 'var' / 'draft.db')) as db:
            db.executescript('CREATE TABLE kept (a integer); INSERT INTO kept VALUES (7);')
    write_app(app, {'get_kept.sql': '-- @endpoint GET /kept\n-- @answer\nSELECT a FROM kept;\n'})
    write_app(app, {'schema/000_kept.sql': 'CREATE TABLE IF NOT EXISTS kept (a integer);'})
    server = start('--watch', app, '--var', tmp_path / 'var', *store)
    write_app(app, {'schema/001_t.sql': '-- changed\n' + APP['schema/001_t.sql']})
    assert server.get('/kept').json() == [{'a': 7}]
    tells(server, "has changed since it was applied")


@pytest.mark.threads
def test_a_new_line_of_load_is_loaded_at_the_next_request(start, draft):
    app, store = draft
    server = start('--watch', app, *store)
    write_app(app, {'app.ini': DRAFT['app.ini'] + 'POST /t = more.csv\n'})
    assert server.get('/t').json() == [1, 5]
    tells(server, f'loaded {app}/data/more.csv')
    write_app(app, {'app.ini': DRAFT['app.ini'] + 'POST /t = more.csv\nPOST /t = bad.csv\n', 'data/bad.csv': 'x\n7\neight\n'})
    assert server.get('/t').json() == [1, 5]
    tells(server, f'{app}/data/bad.csv:3: x: must be an integer')


def test_a_broken_app_is_waited_for(start, tmp_path):
    app = write_app(tmp_path / 'watched', {**APP, 'get_a.sql': '-- @endpoint GET /a\n-- @answr\n'})
    server = start('--watch', app, wait=False)
    tells(server, 'waits for an edit that mends it')
    (app / 'get_a.sql').write_text('-- @endpoint GET /a\n-- @answer\nSELECT nowhere AS a;\n')
    tells(server, 'no such column: nowhere')
    (app / 'get_a.sql').write_text(ANSWER.format(3))
    server.wait_ready()
    assert server.get('/a').json() == [{'a': 3}]
