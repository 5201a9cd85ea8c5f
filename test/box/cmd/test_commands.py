# SPDX-License-Identifier: Apache-2.0
"""The commands for those who write an app: init, check, test, explain; what load and serve tell of warnings."""
import os
import signal
import subprocess

import pytest

from server import BINARY, ROOT, run, wait_until, write_app
from small_apps import LOAD_APP, READ_APP, ids

ECHO_APP = {
    'schema/001_t.sql': 'CREATE TABLE t (id integer PRIMARY KEY, name text);',
    'get_t.sql': '-- @endpoint GET /t\n-- @answer\nSELECT id, name FROM t ORDER BY id;\n',
    'get_one.sql': '''-- @endpoint GET /t/{id}
-- @param id integer
-- @shape object
-- @answer
SELECT id, name FROM t WHERE id = :id;
''',
    'get_ping.sql': '-- @endpoint GET /ping\n-- @shape text\n-- @answer\nSELECT \'pong\' AS pong;\n',
    'get_slow.sql': READ_APP['get_slow.sql'],
    'post_t.sql': '''-- @endpoint POST /t
-- @field id integer required
-- @field name text
-- @write
INSERT INTO t (id, name) SELECT id, name FROM batch;
-- @answer 201
SELECT count(*) AS added FROM batch;
''',
    'app.ini': '[load]\nPOST /t = t.csv\n',
    'data/t.csv': 'id,name\n1,one\n2,two\n',
}

PRIVATE_APP = {
    **ECHO_APP,
    'post_known.sql': '''-- @endpoint POST /known
-- @private
-- @field id integer required
-- @field name text
-- @warn the id is known
SELECT line, 'id' AS field, id AS value FROM batch WHERE id IN (SELECT id FROM t);
-- @write
INSERT OR IGNORE INTO t (id, name) SELECT id, name FROM batch;
-- @answer 201
SELECT count(*) AS added FROM batch;
''',
    'app.ini': '[load]\nPOST /t = t.csv\nPOST /known = known.csv\n',
    'data/known.csv': 'id,name\n2,zwei\n3,three\n',
}


def http(text):
    return {'tests/a.http': text}


def run_tests(tmp_path, files, *args, **options):
    """`reckoner test` of an app with these files; its temporary folder has to be gone afterwards."""
    temporary = tmp_path / 'tmp'
    temporary.mkdir(exist_ok=True)
    app = write_app(tmp_path / 'small', files)
    result = run('test', *args, app, env={**os.environ, 'TMPDIR': str(temporary)}, **options)
    assert list(temporary.iterdir()) == []
    return result


def tap(result):
    """The lines of the tests, as (good, name)."""
    lines = result.stdout.splitlines()
    assert lines[0] == 'TAP version 13'
    found = [line.split(' - ', 1) for line in lines if line.startswith(('ok ', 'not ok '))]
    assert [int(head.split()[-1]) for head, _ in found] == list(range(1, len(found) + 1))
    assert f'1..{len(found)}' in lines
    return [(head.startswith('ok'), name) for head, name in found]


# --- init

def test_init_writes_an_app_that_passes_check_and_test(tmp_path):
    app = tmp_path / 'my-books'
    result = run('init', app)
    assert result.returncode == 0, result.stderr
    assert f'reckoner serve --watch {app}' in result.stdout and f'reckoner test {app}' in result.stdout
    result = run('check', app)
    assert (result.returncode, result.stderr) == (0, f'{app}: 3 endpoints, 1 schema files, no errors\n')
    result = run('test', app)
    assert result.returncode == 0, result.stdout + result.stderr
    assert len(tap(result)) >= 12


def test_what_init_prints_works(start, tmp_path):
    app = tmp_path / 'books'
    text = run('init', app).stdout
    server = start(app)
    for line in text.replace('\\\n', '').splitlines():
        if line.strip().startswith('curl '):
            line = line.replace('127.0.0.1:8080', f'127.0.0.1:{server.port}').replace('curl', 'curl -sSf')
            subprocess.run(line, shell=True, check=True, capture_output=True, timeout=60)
    assert server.get('/books/11').json()['title'] == 'Dracula'
    assert 'Books' in server.get('/').body.decode()


@pytest.mark.parametrize('name', ['Books', '1books', 'my books', '.', '..', 'bücher', 'a.b'])
def test_init_refuses_a_name_that_no_app_has(tmp_path, name):
    result = run('init', f'{tmp_path}/{name}' if name not in ('.', '..') else name)
    assert result.returncode == 1
    assert "the folder's name is the app's" in result.stderr


def test_init_keeps_what_is_there(tmp_path):
    app = write_app(tmp_path / 'books', {'.hidden': 'mine'})
    result = run('init', app)
    assert result.returncode == 1 and 'not empty' in result.stderr
    assert [path.name for path in app.iterdir()] == ['.hidden']
    (tmp_path / 'file').write_text('')
    assert run('init', tmp_path / 'file').returncode == 1
    assert 'No such file' in run('init', tmp_path / 'no' / 'books').stderr
    (tmp_path / 'empty').mkdir()
    assert run('init', f'{tmp_path}/empty/').returncode == 0


# --- test

def test_good_tests_pass(tmp_path):
    result = run_tests(tmp_path, {**ECHO_APP, **http('''### a row
GET /t/1
HTTP 200
content-type: application/json

{"name": "...", "id": 1}

### a text # with a mark
GET /ping
HTTP 200

pong

### nothing of the body is compared
HEAD /ping
HTTP 200
''')})
    assert result.returncode == 0, result.stdout + result.stderr
    app = tmp_path / 'small'
    assert tap(result) == [(True, f'{app}/tests/a.http: a row'), (True, f'{app}/tests/a.http: a text \\# with a mark'),
                           (True, f'{app}/tests/a.http: nothing of the body is compared')]
    assert '# 3 passed, 0 failed' in result.stdout


def test_what_fails_is_told_with_its_place(tmp_path):
    result = run_tests(tmp_path, {**ECHO_APP, **http('''### status
GET /t/9
HTTP 200
### body
GET /t/1
HTTP 200

{"id": 1, "name": "eins"}
### header
GET /t/1
HTTP 200
Content-Type: text/csv
### good
GET /t/2
HTTP 200
''')})
    assert result.returncode == 1
    assert [good for good, _ in tap(result)] == [False, False, False, True]
    path = tmp_path / 'small' / 'tests' / 'a.http'
    assert f'# {path}:3: expected status 200, got 404 with "{{' in result.stdout
    assert f'# {path}:8: name: expected "eins", got "one"' in result.stdout
    assert f'# {path}:12: expected Content-Type: text/csv, got "application/json"' in result.stdout
    assert '# 1 passed, 3 failed' in result.stdout


def test_requests_of_a_file_see_each_other_s_writes_and_no_other_file_s(tmp_path):
    write = '### write\nPOST /t\nContent-Type: application/json\n\n{"id": 3}\nHTTP 201\n'
    read = '### read\nGET /t/3\nHTTP %d\n'
    result = run_tests(tmp_path, {**ECHO_APP, 'tests/a.http': write + read % 200, 'tests/b.http': read % 404 + write + read % 200})
    assert result.returncode == 0, result.stdout
    assert len(tap(result)) == 5
    assert result.stdout.index('a.http') < result.stdout.index('b.http')


def test_examples_are_run_each_on_a_fresh_store(tmp_path):
    files = {**ECHO_APP,
             'get_t.sql': ECHO_APP['get_t.sql'].replace('-- @answer', '-- @example /t\n-- @example /t?limit=x\n-- @answer'),
             'get_one.sql': ECHO_APP['get_one.sql'].replace('-- @shape', '-- @example /t/9\n-- @shape'),
             'post_t.sql': ECHO_APP['post_t.sql'].replace('-- @write', '-- @example {"id": 9}\n-- @example [{"id": 9}]\n-- @write')}
    result = run_tests(tmp_path, files)
    app = tmp_path / 'small'
    assert result.returncode == 1
    assert sorted(tap(result)) == sorted([
        (True, f'{app}/get_t.sql: @example GET /t'), (True, f'{app}/get_t.sql: @example GET /t?limit=x'),
        (False, f'{app}/get_one.sql: @example GET /t/9'),
        (True, f'{app}/post_t.sql: @example POST /t'), (True, f'{app}/post_t.sql: @example POST /t')])
    assert f'# {app}/get_one.sql:3: expected a status from 200 to 299, got 404 with' in result.stdout


def test_files_that_are_wrong_are_told(tmp_path):
    result = run_tests(tmp_path, {**ECHO_APP, 'tests/a.http': '### one\nGET /t\n', 'tests/b.http': b'### \x00\n',
                                  'tests/c.http': '### good\nGET /t\nHTTP 200\n', 'tests/.d.http': 'x', 'tests/e.txt': 'x'})
    assert result.returncode == 1
    tests = tmp_path / 'small' / 'tests'
    assert tap(result) == [(False, f'{tests}/a.http: the file can be read'), (False, f'{tests}/b.http: the file can be read'),
                           (True, f'{tests}/c.http: good')]
    assert f'# {tests}/a.http:2: no line such as "HTTP 200"' in result.stdout
    assert f'# {tests}/b.http:1: a NUL byte' in result.stdout


def test_an_app_without_tests_fails_as_nothing_was_tested(tmp_path):
    result = run_tests(tmp_path, ECHO_APP)
    assert result.returncode == 1
    assert tap(result) == [] and 'has no tests' in result.stdout


def test_an_app_that_does_not_open_fails_and_others_go_on(tmp_path):
    good = write_app(tmp_path / 'good', {**ECHO_APP, **http('### one\nGET /t\nHTTP 200\n')})
    broken = write_app(tmp_path / 'broken', {**ECHO_APP, 'get_t.sql': '-- @endpoint GET /t\n-- @answer\nSELECT x;\n'})
    data = write_app(tmp_path / 'data', {**ECHO_APP, 'data/t.csv': 'id,name\nx,one\n'})
    result = run('test', broken, data, tmp_path / 'missing', good)
    assert result.returncode == 1
    assert [good for good, _ in tap(result)] == [False, False, False, True]
    assert 'no such column: x' in result.stderr and f'{data}/data/t.csv:2: id: must be an integer (x)' in result.stderr


def test_a_request_that_is_not_answered_ends_the_run(tmp_path):
    result = run_tests(tmp_path, {**ECHO_APP, **http('### slow\nGET /slow\nHTTP 200\n')}, '--timeout', 1)
    assert result.returncode == 1
    assert 'not ok 1 - ' in result.stdout and 'no whole answer in time' in result.stdout
    assert 'Bail out! a request was not answered within 1 s' in result.stdout


def heed_signals():
    """What runs in the background has SIGINT ignored, and under nohup SIGHUP, and so would its children."""
    for number in (signal.SIGINT, signal.SIGHUP, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)


def start_hanging_run(tmp_path):
    """A run whose only request waits for long, and its temporary folder, which is there already."""
    temporary = tmp_path / 'tmp'
    temporary.mkdir()
    app = write_app(tmp_path / 'small', {**ECHO_APP, **http('### slow\nGET /slow\nHTTP 200\n')})
    process = subprocess.Popen([BINARY, 'test', app], env={**os.environ, 'TMPDIR': str(temporary)}, stdout=subprocess.DEVNULL,
                               stderr=subprocess.PIPE, text=True, start_new_session=True, cwd=ROOT, preexec_fn=heed_signals)
    wait_until(lambda: any('copy' in path.name for path in temporary.rglob('*')))
    return process, temporary


@pytest.mark.threads
@pytest.mark.parametrize('how', [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_the_run_and_leaves_nothing(tmp_path, how):
    process, temporary = start_hanging_run(tmp_path)
    process.send_signal(how)
    process.communicate(timeout=30)
    assert process.returncode == -how
    assert list(temporary.iterdir()) == []


@pytest.mark.threads
def test_a_server_that_crashes_leaves_nothing(tmp_path):
    process, temporary = start_hanging_run(tmp_path)
    children = open(f'/proc/{process.pid}/task/{process.pid}/children', encoding='ascii').read().split()
    assert len(children) == 1
    os.kill(int(children[0]), signal.SIGKILL)
    _, stderr = process.communicate(timeout=30)
    assert process.returncode == 1
    assert 'crashed with signal 9' in stderr
    assert list(temporary.iterdir()) == []


# --- check

def test_check_does_the_first_load(tmp_path):
    app = write_app(tmp_path / 'small', {**ECHO_APP, 'data/t.csv': 'id,name\n1,one\nx,two\n'})
    result = run('check', app)
    assert result.returncode == 1
    assert f'{app}/data/t.csv:3: id: must be an integer (x)' in result.stderr
    (app / 'data' / 't.csv').unlink()
    result = run('check', app)
    assert result.returncode == 1 and 'could not be opened' in result.stderr


def test_check_warns_of_whole_reads_and_unsure_orders(tmp_path):
    app = write_app(tmp_path / 'small', {
        **ECHO_APP, 'data/t.csv': 'id,name\n' + ''.join(f'{i},n\n' for i in range(2000)),
        'get_named.sql': '-- @endpoint GET /named\n-- @param name text\n-- @answer\n'
                         'SELECT id FROM t WHERE name = :name ORDER BY id;\n',
        'get_some.sql': '-- @endpoint GET /some\n-- @answer\nSELECT id FROM t LIMIT 5;\n'})
    (app / 'get_t.sql').write_text(ECHO_APP['get_t.sql'].replace('ORDER BY id', 'ORDER BY id LIMIT 10'))
    result = run('check', app)
    assert result.returncode == 0, result.stderr
    lines = result.stderr.splitlines()
    assert lines[0].startswith(f'{app}/get_named.sql:4:1: warning: reads all 2000 rows of t each time')
    assert lines[1].startswith(f'{app}/get_some.sql:3:18: warning: a LIMIT without an ORDER BY')
    assert lines[2] == f'{app}: 7 endpoints, 1 schema files, no errors, 2 warnings'
    assert len(lines) == 3


# --- explain

@pytest.fixture
def explained(tmp_path):
    return write_app(tmp_path / 'small', {
        **ECHO_APP,
        'data/t.csv': 'id,name\n' + ''.join(f'{i},n\n' for i in range(2000)),
        'get_some.sql': '''-- @endpoint GET /some
-- @param n integer required
-- @param name text
-- @reject 404 n is too large
SELECT 'n' AS parameter WHERE :n > 100;
-- @answer when :n < 10
SELECT id FROM t WHERE id < :n ORDER BY id;
-- @answer
SELECT id FROM t WHERE name = :name ORDER BY id;
'''})


def explain(app, *args):
    result = run('explain', *args[1:], '--var', app.parent / 'var', app, args[0])
    assert result.returncode == 0, result.stderr
    return result.stdout.replace(str(app) + '/', '')


def test_explain_tells_what_ran_and_how(explained):
    text = explain(explained, 'GET /some?n=5')
    assert f'on a store in memory with the first load, as there is no {explained.parent}/var/small.db yet\n' in text
    assert 'get_some.sql:5: @reject 404 n is too large: 0 rows, ' in text
    assert 'get_some.sql:6: @answer 200 when :n < 10: the condition: 1 row, ' in text
    assert 'get_some.sql:7: @answer 200 when :n < 10: 5 rows, ' in text
    assert '\n    SEARCH t USING INTEGER PRIMARY KEY (rowid<?)\n' in text
    assert 'get_some.sql:9: @answer 200: not run\n' in text
    assert 'get_some.sql:5: tables: none\n' in text and 'get_some.sql:7: tables: t\n' in text
    assert 'answered with 200: 46 bytes\n' in text
    assert not (explained.parent / 'var').exists()


def test_explain_tells_what_is_slow(explained):
    text = explain(explained, 'GET /some?n=50&name=x')
    assert '    SCAN t  (all of t: 2000 rows)\n' in text
    assert 'get_some.sql:9: reads all 2000 rows of t: an index on the columns' in text
    assert 'get_t.sql: answers with 2000 rows: @page would give them in parts' in explain(explained, 'GET /t')


def test_explain_goes_as_far_as_the_request_does(explained):
    text = explain(explained, 'GET /some?n=500')
    assert 'get_some.sql:5: @reject 404 n is too large: 1 row, ' in text
    assert text.count(': not run\n') == 2
    assert 'refused with 404' in text


def test_explain_uses_the_store_that_is_there(start, explained, tmp_path):
    server = start(explained)
    assert server.post('/t', {'id': 5000, 'name': 'new'}).status == 201
    text = explain(explained, 'GET /t/5000')
    assert text.startswith(f'on sqlite:{tmp_path}/var/small.db\n')
    assert 'answered with 200: 24 bytes' in text


def test_explain_rolls_a_write_back(start, explained, tmp_path):
    server = start(explained)
    rows = tmp_path / 'rows.json'
    rows.write_text('[{"id": 7000}, {"id": 7001}]')
    result = run('explain', explained, 'POST /t', rows, '--var', tmp_path / 'var')
    assert result.returncode == 0, result.stderr
    assert '/post_t.sql:5: @write: 0 rows, ' in result.stdout and 'answered with 201' in result.stdout
    assert server.get('/t/7000').status == 404
    rows.write_text('[{"id": "x"}]')
    result = run('explain', explained, 'POST /t', rows, '--var', tmp_path / 'var')
    assert 'refused with 422' in result.stdout and 'id: must be an integer' in result.stderr


@pytest.mark.parametrize('request_text, text', [
    ('GET /nothing', 'no endpoint has this path'),
    ('DELETE /t', 'DELETE is not for this path: it answers GET, HEAD, POST, OPTIONS'),
    ('GET /some', 'n: is required'),
    ('GET /some?n=x', 'n: must be an integer (x)'),
    ('GET /t/x', 'id: must be an integer (x)'),
    ('GET /t/%', 'badly percent-encoded'),
    ('GRAB /t', 'this is no request; one begins with GET /path'),
    ('/t', 'this is no request; one begins with GET /path'),
    ('GET', 'this is no request; one begins with GET /path'),
    ('GET t', 'this is no request; one begins with GET /path'),
    ('POST /t', 'a write needs its rows'),
])
def test_explain_says_what_the_server_would_not_answer(explained, request_text, text):
    result = run('explain', explained, request_text, '--var', explained.parent / 'var')
    assert result.returncode == 1
    assert text in result.stderr


def test_explain_says_what_is_wrong_with_its_file_and_store(explained, tmp_path):
    var = ('--var', tmp_path / 'var')
    assert 'could not be opened' in run('explain', explained, 'POST /t', tmp_path / 'none.csv', *var).stderr
    assert 'takes no rows' in run('explain', explained, 'GET /t', tmp_path / 'none.csv', *var).stderr
    assert 'must end in .csv' in run('explain', explained, 'POST /t', tmp_path / 'none.txt', *var).stderr
    (tmp_path / 'other.db').write_bytes(b'')
    result = run('explain', explained, 'GET /t', '--store', f'sqlite:{tmp_path}/other.db')
    assert result.returncode == 1
    assert 'no such table: t' in result.stderr and "'reckoner serve' brings it up to date" in result.stderr


# --- load, routes and serve

def test_load_tells_warnings_and_reaches_private_endpoints(tmp_path):
    app = write_app(tmp_path / 'small', PRIVATE_APP)
    rows = tmp_path / 'rows.csv'
    rows.write_text('id,name\n7,seven\n7,again\n')
    var = ('--var', tmp_path / 'var')
    rows.write_text('id,name\n1,x\n8,x\n2,x\n')
    result = run('load', app, 'POST /known', rows, *var)
    assert result.returncode == 0, result.stderr
    assert result.stderr.splitlines()[-3:] == [f'{rows}:2: warning: id: the id is known (1)',
                                               f'{rows}:4: warning: id: the id is known (2)', f'{rows}: 2 warnings']
    rows.write_text('id,name\n' + ''.join(f'{i},x\n' for i in range(1, 101)))
    run('load', app, 'POST /known', rows, *var)
    lines = run('load', app, 'POST /known', rows, *var).stderr.splitlines()
    assert len(lines) == 21 and lines[-1] == f'{rows}: … 100 warnings in all'


def test_load_on_a_new_store_does_the_first_load_before_its_file(start, tmp_path):
    app = write_app(tmp_path / 'small', LOAD_APP)
    data = write_app(tmp_path / 'data', {'groups.csv': 'name\nc\n', 'rows.csv': 'id,grp\n7,a\n', 'MORE.CSV': 'id,grp\n8,a\n'})
    options = ('--data', data, '--var', tmp_path / 'var')
    result = run('load', app, 'POST /rows', data / 'MORE.CSV', *options)
    assert (result.returncode, result.stderr) == (0, f'reckoner: sqlite:{tmp_path}/var/small.db: this store was not there, and is made\nloaded {data}/groups.csv\nloaded {data}/rows.csv\n')
    (data / 'rows.csv').write_text('id,grp\n9,b\n')
    server = start(app, *options)
    assert f'{data}/rows.csv has changed since its first load, and is not loaded again' in server.stderr
    assert ids(server) == [7, 8]


def test_the_first_load_tells_its_warnings(start, tmp_path):
    app = write_app(tmp_path / 'small', PRIVATE_APP)
    server = start(app)
    assert f'{app}/data/known.csv:2: warning: id: the id is known (2)\n{app}/data/known.csv: 1 warning\n' in server.stderr
    assert server.get('/t/3').status == 200
    assert server.post('/known', {'id': 4}).status == 404


def test_a_data_folder_may_have_a_folder_for_each_app(start, tmp_path):
    small = write_app(tmp_path / 'small', LOAD_APP)
    other = write_app(tmp_path / 'other', ECHO_APP)
    data = write_app(tmp_path / 'data', {'t.csv': 'id,name\n70,x\n', 'small/rows.csv': 'id,grp\n7,a\n'})
    server = start(small, other, '--data', data)
    assert ids(server) == [7]
    assert server.get('/t').json() == [{'id': 70, 'name': 'x'}]


def test_serve_makes_its_folder(start, tmp_path):
    app = write_app(tmp_path / 'small', ECHO_APP)
    server = start(app, '--store', f'sqlite:{tmp_path}/x.db')
    assert server.get('/ping').body == b'pong' and (tmp_path / 'var').is_dir()
    (tmp_path / 'file').write_text('')
    result = run('serve', app, '--listen', '127.0.0.1:0', '--var', tmp_path / 'file' / 'var')
    assert result.returncode == 1 and 'name another folder with --var' in result.stderr


def test_routes_tells_private_endpoints_and_path_parameters(tmp_path):
    app = write_app(tmp_path / 'small', PRIVATE_APP)
    lines = [line.split() for line in run('routes', app).stdout.splitlines()]
    assert ['POST', '/known', '{id', '[name]}', '(private)', f'{app}/post_known.sql'] in lines
    assert ['GET', '/t/{id}', f'{app}/get_one.sql'] in lines
