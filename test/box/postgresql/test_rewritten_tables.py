# SPDX-License-Identifier: Apache-2.0
"""Reads that wait while a table is written anew: TRUNCATE and ALTER TABLE give it another file, which no snapshot knows."""
import concurrent.futures
import subprocess

import pytest

import postgresql
from server import Server, wait_until, write_app

pytestmark = pytest.mark.skipif(not postgresql.is_there(), reason='needs the package postgresql-15')

APP = {
    'schema/001_notes.sql': '''CREATE TABLE notes (id bigint NOT NULL PRIMARY KEY, note text);
INSERT INTO notes VALUES (1, 'one'), (2, 'two'), (3, 'three');
CREATE VIEW seen AS SELECT id, note FROM notes;
CREATE TABLE parted (id bigint) PARTITION BY RANGE (id);
CREATE TABLE parted_low PARTITION OF parted FOR VALUES FROM (0) TO (10);
INSERT INTO parted VALUES (1), (2);
CREATE TABLE found (n bigint);
CREATE TABLE other (n bigint);
INSERT INTO other VALUES (1), (2);
''',
    'get_notes.sql': '-- @endpoint GET /notes\n-- @answer\nSELECT id FROM notes ORDER BY id;\n',
    'get_count.sql': '-- @endpoint GET /count\n-- @shape value\n-- @answer\nSELECT count(*) AS n FROM seen;\n',
    'get_pages.sql': '-- @endpoint GET /pages\n-- @page 2 max 10\n-- @answer\nSELECT id FROM notes ORDER BY id;\n',
    'get_parted.sql': '-- @endpoint GET /parted\n-- @shape value\n-- @answer\nSELECT count(*) AS n FROM parted WHERE id < 5;\n',
    'get_other.sql': '-- @endpoint GET /other\n-- @shape value\n-- @answer\nSELECT sum(n) AS n FROM other;\n',
    'get_note.sql': '''-- @endpoint GET /notes/{id}
-- @param id integer
-- @shape object
-- @reject 404 no such note
SELECT 'id' AS parameter, :id AS value WHERE NOT EXISTS (SELECT FROM notes WHERE id = :id);
-- @answer
SELECT id FROM notes WHERE id = :id;
''',
    'post_found.sql': '''-- @endpoint POST /found
-- @field n integer required
-- @reject 409 there are none
SELECT line FROM batch WHERE NOT EXISTS (SELECT FROM notes);
-- @write
INSERT INTO found SELECT (SELECT count(*) FROM notes) FROM batch;
-- @answer 201
SELECT max(n) AS n FROM found;
''',
}
TRUNCATE = "TRUNCATE notes.notes; INSERT INTO notes.notes VALUES (1, 'one'), (2, 'two'), (4, 'four');"
ALTER = 'ALTER TABLE notes.other ALTER COLUMN n TYPE numeric(20); ALTER TABLE notes.other ALTER COLUMN n TYPE bigint;'
PARTED = 'TRUNCATE notes.parted; INSERT INTO notes.parted VALUES (1), (2), (3);'


@pytest.fixture(scope='module')
def site(cluster, tmp_path_factory):
    """A function that has requests wait for a change; what they are answered then."""
    url = cluster.create('rewritten')
    server = Server(write_app(tmp_path_factory.mktemp('app') / 'notes', APP), '--quiet', '--workers', '2', '--store', url)
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = 'rewritten' AND wait_event_type = 'Lock'"

    def during(change, *requests):
        with subprocess.Popen([postgresql.BINARIES / 'psql', '-Atq', '-v', 'ON_ERROR_STOP=1', '-d', url], stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE, text=True) as psql, concurrent.futures.ThreadPoolExecutor(len(requests)) as threads:
            psql.stdin.write(f'BEGIN; {change} SELECT 1;\n')
            psql.stdin.flush()
            assert psql.stdout.readline() == '1\n'
            answers = [threads.submit(server.request, method, path, body, {'Content-Type': 'application/json'} if body else {})
                       for method, path, body in requests]
            wait_until(lambda: int(cluster.sql(waiting)) == len(requests))
            psql.stdin.write('COMMIT;\n')
            psql.stdin.close()
            return [(answer.result().status, answer.result().body) for answer in answers]

    yield during
    assert server.stop() == 0
    assert 'error' not in server.stderr, server.stderr


def test_a_read_that_waits_for_truncate_sees_what_has_come_since(site):
    notes = (200, b'[{"id":1},{"id":2},{"id":4}]')
    assert site(TRUNCATE, ('GET', '/notes', None)) == [notes]
    assert site(TRUNCATE, ('GET', '/count', None), ('GET', '/notes', None)) == [(200, b'3'), notes]
    assert site(TRUNCATE, ('GET', '/pages', None)) == [(200, b'[{"id":1},{"id":2}]')]
    assert site(PARTED, ('GET', '/parted', None)) == [(200, b'3')]


def test_a_read_that_waits_for_a_table_to_be_written_anew_sees_its_rows(site):
    assert site(ALTER, ('GET', '/other', None)) == [(200, b'3')]


def test_a_check_that_waits_refuses_nothing_that_is_there(site):
    assert site(TRUNCATE, ('GET', '/notes/1', None)) == [(200, b'{"id":1}')]
    assert site(TRUNCATE, ('GET', '/notes/3', None))[0][0] == 404


def test_a_batch_that_waits_finds_the_rows_that_have_come_since(site):
    assert site(TRUNCATE, ('POST', '/found', b'{"n": 1}')) == [(201, b'[{"n":3}]')]
