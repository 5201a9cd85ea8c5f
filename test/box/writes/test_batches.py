# SPDX-License-Identifier: Apache-2.0
"""What batches have to do with each other: those that share a commit, wait for a lock, or use the same table `batch`."""
import sqlite3
import threading

import pytest

from server import run, wait_until, write_app

FORM = 'application/x-www-form-urlencoded'

APP = {
    'schema/001_tables.sql': '''
        CREATE TABLE known (id integer PRIMARY KEY);
        INSERT INTO known VALUES (0), (1);
        CREATE TABLE t (id integer PRIMARY KEY, name text,
                        known integer REFERENCES known (id) DEFERRABLE INITIALLY DEFERRED);
    ''',
    'get_t.sql': '''-- @endpoint GET /t
-- @param like text default '%'
-- @shape values
-- @answer
SELECT id FROM t WHERE coalesce(name, '') LIKE :like ORDER BY id;
''',
    'post_t.sql': '''-- @endpoint POST /t
-- @field id integer required
-- @field known integer
-- @field name text
-- @write
INSERT INTO t (id, known, name) SELECT id, known, name FROM batch;
-- @answer 201
SELECT count(*) AS inserted FROM batch;
''',
    'delete_t.sql': '''-- @endpoint DELETE /t
-- @param like text required
-- @write
DELETE FROM t WHERE name LIKE :like;
-- @answer
SELECT count(*) AS left, (SELECT count(*) FROM batch) AS rows FROM t;
''',
    'post_tagged.sql': '''-- @endpoint POST /tagged
-- @param tag text required
-- @field id integer required
-- @write
INSERT INTO t (id, name) SELECT id, :tag FROM batch;
-- @answer
SELECT 1 AS x;
''',
}


@pytest.fixture
def server(start, tmp_path):
    return start(write_app(tmp_path / 'small', APP), '--quiet')


def at_once(count, call):
    """The results of call(0), call(1) … made by as many threads."""
    results = {}

    def work(i):
        results[i] = call(i)

    threads = [threading.Thread(target=work, args=(i,)) for i in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == count, 'a request failed'
    return results


def test_a_deferred_constraint_fails_nobody_but_who_breaks_it(server):
    def send(i):
        """Again when it is told to: more may come than wait for the writer (64), where it does not run for a while."""
        answer = server.post('/t', [{'id': i, 'known': 7 if i % 5 == 0 else 1}])
        return None if answer.status == 503 and answer.headers['Retry-After'] else answer

    answers = at_once(90, lambda i: wait_until(lambda: send(i)))
    assert {i: answer.status for i, answer in answers.items()} == {i: 201 if i % 5 else 422 for i in range(90)}
    assert {answer.body for i, answer in answers.items() if i % 5} == {b'[{"inserted":1}]'}
    assert {answer.json()['detail'] for i, answer in answers.items() if i % 5 == 0} == {'a row refers to one that does not exist'}
    assert server.get('/t').json() == [i for i in range(90) if i % 5]


@pytest.mark.threads
def test_all_that_wait_for_a_locked_store_are_told_together(start, tmp_path):
    """One after another they would wait for longer than a client does here."""
    server = start(write_app(tmp_path / 'small', APP), '--quiet')
    with sqlite3.connect(tmp_path / 'var' / 'small.db', isolation_level=None) as other:
        other.execute('BEGIN IMMEDIATE')
        answers = at_once(30, lambda i: server.post('/t', [{'id': i}]))
        other.execute('ROLLBACK')
    assert {answer.status for answer in answers.values()} == {503}
    assert all(answer.headers['Retry-After'] and 'locked' in answer.json()['detail'] for answer in answers.values())
    assert server.post('/t', [{'id': 100}]).status == 201
    assert server.get('/t').json() == [100]


# --- the table batch

def test_a_write_without_fields_meets_no_rows_of_others(server):
    for i in range(3):
        assert server.post('/t', [{'id': i, 'name': 'a'}, {'id': i + 10, 'name': 'b'}]).status == 201
        assert server.request('DELETE', '/t?like=a').json() == [{'left': i + 1, 'rows': 0}]


@pytest.mark.parametrize('files, place, text', [
    ({'get_a.sql': '-- @endpoint GET /a\n-- @answer\nSELECT line FROM batch;\n'}, 'get_a.sql:3:18', 'no such table: batch'),
    ({'get_z.sql': '-- @endpoint GET /z\n-- @answer\nSELECT line FROM batch;\n'}, 'get_z.sql:3:18', 'no such table: batch'),
    ({'delete_z.sql': '-- @endpoint DELETE /z\n-- @write\nDELETE FROM t WHERE id IN (SELECT batch.id FROM batch);\n'
                      '-- @answer\nSELECT 1 AS x;\n'}, 'delete_z.sql:3:35', 'no such column: batch.id'),
])
def test_the_batch_of_another_endpoint_cannot_be_used(tmp_path, files, place, text):
    app = write_app(tmp_path / 'small', {**APP, **files})
    for command in (['check', app], ['serve', '--listen', '127.0.0.1:0', '--var', tmp_path / 'var', app]):
        result = run(*command)
        assert result.returncode == 1
        assert f'{app}/{place}: {text}' in result.stderr


# --- limits

def test_a_value_that_sql_cannot_take_is_400_or_422_of_a_write(server):
    pattern = 1001 * 'x'
    assert server.post('/t', [{'id': 1, 'name': 'a'}]).status == 201
    for answer, status in (server.get(f'/t?like={pattern}'), 400), (server.request('DELETE', f'/t?like={pattern}'), 422):
        assert answer.status == status
        assert answer.json()['detail'] == 'a pattern of LIKE or GLOB is longer than 1000 bytes'
    assert server.get('/t').json() == [1]


def test_a_form_over_its_limit_is_413(server):
    answer = server.post('/t', 'id=1&name=' + 'x' * (1 << 20), FORM)
    assert answer.status == 413
    assert answer.json()['detail'] == 'the form is larger than 1048576 bytes'


# --- files

def test_an_endpoint_that_needs_a_parameter_takes_no_file(tmp_path):
    app = write_app(tmp_path / 'small', APP)
    rows = tmp_path / 'rows.csv'
    rows.write_text('id\n1\n')
    result = run('load', '--var', tmp_path / 'var', app, 'POST /tagged', rows)
    assert result.returncode == 1
    assert 'POST /tagged has a required parameter, which a load cannot give' in result.stderr
    assert 'nothing was loaded' in result.stderr


def test_a_first_load_tells_nothing_before_it_is_on_disk(tmp_path):
    app = write_app(tmp_path / 'small', {
        **APP, 'app.ini': '[load]\nPOST /t = a.csv\nPOST /t = b.csv\n',
        'data/a.csv': 'id,known\n1,1\n', 'data/b.csv': 'id,known\n2,7\n'})
    result = run('serve', '--listen', '127.0.0.1:0', '--var', tmp_path / 'var', app)
    assert result.returncode == 1
    assert 'a row refers to one that does not exist' in result.stderr
    assert f'loaded {app}' not in result.stderr
