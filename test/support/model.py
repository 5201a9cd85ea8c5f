# SPDX-License-Identifier: Apache-2.0
"""What must be true of batches, whatever dies when, and random sequences of steps that put it to the test.

A batch has a number and so many rows, each with that number; no key of the table keeps rows from being there twice. The model knows of each batch what its sender knows: it is in (it was acknowledged), it is
not (it was refused), or it may be (its answer never came). The server has to have all rows of the first, none of the second, and all or none of the third.
A batch may be a job as well: accepted, it may be in, and is when no job is open any more, unless it was cancelled; and a job is in only if those that were accepted before it are.
So may it be a file in a watched folder: it is in when the folder is empty, and its file in `done`; one with a bad row is in `rejected` then. The bytes of a file may come again under another name.
A sequence is a list of steps that stands for itself, so that a failing one can be made shorter by leaving steps out.
"""
import concurrent.futures
import http.client
import random
import signal

import later
from server import Server, wait_until

APP = {
    'app.ini': 'title = Model\n\n[watch]\nPOST /rows = incoming/*.csv\n',
    'schema/001_rows.sql': 'CREATE TABLE rows (batch integer NOT NULL, n integer NOT NULL, CHECK (n < 1000000));\n',
    'post_rows.sql': '''-- @endpoint POST /rows
-- @field batch integer required
-- @field n integer required
-- @write
INSERT INTO rows (batch, n) SELECT batch, n FROM batch;
-- @answer 201
SELECT count(*) AS inserted FROM batch;
''',
    'get_counts.sql': '''-- @endpoint GET /counts
-- @column rows integer
-- @column sum integer
-- @answer
SELECT batch, count(*) AS rows, sum(n) AS sum FROM rows GROUP BY batch ORDER BY batch;
''',
}

STEPS = ('batch-begun', 'batch-run', 'batch-commit', 'batch-committed', 'batch-told')  # of base/crash_point.h
JOB_STEPS = ('job-accepting', 'job-accepted', 'job-taken', 'job-sealed', 'job-tried')
FILE_STEPS = ('file-settled', 'file-read', 'file-sealed', 'file-committed', 'file-reported', 'file-moved')
BURST = 6  # batches at a time, so that some share a commit


def sequence(seed, length):
    """Steps as tuples: a word, then numbers."""
    chance = random.Random(seed)
    steps = []
    words = {'batch': 4, 'burst': 3, 'keyed': 4, 'again': 5, 'dry': 1, 'bad': 1, 'read': 3, 'kill': 1, 'crash': 3,
             'later': 4, 'later_keyed': 3, 'later_bad': 1, 'waited': 1, 'cancel': 2, 'settle': 1,
             'file': 3, 'file_again': 1, 'file_bad': 1}
    for _ in range(length):
        word = chance.choices(list(words), list(words.values()))[0]
        if word == 'crash':  # from the next start on, which is made at once
            steps.append((word, chance.choice(STEPS + JOB_STEPS + FILE_STEPS), chance.randint(1, 5)))
        elif word == 'again':
            steps.append((word, chance.randint(1, 4), chance.randint(0, 1)))
        elif word in ('cancel', 'file_again'):
            steps.append((word, chance.randint(1, 4)))
        else:
            steps.append((word, chance.choice([1, 3, 40, 900])))
    return steps


class Broken(AssertionError):
    pass


class Run:
    """A sequence against a server of its own, whose store is in `var` or is `store`."""

    def __init__(self, app, var, store):
        self.arguments = ([*store, app], var)
        self.store = later.Store(store, var, app.name)
        self.sizes = {}  # of the batches that are in, or may be
        self.acknowledged = {}  # with the bodies of their answers
        self.keyed = []  # those that were sent with a key, the last one last
        self.jobs = {}  # those that became jobs, with the paths of these
        self.in_order = []  # of these, those that did so when they were sent first, the last one last
        self.done = set()  # of these, those that were seen to be
        self.cancelled = set()
        self.doubtful = set()  # may be cancelled
        self.refused = []  # paths of jobs with bad rows
        self.incoming = app / 'incoming'
        self.files = []  # batches that came as files, the last one last
        self.good_files, self.bad_files = [], []  # their names, and those of files with bad rows
        self.number = 0
        self.deaths = 0  # by crash points
        self.server = None

    def play(self, steps):
        self._start({})
        try:
            for step in steps:
                getattr(self, f'_{step[0]}')(*step[1:])
            self._kill(0)
            self._settle(0)
        finally:
            self.server.process.kill()
            self.server.process.communicate()

    def _start(self, env):
        arguments, var = self.arguments
        self.server = Server('--quiet', *arguments, var=var, env=env, wait=False)
        try:
            self.server.wait_ready()
        except AssertionError:  # it may find a job, and die of that
            if not env or self.server.process.wait() != -signal.SIGKILL:
                raise
            self._revive()

    def _restart(self, env=None):
        self.server.process.kill()
        self.server.process.communicate()
        self.store.free_lease()
        self._start(env or {})

    def _request(self, method, path, body=None, headers=None):
        """The answer, or None where none came, as the server has died."""
        try:
            return self.server.request(method, path, body, headers)
        except (OSError, http.client.HTTPException):
            self.server.process.wait(60)
            return None

    def _get(self, path):
        answer = self._request('GET', path)
        if answer is None:
            self._revive()
            answer = self.server.get(path)
        return answer.json()

    def _check(self):
        found = {row['batch']: (row['rows'], row['sum']) for row in self._get('/counts')}
        for batch, size in self.sizes.items():
            whole = (size, size * (size - 1) // 2)
            if batch in {*self.acknowledged, *self.done} and found.get(batch) != whole:
                raise Broken(f'batch {batch} of {size} rows was acknowledged, and {found.get(batch)} are there')
            if found.get(batch, whole) != whole:
                raise Broken(f'batch {batch} of {size} rows is torn: {found[batch]}')
            if batch in self.cancelled and batch in found:
                raise Broken(f'batch {batch} was cancelled, and is there')
        self._check_order(found)
        strangers = set(found) - set(self.sizes)
        if strangers:
            raise Broken(f'batches {strangers} were refused, and are there')

    def _check_order(self, found):
        missing = None
        for batch in self.in_order:
            if batch in self.cancelled or batch in self.doubtful:
                continue
            if batch not in found:
                missing = batch
            elif missing is not None:
                raise Broken(f'job {batch} is done before job {missing}, which was accepted before it')

    @staticmethod
    def _rows(batch, size, *more):
        return 'batch,n\n' + ''.join(f'{batch},{n}\n' for n in (*range(size), *more))

    def _send(self, batch, size, *more, **headers):
        """The answer, or None where none came. `more` are numbers of further rows."""
        return self._request('POST', '/rows', self._rows(batch, size, *more), {'Content-Type': 'text/csv', **headers})

    def _sent(self, batch, answer):
        if answer is None:
            return
        if answer.status == 202:
            self._accepted(batch, answer.headers['Location'])
            return
        if answer.status != 201 or batch in self.jobs:
            raise Broken(f'batch {batch} was answered {answer.status}')
        if self.acknowledged.setdefault(batch, answer.body) != answer.body:
            raise Broken(f'batch {batch} was answered {answer.body} after {self.acknowledged[batch]}')

    def _accepted(self, batch, path):
        if batch in self.acknowledged:
            raise Broken(f'batch {batch} was acknowledged, and is a job now')
        if self.jobs.setdefault(batch, path) != path:
            raise Broken(f'batch {batch} is job {path} after {self.jobs[batch]}')

    def _revive(self):
        self.deaths += 1
        self._restart()

    def _after(self):
        """A server that has died is started again."""
        if self.server.process.poll() is not None:
            self._revive()
            self._check()

    def _next(self, size):
        self.number += 1
        self.sizes[self.number] = size
        return self.number

    def _batch(self, size):
        batch = self._next(size)
        self._sent(batch, self._send(batch, size))
        self._after()

    def _burst(self, size):
        batches = [self._next(size) for _ in range(BURST)]
        with concurrent.futures.ThreadPoolExecutor(BURST) as threads:
            for batch, answer in zip(batches, threads.map(lambda batch: self._send(batch, size), batches)):
                self._sent(batch, answer)
        self._after()

    def _send_keyed(self, batch, prefer=''):
        answer = self._send(batch, self.sizes[batch], **{'Idempotency-Key': f'"batch-{batch}"', 'Prefer': prefer})
        self._sent(batch, answer)
        self._after()
        return answer

    def _keyed(self, size):
        self.keyed.append(self._next(size))
        self._send_keyed(self.keyed[-1])

    def _again(self, back, is_later=0):
        """One of the last keys once more, whatever became of it, and whether it was to be a job or not."""
        if len(self.keyed) < back:
            return
        batch = self.keyed[-back]
        was_there = batch in self.acknowledged or batch in self.jobs
        answer = self._send_keyed(batch, 'respond-async' if is_later else '')
        if was_there and answer is not None and answer.headers['Idempotency-Replayed'] != 'true':
            raise Broken(f'batch {batch} was acknowledged, and its key was no repeat')

    def _dry(self, size):
        answer = self._send(0, size, Prefer='tx=rollback')
        if answer is not None and answer.status != 201:
            raise Broken(f'a dry run was answered {answer.status}')
        self._after()

    def _bad(self, size):
        """Its last row is refused by the schema."""
        answer = self._send(0, size, 1000000)
        if answer is not None and answer.status != 422:
            raise Broken(f'a bad batch was answered {answer.status}')
        self._after()

    def _later(self, size):
        batch = self._next(size)
        self._sent(batch, self._send(batch, size, Prefer='respond-async'))
        self._note_order(batch)
        self._after()

    def _later_keyed(self, size):
        batch = self._next(size)
        self.keyed.append(batch)
        self._send_keyed(batch, 'respond-async')
        self._note_order(batch)

    def _note_order(self, batch):
        if batch in self.jobs:
            self.in_order.append(batch)

    def _waited(self, size):
        """Its sender waits for what comes of the job."""
        batch = self._next(size)
        self._sent(batch, self._send(batch, size, Prefer='respond-async, wait=20'))
        self._after()

    def _later_bad(self, size):
        answer = self._send(0, size, 1000000, Prefer='respond-async')
        if answer is not None and answer.status != 202:
            raise Broken(f'a bad batch was answered {answer.status} before it was looked at')
        if answer is not None:
            self.refused.append(answer.headers['Location'])
        self._after()

    def _cancel(self, back):
        """One of the last jobs, which may wait, run, or be over."""
        if len(self.jobs) < back:
            return
        batch = list(self.jobs)[-back]
        answer = self._request('DELETE', self.jobs[batch])
        if answer is None and batch not in self.cancelled:
            self.doubtful.add(batch)
        elif answer is not None and answer.status == 200:
            self.cancelled.add(batch)
        elif answer is not None and answer.status != 409:
            raise Broken(f'cancelling job {self.jobs[batch]} was answered {answer.status}')
        self._after()

    def _put(self, names, text):
        """Moves a file in, under a name that none had before; the list of names gets it."""
        self.incoming.mkdir(exist_ok=True)
        name = f'{len(self.good_files) + len(self.bad_files):04}.csv'
        names.append(name)
        hidden = self.incoming / f'.{name}'
        hidden.write_text(text)
        hidden.rename(self.incoming / name)
        self._after()

    def _file(self, size):
        self.files.append(self._next(size))
        self._file_again(1)

    def _file_again(self, back):
        if len(self.files) >= back:
            batch = self.files[-back]
            self._put(self.good_files, self._rows(batch, self.sizes[batch]))

    def _file_bad(self, size):
        self._put(self.bad_files, self._rows(0, size, 1000000 + len(self.bad_files)))

    def _folder_is_empty(self):
        if self.server.process.poll() is not None:
            self._revive()
        return not any(self.incoming.glob('*.csv'))

    def _settle_files(self):
        wait_until(self._folder_is_empty)
        done, rejected = ({path.name for path in (self.incoming / outlet).glob('*.csv')} for outlet in ('done', 'rejected'))
        if done != set(self.good_files) or rejected != set(self.bad_files):
            raise Broken(f'files {self.good_files} are in, {self.bad_files} are not, and done has {done}, rejected {rejected}')
        reports = {path.name for path in (self.incoming / 'rejected').glob('*.report.json')}
        if reports != {f'{name}.report.json' for name in self.bad_files}:
            raise Broken(f'of the files {self.bad_files} there are the reports {reports}')
        self.done.update(self.files)

    def _settle(self, _):
        """Until no job is open any more, and no file left; each is then what it has to be."""
        self._settle_files()
        wait_until(lambda: not [job for job in self._get('/-/jobs?limit=1000')['jobs'] if job['state'] in later.OPEN])
        states = {f'/-/jobs/{job["id"]}': job['state'] for job in self._get('/-/jobs?limit=1000')['jobs']}
        for batch, path in self.jobs.items():
            if batch in self.doubtful and states[path] == 'cancelled':
                self.cancelled.add(batch)
            if states[path] != ('cancelled' if batch in self.cancelled else 'done'):
                raise Broken(f'job {path} of batch {batch} is {states[path]}')
            if batch not in self.cancelled:
                self.done.add(batch)
        self.doubtful.clear()
        for path in self.refused:
            if states[path] != 'refused':
                raise Broken(f'job {path} has bad rows, and is {states[path]}')
        self._check()

    def _read(self, _):
        self._check()

    def _kill(self, _):
        self._restart()
        self._check()

    def _crash(self, step, nth):
        self._restart({'RECKONER_CRASH': f'{step}:{nth}'})
        self._check()


def shrunk(steps, fails, tries=40):
    """A shorter sequence that fails as well, found by leaving out halves, quarters and so on. `fails` plays one."""
    part = len(steps) // 2
    while part > 0 and tries > 0:
        for start in range(0, len(steps), part):
            shorter = steps[:start] + steps[start + part:]
            tries -= 1
            if fails(shorter):
                steps = shorter
                break
            if tries <= 0:
                break
        else:
            part //= 2
    return steps
