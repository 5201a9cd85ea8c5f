# SPDX-License-Identifier: Apache-2.0
"""Batches that are accepted for later (`Prefer: respond-async`): jobs, on both stores."""
import concurrent.futures
import gzip
import http.client
import json
import signal

import pytest

import metrics
from later import APP, Store, accepted, all_ended, ended, ids, send
from server import STORES, Server, new_store, run, wait_until, write_app

@pytest.fixture(params=STORES)
def arguments(request, tmp_path):
    """What a server of the app is started with, on each kind of store."""
    return [write_app(tmp_path / 'small', APP), *new_store(request.param, request)]


@pytest.fixture
def store(arguments, tmp_path):
    return Store(arguments, tmp_path / 'var')


@pytest.fixture
def server(start, arguments):
    return start(*arguments, '--quiet')


def test_a_batch_is_accepted_and_goes_in(server):
    answer = send(server, [{'id': 1, 'name': 'a'}, {'id': 2}], path='/t?tag=x')
    assert answer.status == 202
    assert answer.headers['Preference-Applied'] == 'respond-async'
    assert answer.headers['Content-Type'] == 'application/json'
    job = answer.json()
    assert answer.headers['Location'] == f'/-/jobs/{job["id"]}'
    assert len(job['id']) == 26
    assert job['state'] == 'queued'
    assert job['position'] >= 1
    assert job['app'] == 'small' and job['endpoint'] == 'POST /t'
    job = ended(server, answer.headers['Location'])
    assert (job['state'], job['status'], job['answer']) == ('done', 201, [{'inserted': 2}])
    assert (job['rows_in'], job['attempts']) == (2, 1)
    assert job['created'] <= job['started'] <= job['ended']
    assert server.get('/t').json() == [{'id': 1, 'name': 'a', 'tag': 'x'}, {'id': 2, 'name': None, 'tag': 'x'}]


def test_jobs_go_in_in_the_order_of_arrival(server):
    paths = [accepted(server, [{'id': i}]) for i in range(30)]
    for path in paths:
        assert ended(server, path)['state'] == 'done'
    assert ids(server) == list(range(30))


def test_bad_rows_are_reported_as_a_direct_batch_has_them(server):
    direct = server.post('/t', [{'id': 1}, {'id': 'x'}, {}])
    job = ended(server, accepted(server, [{'id': 1}, {'id': 'x'}, {}]))
    assert (job['state'], job['status'], job['attempts']) == ('refused', 422, 1)
    assert job['errors'] == direct.json()['errors']
    assert job['errors_total'] == direct.json()['errors_total'] == 2
    assert job['detail'] == direct.json()['detail']
    assert server.post('/t', [{'id': 5}]).status == 201
    job = ended(server, accepted(server, [{'id': 5}]))  # what a check finds
    assert (job['state'], job['status']) == ('refused', 422)
    assert job['errors'] == [{'line': 1, 'field': 'id', 'value': '5', 'code': 'there_already', 'detail': 'there already'}]
    job = ended(server, accepted(server, b'[{"id": 1'))
    assert (job['state'], job['status']) == ('refused', 400)
    assert ids(server) == [5]


def test_what_the_head_says_is_checked_at_once(server):
    def status(path='/t', body=b'[{"id": 1}]', **headers):
        return server.request('POST', path, body, {'Content-Type': 'application/json', 'Prefer': 'respond-async', **headers}).status
    assert status(**{'Content-Type': 'text/html'}) == 415
    assert status(path='/nowhere') == 404
    assert status(**{'If-Match': '"x"'}) == 412
    assert status(body=b'') == 400
    assert server.get('/-/jobs').json() == {'jobs': []}


@pytest.mark.threads
def test_the_answer_comes_if_the_job_is_over_within_the_wait(server):
    answer = send(server, [{'id': 1}], prefer='respond-async, wait=20')
    assert answer.status == 201, answer.body
    assert answer.json() == [{'inserted': 1}]
    assert answer.headers['Preference-Applied'] == 'respond-async, wait=20'
    assert server.get(answer.headers['Content-Location']).json()['state'] == 'done'
    answer = send(server, [{'id': 1}], prefer='respond-async, wait=20')
    assert answer.status == 422
    assert answer.errors('line', 'code') == [(1, 'there_already')]


def test_bodies_of_every_form_become_rows(server):
    header = {'Prefer': 'respond-async'}
    forms = [
        ('text/csv', b'id,name\n1,a\n', '/t', {}),
        ('text/csv; charset=windows-1252', b'id;name\n2;\xe8\n', '/t?csv.delimiter=%3B', {}),
        ('application/x-ndjson', b'{"id":3}\n{"id":4}\n', '/t', {}),
        ('application/json', gzip.compress(b'[{"id":5}]'), '/t', {'Content-Encoding': 'gzip'}),
        ('application/x-www-form-urlencoded', b'id=6&name=f', '/t', {}),
        ('multipart/form-data; boundary=xx',
         b'--xx\r\nContent-Disposition: form-data; name="f"; filename="a.csv"\r\nContent-Type: text/csv\r\n\r\nid\n7\n\r\n--xx--\r\n', '/t', {}),
    ]
    for content_type, body, path, more in forms:
        answer = server.request('POST', path, body, {'Content-Type': content_type, **header, **more})
        assert answer.status == 202, answer.body
        job = ended(server, answer.headers['Location'])
        assert job['state'] == 'done', job
    assert ids(server) == [1, 2, 3, 4, 5, 6, 7]
    assert server.get('/t').json()[1]['name'] == 'è'


def test_what_no_store_keeps_as_a_text_is_not_put_off(server):
    answer = send(server, [{'id': 1}], Content_Type='application/json; x="\xff"')
    assert (answer.status, answer.headers['Preference-Applied']) == (201, None), answer.body
    assert server.get('/-/jobs').json() == {'jobs': []}
    assert ids(server) == [1]
    assert ended(server, accepted(server, [{'id': 2}], Content_Type='application/json; x="\xc3\xbf"'))['state'] == 'done'


@pytest.mark.threads
def test_what_is_wrong_with_one_job_is_told_to_its_client_alone(server, store):
    """Jobs that come together share a transaction; here the store refuses some of them."""
    accepted(server, [{'id': 0}], path='/t?tag=good')
    refuse = ("CREATE TRIGGER refuse BEFORE INSERT ON reckoner_jobs WHEN NEW.asked LIKE '%tag=bad%' BEGIN SELECT RAISE(ABORT, 'no such jobs'); END"
              if store.url is None else
              "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'no such jobs' USING ERRCODE = '22021'; END $$;"
              'CREATE TRIGGER refuse BEFORE INSERT ON reckoner_jobs FOR EACH ROW '
              "WHEN (NEW.asked LIKE '%tag=bad%') EXECUTE FUNCTION refuse()")
    store.sql(refuse)
    paths = [f'/t?tag={"bad" if i % 4 == 0 else "good"}' for i in range(1, 97)]
    with concurrent.futures.ThreadPoolExecutor(16) as threads:
        answers = list(threads.map(lambda i: send(server, [{'id': i + 1}], path=paths[i]), range(len(paths))))
    assert {answer.status for answer, path in zip(answers, paths) if path.endswith('good')} == {202}
    bad = [answer for answer, path in zip(answers, paths) if path.endswith('bad')]
    assert not {answer.status for answer in bad} & {202, 503}, [answer.body for answer in bad]
    assert {job['state'] for job in all_ended(server)} == {'done'}
    assert sorted(ids(server)) == [0] + [i for i in range(1, 97) if i % 4]


def test_a_large_body_goes_in_by_steps(server):
    rows = [{'id': i, 'name': 'x' * 100} for i in range(80000)]  # some 10 MB: more than two steps
    job = ended(server, accepted(server, rows))
    assert (job['state'], job['rows_in']) == ('done', 80000), job
    assert server.get('/count').json() == 80000


def test_jobs_are_listed(server):
    paths = [accepted(server, [{'id': i}]) for i in (1, 2, 1)]
    jobs = [ended(server, path) for path in paths]
    assert [job['state'] for job in jobs] == ['done', 'done', 'refused']
    def listed(query=''):
        return [job['id'] for job in server.get(f'/-/jobs{query}').json()['jobs']]
    newest = [job['id'] for job in reversed(jobs)]
    assert listed() == newest
    assert listed('?state=done') == newest[1:]
    assert listed('?app=small') == newest
    assert listed('?app=other') == []
    assert listed('?limit=2') == newest[:2]
    assert server.get('/-/jobs?limit=2').json()['next_before'] == newest[1]
    assert listed(f'?before={newest[1]}') == newest[2:]
    assert server.get('/-/jobs?state=late').status == 400
    assert server.get('/-/jobs?limit=0').status == 400
    assert server.get('/-/jobs?before=1').status == 400


def test_lists_go_on_in_the_next_app(start, tmp_path):
    other = {'schema/001_u.sql': 'CREATE TABLE u (id integer);',
             'post_u.sql': '-- @endpoint POST /u\n-- @field id integer required\n-- @write\nINSERT INTO u SELECT id FROM batch;\n'
                           '-- @answer 201\nSELECT count(*) AS n FROM batch;\n'}
    third = {name.replace('u.sql', 'v.sql'): text.replace(' u ', ' v ').replace('/u', '/v') for name, text in other.items()}
    server = start(*[write_app(tmp_path / name, app) for name, app in {'a': APP, 'b': other, 'c': third}.items()], '--quiet')
    sent = [(path, ended(server, accepted(server, [{'id': i}], path=path))['id']) for path in ('/t', '/u', '/v') for i in range(3)]
    newest = [id for path in ('/t', '/u', '/v') for at, id in reversed(sent) if at == path]
    assert [job['id'] for job in server.get('/-/jobs').json()['jobs']] == newest
    for limit in range(1, 10):
        listed, page = [], server.get(f'/-/jobs?limit={limit}').json()
        while 'next_before' in page:
            listed += page['jobs']
            page = server.get(f'/-/jobs?limit={limit}&before={page["next_before"]}').json()
        assert [job['id'] for job in listed + page['jobs']] == newest
    assert server.get(f'/-/jobs?before={"a" * 26}').json()['jobs'] == []


def test_no_such_job(server):
    assert server.get('/-/jobs/' + 'a' * 26).status == 404
    assert server.get('/-/jobs/x').status == 404
    assert server.request('DELETE', '/-/jobs/' + 'a' * 26).status == 404
    assert server.request('POST', '/-/jobs/' + 'a' * 26).status == 405


def test_without_the_preference_nothing_changes(server):
    for prefer in ('wait=5', 'return=representation', 'x'):
        answer = send(server, [{'id': 1}], prefer=prefer)
        assert answer.status in (201, 422)
        assert answer.headers['Location'] is None
    assert server.get('/-/jobs').json() == {'jobs': []}
    for prefer in ('tx=rollback', 'handling=lenient'):  # neither is for a job: they are done at once, and said
        answer = send(server, [{'id': 2}], prefer=f'{prefer}, respond-async', path='/good', Idempotency_Key='k')
        assert answer.status == 201
        assert answer.headers['Preference-Applied'] == prefer
    assert ids(server) == [1, 2]


def test_the_location_is_below_the_prefix_of_a_proxy(start, arguments):
    server = start(*arguments, '--quiet', '--trust-proxy', '127.0.0.1')
    answer = send(server, [{'id': 1}], **{'X-Forwarded-Prefix': '/api'})
    assert answer.headers['Location'].startswith('/api/-/jobs/')


def test_jobs_outlive_kills(arguments, tmp_path):
    """Killed again and again while jobs wait and run: each is done once."""
    expected = []
    server = Server(*arguments, '--quiet', var=tmp_path / 'var')
    for round_ in range(4):
        for i in range(6):
            number = round_ * 10 + i
            accepted(server, [{'id': number, 'name': str(n)} for n in range(200)])
            expected += [number] * 200
        server.stop(signal.SIGKILL)
        server = Server(*arguments, '--quiet', var=tmp_path / 'var')
    assert [job['state'] for job in all_ended(server)] == ['done'] * 24
    assert ids(server) == expected
    assert server.stop() == 0


@pytest.mark.parametrize('step', ['job-accepting', 'job-accepted', 'job-taken', 'job-sealed', 'batch-commit', 'batch-committed', 'job-tried'])
def test_a_job_is_done_once_whatever_step_the_process_dies_at(arguments, tmp_path, step):
    server = Server(*arguments, '--quiet', var=tmp_path / 'var', env={'RECKONER_CRASH': f'{step}:2'})
    sent, known = 0, 0
    try:
        for i in range(200):  # until it dies
            sent = i + 1
            accepted(server, [{'id': i}, {'id': i}])
            known = i + 1
    except OSError:
        pass
    except Exception as error:  # the answer was cut off
        assert 'closed' in str(error) or 'Disconnected' in type(error).__name__ or 'Incomplete' in type(error).__name__, error
    assert server.process.wait(60) != 0
    server.stop()
    server = Server(*arguments, '--quiet', var=tmp_path / 'var')
    all_ended(server)
    found = ids(server)
    assert server.stop() == 0
    assert found in ([i // 2 for i in range(2 * known)], [i // 2 for i in range(2 * sent)])


def test_a_job_that_waits_can_be_cancelled(server, store):
    with store.held():
        path, other = accepted(server, [{'id': 0}]), accepted(server, [{'id': 1}])
        answer = server.request('DELETE', path)
        assert (answer.status, answer.json()['state']) == (200, 'cancelled'), answer.body
        assert server.request('DELETE', path).status == 409
    assert ended(server, other)['state'] == 'done'
    assert server.request('DELETE', other).status == 409
    assert ids(server) == [1]


def test_the_command_works_on_jobs_whether_a_server_runs_or_not(arguments, tmp_path):
    server = Server(*arguments, '--quiet', var=tmp_path / 'var')
    app, options = arguments[0], [*arguments[1:], '--var', tmp_path / 'var']
    done = ended(server, accepted(server, [{'id': 1}]))['id']
    refused = ended(server, accepted(server, [{'id': 1}]))['id']
    listed = run('job', 'list', *options, app)
    assert listed.returncode == 0, listed.stderr
    assert [line.split()[:2] for line in listed.stdout.splitlines()] == [[refused, 'refused'], [done, 'done']]
    shown = json.loads(run('job', 'show', *options, app, refused).stdout)
    assert shown['state'] == 'refused' and shown['errors_total'] == 1
    wrong = run('job', 'retry', *options, app, done)
    assert wrong.returncode == 1 and 'there is no such job that was refused or has failed' in wrong.stderr
    assert run('job', 'cancel', *options, app, done).returncode == 1
    assert run('job', 'show', *options, app, 'x').returncode == 2
    assert run('job', 'show', *options, app, 'a' * 26).returncode == 1
    assert metrics.read(server).one('reckoner_job_tries_total', app='small', outcome='refused') == 1
    assert metrics.read(server).one('reckoner_job_tries_total', app='small', outcome='done') == 1
    assert server.stop() == 0
    assert run('job', 'retry', *options, app, refused).returncode == 0
    assert json.loads(run('job', 'show', *options, app, refused).stdout)['state'] == 'queued'
    assert run('job', 'cancel', *options, app, refused).returncode == 0
    assert json.loads(run('job', 'show', *options, app, refused).stdout)['state'] == 'cancelled'


# --- keys

KEY = {'Idempotency_Key': '"8e03978e-40d5"'}


def test_a_key_leads_to_its_job_whoever_waits_or_not(server):
    first = send(server, [{'id': 1}], **KEY)
    assert first.status == 202 and first.headers['Idempotency-Replayed'] is None
    assert ended(server, first.headers['Location'])['state'] == 'done'
    again = send(server, [{'id': 1}], **KEY)
    direct = send(server, [{'id': 1}], prefer=None, **KEY)
    for answer in (again, direct):
        assert (answer.status, answer.headers['Location'], answer.headers['Idempotency-Replayed']) == (202, first.headers['Location'], 'true')
        assert answer.json()['state'] == 'done'
    assert (again.headers['Preference-Applied'], direct.headers['Preference-Applied']) == ('respond-async', None)
    waited = send(server, [{'id': 1}], prefer='respond-async, wait=20', **KEY)
    assert (waited.status, waited.json(), waited.headers['Idempotency-Replayed']) == (201, [{'inserted': 1}], 'true')
    assert waited.headers['Content-Location'] == first.headers['Location']
    assert ids(server) == [1]


def test_a_key_of_a_job_is_for_one_request(server):
    path = accepted(server, [{'id': 1}], **KEY)
    for other in (send(server, [{'id': 2}], **KEY), send(server, [{'id': 2}], prefer=None, **KEY), send(server, [{'id': 1}], path='/t?tag=x', **KEY)):
        assert other.status == 422 and 'needs a key of its own' in other.json()['detail']
    assert ended(server, path)['state'] == 'done'
    assert len(server.get('/-/jobs').json()['jobs']) == 1
    assert ids(server) == [1]


def test_the_key_of_a_batch_gives_its_answer_to_who_does_not_wait(server):
    first = send(server, [{'id': 1}], prefer=None, **KEY)
    assert first.status == 201
    for prefer in ('respond-async', 'respond-async, wait=5'):
        again = send(server, [{'id': 1}], prefer=prefer, **KEY)
        assert (again.status, again.body, again.headers['Batch-Id']) == (201, first.body, first.headers['Batch-Id'])
        assert (again.headers['Idempotency-Replayed'], again.headers['Location']) == ('true', None)
    assert send(server, [{'id': 2}], **KEY).status == 422
    assert server.get('/-/jobs').json() == {'jobs': []}
    assert ids(server) == [1]


def test_the_key_of_a_job_that_was_refused_or_cancelled_leads_to_that(server, store):
    with store.held():
        path = accepted(server, [{'id': 2}], Idempotency_Key='c')
        assert server.request('DELETE', path).status == 200
    assert ended(server, accepted(server, [{}], **KEY))['state'] == 'refused'
    again = send(server, [{}], **KEY)
    assert (again.status, again.json()['state'], again.json()['errors_total']) == (202, 'refused', 1)
    waited = send(server, [{}], prefer='respond-async, wait=20', **KEY)
    assert (waited.status, waited.errors('field'), waited.headers['Idempotency-Replayed']) == (422, [('id',)], 'true')
    again = send(server, [{'id': 2}], Idempotency_Key='c')
    assert (again.status, again.headers['Location'], again.json()['state']) == (202, path, 'cancelled')
    assert ids(server) == []


def test_a_key_whose_time_is_over_is_for_another_job(server, store):
    path = accepted(server, [{'id': 1}], **KEY)
    assert ended(server, path)['state'] == 'done'
    store.sql('UPDATE reckoner_repeats SET ends_us = 1')
    other = send(server, [{'id': 1}], **KEY)
    assert other.status == 202 and other.headers['Location'] != path
    assert ended(server, other.headers['Location'])['state'] == 'refused'  # it is there already


def test_a_key_does_not_end_while_its_job_waits(server, store):
    day_older = f'UPDATE reckoner_repeats SET ends_us = ends_us - {25 * 3600 * 10**6}'
    with store.held():
        path = accepted(server, [{'id': 1}], **KEY)
        cancelled = accepted(server, [{'id': 2}], Idempotency_Key='c')
        store.sql(day_older)
        assert accepted(server, [{'id': 1}], **KEY) == path
        assert send(server, [{'id': 1}], prefer=None, **KEY).headers['Location'] == path
        assert server.request('DELETE', cancelled).status == 200
        assert accepted(server, [{'id': 2}], Idempotency_Key='c') == cancelled
    assert ended(server, path)['state'] == 'done'
    assert accepted(server, [{'id': 1}], **KEY) == path
    store.sql(day_older)
    for key, rows, old in ((KEY['Idempotency_Key'], [{'id': 1}], path), ('c', [{'id': 2}], cancelled)):
        assert accepted(server, rows, Idempotency_Key=key) != old
    assert [job['state'] for job in all_ended(server)] == ['done', 'cancelled', 'refused', 'done']
    assert ids(server) == [1, 2]


@pytest.mark.threads
def test_of_many_with_a_key_one_becomes_a_job(server):
    with concurrent.futures.ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda i: send(server, [{'id': 1}], prefer=('respond-async', None)[i % 2], **KEY), range(16)))
    # Whichever came first decides whether it is a job; who came while it was let in was told so.
    assert {answer.status for answer in answers} <= {201, 202, 409}
    assert len({answer.headers['Location'] for answer in answers if answer.status == 202}) <= 1
    all_ended(server)
    assert ids(server) == [1]


def test_a_large_body_that_is_sent_again_leaves_nothing(server, store):
    rows = [{'id': i, 'name': 'x' * 100} for i in range(80000)]  # of more than two steps
    path = accepted(server, rows, **KEY)
    assert ended(server, path)['state'] == 'done'
    again = send(server, rows, **KEY)
    assert (again.status, again.headers['Location']) == (202, path)
    other = send(server, rows[1:], **KEY)
    assert other.status == 422
    wait_until(lambda: store.sql('SELECT count(*) FROM reckoner_job_bodies') == [['0']])
    assert server.get('/count').json() == 80000


@pytest.mark.parametrize('step', ['job-accepting', 'job-accepted', 'job-taken', 'job-sealed', 'job-tried'])
def test_a_batch_with_a_key_is_done_once_whatever_step_the_process_dies_at(arguments, tmp_path, step):
    """Its client sends it again, to the process that comes after."""
    server = Server(*arguments, '--quiet', var=tmp_path / 'var', env={'RECKONER_CRASH': f'{step}:2'})
    paths = {}
    for i in range(200):  # until it dies
        try:
            paths[i] = accepted(server, [{'id': i}, {'id': i}], Idempotency_Key=f'k{i}')
        except OSError:
            break
        except http.client.HTTPException:
            break
    sent = i + 1
    assert server.process.wait(60) != 0
    server.stop()
    server = Server(*arguments, '--quiet', var=tmp_path / 'var')
    for i in range(sent):
        path = accepted(server, [{'id': i}, {'id': i}], Idempotency_Key=f'k{i}')
        assert paths.get(i, path) == path
    assert [job['state'] for job in all_ended(server)] == ['done'] * sent
    assert ids(server) == [i // 2 for i in range(2 * sent)]
    assert server.stop() == 0
