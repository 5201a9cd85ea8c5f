# SPDX-License-Identifier: Apache-2.0
"""The configurations that docs/proxies.md shows, run by nginx and HAProxy before two real nodes."""
import gzip
import http.client
import json
import pathlib
import re
import ssl
import subprocess
import threading

import pytest

from proxy import FILES, Proxy
from server import ROOT, Server, wait_until, write_app

APP = {
    'app.ini': 'title = T\n[access]\nopen_plan = free\n[plan free]\nrequests = 100000/day\n',
    'schema/001_t.sql': 'CREATE TABLE t (id integer PRIMARY KEY, name text);\nINSERT INTO t VALUES (1, \'a/b\'), (2, \'c\'), (3, \'d\');\n',
    'get_rows.sql': '-- @endpoint GET /rows\n-- @page 2 max 10000\n-- @answer\nSELECT id, name FROM t ORDER BY id;\n',
    'get_name.sql': '-- @endpoint GET /names/{name}\n-- @param name text\n-- @answer\nSELECT id FROM t WHERE name = :name;\n',
    'get_many.sql': '-- @endpoint GET /many\n-- @answer\nWITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < 200000) '
                    "SELECT i, 'some text' AS s FROM c;\n",
    'post_rows.sql': '-- @endpoint POST /rows\n-- @field id integer required\n-- @example {"id": 7}\n-- @write\nINSERT INTO t (id) SELECT id FROM batch;\n'
                     '-- @answer 201\nSELECT count(*) AS inserted FROM batch;\n',
    'public/map/index.html': '<p>map</p>\n',
}


def node(tmp_path, name, *options):
    return Server(write_app(tmp_path / f'{name}_app' / 'rows', APP), '--trust-proxy', '127.0.0.1', '--drain-notice', '3s', *options,
                  var=tmp_path / name)


def address(server):
    return f'127.0.0.1:{server.port}'


@pytest.fixture(scope='module', params=['nginx.conf', 'haproxy.cfg'])
def proxy(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp('proxy')
    nodes = [node(folder, name) for name in ('one', 'two')]
    try:
        proxy = Proxy(request.param, folder / 'proxy', [address(server) for server in nodes])
    except BaseException:
        for server in nodes:
            server.stop()
        raise
    proxy.nodes = nodes
    if proxy.program == 'haproxy':
        wait_until(lambda: proxy.curl('/api/-/readyz')[0] == 200)
    yield proxy
    proxy.stop()
    assert [server.stop() for server in nodes] == [0, 0]


def test_http_2_at_the_front(proxy):
    status, version, fields, body = proxy.curl('/api/rows?limit=3')
    assert (status, version) == (200, 'HTTP/2') and [row['id'] for row in json.loads(body)] == [1, 2, 3]
    assert fields['content-type'].startswith('application/json')


def test_a_path_comes_as_it_was_written(proxy):
    assert json.loads(proxy.curl('/api/names/a%2Fb')[3]) == [{'id': 1}]
    assert json.loads(proxy.curl('/api/names/a%2fb')[3]) == [{'id': 1}]
    assert proxy.curl('/api/names/a/b')[0] == 404
    assert proxy.curl('/api/names/%ff')[0] == 400
    assert proxy.curl('/elsewhere')[0] == 404


def test_links_lead_through_the_proxy(proxy):
    status, _, fields, _ = proxy.curl('/api/rows')
    link = re.fullmatch(r'<(/api/rows\?cursor=[\w-]+)>; rel="next"', fields['link']).group(1)
    assert [row['id'] for row in json.loads(proxy.curl(link)[3])] == [3]
    assert proxy.curl('/api/map')[2]['location'] == '/api/map/'
    assert b'map' in proxy.curl('/api/map/')[3]
    assert b'localhost:8080/api/rows' in proxy.curl('/api/-/docs')[3]


def test_entity_tags_and_compression_are_those_of_the_node(proxy):
    _, _, fields, plain = proxy.curl('/api/many')
    tag = fields['etag']
    assert not tag.startswith('W/') and len(plain) > 5_000_000
    assert proxy.curl('/api/many', '-H', f'If-None-Match: {tag}')[0] == 304
    _, _, fields, packed = proxy.curl('/api/many', '-H', 'Accept-Encoding: gzip')
    assert fields['content-encoding'] == 'gzip' and gzip.decompress(packed) == plain and not fields['etag'].startswith('W/')
    status, _, fields, body = proxy.curl('/api/many', method='HEAD')
    assert status == 200 and int(fields['content-length']) == len(plain) and body == b''


def test_uploads_go_through(proxy, tmp_path):
    rows = tmp_path / 'rows.csv'
    rows.write_text('id\n' + ''.join(f'{i}\n' for i in range(1000, 201000)))
    status, _, _, body = proxy.curl('/api/rows', '-H', 'Content-Type: text/csv', '--data-binary', f'@{rows}', method='POST')
    assert (status, json.loads(body)) == (201, [{'inserted': 200000}])
    rows.write_text('id\nx\n')
    status, _, _, body = proxy.curl('/api/rows', '-H', 'Content-Type: text/csv', '--data-binary', f'@{rows}', method='POST')
    assert status == 422 and b'application/problem' not in body


def test_what_a_client_says_of_itself_does_not_count(proxy):
    proxy.curl('/api/names/c', '--interface', '127.0.0.7', '-H', 'X-Forwarded-For: 203.0.113.7', '-H', 'Forwarded: for=203.0.113.8',
               '-H', 'X-Forwarded-Prefix: /evil')
    wait_until(lambda: any(' 127.0.0.7 GET /names/c ' in server.access_log() for server in proxy.nodes))
    for server in proxy.nodes:
        assert not re.search(r'203\.0\.113\.\d+ GET', server.access_log())


@pytest.mark.parametrize('name', ['nginx.conf', 'haproxy.cfg'])
def test_a_node_that_drains_costs_no_request(name, tmp_path):
    nodes = [node(tmp_path, 'one'), node(tmp_path, 'two')]
    proxy = Proxy(name, tmp_path / 'proxy', [address(server) for server in nodes])
    found, stop = [], threading.Event()

    def ask():
        context = ssl.create_default_context(cafile=proxy.certificate)
        context.check_hostname = False
        connection = http.client.HTTPSConnection('127.0.0.1', proxy.port, timeout=60, context=context)
        while not stop.is_set():
            try:
                connection.request('GET', '/api/names/c')
                answer = connection.getresponse()
                answer.read()
                found.append(answer.status)
            except http.client.HTTPException as error:
                found.append(repr(error))
        connection.close()

    try:
        wait_until(lambda: proxy.curl('/api/names/c')[0] == 200)
        threads = [threading.Thread(target=ask) for _ in range(4)]
        for thread in threads:
            thread.start()
        wait_until(lambda: len(found) > 100)
        assert nodes[0].stop() == 0
        so_far = len(found)
        wait_until(lambda: len(found) > so_far + 100)
        stop.set()
        for thread in threads:
            thread.join()
        assert set(found) == {200}
    finally:
        stop.set()
        proxy.stop()
        assert nodes[1].stop() == 0


def test_bytes_are_passed_on_with_the_proxy_protocol(tmp_path):
    nodes = [node(tmp_path, name, '--listen', '127.0.0.1:0,proxy', '--admin-listen', '127.0.0.1:0') for name in ('one', 'two')]
    ports = [[re.search(rf'listening on 127\.0\.0\.1:(\d+){what}', server.stderr).group(1) for what in (', too', ' for /-/')]
             for server in nodes]
    proxy = Proxy('haproxy-tcp.cfg', tmp_path / 'proxy', [f'127.0.0.1:{taken[0]}' for taken in ports],
                  **{f'port {theirs}': f'port {taken[1]}' for theirs, taken in zip((8082, 8083), ports)})
    try:
        for _ in range(6):  # both nodes, one of each version
            done = subprocess.run(['curl', '-sS', '--interface', '127.0.0.7', '--retry', '20', '--retry-all-errors',
                                   f'http://127.0.0.1:{proxy.port}/names/c'], capture_output=True, timeout=120, check=False)
            assert json.loads(done.stdout) == [{'id': 2}], done.stderr
    finally:
        proxy.stop()
        assert [server.stop() for server in nodes] == [0, 0]
    for server in nodes:
        assert re.search(r' 127\.0\.0\.7:\d+ GET /names/c 200 ', server.stdout), server.stdout + server.stderr


def test_the_page_shows_the_files_that_are_tried():
    text = (ROOT / 'docs' / 'proxies.md').read_text(encoding='utf-8')
    for file in sorted(FILES.iterdir()):
        assert f'deploy/proxies/{file.name}' in text
        shown = [line for line in file.read_text(encoding='utf-8').splitlines() if not line.startswith('#')]
        assert '\n'.join(shown) in text, f'{file.name} is shown otherwise'
    assert pathlib.Path(FILES / 'nginx.conf').exists()
