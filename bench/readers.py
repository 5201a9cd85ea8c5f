# SPDX-License-Identifier: Apache-2.0
"""Readers while 1,000,000 rows go in as one batch: their p50 and p99 beside those of a quiet server, on SQLite and on PostgreSQL. They ask
GET /rates at a rate that is far below what the server can do, questions that are not kept, and each answer's time counts from when its
question was due.
"""
import statistics
import subprocess
import sys
import threading
import time

import growth
import measure
import on_postgresql
import questions

ROWS, RATE, CONNECTIONS, BOUND = 1_000_000, 200, 16, 3
QUIET_SECONDS = 4
RATES = next(reads for reads in questions.READS if reads.path == '/rates')


def run(work, options):
    file = work / 'prices.csv'
    growth.write_prices(file, ROWS, growth.all_routes()[:1000], growth.FIRST_DAY, 3653)
    app = measure.ROOT / 'apps/rates'
    with measure.running(lambda: measure.reckoner(app, work / 'readers', env=measure.UNKEPT)) as (server,):
        asked = [RATES.target(question) for question in RATES.questions(work / 'readers/rates.db')]
        compare('SQLite', server, asked, file, options.rounds)
    if on_postgresql.postgresql.is_there():
        with on_postgresql.Cluster() as cluster, measure.running(lambda: measure.reckoner(
                app, work / 'readers_pg', '--store', cluster.create('rates'), leans_on=[cluster], env=measure.UNKEPT)) as (server,):
            compare('PostgreSQL', server, asked, file, options.rounds)


def ask(server, asked, seconds):
    return measure.expect(measure.ask(server, asked, '-c', CONNECTIONS, '-r', RATE, '-d', seconds), 200)


def post(server, file):
    done = subprocess.run(['curl', '-sS', '-H', 'Content-Type: text/csv', '-H', 'Expect:', '-o', '/dev/stderr', '-w', '%{http_code}', '-T', file, '-X',
                           'POST', f'http://127.0.0.1:{server.port}/prices'], capture_output=True, text=True, check=True)
    if done.stdout != '201':
        sys.exit(f'the batch was not taken: {done.stderr}')


def compare(title, server, asked, file, rounds):
    begin = time.monotonic()
    post(server, file)
    seconds = time.monotonic() - begin
    quiet, busy = [], []
    for _ in range(rounds):
        quiet.append(ask(server, asked, QUIET_SECONDS))
        writer = threading.Thread(target=post, args=(server, file))
        writer.start()
        busy.append(ask(server, asked, max(seconds * 0.7, 1)))  # it ends before the batch does
        if not writer.is_alive():
            print(f'  {title}: the batch was over before its readers were')
        writer.join()
    for what, found in (('quiet', quiet), ('while the rows go in', busy)):
        p50, p99 = (statistics.median(one[key] for one in found) for key in ('p50_us', 'p99_us'))
        print(f'readers, {title}, {what:20}: p50 {p50:7.0f} us, p99 {p99:7.0f} us', flush=True)
    ratio = statistics.median(one['p99_us'] / other['p99_us'] for one, other in zip(busy, quiet))
    print(f'  {title}: p99 is {ratio:.2f} times that of quiet (at most {BOUND}); {ROWS:,} rows took {seconds:.1f} s\n', flush=True)
