# SPDX-License-Identifier: Apache-2.0
"""Jobs that another process than the one that has accepted them works off: a second node, the next one at an upgrade, a server of a restored store."""
import concurrent.futures
import signal

import pytest

import metrics
from later import APP, Store, accepted, all_ended, ended, ids, send
from rounds import rounds
from server import STORES, new_store, run, wait_until, write_app
from upgrades import Upgraded

DAY_MS = 86_400_000


@pytest.fixture
def app(tmp_path):
    return write_app(tmp_path / 'small', APP)


def done_here(server):
    return metrics.read(server).one('reckoner_job_tries_total', app='small', outcome='done')


# --- two nodes

@pytest.fixture
def both(start, app, request, tmp_path):
    """Starts a node that has the lease, and one beside it."""
    chosen = new_store('postgresql', request)

    def begin(**options):
        first = start(app, *chosen, '--quiet', var=tmp_path / 'first', **options)
        assert ended(first, accepted(first, [{'id': -1}]))['state'] == 'done'  # so it has the lease
        return first, start(app, *chosen, '--quiet', var=tmp_path / 'second')

    return begin


@pytest.mark.parametrize('step', ['job-taken', 'job-sealed', 'batch-commit', 'batch-committed', 'job-tried'])
def test_a_node_that_dies_in_a_job_leaves_it_to_the_other(both, step):
    first, second = both(env={'RECKONER_CRASH': f'{step}:6'})
    paths = [accepted(second, [{'id': i}, {'id': i}]) for i in range(12)]
    assert first.process.wait(60) == -signal.SIGKILL
    jobs = all_ended(second)[1:]
    assert [f'/-/jobs/{job["id"]}' for job in jobs] == paths
    assert [job['state'] for job in jobs] == ['done'] * 12
    assert ids(second) == [-1] + [i // 2 for i in range(24)]
    assert done_here(second) == 13 - (5 if step in ('job-taken', 'job-sealed', 'batch-commit') else 6)


def test_a_node_that_ends_lets_the_other_go_on(both):
    first, second = both()
    paths = [accepted((first, second)[i % 2], [{'id': i}]) for i in range(10)]
    assert done_here(second) == 0
    assert first.stop() == 0
    paths += [accepted(second, [{'id': i}]) for i in range(10, 14)]
    assert [f'/-/jobs/{job["id"]}' for job in all_ended(second)[1:]] == paths
    assert ids(second) == list(range(-1, 14))
    assert done_here(second) >= 4


def test_who_waits_at_one_node_hears_of_a_job_that_the_other_has_done(both):
    _, second = both()
    answer = send(second, [{'id': 1}], prefer='respond-async, wait=30')
    assert (answer.status, answer.json()) == (201, [{'inserted': 1}])
    assert done_here(second) == 0


def test_a_key_is_for_one_job_whichever_node_it_comes_to(both):
    nodes = both()
    for i in range(rounds(5, 100)):
        with concurrent.futures.ThreadPoolExecutor(6) as threads:
            answers = list(threads.map(lambda n: send(nodes[n % 2], [{'id': i}], Idempotency_Key=f'k{i}'), range(6)))  # noqa: B023
        assert {answer.status for answer in answers} <= {202, 409}
        (path,) = {answer.headers['Location'] for answer in answers if answer.status == 202}
        again = send(nodes[i % 2], [{'id': i}], prefer=None, Idempotency_Key=f'k{i}')
        assert (again.status, again.headers['Location']) == (202, path)
    all_ended(nodes[0])
    assert ids(nodes[0]) == list(range(-1, rounds(5, 100)))


# --- an upgrade

@pytest.mark.threads
@pytest.mark.parametrize('store', STORES)
def test_jobs_that_wait_are_done_once_over_upgrades(app, request, tmp_path, store):
    chosen = new_store(store, request)
    server = Upgraded('--quiet', app, *chosen, var=tmp_path / 'var')
    sent = []

    def put(count):
        for _ in range(count):
            answer = send(server.server, [{'id': len(sent)}] * 3, Idempotency_Key=f'k{len(sent)}')
            assert answer.status == 202, answer.body
            sent.append(answer.headers['Location'])

    try:
        with Store(chosen, tmp_path / 'var').held():
            put(5)
            server.upgrade()
            put(5)
            assert len(server.server.get('/-/jobs?state=queued').json()['jobs']) == 10
        for _ in range(rounds(2, 50)):
            put(5)
            server.upgrade()
            put(5)
        jobs = all_ended(server.server)
        assert [f'/-/jobs/{job["id"]}' for job in jobs] == sent
        assert {job['state'] for job in jobs} == {'done'}
        assert ids(server.server) == [i // 3 for i in range(3 * len(sent))]
        again = send(server.server, [{'id': 0}] * 3, Idempotency_Key='k0')
        assert (again.status, again.headers['Location']) == (202, sent[0])
    finally:
        server.end()


# --- a restored store

@pytest.mark.parametrize('kind', STORES)
def test_jobs_that_wait_in_a_backup_are_done_where_it_is_restored(start, app, request, tmp_path, kind):
    chosen = new_store(kind, request)
    server = start(app, *chosen, '--quiet')
    store, file = Store(chosen, tmp_path / 'var'), tmp_path / 'small.backup'
    with store.held():
        paths = [accepted(server, [{'id': i}, {'id': i}], Idempotency_Key=f'k{i}') for i in range(3)]
        done = run('backup', app, file, *(chosen or ['--var', tmp_path / 'var']))
        assert done.returncode == 0, done.stderr
        assert server.request('DELETE', paths[2]).status == 200  # after that
    assert [job['state'] for job in all_ended(server)] == ['done', 'done', 'cancelled']
    assert server.stop() == 0

    other = new_store(kind, request)
    done = run('restore', app, file, *(other or ['--var', tmp_path / 'other']))
    assert done.returncode == 0, done.stderr
    copy = Store(other, tmp_path / 'other')
    # The machine's clock was a day ahead; one was waiting for its next try; another one was being tried.
    copy.sql(f"UPDATE reckoner_job_line SET ends = ends + {DAY_MS} WHERE name = 'lease'")
    copy.sql(f'UPDATE reckoner_jobs SET attempts = 1, next = created + {DAY_MS} WHERE number = 1')
    copy.sql("UPDATE reckoner_jobs SET attempts = 1, token = 77, state = 'running', started = created WHERE number = 2")
    server = start(app, *other, '--quiet', var=tmp_path / 'other')
    jobs = all_ended(server)
    assert [f'/-/jobs/{job["id"]}' for job in jobs] == paths
    assert [job['state'] for job in jobs] == ['done'] * 3
    assert ids(server) == [0, 0, 1, 1, 2, 2]
    again = send(server, [{'id': 1}, {'id': 1}], Idempotency_Key='k1')
    assert (again.status, again.headers['Location'], again.json()['state']) == (202, paths[1], 'done')
    wait_until(lambda: copy.sql('SELECT count(*) FROM reckoner_job_bodies') == [['0']])
