# SPDX-License-Identifier: Apache-2.0
"""The same service with more and more prices: what a question, a batch, memory and the start take then."""
import datetime
import random
import shutil
import sqlite3
import statistics
import subprocess
import time
import urllib.request

import measure
import plot
import questions

# Prices: routes, days. So there are about as many prices for a day on a route, and answers are as long, at each size.
SIZES = {10_000: (10, 366), 100_000: (100, 366), 1_000_000: (500, 740), 10_000_000: (1000, 3653)}
FIRST_DAY = datetime.date(2016, 1, 1)
BATCH_ROWS, BATCH_ROUTES, BATCH_DAYS = 50_000, 500, 31  # the same at each size: on days for which there are no prices yet
BATCH_BEGIN = datetime.date(2026, 2, 1)
COUNT = 20_000
BOUND, BOUND_MEMORY, BOUND_START = 1.5, 12, 25  # times, MB, ms
APP = measure.ROOT / 'apps' / 'rates'


def write_prices(path, rows, routes, first, days):
    """By day, as a feed comes in, on random ones of these routes."""
    rnd = random.Random(rows)
    with open(path, 'w', encoding='ascii') as file:
        file.write('orig_code,dest_code,day,price\n')
        for i in range(days):
            day = first + datetime.timedelta(i)
            count = rows * (i + 1) // days - rows * i // days
            file.writelines(f'{orig},{dest},{day},{500 + int(rnd.random() * 4500)}\n' for orig, dest in rnd.choices(routes, k=count))


def all_routes():
    ports = [line.split(',')[0] for line in (APP / 'data' / 'ports.csv').read_text().splitlines()[1:]]
    routes = [(orig, dest) for orig in ports for dest in ports if orig != dest]
    random.Random(3).shuffle(routes)
    return routes


def load(folder, size, routes):
    """A new store with that many prices in `folder`."""
    data = folder.with_name(folder.name + '_data')
    shutil.copytree(APP / 'data', data)
    count, days = SIZES[size]
    write_prices(data / 'prices.csv', size, routes[:count], FIRST_DAY, days)
    measure.reckoner(APP, folder, '--data', data).stop()
    shutil.rmtree(data)


def start_ms(var):
    """From the start of the process to the line that says that it listens."""
    begin = time.monotonic()
    with subprocess.Popen([measure.RECKONER, 'serve', '--quiet', '--listen', '127.0.0.1:0', '--var', var, APP], stderr=subprocess.PIPE,
                          text=True) as process:
        next(line for line in process.stderr if 'listening on' in line)
        took = time.monotonic() - begin
        process.terminate()
    return took * 1000


def targets(database):
    """Distinct questions for routes with prices."""
    data, rnd, rates = sqlite3.connect(database), random.Random(5), next(reads for reads in questions.READS if reads.path == '/rates')
    pairs = data.execute('SELECT DISTINCT origin, destination FROM route_days ORDER BY 1, 2').fetchall()
    one, found = questions.draw_rates(31)(data, rnd), {}
    data.close()
    while len(found) < COUNT:
        question = one()
        question['origin'], question['destination'] = rnd.choice(pairs)
        found[rates.target(question)] = True
    return list(found)


def post(peer, body):
    request = urllib.request.Request(f'http://127.0.0.1:{peer.port}/prices', body, {'Content-Type': 'text/csv'})
    begin, cpu = time.monotonic(), peer.cpu_seconds()
    with urllib.request.urlopen(request) as answer:
        assert answer.status == 201
    return {'batch_ms': (time.monotonic() - begin) * 1000, 'batch_cpu_ms': (peer.cpu_seconds() - cpu) * 1000}


def run(work, options):
    routes = all_routes()
    sizes = [size for size in SIZES if size <= options.prices]
    folders = {size: work / f'prices{size}' for size in sizes}
    for size in sizes:
        load(folders[size], size, routes)
    starts = {size: [] for size in sizes}
    for _ in range(2 * options.rounds):
        for size in sizes:
            starts[size].append(start_ms(folders[size]))
    with measure.running(*(lambda size=size: measure.reckoner(APP, folders[size], name=f'{size}', env=measure.UNKEPT) for size in sizes)) as every:
        idle = {int(peer.name): peer.memory() / 1e6 for peer in every}
        asked = {peer.name: targets(folders[int(peer.name)] / 'rates.db') for peer in every}
        found = measure.in_turn(every, options.rounds + 1, lambda peer, _: measure.expect(
            measure.ask(peer, asked[peer.name], '-c', 32, '-d', options.seconds), 200))
        for ones in found.values():
            ones.pop(0)  # what was read from disk
        batches = measure.in_turn(every, options.rounds, lambda peer, i: post(peer, batch(work, routes, i)))
        print_all(sizes, found, batches, idle, starts)


def batch(work, routes, i):
    path = work / f'batch{i}.csv'
    if not path.exists():
        write_prices(path, BATCH_ROWS, routes[:BATCH_ROUTES], BATCH_BEGIN + datetime.timedelta(i * BATCH_DAYS), BATCH_DAYS)
    return path.read_bytes()


def print_all(sizes, found, batches, idle, starts):
    measure.report('a question, ranges up to a month, 32 connections; by the number of prices', found, f'{sizes[0]}')
    figures = {'a question': {}, 'a batch': {}, 'idle memory': idle, 'start': {}}  # of both of the first the CPU
    for size in sizes:
        figures['a question'][size] = measure.median(found, f'{size}', 'cpu_us')
        figures['a batch'][size] = measure.median(batches, f'{size}', 'batch_cpu_ms')
        figures['start'][size] = statistics.median(starts[size])
        print(f'  {size:10} prices: a batch of {BATCH_ROWS} rows {measure.median(batches, f"{size}", "batch_ms"):.0f} ms, CPU '
              f'{figures["a batch"][size]:.0f} ms; idle {idle[size]:.1f} MB; start {figures["start"][size]:.1f} ms')
    print(f'  from {sizes[0]} to {sizes[-1]} prices a question takes {measure.ratio(found, f"{sizes[-1]}", f"{sizes[0]}"):.2f} times the CPU '
          f'(at most {BOUND}); bounds of memory and start: {BOUND_MEMORY} MB, {BOUND_START} ms')
    if len(sizes) > 1:
        plot.save(measure.ROOT / 'build' / 'bench' / 'growth.svg', 'What grows with the data', 'prices', f'times the figure at {sizes[0]:,} prices',
                  {name: [(size, figure / line[sizes[0]]) for size, figure in line.items()] for name, line in figures.items()})
