# SPDX-License-Identifier: Apache-2.0
"""Somebody else changes the tables under a running server: another node's migration, psql, sqlite3. No request is lost by it."""
import concurrent.futures
import contextlib
import itertools
import re
import sqlite3
import threading

import pytest

import pgbouncer
import postgresql
from server import Server, write_app


STORES = ['sqlite',
          pytest.param('postgresql', marks=pytest.mark.skipif(not postgresql.is_there(), reason='needs postgresql-15')),
          pytest.param('pgbouncer', marks=pytest.mark.skipif(not pgbouncer.is_there(), reason='needs pgbouncer'))]
NUMBERS = itertools.count()
APP = {
    'schema/001_notes.sql': 'CREATE TABLE notes (id integer PRIMARY KEY, note text NOT NULL, extra integer);\n'
                            'CREATE TABLE others (id integer PRIMARY KEY);\n',
    'get_all.sql': '-- @endpoint GET /all\n-- @answer\nSELECT * FROM notes ORDER BY id;\n',
    'get_all_csv.sql': '-- @endpoint GET /none\n-- @answer\nSELECT * FROM notes WHERE id < 0;\n',
    'get_pages.sql': '-- @endpoint GET /pages\n-- @page 5 max 5\n-- @answer\nSELECT * FROM notes ORDER BY id;\n',
    'get_one.sql': '-- @endpoint GET /notes/{id}\n-- @param id integer\n-- @shape object\n'
                   "-- @reject 422 negative\nSELECT 'id' AS parameter, :id AS value WHERE :id < 0;\n"
                   '-- @answer\nSELECT * FROM notes WHERE id = :id;\n',
    'get_extra.sql': '-- @endpoint GET /extra\n-- @answer\nSELECT extra FROM notes ORDER BY id;\n',
    'get_count.sql': '-- @endpoint GET /count\n-- @shape object\n-- @answer\nSELECT count(*) AS n FROM notes;\n',
    'post_notes.sql': '-- @endpoint POST /notes\n-- @field id integer required\n-- @field note text required\n'
                      '-- @write\nINSERT INTO notes (id, note) SELECT id, note FROM batch;\n'
                      '-- @answer 201\nSELECT n.* FROM notes n JOIN batch b ON b.id = n.id ORDER BY n.id;\n',
    'post_others.sql': '-- @endpoint POST /others\n-- @field id integer required\n'
                       '-- @write\nINSERT INTO others (id) SELECT id FROM batch;\n-- @answer 201\nSELECT count(*) AS n FROM batch;\n',
}


class Site:
    """A store, and what is needed to change it from outside."""

    def __init__(self, kind, cluster, tmp_path, stack):
        self.app = write_app(tmp_path / 'notes', APP)
        self.var = tmp_path / 'var'
        self.stack = stack
        if kind == 'sqlite':
            self.store = None
            return
        self.cluster, self.name = cluster, f'changes_{next(NUMBERS)}'
        self.store = cluster.create(self.name)
        if kind == 'pgbouncer':
            self.store = stack.enter_context(pgbouncer.Pooler(cluster)).url(self.name)

    def start(self, *args):
        server = Server(self.app, '--quiet', *(['--store', self.store] if self.store else []), *args, var=self.var)
        self.stack.callback(server.stop)
        return server

    def change(self, sql):
        if self.store:
            self.cluster.sql(sql.replace('TABLE ', 'TABLE notes.'), self.name)
            return
        with contextlib.closing(sqlite3.connect(self.var / 'notes.db', timeout=60, isolation_level=None)) as db:
            db.execute(sql)


@pytest.fixture(params=STORES)
def site(request, tmp_path):
    with contextlib.ExitStack() as stack:
        cluster = request.getfixturevalue('cluster') if request.param != 'sqlite' else None
        yield Site(request.param, cluster, tmp_path, stack)


@pytest.fixture
def server(site):
    return site.start('--workers', '2')


CHANGES = ['ADD COLUMN more integer DEFAULT 7', 'RENAME COLUMN more TO less', 'DROP COLUMN less', 'RENAME COLUMN note TO text',
           'RENAME COLUMN text TO note']


def columns_after(columns, change):
    words = change.split()
    if words[0] == 'ADD':
        return [*columns, words[2]]
    if words[0] == 'DROP':
        return [name for name in columns if name != words[2]]
    return [words[4] if name == words[2] else name for name in columns]


def test_all_columns_are_those_of_the_moment(site, server):
    server.post('/notes', [{'id': 1, 'note': 'one'}])
    columns = ['id', 'note', 'extra']
    for change in CHANGES:
        for _ in range(4):  # with either worker
            assert list(server.get('/all').json()[0]) == columns
            assert list(server.get('/pages').json()[0]) == columns
            assert list(server.get('/notes/1').json()) == columns
            assert server.get('/none', Accept='text/csv').body.decode().strip() == ','.join(columns)
            assert server.get('/notes/-1').status == 422
        site.change('ALTER TABLE notes ' + change)
        columns = columns_after(columns, change)
    assert list(server.get('/all').json()[0]) == columns == ['id', 'note', 'extra']


def follow(server, path):
    """The ids of a page and those behind it, and the address of the last one."""
    ids = []
    while True:
        answer = server.get(path)
        assert answer.status == 200, (path, answer.body)
        ids += [row['id'] for row in answer.json()]
        if 'Link' not in answer.headers:
            return ids, path
        path = re.fullmatch('<(.*)>; rel="next"', answer.headers['Link'])[1]


def test_pages_go_on_when_a_key_becomes_of_another_type(site):
    if site.store is None:
        pytest.skip('a column of SQLite has no type that its values must be of')
    server = site.start('--workers', '1')
    server.post('/notes', [{'id': id, 'note': 'x'} for id in range(8)])
    assert follow(server, '/pages')[0] == [*range(8)]
    site.change('ALTER TABLE notes ALTER COLUMN id TYPE bigint')
    other = site.start('--workers', '1')  # the first cursor that the older one sees does not fit what it has prepared
    large = [2**33 + id for id in range(8)]
    other.post('/notes', [{'id': id, 'note': 'x'} for id in large])
    ids, last = follow(other, '/pages')
    assert ids == [*range(8), *large]
    assert follow(server, last)[0] == large[-1:]
    assert follow(server, '/pages')[0] == ids


def test_batches_are_answered_with_the_columns_of_the_moment(site, server):
    columns = ['id', 'note', 'extra']
    for id, change in enumerate(CHANGES[:3]):
        answer = server.post('/notes', [{'id': id, 'note': 'x'}])
        assert (answer.status, list(answer.json()[0])) == (201, columns)
        site.change('ALTER TABLE notes ' + change)
        columns = columns_after(columns, change)
    answer = server.post('/notes', [{'id': 10, 'note': 'x'}])
    assert (answer.status, list(answer.json()[0])) == (201, columns)
    assert server.get('/count').json() == {'n': 4}


def test_changes_under_load_cost_no_request(site, server):
    ending = threading.Event()
    ids = itertools.count()
    bad = []

    def read(path):
        while not ending.is_set():
            answer = server.get(path)
            if answer.status != 200:
                bad.append((path, answer.status, answer.body))

    def write():
        written = 0
        while not ending.is_set():
            answer = server.post('/notes', [{'id': next(ids), 'note': 'x'}])
            if answer.status != 201:
                bad.append(('POST', answer.status, answer.body))
            written += 1
        return written

    with concurrent.futures.ThreadPoolExecutor(8) as clients:
        readers = [clients.submit(read, path) for path in ('/all', '/pages', '/none', '/count', '/extra')]
        writers = [clients.submit(write) for _ in range(3)]
        columns = ['id', 'note', 'extra']
        server.post('/notes', [{'id': next(ids), 'note': 'x'}])
        try:
            for change in 5 * CHANGES[:3]:
                site.change('ALTER TABLE notes ' + change)
                columns = columns_after(columns, change)
                for path in ('/all', '/pages'):
                    assert list(server.get(path).json()[0]) == columns
        finally:
            ending.set()
        for reader in readers:
            reader.result()
        written = sum(writer.result() for writer in writers)
    assert bad == []
    assert server.get('/count').json() == {'n': 1 + written}


def test_what_fits_no_more_fails_alone_and_works_again_when_it_does(site, server):
    assert server.post('/notes', [{'id': 1, 'note': 'one'}]).status == 201
    assert server.get('/extra').json() == [{'extra': None}]
    for id in range(2):
        site.change('ALTER TABLE notes RENAME COLUMN extra TO away')
        site.change('ALTER TABLE notes RENAME COLUMN note TO gone')
        for k in range(3):
            assert server.get('/extra').status == 500
            assert server.post('/notes', [{'id': 100 * id + k, 'note': 'x'}]).status == 500
            assert list(server.get('/all').json()[0]) == ['id', 'gone', 'away']
            assert server.post('/others', [{'id': 10 * id + k}]).status == 201
        site.change('ALTER TABLE notes RENAME COLUMN gone TO note')
        site.change('ALTER TABLE notes RENAME COLUMN away TO extra')
        assert server.post('/notes', [{'id': 10 + id, 'note': 'x'}]).status == 201
        assert len(server.get('/extra').json()) == 2 + id


def test_the_migration_of_another_node_costs_the_older_one_nothing(site, server, tmp_path):
    if site.store is None:
        pytest.skip('a SQLite store is one process\'s')
    assert server.post('/notes', [{'id': 1, 'note': 'one'}]).status == 201
    assert server.get('/all').json() == [{'id': 1, 'note': 'one', 'extra': None}]
    newer = write_app(tmp_path / 'newer' / 'notes', {**APP, 'schema/002_more.sql': 'ALTER TABLE notes ADD COLUMN more integer DEFAULT 7;\n'})
    other = Server(newer, '--quiet', '--store', site.store, var=tmp_path / 'other')
    for node in (server, other):
        for _ in range(4):
            assert node.get('/all').json() == [{'id': 1, 'note': 'one', 'extra': None, 'more': 7}]
    assert server.post('/notes', [{'id': 2, 'note': 'two'}]).json() == [{'id': 2, 'note': 'two', 'extra': None, 'more': 7}]
    assert other.stop() == 0
