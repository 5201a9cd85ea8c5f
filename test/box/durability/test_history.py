# SPDX-License-Identifier: Apache-2.0
"""Old rows that go to an archive ([history]): whatever dies when, and whatever comes late, prices_all has each row once, as a single table would."""
import collections
import concurrent.futures
import datetime
import random
import signal
import threading

import pytest

from rounds import rounds
from server import STORES, Server, new_store, run, wait_until, write_app
from upgrades import Upgraded

TODAY = datetime.datetime.now(datetime.timezone.utc).date()
PORTS = ['A', 'B', 'C']


def day(age):
    return (TODAY - datetime.timedelta(days=age)).isoformat()


TABLES = '''
CREATE TABLE ports (code text NOT NULL PRIMARY KEY);
INSERT INTO ports VALUES ('A'), ('B'), ('C');
CREATE TABLE prices (port text NOT NULL REFERENCES ports (code), day date NOT NULL, price bigint NOT NULL, PRIMARY KEY (port, day, price_kind));
CREATE INDEX prices_day ON prices (day);
'''.replace('price bigint NOT NULL,', 'price_kind bigint NOT NULL, price bigint NOT NULL,')


def write(path, tail):
    return f'''-- @endpoint POST {path}
-- @field port text required
-- @field day date required
-- @field price_kind integer required
-- @field price integer required
-- @write
INSERT INTO prices (port, day, price_kind, price) SELECT port, day, price_kind, price FROM batch WHERE true {tail};
-- @answer 201
SELECT count(*) AS inserted FROM batch;
'''


APP = {
    'app.ini': 'title = Lanes\n[history]\nprices = day older 90d\n',
    'schema/001_tables.sql': TABLES,
    'post_insert.sql': write('/insert', ''),
    'post_upsert.sql': write('/upsert', 'ON CONFLICT (port, day, price_kind) DO UPDATE SET price = prices.price + excluded.price'),
    'post_ignore.sql': write('/ignore', 'ON CONFLICT DO NOTHING'),
    'post_remove.sql': '''-- @endpoint POST /remove
-- @field port text required
-- @field day date required
-- @write
DELETE FROM prices WHERE (port, day) IN (SELECT port, day FROM batch);
-- @write
DELETE FROM prices_archive WHERE (port, day) IN (SELECT port, day FROM batch);
-- @answer 201
SELECT count(*) AS removed FROM batch;
''',
    'get_all.sql': '''-- @endpoint GET /all
-- @answer
SELECT port, day, price_kind, price FROM prices_all ORDER BY port, day, price_kind;
''',
    'get_sum.sql': '''-- @endpoint GET /sum
-- @cache off
-- @answer
SELECT count(*) AS rows, coalesce(sum(price), 0) AS sum FROM prices_all;
''',
    'get_kept.sql': '''-- @endpoint GET /kept
-- @answer
SELECT count(*) AS rows, coalesce(sum(price), 0) AS sum FROM prices_all;
''',
    'get_where.sql': '''-- @endpoint GET /where
-- @cache off
-- @param before date required
-- @answer
SELECT (SELECT count(*) FROM prices) AS hot, (SELECT count(*) FROM prices_archive) AS archived,
    (SELECT count(*) FROM prices WHERE day < :before) AS old,
    (SELECT count(*) FROM prices AS p JOIN prices_archive AS a ON a.port = p.port AND a.day = p.day AND a.price_kind = p.price_kind) AS both;
''',
}


class Lanes:
    """A server of the app, and a model of its table."""

    def __init__(self, app, var, store, env=None):
        self.arguments = [*store, app]
        self.var = var
        self.rows = {}
        self.server = Server(*self.arguments, var=var, env=env)

    def restart(self, env=None):
        self.server.process.kill()
        self.server.process.communicate()
        self.server = Server(*self.arguments, var=self.var, env=env)

    def where(self):
        return self.server.get(f'/where?before={day(90)}').json()[0]

    def is_moved(self):
        return self.where()['old'] == 0

    def batch(self, how, rows):
        """Sends rows, each with a key of its own; the model takes them as one table would."""
        body = [dict(zip(('port', 'day', 'price_kind', 'price'), (*key, price))) for key, price in rows.items()]
        answer = self.server.post(f'/{how}', body)
        known = [key for key in rows if key in self.rows]
        assert answer.status == (409 if how == 'insert' and known else 201), answer.body
        if answer.status == 409:
            return
        for key, price in rows.items():
            if key not in self.rows:
                self.rows[key] = price
            elif how == 'upsert':
                self.rows[key] += price

    def remove(self, port, at):
        assert self.server.post('/remove', [{'port': port, 'day': at}]).status == 201
        self.rows = {key: price for key, price in self.rows.items() if key[:2] != (port, at)}

    def check(self):
        rows = [((row['port'], row['day'], row['price_kind']), row['price']) for row in self.server.get('/all').json()]
        assert rows == sorted(self.rows.items())
        kept = self.server.get('/kept').json()[0]
        assert kept == {'rows': len(self.rows), 'sum': sum(self.rows.values())}
        assert self.where()['both'] == 0

    def stop(self):
        assert self.server.stop() == 0, self.server.stderr


@pytest.fixture
def lanes(request, tmp_path):
    made = []

    def make(store, files=APP, env=None):
        made.append(Lanes(write_app(tmp_path / 'lanes', files), tmp_path / 'var', new_store(store, request), env))
        return made[-1]
    yield make
    for item in made:
        if item.server.process.poll() is None:
            item.server.process.kill()
        item.server.process.communicate()


def many(count, age=200):
    return {(PORTS[n % 3], day(age + n % 70), n): n for n in range(count)}


@pytest.mark.parametrize('store', STORES)
@pytest.mark.parametrize('seed', range(rounds(1, 200)))
def test_random_batches_with_late_rows_and_kills_leave_what_a_single_table_would_have(store, seed, lanes):
    chance = random.Random(seed)
    one = lanes(store)
    keys = [(port, day(age), kind) for port in PORTS for age in (0, 1, 89, 90, 91, 92, 120, 150, 400) for kind in range(4)]
    for n in range(40):
        rows = {key: chance.randint(1, 9) for key in chance.sample(keys, chance.choice([1, 2, 5, 20]))}
        if chance.random() < 0.4:
            rows = {key: price for key, price in rows.items() if key not in one.rows} or rows
        one.batch(chance.choice(['insert', 'upsert', 'ignore']), rows)
        if n % 5 == 3:
            one.remove(chance.choice(PORTS), chance.choice(keys)[1])
        if n % 10 == 4:
            wait_until(one.is_moved)
        if n % 10 == 7:
            one.restart()
        one.check()
    wait_until(one.is_moved)
    one.check()
    assert one.where() == {'hot': sum(key[1] >= day(90) for key in one.rows), 'archived': sum(key[1] < day(90) for key in one.rows), 'old': 0, 'both': 0}
    one.stop()


@pytest.mark.parametrize('store', STORES)
@pytest.mark.parametrize('step', ['history-moved:1', 'history-moved:2', 'history-commit:2', 'history-committed:2'])
def test_death_at_each_step_of_a_move_leaves_each_row_once(store, step, lanes):
    one = lanes(store, env={'RECKONER_CRASH': step})
    one.batch('insert', many(2500))
    wait_until(lambda: one.server.process.poll() is not None)
    one.restart()
    one.check()
    wait_until(one.is_moved)
    one.check()
    assert one.where()['archived'] == 2500
    one.stop()


@pytest.mark.parametrize('store', STORES)
def test_readers_see_each_row_once_while_rows_move(store, lanes):
    one = lanes(store)
    rows = many(9000)
    one.batch('insert', rows)
    wanted = {'rows': len(rows), 'sum': sum(rows.values())}
    ends = threading.Event()
    seen = collections.Counter()

    def read():
        while not ends.is_set():
            for path in ('/sum', '/kept'):
                seen[str(one.server.get(path).json()[0])] += 1
    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        readers = [pool.submit(read) for _ in range(6)]
        try:
            wait_until(one.is_moved)
        finally:
            ends.set()
        for reader in readers:
            reader.result()
    assert list(seen) == [str(wanted)], seen
    one.check()
    text = one.server.get('/-/metrics').body.decode()
    assert 'reckoner_history_rows_total{app="lanes",table="prices"} 9000' in text
    assert 'reckoner_history_oldest_days{app="lanes",table="prices"} 0' in text
    one.stop()
    assert '9000 rows of prices, older than 90 days, went to its archive' in one.server.stderr


def other(**changes):
    return {**APP, **changes}


def refused(files, tmp_path, store, request):
    app = write_app(tmp_path / 'lanes', files)
    arguments = new_store(store, request)
    done = run('serve', '--listen', '127.0.0.1:0', '--var', tmp_path / 'var', *arguments, app)
    assert done.returncode == 1
    return done.stderr


@pytest.mark.parametrize('store', STORES)
def test_a_table_that_is_not_there_is_refused_with_the_place_of_its_line(store, request, tmp_path):
    files = other(**{'app.ini': 'title = Lanes\n[history]\nlanes = day older 90d\n'})
    assert 'app.ini:3: there is no table lanes; a migration has to make it' in refused(files, tmp_path, store, request)


@pytest.mark.parametrize('store', STORES)
def test_a_column_that_comes_later_is_there_for_archived_rows_too(store, lanes):
    one = lanes(store)
    one.batch('insert', many(30) | many(30, 1))
    wait_until(one.is_moved)
    write_app(one.arguments[-1], {
        'schema/002_note.sql': "ALTER TABLE prices ADD COLUMN note text NOT NULL DEFAULT 'none';\nALTER TABLE prices ADD COLUMN size bigint;\n",
        'get_notes.sql': '-- @endpoint GET /notes\n-- @answer\nSELECT note, size, count(*) AS rows FROM prices_all GROUP BY note, size ORDER BY note, size;\n'})
    one.restart()
    assert one.server.get('/notes').json() == [{'note': 'none', 'size': None, 'rows': 60}]
    one.batch('upsert', {('A', day(200), 0): 5, ('A', day(500), 0): 6})
    one.check()
    wait_until(one.is_moved)
    one.check()
    one.stop()


@pytest.mark.parametrize('store', STORES)
def test_a_migration_that_the_archive_cannot_follow_is_taken_back_while_all_is_served(store, lanes):
    one = lanes(store, {**APP, 'schema/001_tables.sql': TABLES.replace('price bigint NOT NULL,', 'price bigint NOT NULL, note text,')})
    one.batch('insert', many(30) | many(30, 1))
    wait_until(one.is_moved)
    write_app(one.arguments[-1], {'schema/002_remark.sql': 'ALTER TABLE prices RENAME COLUMN note TO remark;\n'})
    one.server.process.send_signal(signal.SIGHUP)
    for words in ('app.ini:3: prices_archive has the column note, and prices has not', '002_remark.sql is not applied', 'is not in force'):
        wait_until(lambda: words in one.server.stderr or one.server.read_stderr(0.1) and words in one.server.stderr)
    one.check()
    one.batch('insert', {('A', day(200), 0): 1})  # it is archived: 409
    one.batch('upsert', {('A', day(200), 0): 1})
    one.check()
    one.stop()


@pytest.mark.parametrize('store', STORES)
def test_a_backup_holds_archived_rows_and_gives_them_back(store, lanes, tmp_path):
    one = lanes(store)
    one.batch('insert', many(300))
    wait_until(one.is_moved)
    *store_words, app = one.arguments
    done = run('backup', '--var', one.var, *store_words, app, tmp_path / 'backup')
    assert done.returncode == 0, done.stderr
    one.batch('upsert', {('A', day(200), 0): 5})
    one.stop()
    done = run('restore', '--force', '--var', one.var, *store_words, app, tmp_path / 'backup')
    assert done.returncode == 0, done.stderr
    one.rows = many(300)
    one.restart()
    one.check()
    one.batch('insert', {('A', day(200), 0): 5})  # is refused, as the model says
    one.batch('insert', {('A', day(900), 0): 5})
    wait_until(one.is_moved)
    one.check()
    one.stop()


def test_check_warns_of_writes_that_do_not_reach_archived_rows(tmp_path):
    post = '''-- @endpoint POST /clear
-- @field port text required
-- @write
DELETE FROM prices WHERE port IN (SELECT port FROM batch);
-- @write
UPDATE prices SET price = 0 WHERE port IN (SELECT port FROM batch);
-- @answer 201
SELECT count(*) AS n FROM batch;
'''
    done = run('check', write_app(tmp_path / 'lanes', other(**{'post_clear.sql': post})))
    assert done.returncode == 0, done.stderr
    for line, word in ((4, 'delete'), (6, 'update')):
        words = f'warning: this does not {word} rows of prices that are archived; a @write on prices_archive behind it does'
        assert f'post_clear.sql:{line}:1: {words}' in done.stderr
    both = post.replace('-- @answer', '-- @write\nDELETE FROM prices_archive WHERE port IN (SELECT port FROM batch);\n'
                        '-- @write\nUPDATE ONLY "prices_archive" SET price = 0 WHERE port IN (SELECT port FROM batch);\n-- @answer')
    write_app(tmp_path / 'lanes', {'post_clear.sql': both.replace('ONLY ', '')})
    assert 'that are archived' not in run('check', tmp_path / 'lanes').stderr


@pytest.mark.parametrize('store', STORES)
def test_a_reload_changes_the_age(store, lanes):
    one = lanes(store)
    one.batch('insert', many(30, 10) | many(30, 100))
    wait_until(one.is_moved)
    assert one.where()['archived'] == 30
    write_app(one.arguments[-1], {'app.ini': 'title = Lanes\n[history]\nprices = day older 5d\n'})
    one.server.process.send_signal(signal.SIGHUP)
    wait_until(lambda: one.where()['archived'] == 60)
    one.check()
    one.stop()


def test_a_first_history_is_refused_at_a_reload(lanes):
    names = ('schema/001_tables.sql', 'post_insert.sql')
    one = lanes('sqlite', {name: APP[name] for name in names})
    write_app(one.arguments[-1], {'app.ini': APP['app.ini']})
    one.server.process.send_signal(signal.SIGHUP)
    words = 'moves rows to an archive, and did not when the server was started: an upgrade (SIGUSR2) or a new start puts it in force'
    wait_until(lambda: one.server.read_stderr(0.1) and words in one.server.stderr)
    one.stop()


FAR = '''
CREATE SCHEMA lanes;
CREATE TABLE lanes.prices_archive_far (port text NOT NULL, day date NOT NULL, price_kind bigint NOT NULL, price bigint NOT NULL);
CREATE INDEX ON lanes.prices_archive_far (port, day, price_kind);
CREATE INDEX ON lanes.prices_archive_far (day);
'''
MOVE = '''
CREATE EXTENSION postgres_fdw;
CREATE SERVER archive FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host '127.0.0.1', port '{port}', dbname '{database}', updatable 'false');
CREATE USER MAPPING FOR CURRENT_USER SERVER archive OPTIONS (user 'reckoner', password_required 'false');
SET search_path = lanes;
CREATE FOREIGN TABLE prices_archive_far (port text NOT NULL, day date NOT NULL, price_kind bigint NOT NULL, price bigint NOT NULL)
    SERVER archive OPTIONS (schema_name 'lanes');
ALTER TABLE prices_archive DROP CONSTRAINT prices_archive_port_fkey;
BEGIN;
ALTER TABLE prices_archive DETACH PARTITION {part};
ALTER TABLE prices_archive ATTACH PARTITION prices_archive_far FOR VALUES FROM ('{first}') TO ('{last}');
DROP TABLE {part};
COMMIT;
'''


def test_a_month_on_another_server_is_read_there_and_never_written(lanes, databases):
    one = lanes('postgresql')
    month = datetime.date.fromisoformat(day(200)).replace(day=1)
    after = (month + datetime.timedelta(days=31)).replace(day=1)
    rows = {(port, (month + datetime.timedelta(days=n)).isoformat(), 0): n for port in PORTS for n in range(60)}
    one.batch('insert', rows)
    wait_until(one.is_moved)
    far = f'far_{one.var.parent.name[-30:]}'
    databases.create(far)
    databases.sql(FAR, far)
    home = one.arguments[1].rsplit('/', 1)[1]
    part = f'prices_archive_{month:%Y_%m}'
    copied = databases.sql(f"SELECT format('(%L, %L, %s, %s)', port, day, price_kind, price) FROM lanes.{part}", home).split('\n')[:-1]
    databases.sql(f'INSERT INTO lanes.prices_archive_far VALUES {", ".join(copied)}', far)
    port = one.arguments[1].rsplit('/', 1)[0].rsplit(':', 1)[1]
    databases.sql(MOVE.format(port=port, database=far, part=part, first=month, last=after), home)
    one.check()
    key = ('A', (month + datetime.timedelta(days=3)).isoformat(), 0)
    for how in ('insert', 'upsert', 'ignore'):
        answer = one.server.post(f'/{how}', [{'port': key[0], 'day': key[1], 'price_kind': 0, 'price': 1}])
        assert answer.status == 409, (how, answer.body)
    one.batch('insert', {('A', key[1], 7): 1, ('B', day(400), 7): 2, ('C', day(3), 7): 3})
    one.batch('upsert', {('A', (after + datetime.timedelta(days=1)).isoformat(), 0): 5})
    wait_until(lambda: one.where()['old'] == 1)  # the late row of that month stays
    one.check()
    assert databases.sql('SELECT count(*) FROM lanes.prices_archive_far', far) == f'{len(copied)}\n'
    one.restart()
    one.check()
    one.stop()


@pytest.mark.parametrize(('store', 'word'), [(store, '') for store in STORES] + [('postgresql', '-- @parallel\n')])
def test_batches_of_many_clients_and_moves_leave_each_row_once(store, word, lanes):
    one = lanes(store, other(**{'post_upsert.sql': APP['post_upsert.sql'].replace('-- @field port', f'{word}-- @field port')}))
    one.batch('insert', many(3000))
    ends = threading.Event()

    def send(client):
        chance, sums = random.Random(client), collections.Counter()
        while not ends.is_set():
            key = (PORTS[client % 3], day(chance.choice([0, 89, 91, 92, 300])), 10_000 + client * 10 + chance.randint(0, 3))
            price = chance.randint(1, 9)
            row = dict(zip(('port', 'day', 'price_kind', 'price'), (*key, price)))
            answer = one.server.post('/upsert', [row])
            assert answer.status == 201, answer.body
            sums[key] += price
        return sums
    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        clients = [pool.submit(send, client) for client in range(6)]
        try:
            wait_until(lambda: one.where()['archived'] > 3000)
            for _ in range(rounds(1, 20)):
                moved = 'reckoner_history_rows_total{app="lanes",table="prices"} '
                begun = float(one.server.get('/-/metrics').body.decode().split(moved)[1].split('\n')[0])
                wait_until(lambda: float(one.server.get('/-/metrics').body.decode().split(moved)[1].split('\n')[0]) > begun)
        finally:
            ends.set()
        for client in clients:
            one.rows.update(client.result())
    one.check()
    wait_until(one.is_moved)
    one.check()
    one.stop()


@pytest.mark.parametrize('store', STORES)
def test_an_upgrade_in_the_middle_of_moves_leaves_each_row_once(store, lanes):
    one = lanes(store)
    one.batch('insert', many(9000))
    wait_until(lambda: one.where()['archived'] > 0)
    both = Upgraded.of(one.server)
    both.upgrade()
    one.batch('upsert', {('A', day(200), 0): 5, ('A', day(500), 0): 6})
    one.check()
    wait_until(one.is_moved)
    one.check()
    both.end()
