# SPDX-License-Identifier: Apache-2.0
"""POST /prices with 50,000 rows, as CSV and as JSON, which all go to a day and a route that had no prices: CPU against the same SQL
by the sqlite3 shell, and by fastify with better-sqlite3.

Two batches are measured, behind a first one to the same store and server, so that Node.js has compiled what it runs, and each has to
move its log into the database now and then. All stores have the same tables afterwards. The shell reads CSV by .import, JSON by
json_each(readfile()).
"""
import json
import re
import resource
import shutil
import sqlite3
import statistics
import subprocess
import time
import urllib.request

import measure
import peers

ROWS = 50_000
BATCHES = 3  # one before, and those that are measured
APP = measure.ROOT / 'apps' / 'rates'
TYPES = {'csv': 'text/csv', 'json': 'application/json'}
SHELL, FASTIFY = 0.85, 0.75  # the bounds
TABLES = 'SELECT * FROM prices ORDER BY rowid', 'SELECT * FROM route_days ORDER BY origin, destination, day'

SETTINGS = '''PRAGMA journal_mode = WAL;
PRAGMA synchronous = FULL;
PRAGMA foreign_keys = ON;
PRAGMA automatic_index = OFF;
PRAGMA cache_size = -16000;
BEGIN IMMEDIATE;
CREATE TEMP TABLE batch (orig_code text, dest_code text, day text, price integer, line integer);
'''
READ_CSV = '''CREATE TEMP TABLE incoming (orig_code text, dest_code text, day text, price integer);
.mode csv
.import --skip 1 --schema temp {file} incoming
INSERT INTO batch SELECT *, rowid + 1 FROM incoming;
'''
READ_JSON = '''INSERT INTO batch SELECT value ->> 'orig_code', value ->> 'dest_code', value ->> 'day', value ->> 'price', key + 1
FROM json_each(readfile('{file}'));
'''


def run(work, options, data):
    peers.install_node()
    bodies = write_bodies(work, data)
    empty, base = work / 'empty', work / 'base'
    places = work / 'places'
    places.mkdir()
    for name in ('regions.csv', 'ports.csv'):
        shutil.copy(data / name, places / name)
    measure.reckoner(APP, empty, '--data', places).stop()
    shutil.copytree(empty, base)
    load(base, places, bodies['csv'][0])
    for kind in TYPES:
        compare(work, kind, bodies[kind], (empty, base, places), options.rounds)


def write_bodies(work, data):
    """{kind: the files of the batches}, which are of the same routes, each a year later."""
    head, *rows = (data / 'prices.csv').read_text().splitlines()
    names, rows = head.split(','), (rows * (ROWS // len(rows) + 1))[:ROWS]
    found = {kind: [] for kind in TYPES}
    for later in range(BATCHES):
        part = [re.sub(r'\b(\d{4})-', lambda year: f'{int(year[1]) + later}-', row) for row in rows]
        objects = [dict(zip(names, [*row.split(',')[:3], int(row.split(',')[3])])) for row in part]
        for kind, text in (('csv', '\n'.join([head, *part, ''])), ('json', json.dumps(objects, separators=(',', ':')))):
            found[kind].append(work / f'{later}.{kind}')
            found[kind][-1].write_text(text)
    return found


def compare(work, kind, batches, stores, rounds):
    empty, base, places = stores
    ways = {
        'sqlite3': lambda var: each(batches[1:], lambda batch: by_shell(var, kind, batch)),
        'Reckoner': lambda var: by_server(measure.reckoner(APP, var, '--data', places), kind, batches),
        'fastify': lambda var: by_server(peers.fastify_prices(var / 'rates.db', APP), kind, batches),
        'reckoner load': lambda var: each(batches[1:], lambda batch: load(var, places, batch)),
    }
    figures = {name: [] for name in ways}
    for i in range(rounds):
        tables = {}
        for name in list(ways)[::1 if i % 2 == 0 else -1]:
            var = work / 'var'
            shutil.copytree(empty if name in ('Reckoner', 'fastify') else base, var)
            figures[name].append(ways[name](var))
            with sqlite3.connect(var / 'rates.db') as store:
                tables[name] = [store.execute(sql).fetchall() for sql in TABLES]
            store.close()
            shutil.rmtree(var)
        for name in ways:
            assert tables[name] == tables['sqlite3'], f'{name} has other tables than sqlite3'
    report(kind, figures)


def each(batches, measure_one):
    """CPU and time of one of them, in ms."""
    figures = [measure_one(batch) for batch in batches]
    return tuple(statistics.mean(one) for one in zip(*figures))


def children_cpu():
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def by_command(*command, **options):
    start, cpu = time.monotonic(), children_cpu()
    done = subprocess.run(command, capture_output=True, text=True, **options)
    figures = (children_cpu() - cpu) * 1000, (time.monotonic() - start) * 1000
    assert done.returncode == 0, done.stderr
    return figures


def by_shell(var, kind, batch):
    """What a person would type into the shell: the endpoint's own statements behind an import, in one transaction."""
    parts = re.split(r'^-- @(reject|warn|write|answer).*$', (APP / 'post_prices.sql').read_text(), flags=re.MULTILINE)[1:]
    reading = (READ_CSV if kind == 'csv' else READ_JSON).format(file=batch)
    script = SETTINGS + reading + '\n'.join(sql.strip() for sql in parts[1::2]) + '\nCOMMIT;\n'
    return by_command('sqlite3', '-bail', var / 'rates.db', input=script)


def load(var, places, batch):
    return by_command(measure.RECKONER, 'load', '--var', var, '--data', places, APP, 'POST /prices', batch)


def by_server(server, kind, batches):
    def post(file):
        body = file.read_bytes()
        start, cpu = time.monotonic(), server.cpu_seconds()
        request = urllib.request.Request(f'http://127.0.0.1:{server.port}/prices', body, {'Content-Type': TYPES[kind]})
        with urllib.request.urlopen(request) as answer:
            assert (answer.status, json.loads(answer.read())) == (201, [{'inserted': ROWS}])
        return (server.cpu_seconds() - cpu) * 1000, (time.monotonic() - start) * 1000

    try:
        post(batches[0])
        return each(batches[1:], post)
    finally:
        server.stop()


def report(kind, figures):
    print(f'a batch of {ROWS} prices, {kind.upper()}:')
    for name, found in figures.items():
        cpu, wall = (statistics.median(one[i] for one in found) for i in range(2))
        print(f'  {name:14} CPU {cpu:4.0f} ms, time {wall:4.0f} ms')
    for other, bound in (('sqlite3', SHELL), ('fastify', FASTIFY)):
        ratios = sorted(own[0] / its[0] for own, its in zip(figures['Reckoner'], figures[other]))
        print(f'  CPU against {other}: {statistics.median(ratios):.3f} ({ratios[0]:.3f} to {ratios[-1]:.3f}; at most {bound})', flush=True)
