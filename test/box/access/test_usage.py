# SPDX-License-Identifier: Apache-2.0
"""What clients have used: against the access log and against what the clients have seen; through drains and kills."""
import collections
import csv
import io
import json
import re
import signal
import threading

import pytest

import keys
import postgresql
from rounds import rounds
from server import STORES, new_store, run, wait_until, write_app

FILES = {
    'app.ini': '[access]\ndefault = open\n',
    'schema/001_items.sql': 'CREATE TABLE items (id integer PRIMARY KEY, name text NOT NULL);\n'
                            "INSERT INTO items VALUES (1, 'one'), (2, 'two'), (3, 'three');\n",
    'get_items.sql': '-- @endpoint GET /items\n-- @param least integer default 0\n-- @answer\n'
                     'SELECT id, name FROM items WHERE id >= :least ORDER BY id;\n',
    'get_item.sql': "-- @endpoint GET /items/{id}\n-- @param id integer\n-- @shape object\n-- @reject 404 no such item\n"
                    "SELECT 'id' AS parameter WHERE NOT EXISTS (SELECT 1 FROM items WHERE id = :id);\n"
                    '-- @answer\nSELECT id, name FROM items WHERE id = :id;\n',
    'post_items.sql': '-- @endpoint POST /items\n-- @access key\n-- @field id integer required\n-- @field name text required\n'
                      '-- @write\nINSERT INTO items SELECT id, name FROM batch;\n-- @answer 201\nSELECT count(*) AS n FROM batch;\n',
}
COUNTS = ('requests', 'cached', 'failed', 'rows', 'bytes', 'batch_rows')
LINE = re.compile(r'(\S+)T\S+ \S+ (\S+) (\S+) (\d+) (\d+) \S+ms (\S+)$')


class Shop:
    """A server of the app, and where its store is."""

    def __init__(self, start, tmp_path, store, request, files=None):
        self.start = start
        self.app = write_app(tmp_path / 'shop', files or FILES)
        self.chosen = new_store(store, request)
        self.where = self.chosen or ['--var', tmp_path / 'var']
        self.lines = []
        self.serve()

    def serve(self, *options):
        self.server = self.start(self.app, *self.chosen, *options)

    def end(self, how=signal.SIGTERM):
        self.server.stop(how)
        self.lines += self.server.stdout.splitlines()

    def usage(self, *options):
        done = run('usage', self.app, *self.where, '--format', 'json', *options)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def counted(self):
        return self.usage()['total']['requests']

    def wait_counted(self, is_enough):
        """For the flusher, which writes each five seconds; each look is a process of its own."""
        wait_until(lambda: is_enough(self.counted()), pause=1)


@pytest.fixture(params=STORES)
def shop(request, start, tmp_path):
    return Shop(start, tmp_path, request.param, request)


def endpoint_of(method, target):
    path = target.partition('?')[0]
    return f'{"GET" if method == "HEAD" else method} {re.sub("/items/.*", "/items/{id}", path)}'


def of_log(lines):
    """Requests, failures and bytes by day, client and endpoint, as the access log has them."""
    sums = collections.defaultdict(lambda: [0, 0, 0])
    for line in lines:
        day, method, target, status, size, client = LINE.match(line).groups()
        if status not in ('401', '403', '429') and target.startswith('/items'):
            counts = sums[day, '' if client == '-' else client, endpoint_of(method, target)]
            counts[0] += 1
            counts[1] += status[0] == '5' or status == '499'
            counts[2] += int(size)
    return {key: tuple(counts) for key, counts in sums.items()}


def of_usage(usage):
    rows = {(row['day'], row['client'], row['endpoint']): (row['requests'], row['failed'], row['bytes']) for row in usage['usage']}
    assert len(rows) == len(usage['usage'])
    return rows


def assert_sums(usage):
    assert usage['total'] == {name: sum(row[name] for row in usage['usage']) for name in COUNTS}


def test_usage_is_what_the_access_log_says_and_what_clients_have_seen(shop):
    key, key_id = keys.create(shop.app, shop.where)
    seen = collections.Counter()

    def ask(method, path, body=None, **headers):
        answer = shop.server.request(method, path, body, headers)
        hit = 'hit' in answer.headers.get('Cache-Status', '')
        seen['cached'] += hit
        seen['rows'] += 0 if method == 'HEAD' or answer.status >= 300 else \
            len(answer.json()) if isinstance(answer.json(), list) else 1
        return answer

    for n in range(3):
        tag = ask('GET', '/items', **(keys.bearer(key) if n else {})).headers.get('ETag')
        assert ask('GET', '/items', **{'If-None-Match': tag}).status == 304
        ask('HEAD', '/items')
        assert ask('GET', '/items/2').status == 200
        assert ask('GET', '/items/17').status == 404
        assert ask('GET', '/items?least=x').status == 400
        assert ask('GET', '/items?least=2', **keys.bearer(key)).status == 200
        assert ask('POST', '/items', b'[]', **{'Content-Type': 'application/json'}).status == 401
        batch = [{'id': 10 * n + 10 + i, 'name': 'x'} for i in range(4)]
        headers = {'Content-Type': 'application/json', **keys.bearer(key)}
        assert ask('POST', '/items', json.dumps(batch), **headers, Prefer='tx=rollback').status == 201  # a request, without a row
        assert ask('POST', '/items', json.dumps(batch), **headers).status == 201
        assert ask('POST', '/items', json.dumps(batch), **headers).status == 409  # the ids exist: nothing is written
        assert ask('POST', '/items', b'[{"id": "x"}]', **headers).status == 422
    shop.end()
    usage = shop.usage()
    assert_sums(usage)
    assert of_usage(usage) == of_log(shop.lines)
    total = usage['total']
    assert (total['batch_rows'], total['cached'], total['rows']) == (12, seen['cached'], seen['rows'])
    assert total['cached'] > 0
    mine = shop.usage('--client', key_id)
    assert {row['client'] for row in mine['usage']} == {key_id}
    assert mine['total']['batch_rows'] == 12


@pytest.mark.threads
def test_many_at_once_are_counted_exactly(shop):
    clients, each = 6, rounds(60, 5000)

    def ask(number):
        for i in range(each):
            assert shop.server.get(f'/items?least={(i + number) % 5}').status == 200

    threads = [threading.Thread(target=ask, args=(n,)) for n in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    shop.end()
    usage = shop.usage()
    assert of_usage(usage) == of_log(shop.lines)
    assert usage['total']['requests'] == clients * each


def test_without_an_access_log_the_counts_are_the_same(shop):
    shop.end()
    shop.serve('--quiet')
    answers = [shop.server.get('/items')]
    tag = answers[0].headers['ETag']
    for _ in range(20):  # the same words: answered by what the loop has at hand
        answers.append(shop.server.get('/items'))
        answers.append(shop.server.get('/items', **{'If-None-Match': tag}))
        answers.append(shop.server.request('HEAD', '/items'))
    shop.end()
    total = shop.usage()['total']
    assert (total['requests'], total['rows']) == (61, 63)
    assert total['bytes'] == sum(len(answer.body) for answer in answers)
    assert total['cached'] == sum('hit' in answer.headers['Cache-Status'] for answer in answers) > 50


def test_what_was_written_outlives_a_kill_and_counts_once(shop):
    for _ in range(3):
        before = shop.counted()
        for i in range(7):
            shop.server.get(f'/items?least={i}')
        shop.wait_counted(lambda n: n == before + 7)  # nobody has ended the server
        shop.end(signal.SIGKILL)
        shop.serve()
    shop.server.get('/items')
    shop.end()
    usage = shop.usage()
    assert usage['total']['requests'] == 22
    assert of_usage(usage) == of_log(shop.lines)


def test_writing_usage_leaves_kept_answers_as_they_are(shop):
    shop.server.get('/items')
    wait_until(lambda: 'hit' in shop.server.get('/items').headers['Cache-Status'])
    counted = shop.counted()
    for _ in range(2):
        shop.server.get('/items/1')
        shop.wait_counted(lambda n: n > counted)
        counted = shop.counted()
        assert 'hit' in shop.server.get('/items').headers['Cache-Status']


def test_an_app_that_wants_no_usage_has_none(start, tmp_path, request):
    files = {**FILES, 'app.ini': '[access]\nusage = off\n'}
    shop = Shop(start, tmp_path, 'sqlite', request, files)
    shop.server.get('/items')
    shop.end()
    assert shop.usage()['usage'] == []


# --- the client's own page


def test_a_client_sees_its_own_usage_and_nobody_elses(shop):
    key, key_id = keys.create(shop.app, shop.where)
    other, _ = keys.create(shop.app, shop.where)
    wait_until(lambda: shop.server.get('/-/usage', **keys.bearer(other)).status == 200)
    for n in range(3):
        assert shop.server.get('/items', **keys.bearer(key)).status == 200
        assert shop.server.get('/items', **keys.bearer(other)).status == 200
        shop.server.get('/items')
    wait_until(lambda: shop.server.get('/-/usage', **keys.bearer(key)).json()['total']['requests'] == 3)
    answer = shop.server.get('/-/usage', **keys.bearer(key))
    today = answer.json()['usage'][0]['day']
    month = today[:7]
    assert answer.headers['Cache-Control'] == 'private, no-store'
    assert answer.json()['from'] == f'{month}-01'
    assert {(row['app'], row['client'], row['endpoint'], row['rows']) for row in answer.json()['usage']} == \
        {('shop', key_id, 'GET /items', 9)}
    assert shop.server.get(f'/-/usage?month={month}', **keys.bearer(key)).json() == answer.json()
    past = shop.server.get('/-/usage?month=2020-02', **keys.bearer(key)).json()
    assert past == {'from': '2020-02-01', 'to': '2020-02-29', 'usage': [], 'total': dict.fromkeys(COUNTS, 0)}
    rows = shop.server.get('/-/usage', **keys.bearer(key), Accept='text/csv')
    assert rows.headers['Content-Type'].startswith('text/csv')
    assert [(row['client'], row['requests']) for row in csv.DictReader(io.StringIO(rows.body.decode()))] == [(key_id, '3')]


def test_two_apps_that_know_a_key_are_told_together(start, tmp_path):
    apps = [write_app(tmp_path / name, FILES if name == 'one' else {
        'app.ini': FILES['app.ini'], 'get_two.sql': '-- @endpoint GET /two\n-- @answer\nSELECT 2 AS n;\n'}) for name in ('one', 'two')]
    server = start(*apps)
    key, key_id = keys.create(apps[0], ['--var', tmp_path / 'var'])
    server.get('/two')
    assert server.get('/items', **keys.bearer(key)).status == 200
    wait_until(lambda: server.get('/-/usage', **keys.bearer(key)).json()['total']['requests'] == 1)
    assert server.stop() == 0, server.stderr
    done = run('usage', *apps, '--var', tmp_path / 'var', '--format', 'csv')
    rows = list(csv.DictReader(io.StringIO(done.stdout)))
    assert [(row['app'], row['client'], row['endpoint']) for row in rows] == [('one', key_id, 'GET /items'), ('two', '', 'GET /two')]


def test_a_new_key_is_good_at_once_on_pages_whichever_app_it_is_of(start, tmp_path):
    apps = [write_app(tmp_path / name, {f'get_{name}.sql': f'-- @endpoint GET /{name}\n-- @access key\n-- @answer\nSELECT 1 AS n;\n'})
            for name in ('one', 'two', 'three')]
    server = start(*apps)
    for number, app in enumerate([apps[1], apps[2], apps[0]] * 7):  # more than the wrong keys that an address may show
        key, _ = keys.create(app, ['--var', tmp_path / 'var'])
        page = ('/-/usage', '/-/batches', '/-/jobs')[number % 3]
        assert server.get(page, **keys.bearer(key)).status == 200, (page, app)
    nobodys = server.get('/-/usage', **keys.bearer(keys.nobodys()))
    assert (nobodys.status, nobodys.headers['WWW-Authenticate']) == (401, 'Bearer realm="one", error="invalid_token"')


def test_whom_the_page_is_not_for_is_told_why(shop):
    none = shop.server.get('/-/usage')
    assert (none.status, none.json()['detail']) == (
        401, 'usage is told to a client with its key: send it as Authorization: Bearer KEY, or as X-API-Key: KEY')
    assert none.headers['WWW-Authenticate'] == 'Bearer realm="usage"'
    assert shop.server.get('/-/usage', **keys.bearer(keys.nobodys())).status == 401
    assert shop.server.get('/-/usage', **keys.bearer('rckn_x')).status == 401
    key, _ = keys.create(shop.app, shop.where)
    wait_until(lambda: shop.server.get('/-/usage', **keys.bearer(key)).status == 200)
    bad = shop.server.get('/-/usage?month=2026-13', **keys.bearer(key))
    assert (bad.status, bad.json()['detail']) == (400, 'month must be a month, YYYY-MM')
    assert shop.server.get('/-/usage', **keys.bearer(key), Accept='image/png').status == 406


def test_a_server_whose_apps_have_no_keys_has_no_usage_page(start, tmp_path, request):
    files = {name: text.replace('-- @access key\n', '') for name, text in FILES.items() if name != 'app.ini'}
    shop = Shop(start, tmp_path, 'sqlite', request, files)
    answer = shop.server.get('/-/usage')
    assert (answer.status, answer.json()['detail']) == (404, 'no app here has keys, by which clients would be known')


# --- the command


def test_the_command_says_what_is_wrong_with_it(shop):
    def refused(*options):
        done = run('usage', shop.app, *shop.where, *options)
        return done.returncode, done.stderr.strip()

    assert refused('--month', '2026-13') == (2, 'reckoner: --month must be a month, YYYY-MM, not 2026-13')
    assert refused('--day', '2026-02-30') == (2, 'reckoner: --day must be a day, YYYY-MM-DD, not 2026-02-30')
    assert refused('--format', 'xml') == (2, 'reckoner: --format must be text, csv or json, not xml')
    assert refused('--day', '2026-02-01', '--month', '2026-02') == (
        2, 'reckoner: --month and --day exclude each other: give one of them')


def test_the_command_prints_tables_and_csv(shop):
    empty = run('usage', shop.app, *shop.where, '--month', '2020-02')
    assert empty.stdout == 'shop, 2020-02-01 to 2020-02-29: nothing was used\n'
    shop.server.get('/items')
    shop.wait_counted(lambda n: n == 1)
    shop.end()
    row = shop.usage()['usage'][0]
    lines = run('usage', shop.app, *shop.where, '--day', row['day']).stdout.splitlines()
    assert lines[0] == f'shop, {row["day"]} to {row["day"]}'
    assert lines[1].split() == ['day', 'client', 'endpoint', 'requests', 'cached', 'failed', 'rows', 'bytes', 'batch', 'rows']
    assert lines[2].split() == [row['day'], '-', 'GET', '/items', '1', '0', '0', '3', str(row['bytes']), '0']
    assert lines[3].split() == ['total', '1', '0', '0', '3', str(row['bytes']), '0']
    table = run('usage', shop.app, *shop.where, '--client', '-', '--format', 'csv').stdout
    assert table == ('app,day,client,endpoint,requests,cached,failed,rows,bytes,batch_rows\n'
                     f'shop,{row["day"]},"",GET /items,1,0,0,3,{row["bytes"]},0\n')


# --- several nodes, and a database that goes away


@pytest.mark.skipif(not postgresql.is_there(), reason='needs the package postgresql-15')
def test_several_nodes_add_to_the_same_rows(start, tmp_path, request):
    shop = Shop(start, tmp_path, 'postgresql', request)
    others = [start(shop.app, *shop.chosen) for _ in range(2)]
    for n in range(2):
        for server in [shop.server, *others]:
            for i in range(5):
                server.get(f'/items?least={i}')
        shop.wait_counted(lambda total: total == 15 * (n + 1))
    usage = shop.usage()
    assert len(usage['usage']) == 1 + (usage['usage'][0]['day'] != usage['usage'][-1]['day'])


@pytest.mark.skipif(not postgresql.is_there(), reason='needs the package postgresql-15')
def test_what_is_counted_while_the_database_is_away_is_written_later(start, tmp_path):
    with postgresql.Cluster() as cluster:
        app = write_app(tmp_path / 'shop', FILES)
        where = ['--store', cluster.create('shop')]
        server = start(app, *where)
        server.get('/items')
        for _ in range(rounds(3, 100)):
            cluster.stop(signal.SIGQUIT)
            for i in range(5):
                server.get(f'/items?least={i}')  # 503, or what is kept
            cluster.start()
            wait_until(lambda: server.get('/items').status == 200)
        assert server.stop() == 0, server.stderr
        usage = json.loads(run('usage', app, *where, '--format', 'json').stdout)
        assert of_usage(usage) == of_log(server.stdout.splitlines())


def test_who_may_not_read_usage_is_told_so_and_not_that_there_was_none(cluster, start, tmp_path):
    app, url = write_app(tmp_path / 'shop', FILES), cluster.create('spied')
    cluster.sql('CREATE ROLE spy LOGIN')
    server = start(app, '--quiet', '--store', url)
    assert server.get('/items').status == 200
    server.stop()
    refused = run('usage', app, '--store', url.replace('reckoner@', 'spy@'))
    assert refused.returncode == 1 and refused.stdout == ''
    assert 'give the role USAGE of the schema, and SELECT of its table reckoner_usage' in refused.stderr
    cluster.sql('GRANT USAGE ON SCHEMA shop TO spy; GRANT SELECT ON shop.reckoner_usage TO spy', 'spied')
    allowed = run('usage', app, '--store', url.replace('reckoner@', 'spy@'), '--format', 'json')
    assert json.loads(allowed.stdout)['total']['requests'] == 1
