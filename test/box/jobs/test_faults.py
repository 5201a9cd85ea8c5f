# SPDX-License-Identifier: Apache-2.0
"""What becomes of jobs where there is no room for them, and of one that no server survives."""
import errno
import http.client

import pytest

import postgresql
from failing_calls import FailingSyncs
from full_disk import fill, small_disk  # noqa: F401: a fixture
from later import APP, Store, accepted, all_ended, ended, ids, send
from server import STORES, Server, new_store, wait_until, write_app

MAX_JOBS, MAX_TRIES = 10_000, 10  # of base/limits.h
LARGE = [{'id': i, 'name': 'x' * 100} for i in range(80000)]  # 10 MB: more than two steps


@pytest.fixture
def app(tmp_path):
    return write_app(tmp_path / 'small', APP)


def left_over(store):
    """Jobs, pieces of bodies, and keys."""
    return [int(store.sql(f'SELECT count(*) FROM {table}')[0][0]) for table in ('reckoner_jobs', 'reckoner_job_bodies', 'reckoner_repeats')]


@pytest.mark.parametrize('kind', STORES)
def test_a_queue_that_is_full_says_so_until_there_is_room(start, app, request, tmp_path, kind):
    chosen = new_store(kind, request)
    server = start(app, *chosen, '--quiet')
    store = Store(chosen, tmp_path / 'var')
    with store.held():
        first = accepted(server, [{'id': 1}])
        store.sql(f'WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < {MAX_JOBS - 1}) '
                  'INSERT INTO reckoner_jobs (number, id, state, endpoint, shape, client, asked, bytes, pieces, digest, created) '
                  "SELECT number + 1000 + n, 'x' || n, state, endpoint, shape, client, asked, bytes, pieces, digest, created FROM reckoner_jobs, n")
        before = left_over(store)
        for rows in ([{'id': 2}], LARGE):
            for prefer in ('respond-async', 'respond-async, wait=20'):
                refused = send(server, rows, prefer=prefer, Idempotency_Key='k')
                assert refused.status == 503
                assert 'too many jobs are waiting' in refused.json()['detail']
                assert int(refused.headers['Retry-After']) >= 1
        assert send(server, [{'id': 0}], prefer=None).status == 201  # a direct one has its own queue
        assert left_over(store) == before
        store.sql("DELETE FROM reckoner_jobs WHERE number > 1000")
        second = accepted(server, [{'id': 2}], Idempotency_Key='k')
    assert [f'/-/jobs/{job["id"]}' for job in all_ended(server)] == [first, second]
    assert ids(server) == [0, 1, 2]


@pytest.mark.parametrize('kind', STORES)
def test_a_job_that_no_server_survives_fails_and_those_behind_it_go_on(app, request, tmp_path, kind):
    chosen = new_store(kind, request)
    store = Store(chosen, tmp_path / 'var')
    paths = []
    for attempt in range(MAX_TRIES):
        server = Server(app, *chosen, '--quiet', var=tmp_path / 'var', env={'RECKONER_CRASH': 'job-taken:1'}, wait=attempt == 0)
        if attempt == 0:
            with store.held():
                paths = [accepted(server, [{'id': i}]) for i in range(2)]
        assert server.process.wait(60) != 0
        server.stop()
        store.free_lease()
    server = Server(app, *chosen, '--quiet', var=tmp_path / 'var')
    poison = ended(server, paths[0])
    assert (poison['state'], poison['attempts'], poison['rows_in']) == ('failed', MAX_TRIES, 0)
    assert poison['status'] == 500 and poison['title']
    assert ended(server, paths[1])['state'] == 'done'
    assert ids(server) == [1]
    assert server.stop() == 0
    assert f'the server ended while it ran, {MAX_TRIES} times' in server.stderr


def test_a_full_disk_is_told_and_leaves_nothing_of_a_job(start, app, small_disk):  # noqa: F811
    server = start(app, '--quiet', var=small_disk / 'var')
    store = Store([], small_disk / 'var')
    assert ended(server, accepted(server, [{'id': 0}]))['state'] == 'done'
    wait_until(lambda: left_over(store) == [1, 0, 0])
    filled = fill(small_disk)
    for rows in ([{'id': 1, 'name': 'x' * 100_000}], LARGE[:3000]):
        answer = send(server, rows, Idempotency_Key='k')
        assert answer.status == 507, answer.body
    filled.unlink()
    assert left_over(store) == [1, 0, 0]
    assert ended(server, accepted(server, [{'id': 1}], Idempotency_Key='k'))['state'] == 'done'
    assert ids(server) == [0, 1]


@pytest.mark.parametrize('step', [1, 2, 3])
def test_a_disk_that_gets_full_between_the_steps_of_a_body_keeps_none_of_them(start, app, tmp_path, step):
    syncs = FailingSyncs(tmp_path)
    server = start(app, '--quiet', env=syncs.env)
    store = Store([], tmp_path / 'var')
    syncs.fail(errno.ENOSPC, nth=step - 1)
    answer = send(server, LARGE, Idempotency_Key='k')
    assert (answer.status, syncs.have_failed()) == (507, 1), answer.body
    assert left_over(store) == [0, 0, 0]
    syncs.succeed()
    job = ended(server, accepted(server, LARGE, Idempotency_Key='k'))
    assert (job['state'], job['rows_in']) == ('done', len(LARGE))
    assert server.get('/count').json() == len(LARGE)


@pytest.mark.parametrize('how', ['stop', 'kill'])
def test_jobs_go_on_when_the_database_comes_back(start, app, tmp_path, how):
    with postgresql.Cluster() as cluster:
        server = start(app, '--quiet', '--store', cluster.url())
        paths = []

        def put():
            answer = send(server, [{'id': len(paths)}] * 2)
            paths.extend([answer.headers['Location']] if answer.status == 202 else [])
            return answer.status

        for _ in range(2):
            assert {put() for _ in range(6)} == {202}
            getattr(cluster, how)()
            assert put() == 503
            cluster.start()
            wait_until(lambda: put() == 202)
        jobs = all_ended(server)
        assert [f'/-/jobs/{job["id"]}' for job in jobs] == paths
        assert [job['state'] for job in jobs] == ['done'] * len(paths)
        assert ids(server) == [i // 2 for i in range(2 * len(paths))]
        assert server.stop() == 0


@pytest.mark.parametrize('kind', STORES)
def test_a_large_body_is_accepted_once_though_the_process_dies_between_its_steps(app, request, tmp_path, kind):
    chosen = new_store(kind, request)
    for step in (1, 2):
        server = Server(app, *chosen, '--quiet', var=tmp_path / 'var', env={'RECKONER_CRASH': f'job-step:{step}'})
        with pytest.raises((OSError, http.client.HTTPException)):
            send(server, LARGE, Idempotency_Key='k')
        server.stop()
        assert left_over(Store(chosen, tmp_path / 'var'))[::2] == [0, 0]
    server = Server(app, *chosen, '--quiet', var=tmp_path / 'var')
    assert ended(server, accepted(server, LARGE, Idempotency_Key='k'))['state'] == 'done'
    assert server.get('/count').json() == len(LARGE)
    assert server.stop() == 0
