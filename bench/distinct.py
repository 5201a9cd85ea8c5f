# SPDX-License-Identifier: Apache-2.0
"""Distinct questions to GET /rates, none of which is asked twice: what a question costs that was never asked before."""
import re
import statistics
import subprocess

import measure
import on_postgresql
import peers
import questions

COUNT = 60_000  # questions a round
CONNECTIONS = 32
OVER_US, FASTIFY, FLASK = 2, 4.5, 25  # the bounds
RATES = next(reads for reads in questions.READS if reads.path == '/rates')


def run(work, options):
    peers.install_node()
    app, var = measure.ROOT / 'apps' / 'rates', work / 'distinct'
    with on_postgresql.Cluster() as cluster, measure.running(
            lambda: measure.reckoner(app, var),
            lambda: measure.reckoner(app, work / 'on_postgresql', '--store', cluster.create('rates'), name='Reckoner, PostgreSQL',
                                     leans_on=[cluster])) as (own, on_postgres):
        asked = RATES.questions(var / 'rates.db', (options.rounds + 1) * COUNT)
        answer = own.get(RATES.target(asked[0]))
        url = prepare(work, cluster)
        cluster.sql('VACUUM (ANALYZE)', 'rates')
        cluster.sql('CHECKPOINT')
        with measure.running(lambda: peers.nginx(work, answer), lambda: peers.fastify(var / 'rates.db', 1, app),
                             lambda: peers.fastify(var / 'rates.db', 1), lambda: peers.fastify(var / 'rates.db', 2),
                             lambda: peers.flask(url, cluster),
                             lambda: peers.fastapi(url, cluster)) as (nginx, *others):
            every = [own, on_postgres, *others]
            measure.check_same(every, [RATES.target(question) for question in asked[:200]])
            compare([*every, nginx], asked, var / 'rates.db', options)


def prepare(work, cluster):
    """A database for those who work their answers out from the prices themselves, by a closure of ports and places; its url."""
    url = cluster.create('closure')
    measure.reckoner(measure.ROOT / 'apps' / 'rates', work / 'closure', '--store', url).stop()
    cluster.sql('ALTER DATABASE closure SET search_path = rates')
    cluster.sql('CREATE INDEX of_routes ON prices (orig_code, dest_code, day) INCLUDE (price)', 'closure')
    cluster.sql('CLUSTER prices USING of_routes', 'closure')
    cluster.sql('VACUUM (ANALYZE)', 'closure')
    return url


def compare(every, asked, database, options):
    bare = []

    def one(peer, i):
        part = asked[i * COUNT:(i + 1) * COUNT]
        if peer is every[0]:
            bare.append(bare_us(database, part))
        return measure.expect(measure.ask(peer, [RATES.target(question) for question in part], '-c', CONNECTIONS, '-n', len(part),
                                          '-d', options.seconds), 200)

    for peer in every:
        one(peer, options.rounds)  # what is read once from disk, and what servers learn of their questions
    bare.clear()
    found = measure.in_turn(every, options.rounds, one)
    measure.report(f'distinct questions, ranges up to a month, {CONNECTIONS} connections', found, 'Reckoner')
    over = statistics.median(own['cpu_us'] - sql - alone['cpu_us'] for own, sql, alone in zip(found['Reckoner'], bare, found['nginx']))
    print(f'  the bare SQL takes {statistics.median(bare):.2f} us; Reckoner takes {over:+.2f} us over it and nginx together '
          f'(at most {OVER_US:+})\n  fastify takes {measure.ratio(found, "fastify, 1 process, same SQL", "Reckoner"):.1f} times the CPU '
          f'with the same SQL (at least {FASTIFY}); Reckoner answers {measure.ratio(found, "Reckoner", "Flask, gunicorn", "rate"):.0f} times as many '
          f'requests/s as Flask (at least {FLASK})\n', flush=True)


def bare_us(database, part):
    done = subprocess.run([measure.ROOT / 'build/release/bare_sql', measure.ROOT / 'apps/rates', database, 'GET', '/rates'],
                          input=RATES.lines(part), capture_output=True, text=True, check=True)
    return float(re.match(r'[\d.]+', done.stdout).group())
