# SPDX-License-Identifier: Apache-2.0
"""`--slow`: a statement that takes long is on the error log with its plan, on both stores, and without what clients sent."""
import json
import re
import signal

import pytest

from server import STORES, Server, new_store, wait_until, write_app

# The generated rows are many enough to take longer than --slow on any machine.
MANY = {'sqlite': '''(WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300000) SELECT sum(i * i % 7) FROM n)''',
        'postgresql': '''(SELECT sum(i::bigint * i % 7) FROM generate_series(1, 1000000) AS i)'''}
SECRET = 'personal-4711'


def app_of(store):
    return {
        'app.ini': 'title = Slow\n',
        'schema/001_things.sql': '''CREATE TABLE things (id bigint PRIMARY KEY, name text);
INSERT INTO things VALUES (1, 'a'), (2, 'b');
''',
        'get_slow.sql': f'''-- @endpoint GET /slow/{{name}}
-- @param name text
-- @cache off
-- @answer
SELECT id, name, {MANY[store]} AS work FROM things WHERE name <> :name ORDER BY name;
''',
        'get_quick.sql': '''-- @endpoint GET /quick
-- @answer
SELECT id FROM things ORDER BY id;
''',
        'post_things.sql': f'''-- @endpoint POST /things
-- @field id integer required
-- @field name text required
-- @write
INSERT INTO things (id, name) SELECT id, name FROM batch WHERE {MANY[store]} > 0;
-- @answer 201
SELECT count(*) AS n FROM batch;
''',
    }


def lines_of(server, count):
    """The slow lines, once there are so many."""
    wait_until(lambda: server.read_stderr(0.1) and server.stderr.count('"kind":"slow"') >= count)
    return [line for line in map(json.loads, server.stderr.splitlines()) if line['kind'] == 'slow']


@pytest.fixture
def start(tmp_path):
    servers = []

    def begin(*args):
        servers.append(Server(*args, var=tmp_path / 'var'))
        return servers[-1]
    yield begin
    for server in servers:
        server.stop()


@pytest.mark.parametrize('store', STORES)
def test_a_slow_read_and_a_slow_batch_are_told_with_their_plans(start, tmp_path, store, request):
    server = start(write_app(tmp_path / 'slow', app_of(store)), '--slow', '20ms', '--log', 'json', *new_store(store, request))
    trace = '4bf92f3577b34da6a3ce929d0e0e4736'
    answer = server.get(f'/slow/{SECRET}', traceparent=f'00-{trace}-00f067aa0ba902b7-00')
    assert answer.status == 200 and len(answer.json()) == 2
    assert server.post('/things', [{'id': 7, 'name': SECRET}]).status == 201
    assert server.get('/quick').status == 200
    read, write = lines_of(server, 2)
    assert (read['app'], read['method'], read['route'], read['statement']) == ('slow', 'GET', '/slow/{name}', 'answer')
    assert read['file'].endswith('get_slow.sql') and read['line'] == 5 and read['rows'] == 2 and read['trace_id'] == trace
    assert read['seconds'] >= 0.02
    assert any('things' in step['step'] for step in read['plan']), read
    assert (write['method'], write['route']) == ('POST', '/things')
    assert write['file'].endswith('post_things.sql')
    assert any('batch' in step['step'] for step in write['plan']), write
    if store == 'sqlite':
        assert write['statement'] == 'write'
        assert {'things'} == {step['reads_all_of'] for step in read['plan'] if 'reads_all_of' in step}
    assert SECRET not in server.stderr
    assert server.stop() == 0
    assert server.stderr.count('"kind":"slow"') == 2, 'the quick one is not told'


@pytest.mark.parametrize('store', [store for store in STORES if store == 'postgresql'])
def test_a_plan_is_told_whole_though_a_table_of_it_takes_too_long_to_be_counted(start, tmp_path, store, request):
    """The plan names the system's table without its schema, and under that name the app has something that never ends."""
    files = app_of(store)
    files['schema/002_never.sql'] = 'CREATE VIEW sql_features AS SELECT 1 AS one WHERE pg_sleep(600) IS NOT NULL;\n'
    files['get_features.sql'] = f'''-- @endpoint GET /features
-- @cache off
-- @answer
SELECT count(*) AS n, {MANY[store]} AS work FROM information_schema.sql_features WHERE feature_name <> '';
'''
    server = start(write_app(tmp_path / 'slow', files), '--slow', '20ms', '--log', 'json', *new_store(store, request))
    assert server.get('/features').status == 200
    line, = lines_of(server, 1)
    steps = [step['step'] for step in line['plan']]
    scan = next(i for i, step in enumerate(steps) if step.startswith('Seq Scan on sql_features'))
    assert steps[scan + 1].startswith('Filter: '), steps
    assert 'reads_all_of' not in line['plan'][scan]
    assert not any('time' in step for step in steps), steps


def test_the_plan_is_told_once_a_minute_and_the_line_each_time(start, tmp_path):
    server = start(write_app(tmp_path / 'slow', app_of('sqlite')), '--slow', '20ms', '--log', 'json')
    for _ in range(3):
        assert server.get('/slow/x').status == 200
    lines = lines_of(server, 3)
    assert ['plan' in line for line in lines] == [True, False, False]


def test_a_line_of_text_has_it_all(start, tmp_path):
    server = start(write_app(tmp_path / 'slow', app_of('sqlite')), '--slow', '20ms')
    assert server.get('/slow/' + SECRET).status == 200
    wait_until(lambda: server.read_stderr(0.1) and 'slow: ' in server.stderr)
    line, = [line for line in server.stderr.splitlines() if line.startswith('slow: ')]
    assert re.fullmatch(r'slow: slow: GET /slow/\{name\}: .*/get_slow\.sql:5: @answer: \d+ ms, 2 rows; plan; .*things.*', line), line
    assert SECRET not in server.stderr


@pytest.mark.parametrize('options', [['--slow', '0'], ['--slow', '1h']])
def test_nothing_is_told_where_nothing_is_slow(start, tmp_path, options):
    server = start(write_app(tmp_path / 'slow', app_of('sqlite')), *options)
    assert server.get('/slow/x').status == 200
    assert server.stop() == 0
    assert 'slow: ' not in server.stderr


def test_sighup_takes_another_time_and_another_form(tmp_path):
    app, configuration = write_app(tmp_path / 'slow', app_of('sqlite')), tmp_path / 'reckoner.ini'
    configuration.write_text('[log]\nslow = 0\n')
    server = Server(app, '--config', configuration, var=tmp_path / 'var')
    try:
        assert server.get('/slow/x').status == 200
        wait_until(lambda: ' GET /slow/x 200 ' in server.access_log())  # in the form that holds so far
        configuration.write_text('[log]\nslow = 20ms\nformat = json\nspans = yes\n')
        server.process.send_signal(signal.SIGHUP)
        wait_until(lambda: server.read_stderr(0.1) and 'configuration was read anew' in server.stderr)
        assert 'slow: slow: GET' not in server.stderr and '"kind":"slow"' not in server.stderr
        trace = '4bf92f3577b34da6a3ce929d0e0e4736'
        assert server.get('/slow/y', traceparent=f'00-{trace}-00f067aa0ba902b7-01').status == 200
        wait_until(lambda: server.read_stderr(0.1) and '"kind":"slow"' in server.stderr and '"kind":"span"' in server.stderr)
        server.process.send_signal(signal.SIGHUP)
        wait_until(lambda: server.read_stderr(0.1) and server.stderr.count('configuration was read anew') == 2)
    finally:
        assert server.stop() == 0
    before, after = server.stdout.splitlines()
    assert ' GET /slow/x 200 ' in before
    assert json.loads(after)['path'] == '/slow/y' and json.loads(after)['trace_id'] == trace
    assert json.loads([line for line in server.stderr.splitlines() if 'configuration was read anew' in line][1])['kind'] == 'message'
