# SPDX-License-Identifier: Apache-2.0
"""`--spans` and `--otlp`: what a request did and when, for a caller that records its trace; sent to a real HTTP server."""
import datetime
import http.server
import json
import re
import socket
import threading

import pytest

from server import Server, wait_until, write_app

TRACE, PARENT = '4bf92f3577b34da6a3ce929d0e0e4736', '00f067aa0ba902b7'
SAMPLED, UNSAMPLED = f'00-{TRACE}-{PARENT}-01', f'00-{TRACE}-{PARENT}-00'
APP = {
    'app.ini': 'title = Spans\n',
    'schema/001_things.sql': "CREATE TABLE things (id bigint PRIMARY KEY, name text);\nINSERT INTO things VALUES (1, 'a');\n",
    'get_thing.sql': '''-- @endpoint GET /things/{id}
-- @param id integer
-- @answer
SELECT id, name FROM things WHERE id = :id;
''',
    'get_uncached.sql': '''-- @endpoint GET /uncached
-- @cache off
-- @answer
SELECT id, name FROM things WHERE id < 100;
''',
    'post_things.sql': '''-- @endpoint POST /things
-- @field id integer required
-- @field name text required
-- @write
INSERT INTO things (id, name) SELECT id, name FROM batch;
-- @answer 201
SELECT count(*) AS n FROM batch;
''',
}


@pytest.fixture
def start(tmp_path):
    servers = []
    app = write_app(tmp_path / 'spans', APP)

    def begin(*args):
        servers.append(Server(app, *args, var=tmp_path / 'var'))
        return servers[-1]
    yield begin
    for server in servers:
        server.stop()


def spans_of(server):
    assert server.stop() == 0
    return [line for line in map(json.loads, server.stderr.splitlines()) if line['kind'] == 'span']


def moment(text):
    return datetime.datetime.fromisoformat(text.replace('Z', '+00:00')).timestamp()


def test_a_read_and_a_batch_have_their_parts(start):
    server = start('--spans', '--log', 'json', '--quiet')
    assert server.get('/uncached?x="', traceparent=SAMPLED).status == 200
    assert server.request('POST', '/things', '[{"id":2,"name":"b"},{"id":3,"name":"c"}]',
                          {'Content-Type': 'application/json', 'traceparent': SAMPLED}).status == 201
    spans = spans_of(server)
    assert all(span['trace_id'] == TRACE and re.fullmatch(r'[0-9a-f]{16}', span['span_id']) for span in spans)
    assert len({span['span_id'] for span in spans}) == len(spans)
    roots = [span for span in spans if span['parent_id'] == PARENT]
    read, write = roots
    assert (read['name'], write['name']) == ('GET /uncached', 'POST /things')
    attributes = read['attributes']
    address = attributes.pop('client.address')
    assert address.startswith('127.0.0.1') and attributes.pop('http.response.body.size') > 0
    assert attributes == {'http.request.method': 'GET', 'url.path': '/uncached', 'url.query': 'x="', 'http.route': '/uncached',
                          'reckoner.app': 'spans', 'http.response.status_code': 200, 'reckoner.rows': 1}
    assert write['attributes']['reckoner.rows'] == 2
    for root, parts in ((read, {'queue', 'sql'}), (write, {'parse', 'queue', 'sql', 'commit'})):
        children = [span for span in spans if span['parent_id'] == root['span_id']]
        assert {child['name'] for child in children} == parts
        for child in children:
            assert moment(root['start']) - 1e-5 <= moment(child['start'])
            assert moment(child['start']) + child['seconds'] <= moment(root['start']) + root['seconds'] + 1e-5


@pytest.mark.parametrize('log', [[], ['--quiet']])
def test_an_answer_that_is_kept_near_is_traced_too(start, log):
    server = start('--spans', '--log', 'json', *log)
    for _ in range(3):
        assert server.get('/things/1').status == 200
    for _ in range(3):
        assert server.get('/things/1', traceparent=SAMPLED).json() == [{'id': 1, 'name': 'a'}]
    spans = spans_of(server)
    assert [span['name'] for span in spans] == ['GET /things/{id}'] * 3
    assert all(span['attributes']['reckoner.rows'] == 1 for span in spans)


def test_nobody_who_records_nothing_has_spans(start):
    server = start('--spans', '--log', 'json')
    server.get('/things/1')
    server.get('/things/1', traceparent=UNSAMPLED)
    server.get('/things/1', traceparent=SAMPLED.upper())
    assert spans_of(server) == []


def test_without_the_option_there_are_none(start):
    server = start('--log', 'json')
    server.get('/things/1', traceparent=SAMPLED)
    assert spans_of(server) == []


def test_a_line_of_text_and_a_request_that_is_refused(start):
    server = start('--spans')
    assert server.get('/nowhere', traceparent=SAMPLED).status == 404
    assert server.stop() == 0
    line, = [line for line in server.stderr.splitlines() if line.startswith('span: ')]
    assert re.fullmatch(rf'span: GET: trace {TRACE}, span [0-9a-f]{{16}} of {PARENT}: [\d-]+T[\d:.]+Z [\d.]+ms', line)


class Collector(http.server.ThreadingHTTPServer):
    """Takes what is sent, and answers with `status`."""

    def __init__(self, port=0):
        self.bodies, self.status = [], 200
        collector = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers['Content-Length']))
                collector.bodies.append((self.path, self.headers['Content-Type'], json.loads(body)))
                self.send_response(collector.status)
                self.send_header('Content-Length', '2')
                self.end_headers()
                self.wfile.write(b'{}')

            def log_message(self, *args):
                pass
        super().__init__(('127.0.0.1', port), Handler)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def url(self):
        return f'http://127.0.0.1:{self.server_address[1]}/v1/traces'

    def spans(self):
        return [span for _, _, body in list(self.bodies) for span in body['resourceSpans'][0]['scopeSpans'][0]['spans']]

    def close(self):
        self.shutdown()
        self.server_close()


@pytest.fixture
def collector():
    collector = Collector()
    yield collector
    collector.close()


def test_a_collector_gets_them(start, collector):
    server = start('--otlp', collector.url(), '--quiet')
    for i in range(20):
        assert server.get(f'/things/{i}?q="%0a\\', traceparent=SAMPLED).status == 200
    assert server.get('/nowhere', traceparent=SAMPLED).status == 404
    wait_until(lambda: sum(span['kind'] == 2 for span in collector.spans()) == 21)
    path, content_type, body = collector.bodies[0]
    assert (path, content_type) == ('/v1/traces', 'application/json')
    resource = {entry['key']: entry['value']['stringValue'] for entry in body['resourceSpans'][0]['resource']['attributes']}
    assert resource['service.name'] == 'reckoner'
    for span in collector.spans():
        assert span['traceId'] == TRACE and re.fullmatch('[0-9a-f]{16}', span['spanId'])
        assert int(span['startTimeUnixNano']) <= int(span['endTimeUnixNano'])
    root = next(span for span in collector.spans() if span['kind'] == 2)
    assert root['parentSpanId'] == PARENT
    attributes = {entry['key']: entry['value'] for entry in root['attributes']}
    assert attributes['http.response.status_code'] == {'intValue': '200'} and attributes['http.route'] == {'stringValue': '/things/{id}'}
    assert 'span: ' not in server.stderr


def test_what_waits_at_the_end_is_sent(start, collector):
    server = start('--otlp', collector.url())
    assert server.get('/things/1', traceparent=SAMPLED).status == 200
    assert server.stop() == 0
    assert any(span['name'] == 'GET /things/{id}' for span in collector.spans())


def test_a_collector_that_is_away_is_told_once_and_holds_nothing_up(start):
    with socket.create_server(('127.0.0.1', 0)) as taken:
        port = taken.getsockname()[1]
    server = start('--otlp', f'http://127.0.0.1:{port}/v1/traces')
    assert server.get('/things/1', traceparent=SAMPLED).status == 200
    wait_until(lambda: server.read_stderr(0.1) and 'spans cannot be sent to' in server.stderr)
    collector = Collector(port)
    try:
        def is_back():
            assert server.get('/things/1', traceparent=SAMPLED).status == 200
            return server.read_stderr(0.1) and 'again' in server.stderr
        wait_until(is_back)
        collector.status = 500
        count = len(collector.bodies)

        def is_lost():
            server.get('/things/1', traceparent=SAMPLED)
            return server.read_stderr(0.1) and server.stderr.count('cannot be sent') == 2
        wait_until(is_lost)
        assert len(collector.bodies) > count
    finally:
        collector.close()


@pytest.mark.parametrize('url', ['localhost:4318', 'http://', 'http:///v1/traces', 'ftp://x/', 'http://me:hunter2@127.0.0.1:4318/v1/traces'])
def test_what_is_no_url_ends_the_start(tmp_path, url):
    server = Server(write_app(tmp_path / 'spans', APP), '--otlp', url, var=tmp_path / 'var', wait=False)
    assert server.process.wait(timeout=60) != 0
    server.stop()
    assert '--otlp names no place to send spans to: name one without a password, as http://127.0.0.1:4318/v1/traces' in server.stderr
    assert 'hunter2' not in server.stderr
