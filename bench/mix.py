# SPDX-License-Identifier: Apache-2.0
"""Questions of which some are asked often while batches come in: how many are answered from what is kept."""
import http.client
import json
import random
import re
import shutil
import sqlite3
import statistics
import threading
import time

import measure
import peers
import plot
import questions

COUNT = 10_000  # questions, drawn by Zipf's law with exponent 1
CONNECTIONS = 64
RATES = [1, 10, 100]  # batches a second
ROWS = 100  # of a batch, each on a random route
RATE_OF_BOUND, BOUND = 10, 0.9  # batches a second; part of hits
WITH, WITHOUT = 'Reckoner', 'Reckoner without @depends'
ROUTES = next(reads for reads in questions.READS if reads.path == '/rates')


class Writer(threading.Thread):
    """Posts batches at that rate until it is told to end; counts those that were taken in."""

    def __init__(self, port, rate, routes, days, seed):
        super().__init__()
        self.connection = http.client.HTTPConnection('127.0.0.1', port)
        self.rate, self.routes, self.days, self.random = rate, routes, days, random.Random(seed)
        self.count, self.ended = 0, threading.Event()
        self.begin = time.monotonic()

    def batch(self):
        rows = [self.random.choice(self.routes) for _ in range(ROWS)]
        return json.dumps([{'orig_code': orig, 'dest_code': dest, 'day': self.random.choice(self.days),
                            'price': self.random.randrange(500, 5000)} for orig, dest in rows])

    def run(self):
        due = self.begin
        while not self.ended.wait(max(0, due - time.monotonic())):
            self.connection.request('POST', '/prices', self.batch(), {'Content-Type': 'application/json'})
            answer = self.connection.getresponse()
            answer.read()
            assert answer.status == 201, answer.status
            self.count += 1
            due = max(due + 1 / self.rate, time.monotonic() - 1)  # it catches up with a second at most

    def stop(self):
        """Commits a second."""
        self.ended.set()
        self.join()
        self.connection.close()
        return self.count / (time.monotonic() - self.begin)


def run(work, options):
    peers.install_node()
    app, without = measure.ROOT / 'apps' / 'rates', work / 'without' / 'rates'
    shutil.copytree(app, without)
    file = without / 'get_rates.sql'
    file.write_text(re.sub(r'^-- @depends .*\n', '', file.read_text(), flags=re.MULTILINE))
    with measure.running(peers.redis, lambda: measure.reckoner(app, work / 'mix', name=WITH),
                         lambda: measure.reckoner(without, work / 'mix_without', name=WITHOUT)) as (redis, own, plain):
        shutil.copytree(work / 'mix', work / 'mix_fastify')
        database = work / 'mix_fastify' / 'rates.db'
        with measure.running(lambda: peers.fastify_with_redis(database, app, redis)) as (fastify,):
            data = sqlite3.connect(work / 'mix' / 'rates.db')
            asked, batches = draw(data, False), Batches(data)
            every = [own, plain, fastify]
            measure.check_same(every, asked[:200])
            compare(every, 'of what has prices', draw(data, True), [RATE_OF_BOUND], batches, options)
            hits = compare(every, 'of ports and regions', asked, RATES, batches, options)
    print(f'  hits at {RATE_OF_BOUND} batches a second: {dict(hits[WITH])[RATE_OF_BOUND]:.3f} (at least {BOUND}); fastify with Redis '
          'may answer with what is older than the last batch')
    plot.save(measure.ROOT / 'build' / 'bench' / 'mix.svg', 'Answered from what is kept', f'batches of {ROWS} rows a second',
              'part of the answers', hits, top=1)


class Batches:
    """What the batches are drawn from."""

    def __init__(self, data):
        self.routes = data.execute('SELECT DISTINCT orig_code, dest_code FROM prices ORDER BY 1, 2').fetchall()
        self.days = [row[0] for row in data.execute('SELECT DISTINCT day FROM prices ORDER BY 1')]


def draw(data, priced):
    """Targets between any ports and regions, or only such that have prices, which the batches change more often."""
    rnd = random.Random(11)
    pairs = data.execute('SELECT DISTINCT origin, destination FROM route_days ORDER BY 1, 2').fetchall()
    one, seen = questions.draw_rates(31)(data, rnd), {}
    while len(seen) < COUNT:
        question = one()
        if priced:
            question['origin'], question['destination'] = rnd.choice(pairs)
        seen[ROUTES.target(question)] = True
    return list(seen)


def compare(every, what, asked, rates, batches, options):
    """{name: [(batches a second, part of hits), ...]}"""
    def ask(peer, i, rate):
        writer = Writer(peer.port, rate, batches.routes, batches.days, i)
        writer.start()
        header = 'X-Cache' if peer is every[2] else 'Cache-Status'
        found = measure.ask(peer, asked, '-z', '-c', CONNECTIONS, '-d', 2 * options.seconds, '-s', i + 1, '-v', header)
        found['commits'] = writer.stop()
        found['hits'] = sum(count for value, count in found['values'].items() if re.search(r'\bhit\b', value)) / found['requests']
        return measure.expect(found, 200)

    for peer in every:
        measure.ask(peer, asked, '-c', CONNECTIONS)  # each once, so that all are kept
    hits = {peer.name: [] for peer in every}
    for rate in rates:
        found = measure.in_turn(every, options.rounds, lambda peer, i, rate=rate: ask(peer, i, rate))
        measure.report(f'{COUNT} questions {what}, Zipf 1.0, {CONNECTIONS} connections, {rate} batches of {ROWS} rows a second', found, WITH)
        for name, ones in found.items():
            hits[name].append((rate, statistics.median(one['hits'] for one in ones)))
            print(f'  {name:28} hits {hits[name][-1][1]:.3f}, {statistics.median(one["commits"] for one in ones):.1f} commits/s')
        print(flush=True)
    return hits
