# SPDX-License-Identifier: Apache-2.0
"""A load of reads and batches that goes on while the database fails, and what has become of each batch afterwards.

Every batch has a name of its own and ROWS rows, and nothing keeps a row from being written twice: so the table tells whether
it was written once, twice, in part or not at all.
"""
import collections
import http.client
import json
import threading
import time

ROWS = 20
CLIENT_SECONDS = 120
APP = {
    'schema/001_marks.sql': 'CREATE TABLE marks (batch text NOT NULL, n integer NOT NULL);\nCREATE INDEX marks_batch ON marks (batch);\n',
    'get_marks.sql': '''-- @endpoint GET /marks
-- @param batch text required
-- @answer
SELECT n FROM marks WHERE batch = :batch ORDER BY n;
''',
    'post_marks.sql': '''-- @endpoint POST /marks
-- @field batch text required
-- @field n integer required
-- @write
INSERT INTO marks (batch, n) SELECT batch, n FROM batch;
-- @answer 201
SELECT count(*) AS written FROM batch;
''',
}
COUNTS_SQL = 'SELECT batch, count(*), count(DISTINCT n) FROM marks.marks GROUP BY batch'

# One request: what it was, what came back, and when (seconds of the monotonic clock). status 0: no answer; rows: of a read.
Outcome = collections.namedtuple('Outcome', 'batch status retry_after detail rows began ended')


class Client(threading.Thread):
    """One after the other, over one connection, until told to stop; goes on after any answer."""

    def __init__(self, load, number, port):
        super().__init__(daemon=True)
        self.load = load
        self.number = number
        self.port = port
        self.outcomes = []
        self.connection = None

    def ask(self, method, path, batch, body=None):
        began = time.monotonic()
        try:
            if self.connection is None:
                self.connection = http.client.HTTPConnection('127.0.0.1', self.port, timeout=CLIENT_SECONDS)
            self.connection.request(method, path, body, {'Content-Type': 'text/csv'} if body else {})
            answer = self.connection.getresponse()
            status, retry_after, text = answer.status, answer.headers['Retry-After'], answer.read()
        except (OSError, http.client.HTTPException) as error:
            self.connection = None
            status, retry_after, text = 0, None, json.dumps({'detail': repr(error)}).encode()
        document = json.loads(text)
        is_good = 200 <= status < 300
        outcome = Outcome(batch, status, retry_after, None if is_good else document.get('detail'),
                          [row['n'] for row in document] if status == 200 else None, began, time.monotonic())
        self.outcomes.append(outcome)
        if not is_good:
            time.sleep(0.02)  # as a client would that does not wish to fill the log
        return outcome

    def run(self):
        while not self.load.is_over.is_set():
            self.step(len(self.outcomes))


class Writer(Client):
    def step(self, count):
        batch = f'{self.number}-{count}'
        body = 'batch,n\n' + ''.join(f'{batch},{n}\n' for n in range(ROWS))
        if self.ask('POST', '/marks', batch, body).status == 201:
            self.load.written.append(batch)


class Reader(Client):
    """Reads what was written last, by whichever node."""

    def step(self, count):
        batch = self.load.written[-1] if self.load.written else 'none'
        self.ask('GET', f'/marks?batch={batch}', batch)


class Load:
    def __init__(self, ports, each=2):
        """`each` writers and readers on each port."""
        self.is_over = threading.Event()
        self.written = collections.deque()  # names of batches that were acknowledged
        self.writers = [Writer(self, i, ports[i % len(ports)]) for i in range(each * len(ports))]
        self.readers = [Reader(self, i, ports[i % len(ports)]) for i in range(each * len(ports))]

    def __enter__(self):
        for client in self.writers + self.readers:
            client.start()
        return self

    def __exit__(self, *_):
        self.is_over.set()
        for client in self.writers + self.readers:
            client.join(CLIENT_SECONDS)
            assert not client.is_alive(), 'a request has not been answered'

    def of(self, clients, since=0.0):
        return [outcome for client in clients for outcome in list(client.outcomes) if outcome.began >= since]

    def all_succeed(self, since):
        """Whether each client has had a good answer to a request that it began since then."""
        return all(any(200 <= outcome.status < 300 for outcome in self.of([client], since))
                   for client in self.writers + self.readers)

    def any_fails(self, clients, since):
        return any(outcome.status >= 500 and outcome.ended >= since for outcome in self.of(clients))

    def first_good(self, clients, since):
        """Seconds from then to the first good answer to a request that began after it."""
        return min(outcome.ended for outcome in self.of(clients, since) if 200 <= outcome.status < 300) - since

    def counts(self, clients):
        return dict(sorted(collections.Counter(outcome.status for outcome in self.of(clients)).items()))

    def slowest(self):
        return max(outcome.ended - outcome.began for outcome in self.of(self.writers + self.readers))

    def faults(self, table):
        """What is wrong; `table` is what COUNTS_SQL gives, by psql."""
        found = {}
        for line in table.splitlines():
            batch, rows, numbers = line.rsplit('|', 2)
            found[batch] = (int(rows), int(numbers))
        faults = []
        for outcome in self.of(self.writers):
            rows = found.pop(outcome.batch, (0, 0))
            allowed = {201: [(ROWS, ROWS)], 503: [(0, 0)]}.get(outcome.status, [])
            if outcome.status == 504:  # only here nobody knows, and it says so
                allowed = [(0, 0)] + ([(ROWS, ROWS)] if 'not known' in outcome.detail else [])
            if rows not in allowed:
                faults.append(f'{rows} rows of a batch that was answered so: {outcome}')
        faults += [f'rows of a batch that nobody sent: {batch}' for batch in found]
        for outcome in self.of(self.writers + self.readers):
            if outcome.status not in (200, 201, 503, 504):
                faults.append(f'an answer of another kind: {outcome}')
            if outcome.status == 503 and int(outcome.retry_after or 0) < 1:
                faults.append(f'no Retry-After: {outcome}')
            if outcome.status == 200 and outcome.batch != 'none' and outcome.rows != list(range(ROWS)):
                faults.append(f'a wrong read: {outcome}')
        return faults
