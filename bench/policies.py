# SPDX-License-Identifier: Apache-2.0
"""Which answers a full cache lets go: SIEVE and S3-FIFO, over a trace that the client recorded while it asked.

SIEVE: Zhang et al., "SIEVE is Simpler than LRU", NSDI 2024. S3-FIFO: Yang et al., "FIFO queues are all you need for cache eviction",
SOSP 2023. All answers count as of one size. When an answer goes stale, its entry either keeps its place and loses its body, or goes.
"""
import collections

import measure
import mix

COUNT = 50_000  # distinct questions
REQUESTS = 300_000
ROOMS = [0.02, 0.1]  # of the answers to all
COMMITS = [0, 5_000, 50_000]  # requests from one commit, by which all go stale, to the next; 0: none


class Policy:
    """Counts hits. An entry that is there is a hit if it was filled since the last commit."""

    def __init__(self, room, keeps_rank):
        self.room, self.keeps_rank = room, keeps_rank
        self.state, self.filled, self.hits = 0, {}, 0

    def ask(self, key):
        at = self.filled.get(key)
        if at is not None and at != self.state and not self.keeps_rank:
            self.drop(key)
            at = None
        if at is None:
            self.add(key)
        else:
            self.use(key)
            self.hits += at == self.state
        self.filled[key] = self.state


class Lru(Policy):
    def __init__(self, *args):
        super().__init__(*args)
        self.order = collections.OrderedDict()

    def use(self, key):
        self.order.move_to_end(key)

    def drop(self, key):
        del self.order[key], self.filled[key]

    def add(self, key):
        if len(self.order) == self.room:
            del self.filled[self.order.popitem(last=False)[0]]
        self.order[key] = True


class Sieve(Policy):
    """One queue; the hand goes from the oldest entry to the newest."""

    def __init__(self, *args):
        super().__init__(*args)
        self.newer, self.older, self.used = {}, {}, {}
        self.newest = self.oldest = self.hand = None

    def use(self, key):
        self.used[key] = True

    def drop(self, key):
        newer, older = self.newer.pop(key), self.older.pop(key)
        if newer is None:
            self.newest = older
        else:
            self.older[newer] = older
        if older is None:
            self.oldest = newer
        else:
            self.newer[older] = newer
        if self.hand == key:
            self.hand = newer
        del self.used[key], self.filled[key]

    def add(self, key):
        if len(self.used) == self.room:
            hand = self.oldest if self.hand is None else self.hand
            while self.used[hand]:
                self.used[hand] = False
                hand = self.oldest if self.newer[hand] is None else self.newer[hand]
            self.hand = hand
            self.drop(hand)
        self.older[key], self.newer[key], self.used[key] = self.newest, None, False
        if self.newest is None:
            self.oldest = key
        else:
            self.newer[self.newest] = key
        self.newest = key


class S3Fifo(Policy):
    """A small queue for a tenth, a main one, and the names of those that the small one has let go."""

    def __init__(self, *args):
        super().__init__(*args)
        self.small, self.main, self.ghosts = (collections.OrderedDict() for _ in range(3))
        self.count = {}

    def use(self, key):
        self.count[key] = min(self.count[key] + 1, 3)

    def drop(self, key):
        self.small.pop(key, None)
        self.main.pop(key, None)
        del self.count[key], self.filled[key]

    def add(self, key):
        if len(self.count) == self.room:
            self.evict()
        known = self.ghosts.pop(key, False)
        (self.main if known else self.small)[key] = True
        self.count[key] = 0

    def evict(self):
        while True:
            if len(self.small) * 10 >= self.room or not self.main:
                key, _ = self.small.popitem(last=False)
                if self.count[key] > 0:
                    self.main[key], self.count[key] = True, 0
                    continue
                self.ghosts[key] = True
                if len(self.ghosts) > self.room:
                    self.ghosts.popitem(last=False)
            else:
                key, _ = self.main.popitem(last=False)
                if self.count[key] > 0:
                    self.main[key] = True
                    self.count[key] -= 1
                    continue
            del self.count[key], self.filled[key]
            return


def hits(policy, trace, commit):
    for i, key in enumerate(trace):
        if commit and i % commit == 0:
            policy.state += 1
        policy.ask(key)
    return policy.hits / len(trace)


def with_scan(trace):
    """Every third request is for something that nobody asks for again."""
    mixed = []
    for i, key in enumerate(trace):
        mixed.append(key)
        if i % 2:
            mixed.append(COUNT + i)
    return mixed


def record(work):
    """The numbers of the questions in the order in which 64 connections asked for them."""
    file = work / 'trace'
    with measure.running(lambda: measure.reckoner(measure.ROOT / 'apps' / 'rates', work / 'policies')) as (server,):
        asked = [mix.ROUTES.target(question) for question in
                 mix.ROUTES.questions(work / 'policies' / 'rates.db', COUNT)]
        measure.expect(measure.ask(server, asked, '-z', '-c', 64, '-n', REQUESTS, '-t', file), 200)
    return [int(line) for line in file.read_text().split()]


def run(work, options):
    trace = record(work)
    distinct = len(set(trace))
    print(f'trace: {len(trace)} requests for {distinct} questions, Zipf 1.0; part of them that hits')
    for what, asked in [('as recorded', trace), ('a third of it a scan', with_scan(trace))]:
        for room in ROOMS:
            for commit in COMMITS:
                found = [f'{kind.__name__} {hits(kind(int(room * distinct), keeps), asked, commit):.3f}'
                         for keeps in ([True, False] if commit else [True]) for kind in (Lru, Sieve, S3Fifo)]
                after = f'commit each {commit} requests' if commit else 'no commits'
                parts = [', '.join(found[:3])] + [f'entries dropped: {", ".join(found[3:])}'] * bool(commit)
                print(f'  {what}, room for {room:.0%}, {after}: {"; ".join(parts)}', flush=True)
