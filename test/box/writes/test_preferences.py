# SPDX-License-Identifier: Apache-2.0
"""What a client prefers (RFC 7240): dry runs, answers without a body, and batches whose bad rows are left out."""
import json
import threading

import pytest

from server import STORES, new_store, run, wait_until, write_app

APP = {
    'schema/001_tables.sql': '''
CREATE TABLE known (id bigint NOT NULL PRIMARY KEY);
INSERT INTO known VALUES (1), (2), (3);
CREATE TABLE t (id bigint NOT NULL PRIMARY KEY, known bigint REFERENCES known DEFERRABLE INITIALLY DEFERRED, name text);
INSERT INTO t VALUES (1, 1, 'one');
''',
    'get_t.sql': '''-- @endpoint GET /t
-- @shape values
-- @answer
SELECT id FROM t ORDER BY id;
''',
    'get_one.sql': '''-- @endpoint GET /t/{id}
-- @param id integer
-- @depends t (id = :id)
-- @answer
SELECT id, name FROM t;
''',
    'post_t.sql': '''-- @endpoint POST /t
-- @lenient
-- @field id integer required min 0
-- @field known integer
-- @field name text unique
-- @reject 409 is there
SELECT line, 'id' AS field, id AS value FROM batch WHERE id IN (SELECT id FROM t);
-- @reject 422 no day for it
SELECT NULL AS line, known AS value FROM batch WHERE known = 13;
-- @write
INSERT INTO t (id, known, name) SELECT id, known, name FROM batch;
-- @answer 201
SELECT count(*) AS inserted, (SELECT count(*) FROM t) AS stored FROM batch;
''',
    'post_warned.sql': '''-- @endpoint POST /warned
-- @lenient
-- @field id integer required
-- @reject 422 odd
SELECT line FROM batch WHERE id % 2 = 1;
-- @warn large
SELECT line, 'id' AS field, id AS value FROM batch WHERE id > 100;
-- @write
INSERT INTO t (id) SELECT id FROM batch;
-- @answer
SELECT count(*) AS inserted FROM batch;
''',
    'put_t.sql': '''-- @endpoint PUT /t/{id}
-- @param id integer
-- @one
-- @field name text required
-- @reject 404 no such thing
SELECT 'id' AS parameter WHERE NOT EXISTS (SELECT 1 FROM t WHERE id = :id);
-- @write
UPDATE t SET name = b.name FROM batch AS b WHERE t.id = :id;
-- @answer
SELECT id, name FROM t WHERE id = :id;
''',
    'delete_t.sql': '''-- @endpoint DELETE /t/{id}
-- @param id integer
-- @write
DELETE FROM t WHERE id = :id;
''',
    'put_both.sql': '''-- @endpoint PUT /both
-- @parallel
-- @field id integer required
-- @write
INSERT INTO t (id) SELECT id FROM batch;
-- @answer
SELECT count(*) AS inserted FROM batch;
''',
}


@pytest.fixture(params=STORES)
def server(start, tmp_path, request):
    return start(write_app(tmp_path / 'small', APP), '--quiet', *new_store(request.param, request))


def send(server, method, path, rows=None, prefer=None, **headers):
    if rows is not None:
        headers |= {'Content-Type': 'application/json'}
    if prefer is not None:
        headers['Prefer'] = prefer
    return server.request(method, path, None if rows is None else json.dumps(rows), headers)


def applied(answer):
    return answer.headers['Preference-Applied']


# --- tx=rollback

def test_a_dry_run_answers_as_it_would_and_leaves_nothing(server):
    for _ in range(2):
        answer = send(server, 'POST', '/t', [{'id': 5}, {'id': 6}], 'tx=rollback')
        assert (answer.status, answer.json()) == (201, [{'inserted': 2, 'stored': 3}])
        assert applied(answer) == 'tx=rollback'
        assert 'Prefer' in answer.headers.get_all('Vary')
    answer = send(server, 'PUT', '/t/1', {'name': 'other'}, 'tx=rollback')
    assert (answer.status, answer.json()) == (200, [{'id': 1, 'name': 'other'}])
    answer = send(server, 'DELETE', '/t/1', prefer='tx="ROLLBACK"')
    assert (answer.status, answer.body, applied(answer)) == (204, b'', 'tx=rollback')
    answer = send(server, 'PUT', '/both', [{'id': 7}], 'tx=rollback')
    assert (answer.status, answer.json()) == (200, [{'inserted': 1}])
    assert server.get('/t').json() == [1]
    assert server.get('/t/1').json() == [{'id': 1, 'name': 'one'}]
    answer = send(server, 'POST', '/t', [{'id': 5}, {'id': 6}], 'tx=commit')
    assert (answer.status, answer.json(), applied(answer)) == (201, [{'inserted': 2, 'stored': 3}], 'tx=commit')
    assert server.get('/t').json() == [1, 5, 6]


def test_a_dry_run_is_refused_as_the_batch_would_be(server):
    for rows, status, errors in (
            ([{'id': 1}, {'id': -1}], 409, [(1, 'is_there'), (2, 'min')]),
            ([{'id': 4, 'known': 1}, {'id': 5, 'known': 77}], 422, [(2, 'constraint')]),  # found at the commit
            ([{'id': 4}, {'id': 4}], 409, [(2, 'conflict')]),
            ([{'id': 'x'}], 422, [(1, 'type')])):
        dry, real = send(server, 'POST', '/t', rows, 'tx=rollback'), send(server, 'POST', '/t', rows)
        assert (dry.status, dry.errors('line', 'code')) == (status, errors), rows
        assert dry.body == real.body
        assert (applied(dry), applied(real)) == ('tx=rollback', None)
    assert send(server, 'PUT', '/t/9', {'name': 'x'}, 'tx=rollback').status == 404
    assert server.get('/t').json() == [1]


def test_kept_answers_stay_valid_through_a_dry_run(server):
    def source(path):
        return server.get(path).headers['Cache-Status']

    for path in '/t', '/t/1':
        wait_until(lambda: 'hit' in source(path))
    for _ in range(3):
        assert send(server, 'POST', '/t', [{'id': 5}], 'tx=rollback').status == 201
        assert send(server, 'PUT', '/t/1', {'name': 'x'}, 'tx=rollback').status == 200
        assert 'hit' in source('/t') and 'hit' in source('/t/1')
    assert send(server, 'POST', '/t', [{'id': 5}]).status == 201
    assert 'stale' in source('/t')


def test_dry_runs_among_real_batches_leave_nothing(server):
    statuses = {}

    def work(i):
        prefer = 'tx=rollback' if i % 2 else None
        row = {'id': 100 + i, 'known': 77 if i % 5 == 0 else 1}
        statuses[i] = send(server, 'POST', '/t', [row], prefer).status

    threads = [threading.Thread(target=work, args=(i,)) for i in range(30)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert statuses == {i: 422 if i % 5 == 0 else 201 for i in range(30)}
    assert server.get('/t').json() == [1] + [100 + i for i in range(30) if i % 5 and i % 2 == 0]


def test_metrics_count_a_dry_run_by_itself(server):
    assert send(server, 'POST', '/t', [{'id': 5}], 'tx=rollback').status == 201
    assert send(server, 'POST', '/t', [{'id': 1}], 'tx=rollback').status == 409
    text = server.get('/-/metrics').body.decode()
    assert 'reckoner_batches_total{app="small",outcome="rolled_back"} 1\n' in text
    assert 'reckoner_batches_total{app="small",outcome="refused"} 1\n' in text
    assert 'reckoner_batches_total{app="small",outcome="written"} 0\n' in text
    assert 'reckoner_batch_rows_total{app="small"} 0\n' in text


def test_a_plan_takes_the_rows_of_a_dry_run(start, tmp_path):
    """Each needs the writer's time, as the batch would."""
    plan = {'app.ini': '[access]\nopen_plan = trial\n[plan trial]\nrows = 10/day\n'}
    server = start(write_app(tmp_path / 'small', APP | plan), '--quiet')
    rows = [{'id': i} for i in range(5, 14)]
    answer = send(server, 'POST', '/t', rows, 'tx=rollback')  # 9 rows, and one of the answer
    assert answer.status == 201
    answer = send(server, 'POST', '/t', rows, 'tx=rollback')
    assert (answer.status, answer.headers['Retry-After'] is not None) == (429, True)


# --- return

def test_a_minimal_answer_has_no_body(server):
    answer = send(server, 'POST', '/t', [{'id': 5}], 'return=minimal')
    assert (answer.status, answer.body, applied(answer)) == (201, b'', 'return=minimal')
    assert answer.headers['Content-Length'] == '0' and 'Content-Type' not in answer.headers
    answer = send(server, 'PUT', '/t/5', {'name': 'x'}, 'return=minimal')
    assert (answer.status, answer.body, applied(answer)) == (204, b'', 'return=minimal')
    assert 'Content-Length' not in answer.headers
    assert server.get('/t/5').json() == [{'id': 5, 'name': 'x'}]
    answer = send(server, 'PUT', '/t/5', {'name': 'y'}, 'return=minimal, tx=rollback')
    assert (answer.status, applied(answer)) == (204, 'tx=rollback, return=minimal')
    answer = send(server, 'POST', '/t', [{'id': 5}], 'return=minimal')
    assert (answer.status, applied(answer)) == (409, None)
    assert answer.errors('line', 'code') == [(1, 'is_there')]
    answer = send(server, 'PUT', '/t/5', {'name': 'z'}, 'return=representation')
    assert (answer.json(), applied(answer)) == ([{'id': 5, 'name': 'z'}], 'return=representation')
    answer = send(server, 'DELETE', '/t/5', prefer='return=representation')  # which has none
    assert (answer.status, applied(answer)) == (204, None)


# --- what is not applied

def test_what_is_not_understood_is_passed_over(server):
    for i, prefer in enumerate(('', 'tx', 'tx=both', 'return=none', 'handling', 'depth-noroot', 'tx="rollback', 'a b, =')):
        answer = send(server, 'POST', '/t', [{'id': 10 + i}], prefer)
        assert (answer.status, applied(answer)) == (201, None), prefer
    answer = send(server, 'POST', '/t', [{'id': 30}], 'tx=commit, tx=rollback, handling=strict; a=b')
    assert (answer.status, applied(answer)) == (201, 'tx=commit, handling=strict')
    assert server.get('/t').json()[-1] == 30
    read = server.get('/t', Prefer='return=minimal, tx=rollback')
    assert (read.status, applied(read)) == (200, None) and read.json()[-1] == 30


def test_leniency_is_passed_over_where_it_is_not_declared_or_has_no_place(server):
    answer = send(server, 'PUT', '/both', [{'id': 'x'}, {'id': 5}], 'handling=lenient')
    assert (answer.status, applied(answer)) == (422, None)
    answer = send(server, 'POST', '/t', [{'id': 1}, {'id': 5}], 'handling=lenient', Accept='text/csv')
    assert (answer.status, applied(answer)) == (409, None)
    answer = send(server, 'POST', '/t', [{'id': 1}, {'id': 5}])
    assert (answer.status, answer.errors('line')) == (409, [(1,)])
    assert 'Prefer' in answer.headers.get_all('Vary')
    assert server.get('/t').json() == [1]


# --- handling=lenient

def test_good_rows_go_in_and_bad_ones_are_told_beside_the_answer(server):
    rows = [{'id': 5, 'name': 'a'}, {'id': 1, 'name': 'b'}, {'id': -1}, {'id': 6, 'name': 'a'}, {'id': 7, 'more': 1}, {'id': 8}]
    answer = send(server, 'POST', '/t', rows, 'handling=lenient')
    assert (answer.status, applied(answer)) == (201, 'handling=lenient')
    told = answer.json()
    assert list(told) == ['answer', 'errors', 'errors_total']
    assert told['answer'] == [{'inserted': 2, 'stored': 3}]
    assert [(error['line'], error['code']) for error in told['errors']] == [
        (2, 'is_there'), (3, 'min'), (4, 'unique'), (5, 'unknown_field')]
    assert told['errors_total'] == 4
    assert server.get('/t').json() == [1, 5, 8]
    answer = send(server, 'POST', '/t', [{'id': 9}], 'handling=lenient')
    assert answer.json() == {'answer': [{'inserted': 1, 'stored': 4}], 'errors': [], 'errors_total': 0}
    assert b'<code>Prefer: handling=lenient</code>' in server.get('/-/docs').body


def test_what_is_about_the_whole_refuses_it_with_its_own_status(server):
    answer = send(server, 'POST', '/t', [{'id': 4}, {'id': 1}, {'id': 5, 'known': 13}], 'handling=lenient')
    assert answer.status == 422
    assert answer.json()['detail'] == 'errors in the batch: 2, of which some are not about a row; nothing of it was written'
    assert answer.errors('line', 'code') == [(None, 'no_day_for_it'), (2, 'is_there')]


def test_when_no_row_is_left_the_batch_is_refused(server):
    for rows in [{'id': 1}], [{'id': -1}], [{'id': 1}, {'id': 'x'}]:
        answer = send(server, 'POST', '/t', rows, 'handling=lenient')
        assert answer.status in (409, 422)
        assert answer.json()['detail'] == f'errors in the batch: {len(rows)}; nothing of it was written'
        assert applied(answer) == 'handling=lenient'


def test_a_constraint_refuses_a_lenient_batch_and_names_its_row(server):
    for rows, errors in (([{'id': -1}, {'id': 4}, {'id': 5, 'known': 77}], [(1, 'min'), (3, 'constraint')]),
                         ([{'id': 1}, {'id': 4}, {'id': 4}], [(1, 'is_there'), (3, 'conflict')])):
        for prefer in 'handling=lenient', 'handling=lenient, tx=rollback':
            answer = send(server, 'POST', '/t', rows, prefer)
            assert answer.errors('line', 'code') == errors, answer.body
    assert server.get('/t').json() == [1]


def test_leniency_goes_with_dry_runs_and_keeps_errors_in_a_minimal_answer(server):
    rows = [{'id': 5}, {'id': 1}]
    answer = send(server, 'POST', '/t', rows, 'handling=lenient, tx=rollback')
    assert (answer.status, applied(answer)) == (201, 'tx=rollback, handling=lenient')
    assert (answer.json()['answer'], answer.json()['errors_total']) == ([{'inserted': 1, 'stored': 2}], 1)
    assert server.get('/t').json() == [1]
    answer = send(server, 'POST', '/t', rows, 'handling=lenient, return=minimal')
    assert (answer.status, applied(answer), answer.json()['errors_total']) == (201, 'handling=lenient', 1)
    answer = send(server, 'POST', '/t', [{'id': 6}], 'handling=lenient, return=minimal')
    assert (answer.status, applied(answer), answer.body) == (201, 'handling=lenient, return=minimal', b'')
    assert server.get('/t').json() == [1, 5, 6]


def test_warnings_stand_behind_the_errors(server):
    answer = send(server, 'POST', '/warned', [{'id': 3}, {'id': 200}, {'id': 4}], 'handling=lenient')
    assert answer.json() == {
        'answer': [{'inserted': 2}],
        'errors': [{'line': 1, 'code': 'odd', 'detail': 'odd'}], 'errors_total': 1,
        'warnings': [{'line': 2, 'field': 'id', 'value': '200', 'code': 'large', 'detail': 'large'}], 'warnings_total': 1}


def test_of_a_large_batch_all_bad_rows_are_left_out(server):
    """More than a report has room for; in CSV, whose lines are those of the file."""
    lines = ['id,known', *(f'{i if i % 3 else -i},{1}' for i in range(100, 100100)), '', '1,1']
    answer = server.request('POST', '/t', '\n'.join(lines), {'Content-Type': 'text/csv', 'Prefer': 'handling=lenient'})
    bad = len([i for i in range(100, 100100) if i % 3 == 0]) + 1
    assert answer.status == 201, answer.body[:500]
    told = answer.json()
    assert told['answer'] == [{'inserted': 100001 - bad, 'stored': 100002 - bad}]
    assert (told['errors_total'], len(told['errors'])) == (bad, 1000)
    rows = [{'id': i} for i in range(50, 100100)]  # nearly all are there
    told = send(server, 'POST', '/t', rows, 'handling=lenient').json()
    assert told['answer'] == [{'inserted': 50 + bad - 1, 'stored': 100002 - bad + 50 + bad - 1}]
    assert told['errors_total'] == 100050 - 50 - bad + 1


def test_check_tells_where_leniency_has_no_use(tmp_path):
    app = write_app(tmp_path / 'small', APP | {'put_t.sql': APP['put_t.sql'].replace('-- @one\n', '-- @one\n-- @lenient\n')})
    checked = run('check', app)
    assert checked.returncode == 1
    assert 'put_t.sql:4:4: @lenient leaves bad rows out, and with @one there would be none left; take one of them away' in checked.stderr
