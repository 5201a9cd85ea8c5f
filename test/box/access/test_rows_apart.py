# SPDX-License-Identifier: Apache-2.0
"""Rows kept apart by :client and by a claim, against all that answers are kept in: many clients over few connections ask the same targets,
one behind the other, while batches make what is kept old. Whatever a client gets is its own, and not older than what it has been told is
written."""
import concurrent.futures
import csv
import gzip
import io
import json
import random
import re
import threading

import pytest

import keys
from pipelined import Pipelined, write_request
from rounds import rounds
from server import STORES, new_store, write_app

CLIENTS, TENANTS, THREADS = 48, 6, 6
FIRST_ROWS = 40  # of each client, so that its book is long enough to be compressed

APP = {
    'app.ini': '[access]\ndefault = key\n',
    'schema/001_notes.sql': '''
        CREATE TABLE notes (owner text NOT NULL, tenant text NOT NULL, number integer NOT NULL,
                            PRIMARY KEY (owner, number));
        CREATE INDEX notes_by_tenant ON notes (tenant, owner);
    ''',
    'post_notes.sql': '''-- @endpoint POST /notes
-- @field number integer required
-- @claim tenant text required
-- @write
INSERT INTO notes SELECT :client, :tenant, number FROM batch;
-- @answer 201
SELECT :client AS asked, :client AS owner, count(*) AS n FROM batch;
''',
    'get_mine.sql': '''-- @endpoint GET /mine
-- @param from integer default 0
-- @answer
SELECT :client AS asked, owner, count(*) AS n FROM notes WHERE owner = :client AND number >= :from GROUP BY owner;
''',
    'get_watched.sql': '''-- @endpoint GET /watched
-- @depends notes (owner = :client)
-- @answer
SELECT :client AS asked, owner, count(*) AS n FROM notes WHERE owner = :client GROUP BY owner;
''',
    'get_tenant.sql': '''-- @endpoint GET /tenant
-- @claim tenant text required
-- @answer
SELECT :tenant AS asked, owner, count(*) AS n FROM notes WHERE tenant = :tenant GROUP BY owner ORDER BY owner;
''',
    'get_book.sql': '''-- @endpoint GET /book
-- @answer
SELECT :client AS asked, owner, number FROM notes WHERE owner = :client ORDER BY number LIMIT 40;
''',
    'get_pages.sql': '''-- @endpoint GET /pages
-- @page 5 max 10
-- @answer
SELECT number, owner FROM notes WHERE owner = :client ORDER BY number;
''',
    'query_mine.sql': '''-- @endpoint QUERY /question
-- @param from integer default 0
-- @answer
SELECT :client AS asked, owner, count(*) AS n FROM notes WHERE owner = :client AND number >= :from GROUP BY owner;
''',
    'get_me.sql': '-- @endpoint GET /me\n-- @access open\n-- @answer\nSELECT :client AS asked;\n',
    'get_report.sql': '-- @endpoint GET /report\n-- @access scope reports\n-- @answer\nSELECT count(*) AS n FROM notes;\n',
}


class Client:
    """A key, and what its holder knows: how many rows it has sent, and how many of them were acknowledged."""

    def __init__(self, number, key, key_id):
        self.key, self.id, self.number = key, key_id, number
        self.tenant = f't{number % TENANTS}'
        self.reports = number % 2 == 0
        self.sent = self.known = 0


class World:
    """A server of the app on one store, its clients, and who may see what."""

    def __init__(self, start, tmp_path, request, store, *options):
        app = write_app(tmp_path / 'notes', APP)
        chosen = new_store(store, request)
        self.server = start(app, '--quiet', '--loops', '3', *chosen, *options)
        made = keys.create_all(app, chosen or ['--var', tmp_path / 'var'], [
            {'scopes': ['reports'] if number % 2 == 0 else [], 'claims': {'tenant': f't{number % TENANTS}'}} for number in range(CLIENTS)])
        self.clients = [Client(number, *one) for number, one in enumerate(made)]
        self.by_tenant = {client.tenant: [other for other in self.clients if other.tenant == client.tenant] for client in self.clients}
        self.lock = threading.Lock()
        self.wrong, self.hits, self.asked, self.batches, self.unchanged = [], 0, 0, 0, 0


class Request:
    """One request of a client, or of nobody, and what its answer may be."""

    def __init__(self, world, dice, tags, pages):
        self.world = world
        # The first ones ask most, so that answers are asked for again before a batch makes them old.
        self.client = client = world.clients[min(int(dice.expovariate(0.12)), CLIENTS - 1)]
        self.method, self.body, self.fields, self.rows = 'GET', None, [], 0
        kind = dice.random()
        if kind < 1 / 400:
            self.method, self.target, self.rows = 'POST', '/notes', dice.randint(1, 3)
        elif kind < 0.02:
            self.target = pages.get(dice.choice(world.clients).id, '/pages')  # anybody's next page, which is a page of one's own rows
        elif kind < 0.05:
            self.method, self.target = 'QUERY', '/question'
            self.body = json.dumps({'from': 0, 'client': dice.choice(world.clients).id}).encode()
        else:
            other = dice.choice(world.clients)
            self.target = dice.choice([
                '/mine', '/mine', '/mine?from=7', '/watched', '/watched', '/tenant', '/tenant', '/me', '/report', '/pages', '/book',
                f'/mine?client={other.id}', f'/tenant?tenant={other.tenant}&client={other.id}', f'/me?client={other.id}'])
        self.path = self.target.partition('?')[0]
        if dice.random() < 0.03:
            self.client = None  # shows nothing
        else:
            self.fields.append(('X-API-Key', client.key) if dice.random() < 0.3 else ('Authorization', f'Bearer {client.key}'))
        self.is_csv = self.method == 'GET' and self.path not in ('/me', '/report') and dice.random() < 0.1
        self.fields.append(('Accept', 'text/csv' if self.is_csv else 'application/json'))
        if self.path == '/book' and dice.random() < 0.5:
            self.fields.append(('Accept-Encoding', 'gzip'))
        self.tag = dice.choice(tags[self.target]) if tags.get(self.target) and dice.random() < 0.2 else None
        if self.tag:
            self.fields.append(('If-None-Match', self.tag[0]))  # which may be somebody else's

    def write(self):
        """What was acknowledged before it is sent has to be in its answer."""
        if self.rows:
            with self.world.lock:
                first = self.client.sent if self.client else 0
                self.body = json.dumps([{'number': first + i} for i in range(self.rows)]).encode()
                if self.client:
                    self.client.sent += self.rows
        self.least = {client.id: client.known for client in self.world.clients}
        return write_request(self.method, self.target, self.fields, self.body)

    def expected_status(self):
        if self.client is None:
            return 200 if self.path == '/me' else 401
        if self.path == '/report' and not self.client.reports:
            return 403
        return 201 if self.method == 'POST' else 200

    def is_right(self, status, head, body):
        if status == 304 and self.tag:
            status, body = 200, self.tag[1]  # so that is what the server says its answer is
        if status != self.expected_status():
            return False
        return status in (401, 403) or self.path == '/report' or self.has_own_rows(self.rows_of(head, body))

    def rows_of(self, head, body):
        if b'\r\nContent-Encoding: gzip\r\n' in head:
            body = gzip.decompress(body)
        if self.is_csv:
            return list(csv.DictReader(io.StringIO(body.decode())))
        return json.loads(body)

    def has_own_rows(self, rows):
        client = self.client
        if self.path == '/me':
            return rows == [{'asked': client.id if client else None}]
        asked = client.tenant if self.path == '/tenant' else client.id
        owners = {one.id: one for one in self.world.by_tenant[client.tenant]} if self.path == '/tenant' else {client.id: client}
        if not rows and self.path == '/pages':
            return True  # the page of another ended later
        if {row['owner'] for row in rows} != set(owners) or {row.get('asked', asked) for row in rows} != {asked}:
            return False
        if 'n' not in rows[0] or self.method == 'POST' or 'from=7' in self.target:
            return True
        return all(self.least[row['owner']] <= int(row['n']) <= owners[row['owner']].sent for row in rows)

    def learn(self, status, head, body, tags, pages):
        """What later requests of this thread make use of."""
        if status == 201:
            with self.world.lock:
                self.client.known += self.rows
        link = re.search(rb'\r\nLink: <([^>]+)>; rel="?next', head)
        if link and self.client:
            pages[self.client.id] = link.group(1).decode()
        tag = re.search(rb'\r\nETag: ([^\r]+)\r\n', head)
        if tag and status == 200 and not b'\r\nContent-Encoding' in head and not self.is_csv:
            known = tags.setdefault(self.target, [])
            known.append((tag.group(1).decode(), body))
            del known[:-20]


def ask(world, seed, count):
    """One connection, on which several requests go out at a time."""
    dice, tags, pages = random.Random(seed), {}, {}
    hits = batches = unchanged = done = 0
    connection = Pipelined(world.server)
    while done < count and not world.wrong:
        requests = [Request(world, dice, tags, pages) for _ in range(dice.randint(1, 16))]
        for request, answer in zip(requests, connection.ask([request.write() for request in requests])):
            status, head, body = answer
            if not request.is_right(status, head, body):
                world.wrong.append((request.method, request.target, request.fields, request.client and request.client.id, *answer))
            request.learn(status, head, body, tags, pages)
            hits += b'\r\nCache-Status: Reckoner; hit' in head
            batches += status == 201
            unchanged += status == 304
        done += len(requests)
    connection.close()
    with world.lock:
        world.hits, world.asked, world.batches, world.unchanged = (
            world.hits + hits, world.asked + done, world.batches + batches, world.unchanged + unchanged)


@pytest.mark.threads
@pytest.mark.parametrize('store', STORES)
def test_no_client_gets_what_is_anothers(start, tmp_path, request, store):
    world = World(start, tmp_path, request, store)
    for client in world.clients:
        body = json.dumps([{'number': number} for number in range(FIRST_ROWS)]).encode()
        answer = world.server.request('POST', '/notes', body, {'Content-Type': 'application/json', **keys.bearer(client.key)})
        assert (answer.status, answer.json()) == (201, [{'asked': client.id, 'owner': client.id, 'n': FIRST_ROWS}])
        client.sent = client.known = FIRST_ROWS
    count = rounds(24_000, 1_000_000) // THREADS + 1  # a kept answer that is found by its target alone is given to another within hundreds
    with concurrent.futures.ThreadPoolExecutor(THREADS) as pool:
        for asking in [pool.submit(ask, world, f'{store} {number}', count) for number in range(THREADS)]:
            asking.result()
    assert world.wrong == []
    assert world.asked >= count * THREADS and world.batches > count * THREADS / 1600
    # Of such answers there were enough for the test to mean something.
    assert world.hits > world.asked / 10 and world.unchanged > world.asked / 1000
