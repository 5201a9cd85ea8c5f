# SPDX-License-Identifier: Apache-2.0
"""Raw rows, from 1,000 to as many as --prices says: as a body, plain and in gzip, and by `reckoner load`; against .import of the sqlite3
shell and \\copy of psql into a table of the same columns. Rows a second, CPU a row (of PostgreSQL too), and the peak of Reckoner's
memory, which is to stay below 256 MB whatever there is.
"""
import gzip
import os
import resource
import shutil
import subprocess
import time

import growth
import measure
import on_postgresql

SIZES = 1_000, 10_000, 100_000, 1_000_000, 10_000_000
BOUND_MB = 256
FILES = {
    'schema/001_raw.sql': 'CREATE TABLE raw (orig_code text, dest_code text, day {date}, price {integer});\n',
    'post_raw.sql': '''-- @endpoint POST /raw
-- @field orig_code text required
-- @field dest_code text required
-- @field day date required
-- @field price integer required min 0
-- @write
INSERT INTO raw SELECT orig_code, dest_code, day, price FROM batch;
-- @answer
SELECT count(*) AS rows FROM batch;
''',
}
TYPES = {'sqlite': {'date': 'text', 'integer': 'integer'}, 'postgresql': {'date': 'date', 'integer': 'bigint'}}


def run(work, options):
    files = {}
    routes = growth.all_routes()[:1000]
    for rows in SIZES:
        if rows > options.prices:
            break
        files[rows] = work / f'raw{rows}.csv'
        growth.write_prices(files[rows], rows, routes, growth.FIRST_DAY, min(rows, 3653))
        with open(files[rows], 'rb') as plain, gzip.open(f'{files[rows]}.gz', 'wb', compresslevel=6) as packed:
            shutil.copyfileobj(plain, packed)
    print(f'intake of raw rows\n  {"":44} {"rows/s":>9} {"CPU us/row":>10} {"peak MB":>8}')
    compare(work, 'sqlite', files, None)
    if on_postgresql.postgresql.is_there():
        with on_postgresql.Cluster() as cluster:
            compare(work, 'postgresql', files, cluster)


def compare(work, store, files, cluster):
    app = work / store / 'raw'
    for name, text in FILES.items():
        (app / name).parent.mkdir(parents=True, exist_ok=True)
        (app / name).write_text(text.format(**TYPES[store]) if name.startswith('schema') else text)
    for rows, file in files.items():
        place = work / store / str(rows)
        for name, ways in (('body', [file]), ('body in gzip', [f'{file}.gz'])):
            by_http(f'{store}, {rows:,} rows, {name}', app, new_store(place, cluster), rows, *ways, cluster)
        where = new_store(place, cluster)
        by_command(f'{store}, {rows:,} rows, reckoner load', [measure.RECKONER, 'load', *where, app, 'POST /raw', file], rows, cluster)
        peer = shell(place, file) if cluster is None else psql(cluster, file)
        by_command(f'{store}, {rows:,} rows, ' + ('.import' if cluster is None else r'\copy'), peer, rows, cluster)


def new_store(place, cluster):
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    if cluster is None:
        return ['--var', place]
    cluster.number = getattr(cluster, 'number', 0) + 1
    return ['--var', place, '--store', cluster.create(f'raw{cluster.number}')]


def tell(name, rows, seconds, cpu, peak):
    mark = '' if peak is None or peak < BOUND_MB * 1e6 else f'  over {BOUND_MB}'
    print(f'  {name:44} {rows / seconds:9,.0f} {cpu / rows * 1e6:10.2f} {"" if peak is None else f"{peak / 1e6:8.0f}"}{mark}', flush=True)


def by_http(name, app, where, rows, body, cluster):
    server = measure.reckoner(app, where[1], *where[2:], leans_on=() if cluster is None else (cluster,))
    try:
        packed = ['-H', 'Content-Encoding: gzip'] if str(body).endswith('.gz') else []
        cpu, begin = server.cpu_seconds(), time.monotonic()
        done = subprocess.run(['curl', '-sS', '-H', 'Content-Type: text/csv', '-H', 'Expect:', *packed, '-T', body, '-X', 'POST',
                               f'http://127.0.0.1:{server.port}/raw'], capture_output=True, text=True, check=True)
        seconds = time.monotonic() - begin
        assert done.stdout == f'[{{"rows":{rows}}}]', done.stdout
        peak = sum(measure.memory_of(pid, 'VmHWM') for pid in measure.tree(server.process.pid))
        tell(name, rows, seconds, server.cpu_seconds() - cpu, peak)
    finally:
        server.stop()


def by_command(name, command, rows, cluster):
    """Of the child, and of the cluster."""
    def cpu():
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        return used.ru_utime + used.ru_stime + (cluster.cpu_seconds() if cluster is not None else 0)

    before, begin = cpu(), time.monotonic()
    process = subprocess.Popen([str(word) for word in command], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, command
    tell(name, rows, time.monotonic() - begin, cpu() - before, usage.ru_maxrss * 1024 if command[0] == measure.RECKONER else None)


def shell(place, file):
    return ['sqlite3', place / 'shell.db', 'PRAGMA journal_mode=WAL', 'PRAGMA synchronous=FULL',
            FILES['schema/001_raw.sql'].format(**TYPES['sqlite']), '.mode csv', f'.import --skip 1 {file} raw']


def psql(cluster, file):
    url = cluster.create(f'copied{cluster.number}')
    return ['psql', '-Xq', url, '-c', FILES['schema/001_raw.sql'].format(**TYPES['postgresql']), '-c',
            rf"\copy raw FROM '{file}' (FORMAT csv, HEADER)"]
