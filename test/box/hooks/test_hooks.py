# SPDX-License-Identifier: Apache-2.0
"""Webhooks after commits (`[hook]`), with receivers of the tests' own, on both stores."""
import contextlib
import ctypes
import json
import os
import re
import signal
import socket
import sqlite3

import pytest

import metrics
from certificates import Certificate
from full_disk import fill, small_disk  # noqa: F401: a fixture
from later import Store
from receivers import OTHER, SECRET, Receiver
from server import STORES, Server, new_store, run, wait_until, write_app
from upgrades import Upgraded

CLONE_NEWNS, MS_BIND, MS_REC, MS_PRIVATE = 0x20000, 4096, 16384, 1 << 18  # sched.h, sys/mount.h
CA_FILE = b'/etc/ssl/certs/ca-certificates.crt'

FILES = {
    'schema/001_tables.sql': 'CREATE TABLE t (id integer NOT NULL PRIMARY KEY, batch bigint NOT NULL);\n',
    'get_t.sql': '''-- @endpoint GET /t
-- @column id integer
-- @answer
SELECT id FROM t ORDER BY id;
''',
    'post_t.sql': '''-- @endpoint POST /t
-- @field id integer required
-- @reject 422 negative
SELECT line, 'id' AS field, id AS value FROM batch WHERE id < 0;
-- @write
INSERT INTO t (id, batch) SELECT id, :batch_id FROM batch;
-- @answer 201
SELECT count(*) AS inserted FROM batch;
''',
    'post_other.sql': '''-- @endpoint POST /other
-- @field id integer required
-- @write
INSERT INTO t (id, batch) SELECT id, 0 FROM batch;
-- @answer 201
SELECT count(*) AS inserted FROM batch;
''',
    'undo.sql': '''-- @endpoint DELETE /batches/{batch}
-- @param batch integer
-- @write
DELETE FROM t WHERE batch = :batch;
-- @answer
SELECT 1 AS done;
''',
}


@pytest.fixture
def receivers():
    """Makes receivers; each ends with the test."""
    made = []

    def make(**options):
        made.append(Receiver(**options))
        return made[-1]

    yield make
    for receiver in made:
        receiver.close()


def write_secrets(path, *lines):
    path.write_text(''.join(f'{line}\n' for line in lines))
    path.chmod(0o600)
    return path


class Site:
    """An app on a store, its secrets, and what a server of it is started with."""

    def __init__(self, folder, kind, request):
        self.app, self.var = folder / 'small', folder / 'var'
        self.secrets = write_secrets(folder / 'secrets', SECRET)
        self.store = new_store(kind, request)
        write_app(self.app, FILES)

    def hook(self, **urls):
        """What app.ini says: post_t=… is POST /t."""
        names = {'post_t': 'POST /t', 'post_other': 'POST /other', 'undo': 'DELETE /batches/{batch}'}
        lines = ''.join(f'{names[name]} = {url}\n' for name, url in urls.items())
        write_app(self.app, {'app.ini': f'title = Small\n\n[hook]\n{lines}' if urls else 'title = Small\n'})

    def arguments(self):
        return [self.app, *self.store, '--hook-secrets', self.secrets]

    def command(self, *words):
        done = run('hook', words[0], *self.store, '--var', self.var, self.app, *words[1:])
        assert done.returncode == 0, done.stderr
        return done.stdout

    def sql(self, sql):
        """Has the store do it; the values of its rows as texts."""
        return Store(self.store, self.var).sql(sql)

    def listed(self):
        return [re.split(r'  +', line) for line in self.command('list').splitlines()]


@pytest.fixture(params=STORES)
def site(request, tmp_path):
    return Site(tmp_path, request.param, request)


@pytest.fixture
def file_site(request, tmp_path):
    return Site(tmp_path, 'sqlite', request)


def trusting(authority):
    """Has a child process find that authority alone in the place of those of the machine."""
    libc = ctypes.CDLL(None, use_errno=True)

    def mount():
        assert libc.unshare(CLONE_NEWNS) == 0
        assert libc.mount(None, b'/', None, MS_REC | MS_PRIVATE, None) == 0
        assert libc.mount(str(authority).encode(), CA_FILE, None, MS_BIND, None) == 0
    return mount


def post(server, number, path='/t', **headers):
    answer = server.request('POST', path, json.dumps([{'id': number}]), {'Content-Type': 'application/json', **headers})
    return answer


def test_a_batch_is_told_of_and_signed(start, site, receivers):
    receiver = receivers()
    site.hook(post_t=receiver.url('/in?from=small'))
    server = start(*site.arguments())
    answer = server.post('/t', [{'id': 1}, {'id': 2}])
    assert answer.status == 201
    wait_until(lambda: receiver.got)
    got, = receiver.got
    assert got.path == '/in?from=small'
    assert got.headers['Content-Type'] == 'application/json' and got.headers['User-Agent'].startswith('reckoner/')
    assert re.fullmatch('hook_[0-9a-z]{26}', got.id)
    assert len(got.signatures()) == 1 and got.is_signed()
    body = got.json()
    number = int(answer.headers['Batch-Id'])
    assert body.pop('timestamp').endswith('Z')
    assert body == {'type': 'batch.committed', 'data': {'app': 'small', 'endpoint': 'POST /t', 'batch': number, 'rows': 2,
                                                       'location': f'/-/batches?app=small&before={number + 1}&limit=1'}}
    record, = server.get(body['data']['location']).json()['batches']
    assert (record['id'], record['rows']) == (number, 2)
    wait_until(lambda: site.listed() == [])
    assert metrics.read(server).one('reckoner_hooks_delivered_total', app='small') == 1


def test_what_is_not_in_is_not_told_of(start, site, receivers):
    """Bad rows, a dry run, an endpoint without a hook and a repeat; a job and an undo are told of."""
    receiver, undo = receivers(), receivers()
    site.hook(post_t=receiver.url(), undo=undo.url())
    server = start(*site.arguments(), '--quiet')
    assert post(server, -1).status == 422
    assert post(server, 1, Prefer='tx=rollback').status == 201
    assert post(server, 2, path='/other').status == 201
    assert post(server, 3, **{'Idempotency-Key': 'k'}).status == 201
    assert post(server, 3, **{'Idempotency-Key': 'k'}).headers['Idempotency-Replayed'] == 'true'
    assert post(server, 3).status == 409
    assert post(server, 4, Prefer='respond-async').status == 202
    wait_until(lambda: len(receiver.got) == 2)
    batch = receiver.batches()[0]
    assert server.request('DELETE', f'/batches/{batch}').status == 200
    wait_until(lambda: undo.got)
    assert undo.got[0].json()['data']['endpoint'] == 'DELETE /batches/{batch}' and undo.got[0].is_signed()
    assert [row['id'] for row in server.get('/t').json()] == [2, 4]
    wait_until(lambda: site.listed() == [])
    assert server.stop() == 0
    assert len(receiver.got) == 2 and len(undo.got) == 1


@pytest.mark.threads
def test_many_batches_are_all_told_of_once(start, site, receivers):
    receiver = receivers()
    site.hook(post_t=receiver.url())
    server = start(*site.arguments(), '--quiet')
    batches = sorted(int(post(server, i).headers['Batch-Id']) for i in range(150))
    wait_until(lambda: len(receiver.got) >= 150)
    wait_until(lambda: site.listed() == [])
    assert receiver.batches() == batches
    assert all(got.is_signed() for got in receiver.got)


def test_what_fails_is_tried_again_with_the_same_id(start, site, receivers):
    """A 500, a redirect, one that is down at first; none of it holds up another one's."""
    fails = receivers(plan=[500])
    turns = receivers(plan=[302], headers=[('Location', fails.url('/elsewhere'))])
    with socket.create_server(('127.0.0.1', 0)) as taken:
        port = taken.getsockname()[1]
    site.hook(post_t=fails.url(), post_other=turns.url(), undo=f'http://127.0.0.1:{port}/in')
    server = start(*site.arguments())
    assert post(server, 1).status == 201
    assert post(server, 2, path='/other').status == 201
    assert server.request('DELETE', '/batches/0').status == 200
    wait_until(lambda: len([line for line in site.listed() if line[3] == '1' and line[-1] != '']) == 3)
    why = {line[5]: line[-1] for line in site.listed()}
    assert why['POST /t'] == 'answered 500'
    assert why['POST /other'] == 'answered 302, and redirects are not followed'
    assert 'connect' in why['DELETE /batches/{batch}']
    down = receivers(port=port)
    wait_until(lambda: site.listed() == [], seconds=60)
    for receiver in (fails, turns):
        assert len(receiver.got) == 2 and len(set(receiver.ids())) == 1
        assert receiver.got[0].body == receiver.got[1].body
        assert all(got.is_signed() for got in receiver.got)
    assert len(down.got) == 1
    assert server.stop() == 0
    assert 'small: the hook of POST /t cannot be delivered to http://127.0.0.1:' in server.stderr
    assert 'small: hooks of POST /t are delivered to http://127.0.0.1:' in server.stderr
    assert '/in' not in server.stderr.replace('/in force', '')


def test_a_receiver_is_asked_for_its_certificate(start, file_site, receivers, tmp_path):
    """What nobody vouches for gets nothing; what an authority of the machine vouches for is told."""
    authority = Certificate(tmp_path, 'authority', is_authority=True)
    certificate = Certificate(tmp_path, 'localhost', issuer=authority, host='localhost')
    receiver = receivers()
    receiver.use_tls(certificate)
    file_site.hook(post_t=f'https://localhost:{receiver.server_address[1]}/in')
    server = start(*file_site.arguments())
    assert post(server, 1).status == 201
    wait_until(lambda: [line for line in file_site.listed() if 'certificate' in line[-1]])
    assert receiver.got == [] and server.stop() == 0
    assert 'cannot be delivered to https://localhost:' in server.stderr
    if os.geteuid() != 0:
        pytest.skip('needs to mount')
    server = start(*file_site.arguments(), '--quiet', preexec=trusting(authority.cert))
    file_site.command('retry', 'all')
    wait_until(lambda: receiver.got)
    assert receiver.got[0].is_signed()
    wait_until(lambda: file_site.listed() == [])


def test_a_slow_receiver_holds_nothing_up(start, site, receivers):
    slow, quick = receivers(), receivers()
    slow.free.clear()
    site.hook(post_t=slow.url(), post_other=quick.url())
    server = start(*site.arguments(), '--quiet')
    for i in range(10):
        assert post(server, i).status == 201
    wait_until(lambda: slow.got)
    for i in range(10, 20):
        assert post(server, i, path='/other').status == 201
    wait_until(lambda: len(quick.got) == 10)
    assert len(slow.got) <= 4
    slow.free.set()
    wait_until(lambda: site.listed() == [], seconds=60)
    assert len(slow.got) == 10


def test_a_receiver_that_wants_no_more_is_given_up_at_once(start, site, receivers):
    receiver = receivers(plan=[410])
    site.hook(post_t=receiver.url())
    server = start(*site.arguments())
    assert post(server, 1).status == 201
    wait_until(lambda: [line[1] for line in site.listed()] == ['given-up'])
    line, = site.listed()
    assert line[3] == '1' and line[-1] == 'answered 410'
    wait_until(lambda: metrics.read(server).one('reckoner_hooks_given_up_total', app='small') == 1)
    assert site.command('retry', line[0]) == 'to be sent now: 1\n'
    wait_until(lambda: site.listed() == [])
    assert receiver.ids() == [line[0]] * 2
    assert server.stop() == 0
    assert "small: hooks that were given up: 1; 'reckoner hook list' shows them" in server.stderr


def test_the_command_works_whether_a_server_runs_or_not(site, receivers):
    receiver = receivers(status=500)
    site.hook(post_t=receiver.url())
    server = Server(*site.arguments(), '--quiet', var=site.var)
    for i in range(3):
        assert post(server, i).status == 201
    assert server.stop() == 0
    lines = site.listed()
    assert len(lines) == 3 and all(line[5] == 'POST /t' and line[1] == 'waiting' for line in lines)
    assert site.command('drop', lines[0][0]) == 'dropped: 1\n'
    assert site.command('retry', 'all') == 'to be sent now: 2\n'
    assert site.command('drop', 'all') == 'dropped: 2\n'
    assert site.listed() == []
    wrong = run('hook', 'drop', *site.store, '--var', site.var, site.app, 'hook_x')
    assert wrong.returncode == 1 and 'there is no such hook' in wrong.stderr


@pytest.mark.parametrize(('step', 'count', 'times'), [('batch-commit', 1, 0), ('batch-committed', 1, 1), ('hook-taken', 1, 1), ('hook-posted', 1, 2),
                                                      ('hook-settled', 1, 1)])
def test_a_batch_is_told_of_at_least_once_whatever_step_the_process_dies_at(site, receivers, step, count, times):
    receiver = receivers()
    site.hook(post_t=receiver.url())
    server = Server(*site.arguments(), '--quiet', var=site.var, env={'RECKONER_CRASH': f'{step}:{count}'})
    try:
        post(server, 1)
    except OSError:
        pass
    except Exception as error:  # the answer was cut off
        assert type(error).__name__ in ('RemoteDisconnected', 'IncompleteRead'), error
    assert server.process.wait(60) != 0
    server.stop()
    before = len(receiver.got)
    server = Server(*site.arguments(), '--quiet', var=site.var)
    for line in site.listed():
        site.command('retry', line[0])  # else it would wait until its taker is taken for gone
    wait_until(lambda: site.listed() == [])
    is_in = len(server.get('/t').json())
    assert server.stop() == 0
    assert is_in == (1 if times > 0 else 0)
    assert len(receiver.got) == times, (before, receiver.ids())
    assert len(set(receiver.ids())) == min(times, 1)


def test_what_waits_at_the_end_is_told_by_the_next_server(site, receivers):
    """Also what is under way: it is cut short, and tried again at once by the next one."""
    receiver = receivers()
    receiver.free.clear()
    site.hook(post_t=receiver.url())
    server = Server(*site.arguments(), '--quiet', var=site.var)
    for i in range(6):
        assert post(server, i).status == 201
    wait_until(lambda: len(receiver.got) == 4)
    assert server.stop() == 0
    assert [line[3] for line in site.listed()] == ['0'] * 6
    receiver.free.set()
    server = Server(*site.arguments(), '--quiet', var=site.var)
    wait_until(lambda: site.listed() == [])
    assert server.stop() == 0
    assert len(set(receiver.ids())) == 6


DAYS = 4 * 86400000


@pytest.mark.parametrize('status', [500, 400])
def test_days_without_a_server_end_nothing_by_themselves(site, receivers, status):
    """A hook that is old has its tries yet; and one that has had them is over."""
    receiver = receivers(status=status)
    site.hook(post_t=receiver.url())
    server = Server(*site.arguments(), '--quiet', var=site.var)
    assert post(server, 1).status == 201
    wait_until(lambda: [line[3] for line in site.listed() if line[-1] == f'answered {status}'] == ['1'])
    assert server.stop() == 0
    site.sql(f'UPDATE reckoner_outbox SET since = since - {DAYS}, next = 0')
    server = Server(*site.arguments(), '--quiet', var=site.var)
    wait_until(lambda: [line[1:2] + line[3:4] for line in site.listed()] == [['waiting', '2']])
    assert server.stop() == 0
    site.sql('UPDATE reckoner_outbox SET next = 0, attempts = 20')
    server = Server(*site.arguments(), '--quiet', var=site.var)
    wait_until(lambda: [line[1:2] + line[3:4] for line in site.listed()] == [['given-up' if status == 400 else 'waiting', '21']])
    assert server.stop() == 0


def test_a_clock_that_was_ahead_delays_no_hook(start, site, receivers):
    receiver = receivers(plan=[500])
    site.hook(post_t=receiver.url())
    server = Server(*site.arguments(), '--quiet', var=site.var)
    assert post(server, 1).status == 201
    wait_until(lambda: [line for line in site.listed() if line[-1] == 'answered 500'])
    assert server.stop() == 0
    site.sql(f'UPDATE reckoner_outbox SET created = created + {DAYS}, since = since + {DAYS}, next = next + {DAYS}')
    start(*site.arguments(), '--quiet')
    wait_until(lambda: site.listed() == [])
    assert len(receiver.got) == 2


def test_old_hooks_go_however_many_there_are(start, site, receivers):
    """More than one transaction takes: those of an endpoint without a hook, and those that were given up long ago."""
    receiver = receivers()
    site.hook(post_t=receiver.url())
    server = Server(*site.arguments(), '--quiet', var=site.var)
    assert server.stop() == 0
    for endpoint, ended in (('POST /gone', 0), ('POST /t', 1)):
        site.sql(f"""INSERT INTO reckoner_outbox (id, endpoint, batch, row_count, created, since, next, ended)
WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2500)
SELECT 'hook_{ended}_' || i, '{endpoint}', i, 1, 1, 1, 1, {ended} FROM n""")
    server = start(*site.arguments())
    wait_until(lambda: metrics.read(server).one('reckoner_hooks_given_up_total', app='small') == 2500, seconds=120)
    assert post(server, 1).status == 201  # what is sent goes on
    wait_until(lambda: receiver.got)
    kept = "SELECT endpoint, result, count(*) FROM reckoner_outbox WHERE ended > 0 GROUP BY endpoint, result"
    wait_until(lambda: site.sql(kept) == [['POST /gone', 'its endpoint has no hook any more', '2500']], seconds=120)


def test_two_nodes_share_the_work(request, tmp_path, start, receivers):
    site = Site(tmp_path, 'postgresql', request)
    receiver = receivers()
    site.hook(post_t=receiver.url())
    nodes = [start(*site.arguments(), '--quiet', var=tmp_path / f'var{i}') for i in range(2)]
    for i in range(100):
        assert post(nodes[i % 2], i).status == 201
    wait_until(lambda: len(receiver.got) >= 100)
    wait_until(lambda: site.listed() == [])
    assert len(receiver.got) == 100 and len(set(receiver.ids())) == 100
    assert sum(metrics.read(node).one('reckoner_hooks_delivered_total', app='small') for node in nodes) == 100

def test_an_upgrade_loses_none(site, receivers):
    receiver = receivers()
    site.hook(post_t=receiver.url())
    server = Upgraded(*site.arguments(), '--quiet', var=site.var)
    batches = []
    for i in range(40):
        batches.append(int(post(server.server, i).headers['Batch-Id']))
        if i == 10:
            server.upgrade()
    wait_until(lambda: len(set(receiver.ids())) == 40)
    wait_until(lambda: site.listed() == [])
    server.end()
    assert sorted(set(receiver.batches())) == batches


def test_a_full_disk_refuses_batches_and_delivers_what_it_has_said(start, file_site, receivers, small_disk):
    receiver = receivers()
    receiver.free.clear()
    file_site.hook(post_t=receiver.url())
    server = start(*file_site.arguments(), '--quiet', var=small_disk)
    said = int(post(server, 1).headers['Batch-Id'])
    wait_until(lambda: receiver.got)
    full = fill(small_disk)
    assert server.post('/t', [{'id': i} for i in range(10, 2000)]).status in (503, 507)
    receiver.free.set()
    wait_until(lambda: receiver.batches() == [said])
    full.unlink()
    more = int(post(server, 2).headers['Batch-Id'])
    wait_until(lambda: more in receiver.batches())
    wait_until(lambda: run('hook', 'list', '--var', small_disk, file_site.app).stdout == '')
    assert set(receiver.batches()) == {said, more}


def test_a_store_that_is_away_is_told_when_it_is_back(start, site, receivers, databases):
    """The receiver has answered, and the store cannot be told at once: it is later, and the receiver gets it no second time."""
    receiver = receivers()
    receiver.free.clear()
    site.hook(post_t=receiver.url())
    server = start(*site.arguments(), '--quiet')
    assert post(server, 1).status == 201
    wait_until(lambda: receiver.got)
    if site.store:
        database = site.store[1].rpartition('/')[2]
        databases.sql(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{database}' AND pid <> pg_backend_pid()")
        receiver.free.set()
    else:
        with contextlib.closing(sqlite3.connect(site.var / 'small.db', isolation_level=None)) as db:
            db.execute('BEGIN IMMEDIATE')
            receiver.free.set()
            wait_until(lambda: server.read_stderr(0.1) and 'small: hooks wait, as the store does not take or give them: ' in server.stderr)
            db.execute('ROLLBACK')
    wait_until(lambda: site.listed() == [])
    assert post(server, 2).status == 201
    wait_until(lambda: len(receiver.got) == 2)
    wait_until(lambda: site.listed() == [])
    assert len(set(receiver.ids())) == 2


def test_a_draft_that_is_made_anew_tells_as_before(start, site, receivers):
    receiver = receivers()
    site.hook(post_t=receiver.url())
    server = start(*site.arguments(), '--watch')
    assert server.get('/t').json() == []
    write_app(site.app, {'schema/001_tables.sql': FILES['schema/001_tables.sql'] + 'CREATE TABLE u (id integer NOT NULL PRIMARY KEY);\n'})
    assert post(server, 1).status == 201
    wait_until(lambda: receiver.got)
    wait_until(lambda: site.listed() == [])


def test_a_watched_file_is_told_of(start, site, receivers):
    receiver = receivers()
    site.hook(post_t=receiver.url())
    ini = (site.app / 'app.ini').read_text()
    write_app(site.app, {'app.ini': f'{ini}\n[watch]\nPOST /t = incoming/*.csv\n'})
    (site.app / 'incoming').mkdir()
    start(*site.arguments())
    write_app(site.app, {'incoming/a.csv': 'id\n1\n2\n'})
    wait_until(lambda: receiver.got)
    assert receiver.got[0].json()['data']['rows'] == 2


def test_a_restored_store_tells_again_what_was_not_dropped(start, site, receivers, tmp_path):
    receiver = receivers(status=500)
    site.hook(post_t=receiver.url())
    server = start(*site.arguments(), '--quiet')
    assert post(server, 1).status == 201
    wait_until(lambda: receiver.got)
    where = [*site.store, '--var', site.var, site.app]
    done = run('backup', *where, tmp_path / 'copy')
    assert done.returncode == 0, done.stderr
    assert run('verify', *where, tmp_path / 'copy').returncode == 0
    assert server.stop() == 0
    done = run('restore', '--force', *where, tmp_path / 'copy')
    assert done.returncode == 0, done.stderr
    assert len(site.listed()) == 1
    assert site.command('drop', 'all') == 'dropped: 1\n'
    assert site.listed() == []


@pytest.mark.threads
def test_an_edit_changes_whom_is_told(start, file_site, receivers):
    site = file_site
    first, second = receivers(status=500), receivers()
    site.hook()
    server = start(*site.arguments(), '--watch')
    assert post(server, 0).status == 201
    site.hook(post_t=first.url())
    assert post(server, 1).status == 201
    wait_until(lambda: first.got)
    site.hook()
    assert post(server, 2).status == 201
    site.hook(post_t=second.url())
    assert post(server, 3).status == 201
    wait_until(lambda: len(second.got) == 2, seconds=60)
    wait_until(lambda: site.listed() == [])
    assert second.batches() == [2, 4]  # and not what went in while nobody was to be told


@pytest.mark.threads
def test_a_secret_is_exchanged_at_sighup(start, site, receivers, tmp_path):
    receiver = receivers()
    site.hook(post_t=receiver.url())
    server = start(*site.arguments())
    assert post(server, 1).status == 201
    wait_until(lambda: len(receiver.got) == 1)
    write_secrets(site.secrets, SECRET, OTHER)
    server.process.send_signal(signal.SIGHUP)
    wait_until(lambda: server.read_stderr(0.1) and 'the configuration was read anew' in server.stderr)
    assert post(server, 2).status == 201
    wait_until(lambda: len(receiver.got) == 2)
    assert receiver.got[1].is_signed(SECRET) and receiver.got[1].is_signed(OTHER) and len(receiver.got[1].signatures()) == 2
    write_secrets(site.secrets, 'hunter2')
    server.process.send_signal(signal.SIGHUP)
    wait_until(lambda: server.read_stderr(0.1) and 'nothing is changed by this SIGHUP' in server.stderr)
    assert 'line 1 holds no secret' in server.stderr and 'hunter2' not in server.stderr
    assert post(server, 3).status == 201
    wait_until(lambda: len(receiver.got) == 3)
    assert receiver.got[2].is_signed(OTHER)


def test_a_hook_and_its_secret_go_together(start, file_site, receivers):
    """The secrets fit the edit and not what is in force; and the other way round they wait for the edit."""
    own, other = receivers(), receivers()
    file_site.hook(post_t=own.url(), post_other=other.url())
    write_secrets(file_site.secrets, f'http://127.0.0.1:{own.server_address[1]} {SECRET}', f'http://127.0.0.1:{other.server_address[1]} {SECRET}')
    server = start(*file_site.arguments())

    def hang_up():
        server.process.send_signal(signal.SIGHUP)
        wait_until(lambda: server.read_stderr(0.1) and server.stderr.count('the configuration was read anew') == hang_up.count)
        hang_up.count += 1
    hang_up.count = 1
    write_secrets(file_site.secrets, f'http://127.0.0.1:{other.server_address[1]} {OTHER}')
    hang_up()
    assert 'no secret is for the hook of POST /t: ' in server.stderr
    assert 'the former secrets are in force until the app is changed, too' in server.stderr
    assert post(server, 1).status == 201 and post(server, 2, path='/other').status == 201
    wait_until(lambda: own.got and other.got)
    assert own.got[0].is_signed() and other.got[0].is_signed(SECRET)
    file_site.hook(post_other=other.url())
    hang_up()
    wait_until(lambda: post(server, 3 + len(other.got), path='/other').status == 201 and other.got[-1].is_signed(OTHER))
    assert len(own.got) == 1


def refused(file_site, *arguments):
    server = Server(file_site.app, *arguments, var=file_site.var, wait=False)
    assert server.process.wait(60) != 0
    server.stop()
    return server.stderr


def test_hooks_need_a_secret(file_site):
    file_site.hook(post_t='https://example.org/in')
    words = refused(file_site)
    assert 'small has a [hook], and there is no secret to sign it with: name a file of it by --hook-secrets FILE' in words
    assert '(umask 077; echo "whsec_$(openssl rand -base64 32)" > hook-secrets) makes one' in words
    write_secrets(file_site.secrets, f'https://example.com {SECRET}')
    assert 'no secret is for the hook of POST /t' in refused(file_site, '--hook-secrets', file_site.secrets)
    file_site.secrets.chmod(0o644)
    assert 'others may read these secrets' in refused(file_site, '--hook-secrets', file_site.secrets)
    assert run('check', file_site.app).returncode == 0


@pytest.mark.parametrize(('line', 'words'), [
    ('POST /t = http://example.org/in', 'app.ini:2: the URL of the hook of POST /t is no https:// URL; http:// goes to 127.0.0.1 only'),
    ('POST /t = https://me:hunter2@example.org/', "app.ini:2: the URL of the hook of POST /t has a user's name, or a character that no URL has"),
    ('POST /t = https://Example.org/', 'app.ini:2: the URL of the hook of POST /t has to have its host in small letters'),
    ('POST /t = https://example.org:443/', 'app.ini:2: the URL of the hook of POST /t has to have its host in small letters, and a port only where'),
    ('GET /t = https://example.org/', 'app.ini:2: GET /t writes nothing, so there is nothing to tell of it'),
    ('POST /s = https://example.org/', 'app.ini:2: the app has no endpoint POST /s'),
    ('prices = https://example.org/', 'app.ini:2: prices is no endpoint; write POST /path = https://example.org/hook'),
    ('POST /t = https://a.example/\nPOST /t = https://b.example/', 'app.ini:3: a second hook of POST /t; let the receiver of one tell others'),
])
def test_what_is_wrong_is_told_with_its_line(file_site, line, words):
    write_app(file_site.app, {'app.ini': f'[hook]\n{line}\n'})
    done = run('check', file_site.app)
    assert done.returncode == 1 and words in done.stdout + done.stderr
    assert 'hunter2' not in done.stdout + done.stderr
