# SPDX-License-Identifier: Apache-2.0
"""The measurements of bench/run on PostgreSQL, in a cluster of their own.

Reckoner and PostgreSQL's own clients (pgbench, psql) take turns in each round. Each ratio is made within a round, of figures
that were measured within seconds of each other, and the median of these ratios is printed. Of requests/s above 1.00 is
better for Reckoner; of time and CPU, below.
"""
import contextlib
import datetime
import os
import pathlib
import re
import statistics
import subprocess
import time
import urllib.request

import measure
from measure import ROOT, postgresql

TICK = 1 / os.sysconf('SC_CLK_TCK')
SECONDS = 4  # of one run of the client or pgbench
CLIENTS = 32  # connections of the client: enough to keep all connections to the database at work
QUESTIONS = 20_000
BATCH_ROWS = 50_000
CASTS = {'date': 'date', 'text': 'text', 'integer': 'bigint'}


class Cluster(postgresql.Cluster):
    """As for tests, but it waits for the disk; unlike one in service it checkpoints when it is told to, not in a measured run."""

    def __init__(self):
        super().__init__()
        with open(self.data / 'postgresql.conf', 'a', encoding='ascii') as conf:
            conf.write("fsync = on\nshared_buffers = 512MB\nmax_wal_size = 8GB\ncheckpoint_timeout = 1h\nautovacuum = off\n")

    def cpu_seconds(self):
        """Of the server with all its backends, those that have ended included."""
        children = pathlib.Path(f'/proc/{self.process.pid}/task/{self.process.pid}/children').read_text().split()
        total = sum(stat_fields(self.process.pid)[11:15])  # its own, and that of children it has seen end
        for pid in children:
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                total += sum(stat_fields(pid)[11:13])
        return total * TICK


def stat_fields(pid):
    """/proc/PID/stat behind the name; [11:15]: utime, stime, cutime, cstime."""
    return [int(field) if field.lstrip('-').isdigit() else 0
            for field in pathlib.Path(f'/proc/{pid}/stat').read_text().rsplit(')', 1)[1].split()]


# --- the endpoint's SQL, as PostgreSQL's own clients take it

def statements(file):
    """(directive, SQL) in order."""
    parts = re.split(r'^-- @(reject|warn|write|answer).*$', (ROOT / 'apps/rates' / file).read_text(), flags=re.MULTILINE)[1:]
    return [(kind, re.sub(r'^--.*\n', '', sql, flags=re.MULTILINE).strip().rstrip(';'))
            for kind, sql in zip(parts[::2], parts[1::2])]


def typed(sql, types):
    """With the declared type of each :name, which Reckoner tells the server, too."""
    return re.sub(r'(?<![:\w]):(\w+)', lambda name: f'CAST(:{name.group(1)} AS {types[name.group(1)]})', sql)


# --- reads

class Questions:
    """Distinct ones to GET /rates, the k-th by arithmetic, since that is all pgbench has; so places have numbers for names here."""

    def __init__(self, places, first, last, longest):
        self.places = places  # their count; they are called 10000 and so on
        self.longest = longest  # range, days
        self.first, self.days = first, (last - first).days + 1

    def parts(self, k):
        start = k * 37 % self.days
        return {'date_from': start, 'date_to': min(start + k * 11 % self.longest, self.days - 1), 'origin': 10_000 + k % self.places,
                'destination': 10_000 + (k // self.places + 7 * k) % self.places, 'min_prices': 1 + k % 3}

    def target(self, k):
        parts = self.parts(k)
        for name in ('date_from', 'date_to'):
            parts[name] = self.first + datetime.timedelta(parts[name])
        return '/rates?' + '&'.join(f'{name}={value}' for name, value in parts.items())

    def script(self):
        """The same for pgbench; a day is a number, too: YYYYMMDD is one of PostgreSQL's forms."""
        return f'''\\set k random(0, {QUESTIONS - 1})
\\set start :k * 37 % {self.days}
\\set end least(:start + :k * 11 % {self.longest}, {self.days - 1})
\\set date_from {self.as_digits(':start')}
\\set date_to {self.as_digits(':end')}
\\set origin 10000 + :k % {self.places}
\\set destination 10000 + (:k / {self.places} + 7 * :k) % {self.places}
\\set min_prices 1 + :k % 3
'''

    def as_digits(self, day):
        """An expression for the day of a number: YYYYMMDD."""
        months = ''
        for n in range(self.days - 1, -1, -1):
            date = self.first + datetime.timedelta(n)
            if date.day == 1 or n == 0:
                months += f' WHEN {day} >= {n} THEN {day} + {date:%Y%m%d} - {n}'
        return f'CASE{months} END'


def number_places(data, folder):
    """A copy of the data with a number for the name of each place; the number of places."""
    folder.mkdir()
    numbers = {}
    for name, columns in (('regions.csv', (0, 2)), ('ports.csv', (0, 2)), ('prices.csv', (0, 1))):
        lines = (data / name).read_text().splitlines()
        rows = [line.rsplit(',', 2) if name != 'prices.csv' else line.split(',') for line in lines[1:]]
        if name != 'prices.csv':
            for row in rows:
                numbers.setdefault(row[0], str(10_000 + len(numbers)))
        for row in rows:
            for column in columns:
                row[column] = numbers.get(row[column], row[column])
        (folder / name).write_text('\n'.join([lines[0], *(','.join(row) for row in rows)]) + '\n')
    (folder / 'currencies.csv').write_bytes((data / 'currencies.csv').read_bytes())
    return len(numbers)


def pgbench(cluster, script, connections):
    """Transactions a second, and their number."""
    options = '-c search_path=rates,reckoner -c plan_cache_mode=force_generic_plan -c default_transaction_read_only=on'
    done = subprocess.run(
        [postgresql.BINARIES / 'pgbench', '-n', '-M', 'prepared', '-c', str(connections), '-j', '1', '-T', str(SECONDS),
         '-f', script, cluster.url('rates')], capture_output=True, text=True, env={**os.environ, 'PGOPTIONS': options})
    assert done.returncode == 0, done.stderr
    return (float(re.search(r'^tps = ([\d.]+)', done.stdout, re.MULTILINE).group(1)),
            int(re.search(r'actually processed: (\d+)', done.stdout).group(1)))


def served(server, targets):
    """Requests a second, and their number."""
    found = measure.expect(measure.ask(server, targets, '-c', CLIENTS, '-d', SECONDS), 200)
    return found['rate'], found['requests']


def bench_reads(make_server, work, data, rounds, connections):
    places = number_places(data, work / 'numbered')
    days = sorted({line.split(',')[2] for line in (data / 'prices.csv').read_text().splitlines()[1:]})
    with Cluster() as cluster:
        server = make_server(work / 'var', 'rates', '--workers', str(connections), '--data', work / 'numbered',
                             '--store', cluster.create('rates'), env=measure.UNKEPT)
        try:
            cluster.sql('VACUUM (ANALYZE)', 'rates')
            cluster.sql('CHECKPOINT')
            for longest in (31, 366):
                first, last = (datetime.date.fromisoformat(day) for day in (days[0], days[-1]))
                bench_questions(server, cluster, work, Questions(places, first, last, longest), rounds, connections)
        finally:
            server.stop()


def bench_questions(server, cluster, work, questions, rounds, connections):
    targets = [questions.target(k) for k in range(QUESTIONS)]
    declared = re.findall(r'^-- @param (\w+)\s+(\w+)', (ROOT / 'apps/rates/get_rates.sql').read_text(), re.MULTILINE)
    types = {name: CASTS[kind] for name, kind in declared}
    sql = [(kind, typed(text, types) + ';\n') for kind, text in statements('get_rates.sql')]
    (work / 'answer').write_text(questions.script() + ''.join(text for kind, text in sql if kind == 'answer'))
    (work / 'all').write_text(
        questions.script() + '\\startpipeline\n' + ''.join(text for _, text in sql) + '\\endpipeline\n')
    figures = {'answer': [], 'all': [], 'served': []}
    served(server, targets)  # warm
    for _ in range(rounds):
        for key, found in figures.items():
            before, own = cluster.cpu_seconds(), server.cpu_seconds()
            rate, count = served(server, targets) if key == 'served' else pgbench(cluster, work / key, connections)
            found.append((rate, (cluster.cpu_seconds() - before) / count * 1e6, (server.cpu_seconds() - own) / count * 1e6))
    print(f'GET /rates on PostgreSQL, {QUESTIONS} questions, ranges up to {min(questions.longest, questions.days)} days, '
          f'{connections} connections to it, {CLIENTS} of the client:')
    report_reads(figures)


def report_reads(figures):
    for key, what in (('answer', 'pgbench, the answer alone'), ('all', 'pgbench, rejects and answer in a pipeline'),
                      ('served', 'Reckoner, rejects and answer')):
        rate, database, own = (statistics.median(found[i] for found in figures[key]) for i in range(3))
        print(f'  {what}: {rate:.0f}/s; CPU a question: database {database:.1f} us' +
              (f', Reckoner {own:.1f} us, together {database + own:.1f} us' if key == 'served' else ''))
    for key in ('answer', 'all'):
        rates, costs = ([served[i] / other[i] for served, other in zip(figures['served'], figures[key])] for i in (0, 1))
        print(f'  requests/s against pgbench ({key}): {statistics.median(rates):.2f} (rounds: '
              f'{", ".join(f"{rate:.2f}" for rate in rates)}); CPU of the database {statistics.median(costs):.2f}', flush=True)


# --- a batch

def psql_script(file):
    """What a person would type into psql; the file has the lines in it, so that psql has nothing to count."""
    return (f'BEGIN;\nCREATE TEMPORARY TABLE batch (orig_code text COLLATE "C", dest_code text COLLATE "C", day date, '
            f'price bigint, line bigint) ON COMMIT DROP;\n\\copy batch FROM {file} (FORMAT csv)\n' +
            ''.join(sql + ';\n' for _, sql in statements('post_prices.sql')) + 'COMMIT;\n\\echo done\n')


class Psql:
    """A session that is connected already, as Reckoner's is."""

    def __init__(self, url):
        self.process = subprocess.Popen(
            [postgresql.BINARIES / 'psql', '-X', '-q', '-A', '-t', '-v', 'ON_ERROR_STOP=1', url], text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            env={**os.environ, 'PGOPTIONS': '-c search_path=rates,reckoner'})
        self.run('\\echo done\n')

    def run(self, script):
        """The lines that it prints."""
        self.process.stdin.write(script)
        self.process.stdin.flush()
        lines = []
        for line in self.process.stdout:
            if line == 'done\n':
                return lines
            lines.append(line.strip())
        raise SystemExit('psql: ' + self.process.stderr.read())

    def cpu_seconds(self):
        return sum(stat_fields(self.process.pid)[11:13]) * TICK

    def stop(self):
        self.process.stdin.close()
        self.process.wait()


def run_psql(cluster, url, file):
    psql = Psql(url)
    start, database, own = time.monotonic(), cluster.cpu_seconds(), psql.cpu_seconds()
    answer = psql.run(psql_script(file))
    figures = time.monotonic() - start, cluster.cpu_seconds() - database, psql.cpu_seconds() - own
    assert answer == [str(BATCH_ROWS)], answer
    psql.stop()
    return figures


def run_reckoner(make_server, var, places, cluster, url, body):
    server = make_server(var, 'rates', '--data', places, '--store', url)  # which it has loaded already
    start, database, own = time.monotonic(), cluster.cpu_seconds(), server.cpu_seconds()
    request = urllib.request.Request(f'http://127.0.0.1:{server.port}/prices', body, {'Content-Type': 'text/csv'})
    with urllib.request.urlopen(request) as answer:
        assert answer.status == 201
    figures = time.monotonic() - start, cluster.cpu_seconds() - database, server.cpu_seconds() - own
    server.stop()
    return figures


def bench_batch(make_server, work, data, rounds):
    head, *rows = (data / 'prices.csv').read_text().splitlines()
    rows = (rows * (BATCH_ROWS // len(rows) + 1))[:BATCH_ROWS]
    body = '\n'.join([head, *rows, '']).encode()
    file = work / 'prices_with_lines.csv'
    file.write_text(''.join(f'{row},{line}\n' for line, row in enumerate(rows, 2)))
    places = work / 'places'
    places.mkdir()
    for name in ('regions.csv', 'ports.csv'):
        (places / name).write_bytes((data / name).read_bytes())
    figures = {'psql': [], 'Reckoner': []}
    with Cluster() as cluster:
        make_server(work / 'var', 'rates', '--data', places, '--store', cluster.create('places')).stop()
        cluster.sql('VACUUM (ANALYZE)', 'places')
        for i in range(rounds):
            for kind, found in figures.items():
                cluster.sql('CREATE DATABASE one TEMPLATE places')
                cluster.sql('CHECKPOINT')
                if kind == 'psql':
                    found.append(run_psql(cluster, cluster.url('one'), file))
                else:
                    found.append(run_reckoner(make_server, work / f'var{i}', places, cluster, cluster.url('one'), body))
                cluster.sql('DROP DATABASE one')
    report_batch(figures)


def report_batch(figures):
    print(f'a batch of {BATCH_ROWS} prices on PostgreSQL:')
    for kind, found in figures.items():
        wall, database, own = (statistics.median(one[i] for one in found) * 1000 for i in range(3))
        print(f'  {kind}: {wall:.0f} ms; CPU: database {database:.0f} ms, {kind} {own:.0f} ms')
    ratios = [served[0] / other[0] for served, other in zip(figures['Reckoner'], figures['psql'])]
    cpus = [sum(served[1:]) / sum(other[1:]) for served, other in zip(figures['Reckoner'], figures['psql'])]
    print(f'  time against psql: {statistics.median(ratios):.2f} (rounds: {", ".join(f"{ratio:.2f}" for ratio in ratios)}); '
          f'CPU {statistics.median(cpus):.2f}', flush=True)
