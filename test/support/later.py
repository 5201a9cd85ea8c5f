# SPDX-License-Identifier: Apache-2.0
"""Batches that are accepted for later: an app, how they are sent and looked at, and how they are kept from running."""
import contextlib
import fcntl
import json
import pathlib
import sqlite3
import struct
import subprocess
import threading

import postgresql
from server import wait_until

APP = {
    'schema/001_tables.sql': '''
        CREATE TABLE t (number integer NOT NULL, id integer NOT NULL, name text, tag text);
    ''',
    'get_t.sql': '''-- @endpoint GET /t
-- @column id integer
-- @answer
SELECT id, name, tag FROM t ORDER BY number;
''',
    'get_count.sql': '''-- @endpoint GET /count
-- @shape value
-- @answer
SELECT count(*) FROM t;
''',
    'post_t.sql': '''-- @endpoint POST /t
-- @param tag text
-- @field id integer required
-- @field name text
-- @reject 422 there already
SELECT line, 'id' AS field, id AS value FROM batch WHERE id IN (SELECT id FROM t);
-- @write
INSERT INTO t SELECT (SELECT coalesce(max(number), 0) + 1 FROM t), id, name, :tag FROM batch;
-- @answer 201
SELECT count(*) AS inserted FROM batch;
''',
    'post_good.sql': '''-- @endpoint POST /good
-- @lenient
-- @field id integer required
-- @write
INSERT INTO t SELECT (SELECT coalesce(max(number), 0) + 1 FROM t), id, NULL, NULL FROM batch;
-- @answer 201
SELECT count(*) AS inserted FROM batch;
''',
}
OPEN = ('queued', 'running')


def send(server, rows, prefer='respond-async', path='/t', **headers):
    body = rows if isinstance(rows, bytes) else json.dumps(rows).encode()
    headers = {name.replace('_', '-'): text for name, text in headers.items()}
    return server.request('POST', path, body, {'Content-Type': 'application/json', **({'Prefer': prefer} if prefer else {}), **headers})


def accepted(server, rows, **options):
    """The path of the job that a batch becomes."""
    answer = send(server, rows, **options)
    assert answer.status == 202, answer.body
    return answer.headers['Location']


def ended(server, path, **headers):
    """The job once it is over."""
    def look():
        job = server.get(path, **headers).json()
        return job if job['state'] not in OPEN else None
    return wait_until(look)


def all_ended(server):
    """All jobs, the oldest first, once none is open."""
    def look():
        jobs = server.get('/-/jobs?limit=1000').json()['jobs']
        return (jobs[::-1],) if not [job for job in jobs if job['state'] in OPEN] else None
    return wait_until(look)[0]


def ids(server):
    return [row['id'] for row in server.get('/t').json()]


class Store:
    """What tests do behind the server's back, in the store of an app that a server's options name."""

    def __init__(self, options, var, app='small'):
        self.app = app
        self.url = options[options.index('--store') + 1] if '--store' in options else None
        self.file = pathlib.Path(var) / f'{app}.db'

    def sql(self, sql):
        """Runs one statement; the values of its rows as texts."""
        if self.url is None:
            with contextlib.closing(sqlite3.connect(self.file, timeout=60, isolation_level=None)) as database:
                return [[str(value) for value in row] for row in database.execute(sql)]
        done = subprocess.run([postgresql.BINARIES / 'psql', self.url, '-Atq', '-v', 'ON_ERROR_STOP=1'], input=f'SET search_path = {self.app}; {sql};',
                              capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        return [line.split('|') for line in done.stdout.splitlines()]

    def held(self):
        return Held(self)

    def free_lease(self):
        """So that nobody waits for the end of a lease, when the server that had it was killed."""
        if self.url is not None:
            self.sql("UPDATE reckoner_job_line SET ends = 0 WHERE name = 'lease'")


class Held:
    """While it lasts, no server that starts then, or has not run a job yet, takes one: somebody else has the lease."""

    def __init__(self, store):
        self.store = store
        self._file = None
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._renew)

    def _hold(self, milliseconds):
        self.store.sql("INSERT INTO reckoner_job_line (name, number, holder, ends, job, rows) "
                       f"SELECT 'lease', 0, 'a test', CAST(extract(epoch FROM clock_timestamp()) * 1000 AS bigint) + {milliseconds}, 0, 0 "
                       'ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, ends = excluded.ends')

    def _renew(self):
        while not self._is_over.wait(2):
            self._hold(9500)

    def __enter__(self):
        if self.store.url is None:
            self._file = open(f'{self.store.file}-jobs', 'a+b')  # noqa: SIM115: it is locked as long as it is open
            fcntl.fcntl(self._file, fcntl.F_OFD_SETLK, struct.pack('hhxxxxqqixxxx', fcntl.F_WRLCK, 0, 0, 0, 0))
        else:
            self._hold(9500)
            self._thread.start()
        return self

    def __exit__(self, *_):
        if self._file is not None:
            self._file.close()
            return
        self._is_over.set()
        self._thread.join()
        self._hold(0)
