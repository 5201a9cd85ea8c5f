# SPDX-License-Identifier: Apache-2.0
"""The database fails under load: what was acknowledged stays, what was refused is not there, and nobody restarts Reckoner."""
import contextlib
import signal
import socket
import time
from concurrent import futures

import pytest

import failover
import postgresql
from server import Server, wait_until, write_app


# Under TSan run those in which all threads meet with a lost database: sessions, lanes, the watch, and the errands of one that is silent.
pytestmark = pytest.mark.skipif(not postgresql.is_there(), reason='needs the package postgresql-15')

BOUND_SECONDS = 90  # more than any answer may take that waits for a database (docs)
ROW = 'batch,n\nx,1\n'


def both(primary, standby):
    """A url with both, the primary first."""
    return f'postgresql://reckoner@127.0.0.1:{primary.port},127.0.0.1:{standby.port}/postgres'


@contextlib.contextmanager
def nodes(tmp_path, url, count=2, **options):
    app = write_app(tmp_path / 'marks', failover.APP)
    servers = []
    try:
        for _ in range(count):
            servers.append(Server(app, '--quiet', '--store', url, **options))
        yield servers
        for server in servers:
            assert server.stop() == 0, server.stderr[-4000:]  # where a sanitizer tells why
    finally:
        for server in servers:
            if server.process.poll() is None:
                server.process.kill()
                server.process.communicate()


def run_load(servers, fail, mend):
    """Load before, during and after; fail() and mend() are called when there is enough of it."""
    with failover.Load([server.port for server in servers]) as load:
        wait_until(lambda: len(load.written) > 50 and load.all_succeed(0), BOUND_SECONDS)
        failed = time.monotonic()  # what comes back by itself may have done so when fail() returns
        fail()
        wait_until(lambda: load.any_fails(load.writers, failed) and load.any_fails(load.readers, failed), BOUND_SECONDS)
        mend()
        mended = time.monotonic()
        wait_until(lambda: load.all_succeed(mended), BOUND_SECONDS)
    assert load.slowest() < BOUND_SECONDS
    return load


@pytest.mark.parametrize('how', ['kill', 'stop', pytest.param('freeze', marks=pytest.mark.threads)])
def test_a_synchronous_standby_takes_over_under_load(tmp_path, how):
    with postgresql.Cluster() as primary, primary.standby(synchronous=True) as standby, \
            nodes(tmp_path, both(primary, standby)) as servers:
        fail = {'kill': primary.kill, 'stop': lambda: primary.stop(signal.SIGQUIT), 'freeze': primary.freeze}[how]
        load = run_load(servers, fail, standby.promote)
        assert load.faults(standby.sql(failover.COUNTS_SQL)) == []


@pytest.mark.threads
def test_a_primary_that_crashes_under_load_comes_back(tmp_path):
    with postgresql.Cluster() as cluster, nodes(tmp_path, cluster.url()) as servers:
        load = run_load(servers, cluster.kill, cluster.start)
        assert load.faults(cluster.sql(failover.COUNTS_SQL)) == []


def test_a_crash_of_one_session_costs_errors_and_nothing_else(tmp_path):
    """The server ends all sessions then, recovers, and goes on by itself."""
    with postgresql.Cluster() as cluster, nodes(tmp_path, cluster.url()) as servers:
        def crash():
            pid = int(cluster.sql("SELECT pid FROM pg_stat_activity WHERE backend_type = 'checkpointer'"))
            postgresql.send([pid], signal.SIGKILL)

        load = run_load(servers, crash, lambda: None)
        assert load.faults(cluster.sql(failover.COUNTS_SQL)) == []


def test_a_connection_never_stays_with_a_standby(tmp_path):
    with postgresql.Cluster() as primary, primary.standby() as standby, \
            nodes(tmp_path, both(standby, primary), count=1) as (server,):
        assert server.post('/marks', ROW, 'text/csv').status == 201
        # It has been asked what it is, and its session ends only after the connection.
        wait_until(lambda: standby.sql("SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'reckoner %'").strip() == '0')


def commit_is_held(primary):
    """Whether a commit waits for the standby, and all of it has been sent to that if it is there."""
    waiting = primary.sql("SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep' AND application_name LIKE 'reckoner %'")
    unsent = primary.sql('SELECT count(*) FROM pg_stat_replication WHERE sent_lsn < pg_current_wal_flush_lsn()')
    return (waiting.strip(), unsent.strip()) == ('1', '0')


@pytest.mark.parametrize('has_it', [True, False])
def test_what_became_of_a_commit_is_what_the_standby_has(tmp_path, has_it):
    """The primary is lost with a commit that its standby has not confirmed: as it has not read it yet, or never got it."""
    with postgresql.Cluster() as primary, primary.standby(synchronous=True) as standby, \
            nodes(tmp_path, both(primary, standby), count=1) as (server,), futures.ThreadPoolExecutor() as others:
        if has_it:
            standby.freeze()
        else:
            standby.stop()
        batch = others.submit(server.post, '/marks', ROW, 'text/csv')
        wait_until(lambda: commit_is_held(primary))
        assert server.get('/marks?batch=x').json() == []
        primary.kill()
        if has_it:
            standby.thaw()
            # What was on its way is lost if it is promoted before it has read that, up to the end of the connection.
            wait_until(lambda: standby.sql('SELECT count(*) FROM pg_stat_wal_receiver').strip() == '0')
        else:
            standby.start(wait=False)
            wait_until(standby.is_ready)
        standby.promote()
        answer = batch.result()
        wait_until(lambda: server.get('/marks?batch=x').status == 200)
        rows = server.get('/marks?batch=x').json()
        if has_it:
            assert (answer.status, rows) == (201, [{'n': 1}])
        else:
            assert (answer.status, answer.json()['detail'], rows) == (503, 'the store was lost before it wrote: try again', [])


def test_what_nobody_can_find_out_is_told_so(tmp_path):
    with postgresql.Cluster() as primary, primary.standby(synchronous=True) as standby, \
            nodes(tmp_path, primary.url(), count=1) as (server,), futures.ThreadPoolExecutor() as others:
        standby.freeze()
        batch = others.submit(server.post, '/marks', ROW, 'text/csv')
        wait_until(lambda: commit_is_held(primary))
        primary.kill()
        answer = batch.result()
        assert (answer.status, answer.headers['Retry-After']) == (504, None)
        assert answer.json()['detail'] == \
            'the store was lost while it wrote, and it is not known whether it has: look before trying again'


def test_a_primary_that_comes_back_without_its_standby_says_nothing_is_written(tmp_path):
    """It has the batch on its own disk, and promises a second one: the answer waits for that, too."""
    with postgresql.Cluster() as primary, primary.standby(synchronous=True) as standby, \
            nodes(tmp_path, primary.url(), count=1) as (server,), futures.ThreadPoolExecutor() as others:
        standby.freeze()
        batch = others.submit(server.post, '/marks', ROW, 'text/csv')
        wait_until(lambda: commit_is_held(primary))
        primary.kill()
        primary.start()
        wait_until(lambda: primary.sql("SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'").strip() == '1')
        assert not batch.done()
        standby.thaw()
        assert batch.result().status == 201
        assert server.get('/marks?batch=x').json() == [{'n': 1}]


def test_a_frozen_database_costs_each_request_a_bounded_time_and_shutdown_too(tmp_path):
    with postgresql.Cluster() as cluster, nodes(tmp_path, cluster.url(), count=1) as (server,):
        assert server.post('/marks', ROW, 'text/csv').status == 201
        cluster.freeze()
        for ask in (lambda: server.get('/marks?batch=x'), lambda: server.post('/marks', ROW, 'text/csv')):
            answer = ask()
            assert answer.status in (503, 504) and (answer.status == 504 or int(answer.headers['Retry-After']) >= 1), answer.body
        assert server.get('/-/livez').status == 200
        assert server.stop() == 0
        cluster.thaw()


@pytest.mark.threads
def test_a_black_hole_costs_503_and_is_left_for_the_other_host(tmp_path):
    with postgresql.Cluster() as cluster, contextlib.closing(socket.socket()) as hole:
        hole.bind(('127.0.0.1', 0))
        hole.listen(100)  # connects, and never answers
        url = f'postgresql://reckoner@127.0.0.1:{hole.getsockname()[1]},127.0.0.1:{cluster.port}/postgres'
        with nodes(tmp_path, url, count=1) as (server,):
            assert server.post('/marks', ROW, 'text/csv').status == 201
            cluster.stop(signal.SIGQUIT)
            assert [server.get('/marks?batch=x').status, server.post('/marks', ROW, 'text/csv').status] == [503, 503]
            cluster.start()
            wait_until(lambda: server.get('/marks?batch=x').json() == [{'n': 1}], BOUND_SECONDS)


def test_a_database_that_starts_up_or_shuts_down_costs_503(tmp_path):
    with postgresql.Cluster() as cluster, nodes(tmp_path, cluster.url(), count=1) as (server,):
        cluster.stop()
        # A standby of nobody, which lets nobody in: for as long as the test needs, what a start is for a moment.
        (cluster.data / 'standby.signal').touch()
        cluster.configure('hot_standby = off\n')
        cluster.start(wait=False)
        wait_until(lambda: server.get('/marks?batch=x').status == 503 and server.read_stderr(0.01) and
                   'the database system is' in server.stderr)  # and no longer refused by the machine
        answers = [server.get('/marks?batch=x'), server.post('/marks', ROW, 'text/csv')]
        assert [answer.status for answer in answers] == [503, 503]
        assert {answer.json()['detail'] for answer in answers} == {'the store cannot be reached at the moment: try again'}
        cluster.stop()
        (cluster.data / 'standby.signal').unlink()
        cluster.start()
        wait_until(lambda: server.post('/marks', ROW, 'text/csv').status == 201)
