# SPDX-License-Identifier: Apache-2.0
"""Kept answers follow what becomes of their tables by other ways than a batch of the same node."""
import contextlib

import pytest

import pgbouncer
import postgresql
from server import Server, wait_until, write_app


pytestmark = pytest.mark.skipif(not postgresql.is_there(), reason='needs the package postgresql-15')

APP = {
    'schema/001_sums.sql': 'CREATE TABLE IF NOT EXISTS parts (n integer NOT NULL) PARTITION BY RANGE (n);\n'
                           'CREATE TABLE IF NOT EXISTS low PARTITION OF parts FOR VALUES FROM (0) TO (10);\n'
                           'CREATE TABLE IF NOT EXISTS high PARTITION OF parts FOR VALUES FROM (10) TO (20);\n'
                           'CREATE TABLE IF NOT EXISTS others (n integer PRIMARY KEY);\n'
                           'CREATE OR REPLACE VIEW shown AS SELECT n FROM parts;\n',
    'get_parts.sql': '-- @endpoint GET /parts\n-- @shape object\n-- @answer\nSELECT sum(n) AS sum FROM parts;\n',
    'get_others.sql': '-- @endpoint GET /others\n-- @shape object\n-- @answer\nSELECT sum(n) AS sum FROM others;\n',
    'get_shown.sql': '-- @endpoint GET /shown\n-- @shape object\n-- @answer\nSELECT sum(n) AS sum FROM shown;\n',
}


@contextlib.contextmanager
def nodes(tmp_path, url, count=2):
    app = write_app(tmp_path / 'sums', APP)
    with contextlib.ExitStack() as stack:
        servers = []
        for _ in range(count):
            servers.append(Server(app, '--quiet', '--store', url))
            stack.callback(servers[-1].process.communicate)
            stack.callback(servers[-1].process.kill)
        yield servers
        for server in servers:
            assert server.stop() == 0, server.stderr[-4000:]


def sums(servers, path, behind=None):
    """What each node says, three times, so that the answer is kept and used."""
    found = {server.get(path).json()['sum'] for server in servers for _ in range(3)}
    assert len(found) == 1, (path, behind, found)
    return found.pop()


@pytest.mark.threads
def test_kept_answers_follow_ddl_and_replicas_on_every_node(tmp_path, cluster):
    url = cluster.create('versions_ddl')
    with nodes(tmp_path, url) as servers:
        def run(sql):
            cluster.sql(f'SET search_path = sums; {sql}', 'versions_ddl')

        run('INSERT INTO parts VALUES (5), (7), (11)')
        for sql, expected in [
                ('SELECT 1', 23), ('ALTER TABLE parts DETACH PARTITION high', 12), ('INSERT INTO low VALUES (1)', 13),
                ('ALTER TABLE parts ATTACH PARTITION high FOR VALUES FROM (10) TO (20)', 24), ('DROP TABLE high', 13),
                ('SET session_replication_role = replica; INSERT INTO parts VALUES (2)', 15), ('TRUNCATE low', None)]:
            run(sql)
            for path in ('/parts', '/shown'):
                assert sums(servers, path, sql) == expected, (path, sql)
        run('INSERT INTO others VALUES (3); CREATE OR REPLACE VIEW shown AS SELECT n FROM others')
        assert sums(servers, '/shown') == 3
        run('INSERT INTO others VALUES (4)')
        assert sums(servers, '/shown') == 7
        run('DROP VIEW shown; ALTER TABLE others ALTER COLUMN n TYPE bigint USING n * 100')
        assert sums(servers, '/others') == 700


READS = {
    'parts': 'SELECT sum(n) AS sum FROM parts',
    'view': 'SELECT sum(n) AS sum FROM shown',
    'below': 'SELECT sum(n) AS sum FROM parts WHERE n >= 10 OR n = 12',
    'part': 'SELECT sum(n) AS sum FROM low',
    'whole': 'SELECT sum(n) AS sum FROM middle',  # which is not kept, as it is a part that has parts
    'checked': 'SELECT 1 AS sum',
}
# In the first half of the rounds the part is there when the read is prepared.
ROUNDS = [f'/{name}{i}' for i in (0, 1) for name in READS if name != 'part'] + [f'/{name}/7' for name in READS if name != 'part']
CHECKS = """-- @reject 409 the parts are few
SELECT 1 WHERE (SELECT sum(n) FROM parts) < 20;
-- @reject 410 the parts are gone
SELECT 1 WHERE (SELECT sum(n) FROM parts) < 0;
"""
ENDPOINT = """-- @endpoint GET /{path}
-- @param k integer
-- @shape object
{checks}-- @answer
SELECT t.sum, CAST(:k AS integer) AS k FROM ({sql}) AS t WHERE EXISTS (SELECT FROM low);
"""
PARTED = {
    'schema/001_sums.sql': 'CREATE TABLE parts (n integer NOT NULL) PARTITION BY RANGE (n);\n'
                           'CREATE TABLE low PARTITION OF parts FOR VALUES FROM (0) TO (10);\n'
                           'CREATE TABLE middle PARTITION OF parts FOR VALUES FROM (10) TO (20) PARTITION BY RANGE (n);\n'
                           'CREATE TABLE middle_low PARTITION OF middle FOR VALUES FROM (10) TO (12);\n'
                           'CREATE VIEW shown AS SELECT n FROM parts;\n'
                           + ''.join(f'CREATE TABLE high{i} (n integer NOT NULL);\n' for i in range(len(ROUNDS))),
    **{f'get_{name}{i}.sql': ENDPOINT.format(path=f'{name}{i}' + ('/{k}' if i == '' else ''), sql=sql,
                                            checks=CHECKS if name == 'checked' else '')
       for name, sql in READS.items() for i in (0, 1, '')},
}


def cache_status(server, path):
    return server.get(path).headers['Cache-Status'].removeprefix('Reckoner; ')


@pytest.fixture(params=['direct', 'pooled'])
def parted(request, tmp_path, cluster):
    """A server of PARTED, and a session of psql."""
    name = 'parted_' + ''.join(c if c.isalnum() else '_' for c in request.node.name)[-40:]
    url = cluster.create(name)
    with contextlib.ExitStack() as stack:
        if request.param == 'pooled':
            if not pgbouncer.is_there():
                pytest.skip('needs the package pgbouncer')
            url = stack.enter_context(pgbouncer.Pooler(cluster)).url(name)
        server = Server(write_app(tmp_path / 'sums', PARTED), '--quiet', '--store', url)
        stack.callback(server.process.communicate)
        stack.callback(server.process.kill)
        session = postgresql.Session(cluster, name)
        stack.callback(session.close)
        session.run('SET search_path = sums; INSERT INTO parts VALUES (5), (7)')
        yield server, session
        assert server.stop() == 0, server.stderr[-4000:]


def test_answers_over_tables_with_parts_are_kept(parted):
    server, session = parted
    for path, expected in [('/parts0', 12), ('/parts/1', 12), ('/view0', 12), ('/part0', 12), ('/below0', None)]:
        wait_until(lambda path=path: cache_status(server, path) == 'hit')
        assert server.get(path).json()['sum'] == expected
    session.run('INSERT INTO parts VALUES (11)')
    for path, expected in [('/parts0', 23), ('/parts/1', 23), ('/view0', 23), ('/part0', 12), ('/below0', 11)]:
        assert sums([server], path) == expected
        wait_until(lambda path=path: cache_status(server, path) == 'hit')


def said(server, path):
    answer = server.get(path)
    return answer.json()['sum'] if answer.status == 200 else answer.status


# A tick of the watch between the two changes of a round hides the fault; so there are several of each.
@pytest.mark.parametrize('table, low, high', [('parts', 20, 30), ('middle', 12, 20)])
def test_a_part_that_came_and_went_between_two_questions_is_in_no_answer(parted, table, low, high):
    server, session = parted
    without = {'parts': 12, 'view': 12, 'below': None, 'whole': None, 'checked': 409}
    there = {'parts': 12 + low, 'view': 12 + low, 'below': low, 'whole': low if table == 'middle' else None, 'checked': 1}
    for path in ROUNDS:
        if path.endswith('/7'):
            said(server, path[:-1] + '6')  # prepares it
    for i, path in enumerate(ROUNDS):
        name = path.strip('/017')
        wait_until(lambda: cache_status(server, '/parts/99') == 'hit')  # the watch knows the table as it is
        session.run(f'INSERT INTO high{i} VALUES ({low})')
        session.run(f'ALTER TABLE {table} ATTACH PARTITION high{i} FOR VALUES FROM ({low}) TO ({high})')
        assert said(server, path) == there[name], path
        session.run(f'DROP TABLE high{i}')
        assert [said(server, path) for _ in range(2)] == [without[name]] * 2, path


def test_what_a_subscription_brings_is_in_the_next_answer_and_a_prepared_transaction_in_its_own_time(tmp_path):
    with postgresql.Cluster() as cluster:
        cluster.stop()
        cluster.configure("wal_level = logical\nmax_prepared_transactions = 4\n")
        cluster.start()
        source, url = 'source', cluster.create('target')
        cluster.create(source)
        cluster.sql('CREATE SCHEMA sums; CREATE TABLE sums.others (n integer PRIMARY KEY); '
                    'CREATE PUBLICATION p FOR TABLE sums.others', source)
        cluster.sql("SELECT pg_create_logical_replication_slot('s', 'pgoutput')", source)
        with nodes(tmp_path, url) as servers:
            assert sums(servers, '/others') is None
            cluster.sql(f"CREATE SUBSCRIPTION s CONNECTION 'host=127.0.0.1 port={cluster.port} user=reckoner dbname={source}'"
                        " PUBLICATION p WITH (create_slot = false, copy_data = false)", 'target')
            for n in range(1, 6):
                cluster.sql(f'INSERT INTO sums.others VALUES ({n})', source)
                postgresql.wait_for(lambda n=n: cluster.sql('SELECT count(*) FROM sums.others', 'target') == f'{n}\n', 'replication')
                assert sums(servers, '/others') == n * (n + 1) // 2
            cluster.sql("BEGIN; INSERT INTO sums.parts VALUES (9); PREPARE TRANSACTION 'x'", 'target')
            assert sums(servers, '/parts') is None
            cluster.sql("COMMIT PREPARED 'x'", 'target')
            assert sums(servers, '/parts') == 9
            cluster.sql('DROP SUBSCRIPTION s', 'target')


OLD = """
CREATE SCHEMA sums; SET search_path = sums;
CREATE TABLE reckoner_versions (table_name text PRIMARY KEY, version bigint NOT NULL);
CREATE TABLE reckoner_raised (table_name text NOT NULL);
CREATE FUNCTION reckoner_count() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
CREATE FUNCTION reckoner_raise() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
CREATE CONSTRAINT TRIGGER reckoner_count AFTER INSERT ON reckoner_raised
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION reckoner_count();
CREATE TABLE others (n integer PRIMARY KEY);
CREATE TRIGGER reckoner_raise AFTER INSERT ON others FOR EACH STATEMENT EXECUTE FUNCTION reckoner_raise('x');
INSERT INTO reckoner_versions VALUES ('others', 41), ('gone', -3);
"""


def test_a_store_of_the_version_before_is_brought_over(tmp_path, cluster):
    url = cluster.create('versions_old')
    cluster.sql(OLD, 'versions_old')
    with nodes(tmp_path, url, 1) as servers:
        cluster.sql('INSERT INTO sums.others VALUES (5)', 'versions_old')
        assert sums(servers, '/others') == 5
        cluster.sql('INSERT INTO sums.others VALUES (6)', 'versions_old')
        assert sums(servers, '/others') == 11
    count = "SELECT sum(version) > 41 FROM sums.reckoner_versions WHERE table_name = 'others'"
    assert cluster.sql(count, 'versions_old') == 't\n'
    # What a node of that version finds, which asks for one number of each table, lets it read nothing from standbys.
    assert cluster.sql('SELECT min(version) < 0 FROM sums.reckoner_versions', 'versions_old') == 't\n'
