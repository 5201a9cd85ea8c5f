# SPDX-License-Identifier: Apache-2.0
"""Whose a job is: who sees it, and who pays for its rows."""
import json

import pytest

import keys
from later import APP, Store, accepted, ended, send
from server import STORES, new_store, run, wait_until, write_app

PLAN = '[plan few]\nrows = 10/day\n'
ROWS = [{'id': i} for i in range(12)]  # more than the plan has, as is known when they are in


@pytest.fixture(params=STORES)
def chosen(request):
    return new_store(request.param, request)


def where(chosen, tmp_path):
    return chosen or ['--var', tmp_path / 'var']


def test_one_client_does_not_see_the_jobs_of_another(start, tmp_path, chosen):
    app = write_app(tmp_path / 'small', {**APP, 'app.ini': '[access]\ndefault = key\n'})
    server = start(app, *chosen, '--quiet')
    (mine, my_id), (other, _) = keys.create_all(app, where(chosen, tmp_path), [{}, {}])
    with Store(chosen, tmp_path / 'var').held():
        paths = [accepted(server, [{'id': i}], **keys.bearer(key)) for i, key in enumerate((mine, other, mine))]
        listed = server.get('/-/jobs', **keys.bearer(mine)).json()['jobs']
        assert [f'/-/jobs/{job["id"]}' for job in listed] == [paths[2], paths[0]]
        assert server.get(paths[1], **keys.bearer(mine)).status == 404
        assert server.request('DELETE', paths[1], headers=keys.bearer(mine)).status == 404
        assert server.get(paths[0]).status == 404
        assert server.get('/-/jobs').json() == {'jobs': []}
        assert server.request('DELETE', paths[2], headers=keys.bearer(mine)).status == 200
    assert ended(server, paths[1], **keys.bearer(other))['state'] == 'done'
    assert ended(server, paths[0], **keys.bearer(mine))['state'] == 'done'
    assert server.get('/-/batches', **keys.bearer(mine)).json()['batches'][0]['client'] == my_id


def test_two_clients_may_use_one_idempotency_key(start, tmp_path, chosen):
    app = write_app(tmp_path / 'small', {**APP, 'app.ini': '[access]\ndefault = key\n'})
    server = start(app, *chosen, '--quiet')
    (mine, _), (other, _) = keys.create_all(app, where(chosen, tmp_path), [{}, {}])
    paths = [accepted(server, [{'id': 1}], Idempotency_Key='k', **keys.bearer(key)) for key in (mine, other, mine)]
    assert paths[0] == paths[2] != paths[1]
    states = [ended(server, path, **keys.bearer(key))['state'] for path, key in zip(paths, (mine, other))]
    assert states == ['done', 'refused']  # it was there then


@pytest.mark.parametrize('who', ['key', 'address'])
def test_the_rows_of_a_job_are_of_its_clients_plan(start, tmp_path, chosen, who):
    ini = '[access]\ndefault = key\nplan = few\n' if who == 'key' else '[access]\nopen_plan = few\n'
    app = write_app(tmp_path / 'small', {**APP, 'app.ini': ini + PLAN})
    server = start(app, *chosen, '--quiet')
    (key, _), (other, _) = keys.create_all(app, where(chosen, tmp_path), [{}, {}])
    headers = keys.bearer(key) if who == 'key' else {}
    refused = ended(server, accepted(server, [{}] * 12, **headers), **headers)
    assert refused['state'] == 'refused'  # which costs nothing
    assert ended(server, accepted(server, ROWS, **headers), **headers)['state'] == 'done'
    assert send(server, [{'id': 100}], **headers).status == 429
    assert send(server, [{'id': 100}], prefer=None, **headers).status == 429
    if who == 'key':
        assert send(server, [{'id': 100}], **keys.bearer(other)).status == 202


@pytest.mark.threads
def test_the_rows_of_a_job_are_usage_of_its_client(start, tmp_path, chosen):
    app = write_app(tmp_path / 'small', {**APP, 'app.ini': '[access]\ndefault = key\n'})
    server = start(app, *chosen, '--quiet')
    ((key, key_id),) = keys.create_all(app, where(chosen, tmp_path), [{}])

    def rows():
        done = run('usage', app, *where(chosen, tmp_path), '--format', 'json')
        return [(row['client'], row['endpoint'], row['requests'], row['batch_rows']) for row in json.loads(done.stdout)['usage']]

    assert ended(server, accepted(server, ROWS, **keys.bearer(key)), **keys.bearer(key))['state'] == 'done'
    assert ended(server, accepted(server, ROWS, **keys.bearer(key)), **keys.bearer(key))['state'] == 'refused'
    wait_until(lambda: rows() == [(key_id, 'POST /t', 2, 12)], pause=1)
    path = accepted(server, [{'id': 100}], **keys.bearer(key))  # and what was done just before a drain
    assert ended(server, path, **keys.bearer(key))['state'] == 'done'
    assert server.stop() == 0
    assert rows() == [(key_id, 'POST /t', 3, 13)]
