# SPDX-License-Identifier: Apache-2.0
"""/-/metrics: the format, as promtool has it; the page that describes it; and that counters are exact."""
import concurrent.futures
import re
import shutil
import subprocess

import pytest

from server import ROOT, wait_until
import metrics

RATES = [ROOT / 'apps' / 'rates']
HISTOGRAM = 'reckoner_http_request_duration_seconds'

promtool = pytest.mark.skipif(shutil.which('promtool') is None, reason='needs the package prometheus')


@pytest.fixture
def small_app(tmp_path):
    """An app with a read that is kept, one that is not, and a write."""
    app = tmp_path / 'small'
    (app / 'schema').mkdir(parents=True)
    (app / 'public').mkdir()
    (app / 'public' / 'hello.txt').write_text('hello\n')
    (app / 'schema' / '001_items.sql').write_text('create table items (name text primary key, size integer not null);\n')
    (app / 'get_items.sql').write_text('-- @endpoint GET /items\n-- @answer\nSELECT name, size FROM items ORDER BY name;\n')
    (app / 'get_item.sql').write_text("""-- @endpoint GET /items/{name}
-- @shape object
-- @param name text
-- @cache off
-- @reject 404 no such item
SELECT 1 AS one WHERE NOT EXISTS (SELECT 1 FROM items WHERE name = :name);
-- @answer
SELECT name, size FROM items WHERE name = :name;
""")
    (app / 'post_items.sql').write_text("""-- @endpoint POST /items
-- @shape object
-- @field name text required
-- @field size integer required min 0
-- @write
INSERT INTO items (name, size) SELECT name, size FROM batch;
-- @answer
SELECT count(*) AS count FROM batch;
""")
    return app


@promtool
def test_promtool_finds_nothing(start, small_app):
    server = start(small_app)
    server.post('/items', [{'name': 'a"b\\c', 'size': 1}])
    server.get('/items')
    text = server.get('/-/metrics')
    assert text.headers['Content-Type'] == 'text/plain; version=0.0.4; charset=utf-8'
    done = subprocess.run(['promtool', 'check', 'metrics'], input=text.body, capture_output=True)
    assert (done.returncode, done.stdout + done.stderr) == (0, b'')


def test_the_page_describes_each_family_and_no_other(start, small_app):
    server = start(small_app)
    server.get('/items')
    families = metrics.read(server).families
    page = (ROOT / 'docs' / 'metrics.md').read_text()
    rows = re.findall(r'^\| `(\w+)` \| (\w+) \| ([\w, ]*)\|', page, re.M)
    assert {name: kind for name, kind, _ in rows} == families
    labels = {name: {label.strip() for label in text.split(',') if label.strip()} for name, _, text in rows}
    for sample in metrics.read(server).samples:
        name = sample.name if sample.name in families else re.sub('_(bucket|sum|count)$', '', sample.name)
        assert set(sample.labels) - {'le'} == labels[name], sample
    for alert in re.findall(r'alert: (\w+)', (ROOT / 'deploy' / 'prometheus' / 'alerts.yml').read_text()):
        assert f'| `{alert}` |' in page


def test_counters_are_exact(start, small_app):
    server = start(small_app)
    server.post('/items', [{'name': 'a', 'size': 1}])

    def client(_):
        for _ in range(5):
            assert server.get('/items').status == 200
            assert server.get('/items/a').status == 200
            assert server.get('/items/b').status == 404
            assert server.request('HEAD', '/items').status == 200
            assert server.get('/nothing').status == 404
            assert server.request('DELETE', '/items').status == 405
            assert server.get('/hello.txt').status == 200
            assert server.get('/-/livez').status == 200
            assert server.post('/items', [{'name': 'c', 'size': -1}]).status == 422

    with concurrent.futures.ThreadPoolExecutor(4) as clients:
        list(clients.map(client, range(4)))
    etag = server.get('/items').headers['ETag']
    assert server.get('/items', **{'If-None-Match': etag}).status == 304
    with server.connect() as connection:
        connection.sendall(b'no HTTP\r\n\r\n')
        while connection.recv(4096):
            pass

    def counts():
        return {(sample.labels['app'], sample.labels['method'], sample.labels['route'], sample.labels['status']): sample.value
                for sample in metrics.read(server).of(HISTOGRAM + '_count') if sample.labels['route'] != '/-/metrics'}

    expected = {
        ('small', 'GET', '/items', '200'): 41,
        ('small', 'GET', '/items', '304'): 1,
        ('small', 'GET', '/items/{name}', '200'): 20,
        ('small', 'GET', '/items/{name}', '404'): 20,
        ('small', 'POST', '/items', '200'): 1,
        ('small', 'POST', '/items', '422'): 20,
        ('small', 'GET', 'file', '200'): 20,
        ('', '', 'none', '404'): 20,
        ('', '', 'none', '405'): 20,
        ('', '', 'refused', '501'): 1,
        ('', 'GET', '/-/livez', '200'): 20,
    }
    # A client has its answer before the loop is back from sending it, and counts it.
    wait_until(lambda: sum(counts().values()) >= sum(expected.values()))
    assert counts() == expected
    found = metrics.read(server)
    of_items = {'app': 'small', 'method': 'GET', 'route': '/items'}
    sources = {sample.labels['source']: sample.value for sample in found.of('reckoner_cache_requests_total', **of_items)}
    assert sum(sources.values()) == 42
    assert sources['miss'] + sources.get('stale', 0) <= 4, 'the first ones of four clients at most'
    assert sources['near'] > 0
    assert found.one('reckoner_cache_requests_total', app='small', method='GET', route='/items/{name}', source='bypass') == 40
    assert found.one('reckoner_batches_total', app='small', outcome='written') == 1
    assert found.one('reckoner_batch_rows_total', app='small') == 1
    body = len(server.get('/items').body)
    assert found.one('reckoner_http_response_bytes_total', **of_items, status='200') == 21 * body, 'HEAD has none'
    assert found.one('reckoner_http_request_bytes_total', app='small', method='POST', route='/items', status='422') == 20 * len(
        b'[{"name": "c", "size": -1}]')


def test_near_answers_count_with_an_access_log_as_without(start, small_app):
    for number, options in enumerate([['--quiet'], []]):
        server = start(small_app, *options, var=small_app.parent / f'var{number}')
        for _ in range(10):
            server.get('/items')
        found = wait_until(lambda: metrics.read(server))
        assert found.one(HISTOGRAM + '_count', app='small', method='GET', route='/items', status='200') == 10
        assert found.one('reckoner_cache_requests_total', app='small', method='GET', route='/items', source='near') >= 7


def test_an_edited_app_goes_on_counting(start, small_app):
    server = start(small_app, '--watch')
    assert server.get('/items').status == 200
    file = small_app / 'get_items.sql'
    file.write_text(file.read_text().replace('order by name', 'order by name desc'))
    assert server.get('/items').status == 200
    found = metrics.read(server)
    assert found.one(HISTOGRAM + '_count', app='small', method='GET', route='/items', status='200') == 2
    assert found.one('reckoner_edition') >= 2


def test_scrapes_under_load_never_go_back(start, small_app):
    server = start(small_app)
    server.post('/items', [{'name': 'a', 'size': 1}])

    def client(_):
        for _ in range(60):
            server.get('/items')
            server.get('/items/a')

    before = {}
    with concurrent.futures.ThreadPoolExecutor(5) as pool:
        clients = [pool.submit(client, number) for number in range(4)]
        while not all(one.done() for one in clients):
            found = metrics.read(server)
            for sample in found.samples:
                family = re.sub('_(bucket|sum|count)$', '', sample.name)
                if found.families.get(family, found.families.get(sample.name)) == 'gauge':
                    continue
                key = (sample.name, tuple(sorted(sample.labels.items())))
                assert sample.value >= before.get(key, 0), key
                before[key] = sample.value
        for one in clients:
            one.result()
    assert metrics.read(server).one(HISTOGRAM + '_count', app='small', method='GET', route='/items/{name}', status='200') == 240


def test_a_scrape_is_compressed_where_the_client_wants_that(start, small_app):
    server = start(small_app)
    plain = server.get('/-/metrics')
    coded = server.get('/-/metrics', **{'Accept-Encoding': 'gzip'})
    assert coded.headers['Content-Encoding'] == 'gzip'
    assert len(coded.body) < len(plain.body) / 2
    assert server.request('HEAD', '/-/metrics').status == 200
    assert server.post('/-/metrics', []).status == 405


def test_a_stuck_writer_is_seen_and_holds_up_no_scrape(start, small_app, tmp_path):
    import sqlite3
    server = start(small_app)
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        lock = sqlite3.connect(tmp_path / 'var' / 'small.db', isolation_level=None)
        lock.execute('begin immediate')
        write = pool.submit(server.post, '/items', [{'name': 'a', 'size': 1}])
        wait_until(lambda: metrics.read(server).one('reckoner_writer_oldest_seconds', app='small') > 0)
        lock.execute('rollback')
        assert write.result().status in (200, 503)
        lock.close()
    wait_until(lambda: metrics.read(server).one('reckoner_writer_oldest_seconds', app='small') == 0)
