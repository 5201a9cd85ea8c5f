# SPDX-License-Identifier: Apache-2.0
"""Reads on a standby: it answers them, and none sees less than it would on the store itself or fails because of the standby."""
import concurrent.futures
import contextlib
import itertools
import signal
import threading

import pytest

import postgresql
from rounds import rounds
from server import Server, run, wait_until, write_app


# Under TSan run those in which several threads read on the standby, lose it, or are given it anew.
needs_cluster = pytest.mark.skipif(not postgresql.is_there(), reason='needs the package postgresql-15')

numbers = itertools.count()
# Each answer says who gave it.
APP = {
    'schema/001_notes.sql': 'CREATE TABLE notes (id integer PRIMARY KEY, note text NOT NULL);\n'
                            'CREATE TABLE others (id integer PRIMARY KEY);\n',
    'get_note.sql': '-- @endpoint GET /notes/{id}\n-- @param id integer\n-- @shape object\n-- @answer\n'
                    'SELECT note, pg_is_in_recovery() AS standby FROM notes WHERE id = :id;\n',
    'get_state.sql': '-- @endpoint GET /state\n-- @shape object\n-- @answer\n'
                     'SELECT count(*) AS notes, pg_is_in_recovery() AS standby FROM notes;\n',
    'get_checked.sql': '-- @endpoint GET /checked\n-- @param least integer required\n-- @shape object\n'
                       "-- @reject 409 too few\nSELECT 'least' AS parameter, :least AS value\n"
                       'WHERE (SELECT count(*) FROM notes) < :least;\n-- @answer\nSELECT pg_is_in_recovery() AS standby;\n',
    'get_slow.sql': '-- @endpoint GET /slow\n-- @shape object\n-- @answer\n'
                    'SELECT pg_is_in_recovery() AS standby, (SELECT count(*) FROM others) AS others\n'
                    'FROM pg_sleep(CASE WHEN pg_is_in_recovery() THEN 8 ELSE 0 END);\n',
    'get_all.sql': '-- @endpoint GET /all\n-- @shape values\n-- @answer\nSELECT note FROM notes ORDER BY id;\n',
    'get_one.sql': '-- @endpoint GET /some/{id}\n-- @param id integer\n-- @depends notes (id = :id)\n-- @shape values\n'
                   '-- @answer\nSELECT note FROM notes;\n',
    'post_notes.sql': '-- @endpoint POST /notes\n-- @field id integer required\n-- @field note text required\n'
                      '-- @write\nINSERT INTO notes (id, note) SELECT id, note FROM batch;\n-- @answer 201\nSELECT count(*) FROM batch;\n',
}
MORE = {
    'schema/002_more.sql': 'ALTER TABLE notes ADD COLUMN more integer NOT NULL DEFAULT 7;\n',
    'get_more.sql': '-- @endpoint GET /more\n-- @shape object\n-- @answer\n'
                    'SELECT sum(more) AS more, pg_is_in_recovery() AS standby FROM notes;\n',
}


# What no version tells of: a table of another schema, in an answer, in a check and in a condition; a materialized view; a function.
ABROAD = 'CREATE SCHEMA abroad; CREATE TABLE abroad.t (n integer); CREATE FUNCTION abroad.sum_of_t() RETURNS bigint ' \
         'LANGUAGE plpgsql STABLE AS $$ BEGIN RETURN (SELECT sum(n) FROM abroad.t); END $$'
GET = '-- @endpoint GET /{}\n-- @shape object\n'
FROM_ELSEWHERE = {
    'schema/002_kept.sql': 'CREATE MATERIALIZED VIEW kept AS SELECT count(*) AS n FROM notes;\n',
    'get_abroad.sql': GET.format('abroad') + '-- @answer\nSELECT sum(n) AS n, pg_is_in_recovery() AS standby FROM abroad.t;\n',
    'get_kept.sql': GET.format('kept') + '-- @answer\nSELECT n, pg_is_in_recovery() AS standby FROM kept;\n',
    'get_function.sql': GET.format('function') + '-- @answer\nSELECT abroad.sum_of_t() AS n, pg_is_in_recovery() AS standby;\n',
    'get_reject.sql': '-- @endpoint GET /reject\n-- @param n integer required\n-- @shape object\n'
                      "-- @reject 409 another sum\nSELECT 'n' AS parameter WHERE :n <> (SELECT sum(n) FROM abroad.t);\n"
                      '-- @answer\nSELECT :n AS n, pg_is_in_recovery() AS standby;\n',
    'get_when.sql': '-- @endpoint GET /when\n-- @param n integer required\n-- @shape object\n'
                    '-- @answer when :n = (SELECT sum(n) FROM abroad.t)\nSELECT :n AS n, pg_is_in_recovery() AS standby;\n'
                    '-- @answer\nSELECT 0 AS n, pg_is_in_recovery() AS standby;\n',
    'get_page.sql': '-- @endpoint GET /page\n-- @page 5 max 5\n-- @answer\n'
                    'SELECT n, pg_is_in_recovery() AS standby FROM abroad.t ORDER BY n;\n',
}


@pytest.fixture(scope='module')
def standby(cluster):
    one = cluster.standby()
    one.configure("max_standby_streaming_delay = '50ms'\n")
    with one:
        yield one


@pytest.fixture
def app(tmp_path):
    return write_app(tmp_path / 'notes', APP)


@pytest.fixture
def database(cluster, standby):
    """The name of a new one, which the standby has, too."""
    name = f'replica_{next(numbers)}'
    cluster.create(name)
    standby.catch_up()
    return name


@pytest.fixture
def nodes(cluster, standby, app, database):
    """Starts nodes on the database; each is ended, and has to end cleanly. The standby is there again for the next test."""
    servers = []

    def begin(*args):
        server = Server(app, '--quiet', '--store', cluster.url(database), '--read-store', standby.url(database), *args)
        servers.append(server)
        return server

    yield begin
    if standby.is_running():
        standby.thaw()
        standby.resume()
    else:
        standby.start()
    for server in servers:
        if server.process.poll() is None:
            assert server.stop() == 0, server.stderr


def state(server):
    answer = server.get('/state')
    assert answer.status == 200, answer.body
    return answer.json()


def is_on_standby(server):
    return state(server)['standby']


def write(server, number):
    answer = server.post('/notes', {'id': number, 'note': f'note {number}'})
    assert answer.status == 201, answer.body


def stayed_with_standby(server):
    """Whether it did, of a server that has ended, from when it had found it; before, the schema may not have been there."""
    _, found, since = server.stderr.partition('reads are answered by --read-store\n')
    return found != '' and 'reads do without' not in since


class Reader(threading.Thread):
    """Reads all the time, until the end of its block; what was not answered as it should be is kept."""

    def __init__(self, server, least):
        super().__init__()
        self.server, self.least = server, least
        self.ending = threading.Event()
        self.bad, self.standby, self.primary = [], 0, 0

    def run(self):
        while not self.ending.is_set():
            answer = self.server.get('/state')
            if answer.status != 200 or answer.json()['notes'] < self.least:
                self.bad.append(answer.body)
            elif answer.json()['standby']:
                self.standby += 1
            else:
                self.primary += 1

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.ending.set()
        self.join()


@needs_cluster
def test_reads_are_answered_by_the_standby(nodes):
    server = nodes()
    write(server, 1)
    wait_until(lambda: is_on_standby(server))
    assert wait_until(lambda: server.get('/notes/1').json()['standby'])
    assert server.get('/notes/2').status == 404
    assert wait_until(lambda: server.get('/checked?least=1').json()['standby'])
    assert server.get('/checked?least=2').errors('parameter', 'value') == [('least', '2')]
    assert server.stop() == 0
    assert server.stderr.count('reckoner: notes: reads are answered by --read-store\n') == 1


@pytest.mark.threads
@needs_cluster
def test_of_several_hosts_a_standby_is_found(cluster, standby, database, app):
    with contextlib.closing(postgresql.reserve_port()) as nobody:
        hosts = f'127.0.0.1:{postgresql.port_of(nobody)},127.0.0.1:{cluster.port},127.0.0.1:{standby.port}'
        server = Server(app, '--quiet', '--store', cluster.url(database), '--read-store', f'postgresql://reckoner@{hosts}/{database}',
                        '--workers', '3')
        for _ in range(10):
            wait_until(lambda: is_on_standby(server))
        assert server.stop() == 0


@pytest.mark.threads
@needs_cluster
def test_a_write_is_seen_through_every_node_at_once(nodes):
    one, two = nodes(), nodes('--workers', '1')
    wait_until(lambda: is_on_standby(one) and is_on_standby(two))
    # The read follows the write at once, and the standby lags a little each time: every round can see less than it may.
    for number in range(rounds(300, 10_000)):
        write(one if number % 2 else two, number)
        other = two if number % 2 else one
        assert other.get(f'/notes/{number}').status == 200
        assert state(other)['notes'] == number + 1
    wait_until(lambda: is_on_standby(one) and is_on_standby(two))


@pytest.mark.threads
@needs_cluster
def test_acknowledged_writes_are_seen_by_reads_that_wait_together(nodes):
    one, two = nodes(), nodes()
    wait_until(lambda: is_on_standby(one) and is_on_standby(two))
    ending = threading.Event()

    def read_on():
        while not ending.is_set():
            two.get('/state')

    with concurrent.futures.ThreadPoolExecutor(8) as readers:
        busy = [readers.submit(read_on) for _ in range(8)]
        try:
            for number in range(rounds(200, 10_000)):  # likewise
                write(one, number)
                assert state(two)['notes'] == number + 1
        finally:
            ending.set()
        for reader in busy:
            reader.result()


@needs_cluster
def test_a_write_by_psql_is_seen_at_once(nodes, cluster, database):
    server = nodes()
    wait_until(lambda: is_on_standby(server))
    for number in range(30):
        cluster.sql(f"INSERT INTO notes.notes VALUES ({number}, 'by psql')", database)
        assert state(server)['notes'] == number + 1
    cluster.sql('TRUNCATE notes.notes', database)
    assert state(server)['notes'] == 0


def outcome(answer):
    """What became of the request in the cache: hit, stored, or the reason for going on."""
    return answer.headers['Cache-Status'].split('; ')[-1]


@pytest.mark.threads
@needs_cluster
def test_what_a_standby_answers_is_kept_until_something_is_written(nodes, standby):
    one, two = nodes('--workers', '1'), nodes('--workers', '1')
    wait_until(lambda: is_on_standby(one) and is_on_standby(two))
    for number in range(10):
        write(one, number)
        expected = [f'note {i}' for i in range(number + 1)]
        assert one.get('/all').json() == two.get('/all').json() == expected
        standby.catch_up()
        assert wait_until(lambda: outcome(one.get('/all')) == outcome(two.get('/all')) == 'hit')
        assert one.get('/all').json() == two.get('/all').json() == expected
        assert is_on_standby(one) and is_on_standby(two)


@needs_cluster
def test_what_a_standby_answers_of_some_rows_is_kept_until_those_are_written(nodes, standby, cluster, database):
    one, two = nodes('--workers', '1'), nodes('--workers', '1')
    wait_until(lambda: is_on_standby(one) and is_on_standby(two))
    write(one, 1)

    def is_kept(number):
        write(one, number)
        standby.catch_up()
        return outcome(two.get('/some/1')) == 'hit'

    numbers = itertools.count(2)
    wait_until(lambda: is_kept(next(numbers)))  # for the triggers
    for change in range(5):
        assert two.get('/some/1').json() == [f'note {change or 1}']
        cluster.sql(f"UPDATE notes.notes SET note = 'note {change + 1}' WHERE id = 1", database)
        assert two.get('/some/1').json() == [f'note {change + 1}']
        standby.catch_up()
        wait_until(lambda: outcome(two.get('/some/1')) == 'hit')
        for _ in range(3):
            assert is_kept(next(numbers))
    assert is_on_standby(one) and is_on_standby(two)


@needs_cluster
def test_a_standby_that_has_not_seen_a_change_of_the_schema_has_nothing_kept(nodes, standby, cluster, database):
    server = nodes('--workers', '1')
    write(server, 1)
    wait_until(lambda: is_on_standby(server) and outcome(server.get('/all')) == 'hit')
    for change, note in (('upper', 'NOTE 1'), ('reverse', '1 ETON'), ('lower', '1 eton')):
        standby.pause()
        cluster.sql(f'ALTER TABLE notes.notes ALTER note TYPE text USING {change}(note)', database)
        for _ in range(5):
            answer = server.get('/all')  # of the standby, to which no version tells of the change, or of the store
            assert answer.json() == [note] or outcome(answer) not in ('hit', 'stored')
        standby.resume()
        standby.catch_up()
        assert server.get('/all').json() == [note]
        assert wait_until(lambda: outcome(server.get('/all')) == 'hit')
        assert server.get('/all').json() == [note]


@needs_cluster
def test_a_standby_that_has_stopped_replaying_is_passed_over(nodes, standby):
    server = nodes('--workers', '1')  # of several, each finds the standby by itself
    wait_until(lambda: is_on_standby(server))
    standby.pause()
    assert is_on_standby(server)  # it has all that there is
    for number in range(20):
        write(server, number)
        assert state(server) == {'notes': number + 1, 'standby': False}
    standby.resume()
    wait_until(lambda: is_on_standby(server))
    assert state(server)['notes'] == 20


@pytest.mark.threads
@needs_cluster
def test_a_standby_that_is_not_there_costs_no_read(nodes, standby):
    standby.stop()
    server = nodes()
    write(server, 1)
    assert state(server) == {'notes': 1, 'standby': False}
    with Reader(server, 1) as reader:
        standby.start()
        wait_until(lambda: reader.standby > 100)
        standby.kill()
        primary = reader.primary
        wait_until(lambda: reader.primary > primary + 100)
        standby.start()
        standbys = reader.standby
        wait_until(lambda: reader.standby > standbys + 100)
        standby.stop(signal.SIGINT)
        standby.start()
    assert reader.bad == []
    assert server.stop() == 0
    assert 'reckoner: notes: reads do without --read-store: ' in server.stderr
    assert server.stderr.index('reads do without') < server.stderr.index('reads are answered by')


@pytest.mark.threads
@needs_cluster
def test_a_standby_that_hangs_costs_no_read(nodes, standby):
    server = nodes()
    write(server, 1)
    wait_until(lambda: is_on_standby(server))
    with Reader(server, 1) as reader:
        standby.freeze()
        primary = reader.primary
        wait_until(lambda: reader.primary > primary + 100)
        standby.thaw()
        standbys = reader.standby
        wait_until(lambda: reader.standby > standbys + 100)
    assert reader.bad == []


@needs_cluster
def test_a_node_with_a_newer_schema_does_not_wait_for_the_standby(nodes, standby, app):
    old = nodes()
    write(old, 1)
    wait_until(lambda: is_on_standby(old))
    standby.pause()
    write_app(app, MORE)
    new = nodes()
    assert new.get('/more').json() == {'more': 7, 'standby': False}
    assert state(old)['notes'] == 1
    standby.resume()
    wait_until(lambda: new.get('/more').json() == {'more': 7, 'standby': True})
    wait_until(lambda: is_on_standby(old))


@pytest.mark.threads
@needs_cluster
def test_an_edited_app_is_answered_by_the_standby_too(nodes, standby, app):
    server = nodes('--watch')
    write(server, 1)
    wait_until(lambda: is_on_standby(server))
    write_app(app, {'get_state.sql': APP['get_state.sql'].replace('SELECT count', "SELECT 'new' AS is, count")})
    wait_until(lambda: state(server) == {'is': 'new', 'notes': 1, 'standby': True})
    standby.pause()
    write_app(app, {'get_all.sql': '-- @endpoint GET /all\n-- @shape object\n-- @answer\n'
                                   'SELECT pg_is_in_recovery() AS standby, n.* FROM notes n;\n'})
    wait_until(lambda: server.get('/all').json() == {'standby': True, 'id': 1, 'note': 'note 1'})
    write_app(app, MORE)
    assert server.get('/more').json() == {'more': 7, 'standby': False}
    assert server.get('/all').json() == {'standby': False, 'id': 1, 'note': 'note 1', 'more': 7}
    standby.resume()
    wait_until(lambda: server.get('/more').json() == {'more': 7, 'standby': True})
    wait_until(lambda: server.get('/all').json() == {'standby': True, 'id': 1, 'note': 'note 1', 'more': 7})


@pytest.mark.threads
@needs_cluster
def test_columns_that_change_cost_no_read(nodes, cluster, database, app):
    write_app(app, {'get_all.sql': '-- @endpoint GET /all\n-- @shape object\n-- @answer\n'
                                   'SELECT pg_is_in_recovery() AS standby, n.* FROM notes n;\n'})
    server = nodes()
    write(server, 1)
    wait_until(lambda: server.get('/all').json()['standby'])
    expected = {'standby': True, 'id': 1, 'note': 'note 1'}
    for number in range(5):
        cluster.sql(f'ALTER TABLE notes.notes ADD COLUMN n{number} integer DEFAULT {number}', database)
        expected[f'n{number}'] = number
        answers = []

        def is_there():
            answers.append(server.get('/all'))
            return answers[-1].json() == expected

        wait_until(is_there)
        assert {answer.status for answer in answers} == {200}
    assert server.stop() == 0
    assert stayed_with_standby(server)


@pytest.fixture
def elsewhere(app, cluster, database):
    """Raises, at the primary, what each endpoint of FROM_ELSEWHERE gives, and gives it."""
    write_app(app, FROM_ELSEWHERE)
    cluster.sql(ABROAD, database)
    sums = itertools.accumulate(itertools.count(1))

    def change():
        cluster.sql('INSERT INTO abroad.t SELECT coalesce(max(n), 0) + 1 FROM abroad.t', database)
        return next(sums)

    return change


@needs_cluster
def test_what_no_version_tells_of_is_read_on_the_store(nodes, cluster, standby, database, elsewhere):
    elsewhere()
    server = nodes('--workers', '1')
    write(server, 1)
    wait_until(lambda: is_on_standby(server))
    standby.pause()
    for _ in range(20):
        number = elsewhere()
        expected = {'n': number, 'standby': False}
        assert server.get('/abroad').json() == expected
        assert server.get('/function').json() == expected
        assert server.get(f'/reject?n={number}').json() == expected
        assert server.get(f'/when?n={number}').json() == expected
        assert not any(row['standby'] for row in server.get('/page').json())
        assert state(server) == {'notes': 1, 'standby': True}
    assert server.get('/kept').json() == {'n': 0, 'standby': False}
    cluster.sql('REFRESH MATERIALIZED VIEW notes.kept', database)
    assert server.get('/kept').json() == {'n': 1, 'standby': False}
    assert state(server) == {'notes': 1, 'standby': True}
    assert server.stop() == 0
    assert stayed_with_standby(server)


@pytest.mark.threads
@needs_cluster
def test_reads_that_wait_together_are_read_where_each_may_be(nodes, standby, elsewhere):
    elsewhere()
    server = nodes('--workers', '1')
    write(server, 1)
    wait_until(lambda: is_on_standby(server))

    def ask(turn):
        """What /abroad and /state tell, by turns."""
        return [server.get('/abroad' if i % 2 == turn % 2 else '/state').json() for i in range(50)]

    def ask_at_once(readers):
        return [told for answers in readers.map(ask, range(8)) for told in answers]

    with concurrent.futures.ThreadPoolExecutor(8) as readers:
        # Each thread of the server has to have its own connection to the standby.
        wait_until(lambda: all(told['standby'] == ('notes' in told) for told in ask_at_once(readers)))
        standby.pause()
        number = elsewhere()
        for told in ask_at_once(readers):
            assert told in [{'n': number, 'standby': False}, {'notes': 1, 'standby': True}]


@needs_cluster
def test_an_edit_changes_where_an_endpoint_is_read(nodes, standby, app, elsewhere):
    elsewhere()
    server = nodes('--watch', '--workers', '1')
    write(server, 1)
    wait_until(lambda: is_on_standby(server))
    standby.pause()
    number = elsewhere()
    by_version = GET.format('abroad') + '-- @answer\nSELECT count(*) AS n, pg_is_in_recovery() AS standby FROM notes;\n'
    of_abroad = GET.format('state') + '-- @answer\nSELECT sum(n) AS notes, pg_is_in_recovery() AS standby FROM abroad.t;\n'
    for _ in range(3):
        assert server.get('/abroad').json() == {'n': number, 'standby': False}
        assert state(server) == {'notes': 1, 'standby': True}
        write_app(app, {'get_state.sql': of_abroad, 'get_abroad.sql': by_version})
        assert state(server) == {'notes': number, 'standby': False}
        assert server.get('/abroad').json() == {'n': 1, 'standby': True}
        number = elsewhere()
        assert state(server) == {'notes': number, 'standby': False}
        write_app(app, {'get_state.sql': APP['get_state.sql'], 'get_abroad.sql': FROM_ELSEWHERE['get_abroad.sql']})
    assert server.stop() == 0
    assert stayed_with_standby(server)


@needs_cluster
def test_a_read_that_the_standby_ends_for_its_replay_is_done_on_the_store(nodes, cluster, standby, database):
    server = nodes('--workers', '1')
    wait_until(lambda: is_on_standby(server))
    ended = standby.log().count('canceling statement due to conflict with recovery')
    with concurrent.futures.ThreadPoolExecutor(1) as client:
        slow = client.submit(server.get, '/slow')
        wait_until(lambda: standby.sql("SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'").strip() == '1')
        cluster.sql('TRUNCATE notes.others', database)
        answer = slow.result()
    assert answer.json() == {'standby': False, 'others': 0}
    assert standby.log().count('canceling statement due to conflict with recovery') == ended + 1
    wait_until(lambda: is_on_standby(server))


@needs_cluster
def test_what_the_standby_cannot_do_is_done_on_the_store(nodes, app):
    write_app(app, {'get_strange.sql': '-- @endpoint GET /strange\n-- @shape object\n-- @answer\n'
                                       'SELECT 1 / CASE WHEN pg_is_in_recovery() THEN 0 ELSE 1 END AS one;\n',
                    'get_never.sql': '-- @endpoint GET /never\n-- @shape object\n-- @answer\nSELECT 1 / 0 AS never FROM notes;\n',
                    'get_wrong.sql': '-- @endpoint GET /wrong\n-- @shape object\n-- @answer\n'
                                     'SELECT 1 / (count(*) - count(*)) AS one FROM notes;\n'})
    server = nodes('--workers', '1')
    wait_until(lambda: is_on_standby(server))
    for _ in range(20):
        assert server.get('/strange').json() == {'one': 1}
    wait_until(lambda: is_on_standby(server))
    for _ in range(20):
        assert server.get('/wrong').status == server.get('/never').status == 500
        assert is_on_standby(server)  # it is not to blame


@needs_cluster
def test_without_the_store_a_standby_answers_nothing(tmp_path, app):
    """It cannot be known whether it has seen all."""
    with postgresql.Cluster() as primary, primary.standby() as copy:
        server = Server(app, '--quiet', '--store', primary.url(), '--read-store', copy.url())
        wait_until(lambda: is_on_standby(server))
        primary.kill()
        for _ in range(5):
            answer = server.get('/state')
            assert (answer.status, answer.headers['Retry-After']) == (503, '1')
        primary.start()
        wait_until(lambda: server.get('/state').status == 200)
        assert server.stop() == 0


def test_a_read_store_is_a_standby_on_postgresql(tmp_path, app):
    about = 'reckoner: a read store (--read-store, RECKONER_READ_STORE) is a standby of a --store on PostgreSQL\n'
    pg = 'postgresql://127.0.0.1:1/x'
    for args, env in ([('--read-store', pg)], {}), ([('--store', 'sqlite:x.db'), ('--read-store', pg)], {}), \
            ([('--store', pg), ('--read-store', 'sqlite:x.db')], {}), ([], {'RECKONER_READ_STORE': pg}):
        done = run('serve', *[word for pair in args for word in pair], '--var', tmp_path / 'var', app,
                   env={'PATH': '/usr/bin', **env})
        assert (done.returncode, done.stderr) == (2, about)
    done = run('serve', '--store', pg, '--read-store', 'mysql://x', app)
    assert (done.returncode, done.stderr) == (
        2, 'reckoner: --read-store: "mysql://x" is no store: name one as sqlite:PATH or postgresql://HOST/DATABASE\n')
    done = run('serve', '--store', pg, '--read-store', 'postgresql://u:secret@h/x', app)
    assert done.returncode == 2 and 'a password in --read-store is seen by every user' in done.stderr
    assert 'secret' not in done.stderr
    done = run('serve', '--store', pg, '--read-store', 'postgresql://h/x?nonsense=1', '--var', tmp_path / 'var', app)
    assert done.returncode == 1
    assert done.stderr == 'reckoner: --read-store: the store\'s url is wrong: invalid URI query parameter: "nonsense"\n'
