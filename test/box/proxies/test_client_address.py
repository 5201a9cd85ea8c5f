# SPDX-License-Identifier: Apache-2.0
"""Whose a request is behind a proxy: by Forwarded, X-Forwarded-For and PROXY headers of those that are trusted, in the log, in limits and
in links; and that nobody else is believed."""
import binascii
import contextlib
import http.client
import os
import re
import signal
import socket
import ssl
import struct

import pytest

from certificates import server_certificate
from server import WAIT_SECONDS, Answer, Server, run, wait_until, write_app

APP = {
    'schema/001_t.sql': 'CREATE TABLE t (id integer PRIMARY KEY);\nINSERT INTO t VALUES (1), (2), (3);\n',
    'get_rows.sql': '-- @endpoint GET /rows\n-- @page 2 max 100\n-- @answer\nSELECT id FROM t ORDER BY id;\n',
    'get_all.sql': '-- @endpoint GET /all\n-- @answer\nSELECT id FROM t ORDER BY id;\n',
    'post_rows.sql': '-- @endpoint POST /rows\n-- @field id integer required\n-- @example {"id": 7}\n-- @write\nINSERT INTO t SELECT id FROM batch;\n-- @answer 204\n',
    'public/map/index.html': '<p>map</p>\n',
}
PLAN = '[access]\nopen_plan = free\n\n[plan free]\nrequests = 3/day\n'
V2 = b'\r\n\r\n\0\r\nQUIT\n'


def v2(command, family, body):
    return V2 + bytes([0x20 | command, family]) + struct.pack('>H', len(body)) + body


def v2_of(address, port, tlvs=b''):
    return v2(1, 0x11, socket.inet_aton(address) + socket.inet_aton('127.0.0.1') + struct.pack('>HH', port, 80) + tlvs)


@contextlib.contextmanager
def serving(tmp_path, *options, ini='title = T\n', env=None):
    server = Server(write_app(tmp_path / 'rows', {**APP, 'app.ini': ini}), '--loops', '1', *options, var=tmp_path / 'var', env=env)
    try:
        yield server
    finally:
        assert server.stop() == 0, server.stderr


def peers(server):
    """The clients that the access log has, in its order; once the server has stopped."""
    return [line.split(' ')[1] for line in server.stdout.splitlines()]


def left(answer):
    return int(re.search(r';r=(\d+)', answer.headers['RateLimit']).group(1))


def ask(server, *fields, path='/all', source='127.0.0.1'):
    """A GET with these fields, of which several may have one name."""
    with contextlib.closing(http.client.HTTPConnection('127.0.0.1', server.port, timeout=WAIT_SECONDS,
                                                       source_address=(source, 0))) as connection:
        connection.putrequest('GET', path)
        for name, value in fields:
            connection.putheader(name, value)
        connection.endheaders()
        return Answer(connection.getresponse())


def test_the_log_and_limits_go_by_the_client_that_a_trusted_proxy_names(tmp_path):
    with serving(tmp_path, '--trust-proxy', '127.0.0.1', ini=PLAN) as server:
        for expected in (2, 1, 0):  # the second and third are near answers
            assert left(ask(server, ('X-Forwarded-For', '203.0.113.7'))) == expected
        assert ask(server, ('X-Forwarded-For', '203.0.113.7')).status == 429
        assert ask(server, ('X-Forwarded-For', '6.6.6.6, 203.0.113.7')).status == 429  # who lies is known all the same
        assert left(ask(server, ('X-Forwarded-For', '203.0.113.8'))) == 2
        assert left(ask(server, ('Forwarded', 'for="[2001:db8::7]:4711";proto=https'))) == 2
        assert left(ask(server, ('Forwarded', 'for="[2001:db8::99]"'))) == 1  # of the same /64
        assert left(ask(server)) == 2
    assert peers(server)[:8] == ['203.0.113.7'] * 5 + ['203.0.113.8', '[2001:db8::7]:4711', '2001:db8::99']
    assert peers(server)[8].startswith('127.0.0.1:')


def test_the_chain_is_followed_back_through_trusted_proxies_alone(tmp_path):
    with serving(tmp_path, '--trust-proxy', '127.0.0.0/8,10.0.0.0/8', '--trust-proxy', 'fd00::/8') as server:
        ask(server, ('X-Forwarded-For', '6.6.6.6, 203.0.113.7, 10.1.1.1'), ('X-Forwarded-For', 'fd00::5'))
        ask(server, ('X-Forwarded-For', 'unknown, 10.1.1.1'))
        ask(server, ('Forwarded', 'for="_hidden", for=10.1.1.1'))
        ask(server, ('X-Forwarded-For', '203.0.113.7'), ('Forwarded', 'for=6.6.6.6'))
        ask(server, ('X-Forwarded-For', ', '.join(['10.0.0.1'] * 3000)))
        answer = ask(server, ('X-Forwarded-For', ', '.join(['10.0.0.1'] * 10000)))
    assert answer.status == 431
    assert peers(server)[:5] == ['203.0.113.7', '10.1.1.1', '10.1.1.1', '203.0.113.7', '10.0.0.1']


def test_one_of_the_two_fields_may_be_chosen(tmp_path):
    with serving(tmp_path, env={'RECKONER_TRUST_PROXY': '127.0.0.1, ::1', 'RECKONER_PROXY_HEADER': 'forwarded'}) as server:
        ask(server, ('X-Forwarded-For', '6.6.6.6'), ('Forwarded', 'for=203.0.113.7'))
        ask(server, ('X-Forwarded-For', '6.6.6.6'))
    assert peers(server)[0] == '203.0.113.7' and peers(server)[1].startswith('127.0.0.1:')


@pytest.mark.parametrize('options', [(), ('--trust-proxy', '127.0.0.2')])
def test_nobody_else_is_believed(tmp_path, options):
    with serving(tmp_path, *options, ini=PLAN) as server:
        for expected in (2, 1, 0):
            answer = ask(server, ('X-Forwarded-For', f'203.0.113.{expected}'), ('Forwarded', f'for=203.0.113.{expected}'),
                         ('X-Forwarded-Prefix', '/evil'))
            assert left(answer) == expected
        assert ask(server, ('X-Forwarded-For', '203.0.113.9')).status == 429
        assert ask(server, ('X-Forwarded-Prefix', '/evil'), path='/map').headers['Location'] == '/map/'
        if options:
            assert left(ask(server, ('X-Forwarded-For', '203.0.113.9'), source='127.0.0.2')) == 2
    assert all(peer.startswith('127.0.0.1:') for peer in peers(server)[:4])


def test_guesses_are_counted_by_client(tmp_path):
    with serving(tmp_path, '--trust-proxy', '127.0.0.1', ini='[access]\ndefault = key\n') as server:
        def guess(client):
            return ask(server, ('X-Forwarded-For', client), ('Authorization', 'Bearer nonsense')).status
        wait_until(lambda: guess('203.0.113.7') == 429)
        assert guess('203.0.113.8') == 401


def test_a_prefix_is_in_front_of_links_and_redirects(tmp_path):
    prefix = ('X-Forwarded-Prefix', '/api/')
    with serving(tmp_path, '--trust-proxy', '127.0.0.1') as server:
        link = ask(server, prefix, path='/rows').headers['Link']
        assert re.fullmatch(r'</api/rows\?cursor=[\w-]+>; rel="next"', link), link
        assert ask(server, path='/rows').headers['Link'] == link.replace('/api', '')  # the answer is kept, its link is not
        assert ask(server, prefix, path='/map?a=1').headers['Location'] == '/api/map/?a=1'
        assert ask(server, prefix, path='/').headers['Location'] == '/api/-/docs'
        docs = ask(server, prefix, path='/-/docs').body.decode()
        assert 'localhost:8080/api/rows' in docs and 'localhost:8080/rows' not in docs
        plain = ask(server, path='/-/docs').body.decode()
        assert docs.replace('/api', '') == plain != docs
        for wrong in ('//evil.example', '/a/../b', 'https://evil.example', '/a b', '/<p>', '/' + 'a' * 300):
            assert ask(server, ('X-Forwarded-Prefix', wrong), path='/map').headers['Location'] == '/map/'


def test_clients_of_a_unix_socket_are_a_proxy_when_unix_is_trusted(tmp_path):
    path = tmp_path / 'http.sock'
    with serving(tmp_path, '--listen', f'unix:{path}', '--trust-proxy', 'unix') as server:
        for _ in range(2):
            with contextlib.closing(socket.socket(socket.AF_UNIX)) as client:
                client.connect(str(path))
                client.sendall(b'GET /all HTTP/1.1\r\nHost: a\r\nConnection: close\r\nX-Forwarded-For: 203.0.113.7\r\n\r\n')
                assert client.makefile('rb').readline() == b'HTTP/1.1 200 OK\r\n'
        ask(server, ('X-Forwarded-For', '6.6.6.6'))
    assert peers(server)[:2] == ['203.0.113.7'] * 2 and peers(server)[2].startswith('127.0.0.1:')


@pytest.mark.parametrize('options, says', [
    (('--trust-proxy', '10.0.0.0/33'), '--trust-proxy: "10.0.0.0/33" names no proxies to trust: behind the / stands no number up to 32'),
    (('--trust-proxy', '10.0.0.1/8'), 'the network of so many bits begins at 10.0.0.0'),
    (('--trust-proxy', 'proxy.example'), '"proxy.example" names no proxies to trust: it is no address'),
    (('--proxy-header', 'x-real-ip'), 'x-forwarded-for'),
    (('--listen', '127.0.0.1:0,proxy'), 'takes connections of trusted proxies alone, and none is named'),
    (('--listen', '127.0.0.1:0,prox'), '127.0.0.1:0,prox'),
])
def test_a_start_tells_what_is_wrong(tmp_path, options, says):
    done = run('serve', *options, write_app(tmp_path / 'rows', APP))
    assert done.returncode == 2 and says in done.stderr, done.stderr


# --- PROXY headers

class Behind:
    """A server whose only socket takes PROXY headers."""

    def __init__(self, tmp_path, trusted='127.0.0.1', options=()):
        self.folder, self.trusted, self.options = tmp_path, trusted, options

    def __enter__(self):
        self.server = Server(write_app(self.folder / 'rows', APP), '--listen', '127.0.0.1:0,proxy', '--trust-proxy', self.trusted,
                             *self.options, var=self.folder / 'var')
        first, *ports = re.findall(r'listening on (?:http://)?127\.0\.0\.1:(\d+)', self.server.stderr)[::-1]
        self.server.port, self.port = int(first), int(ports[0])
        return self

    def __exit__(self, *_):
        assert self.server.stop() == 0, self.server.stderr

    def connect(self):
        return socket.create_connection(('127.0.0.1', self.port), timeout=WAIT_SECONDS)


REQUEST = b'GET /all HTTP/1.1\r\nHost: a\r\n\r\n'
HEADERS = [
    (b'PROXY TCP4 203.0.113.7 127.0.0.1 4711 80\r\n', '203.0.113.7:4711'),
    (b'PROXY TCP6 2001:db8::7 ::1 4711 80\r\n', '[2001:db8::7]:4711'),
    (b'PROXY UNKNOWN\r\n', '127.0.0.1:'),
    (v2_of('203.0.113.7', 4712), '203.0.113.7:4712'),
    (v2_of('203.0.113.7', 4713, b'\x02\0\x0bexample.org'), '203.0.113.7:4713'),
    (v2(0, 0, b''), '127.0.0.1:'),
    (v2(1, 0, b'\x04\0\x01x'), '127.0.0.1:'),
    (v2(1, 0x31, b'\0' * 216), '127.0.0.1:'),
]


def read_answer(client):
    response = http.client.HTTPResponse(client)
    response.begin()
    return response.status, response.read()


def test_a_proxy_header_tells_whose_a_connection_is(tmp_path):
    with Behind(tmp_path) as behind:
        for header, _ in HEADERS:
            with contextlib.closing(behind.connect()) as client:
                client.sendall(header + REQUEST)
                assert read_answer(client)[0] == 200
                client.sendall(REQUEST)  # which is said of all of its requests
                assert read_answer(client)[0] == 200
        with contextlib.closing(behind.connect()) as client:  # who is named so is no proxy itself
            client.sendall(HEADERS[0][0] + REQUEST[:-2] + b'X-Forwarded-For: 6.6.6.6\r\n\r\n')
            assert read_answer(client)[0] == 200
        assert ask(behind.server).status == 200  # at the other socket nobody begins so
        with contextlib.closing(behind.server.connect()) as client:
            client.sendall(HEADERS[0][0] + REQUEST)
            assert read_answer(client)[0] == 501
    told = peers(behind.server)
    for client in {client for _, client in HEADERS}:
        wanted = 2 * [client for _, client in HEADERS].count(client) + {'203.0.113.7:4711': 1, '127.0.0.1:': 2}.get(client, 0)
        assert len([peer for peer in told if peer.startswith(client)]) == wanted


def test_a_proxy_header_comes_in_parts(tmp_path):
    with Behind(tmp_path) as behind:
        for header, _ in HEADERS:
            with contextlib.closing(behind.connect()) as client:
                client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                for byte in header + REQUEST:
                    client.sendall(bytes([byte]))
                assert read_answer(client)[0] == 200


def test_what_is_no_proxy_header_ends_the_connection_and_is_told(tmp_path):
    bad_sum = v2_of('203.0.113.7', 4711, b'\x03\0\x04' + struct.pack('>I', binascii.crc32(b'')))
    with Behind(tmp_path) as behind:
        for sent in (REQUEST, b'PROXY TCP4 203.0.113.7\r\n', b'PROXY ' + b'x' * 200, b'\x16\x03\x01\0', bad_sum,
                     V2 + b'\x21\x11\xff\xff' + b'\0' * 5000, v2(5, 0x11, b'\0' * 12), b'PROXY TCP4 203.0.113.7 127.0.0.1 1 1\n'):
            with contextlib.closing(behind.connect()) as client:
                with contextlib.suppress(ConnectionError):  # it may be closed while this is sent
                    client.sendall(sent)
                    assert client.recv(1) == b''
        with contextlib.closing(behind.connect()) as client:
            client.sendall(b'PROXY TCP4 203')
            client.shutdown(socket.SHUT_WR)
            assert client.recv(1) == b''
        assert ask(behind.server).status == 200
    assert re.search(r'the connection of 127\.0\.0\.1:\d+ was closed: it does not begin with a PROXY header', behind.server.stderr)
    assert len(behind.server.stdout.splitlines()) == 1  # no request came of any of them


def test_whoever_is_not_trusted_is_closed(tmp_path):
    with Behind(tmp_path, '127.0.0.9') as behind:
        with contextlib.closing(behind.connect()) as client, contextlib.suppress(ConnectionError):
            client.sendall(HEADERS[0][0] + REQUEST)
            assert client.recv(1) == b''
    assert 'was closed: it is no trusted proxy, and only those may come in here' in behind.server.stderr
    assert behind.server.stdout == ''


@pytest.mark.parametrize('parts', [1, 7])
def test_a_proxy_header_stands_before_tls(tmp_path, parts):
    pair = server_certificate(tmp_path)
    with serving(tmp_path, '--tls-listen', '127.0.0.1:0,proxy', '--tls-cert', pair.cert, '--tls-key', pair.key,
                 '--trust-proxy', '127.0.0.1') as server:
        port = int(re.search(r'listening on https://127\.0\.0\.1:(\d+)', server.stderr).group(1))
        context = ssl.create_default_context(cafile=pair.cert)
        context.check_hostname = False
        for header, _ in HEADERS:
            client = socket.create_connection(('127.0.0.1', port), timeout=WAIT_SECONDS)
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for at in range(0, len(header), -(-len(header) // parts)):
                client.sendall(header[at:at + -(-len(header) // parts)])
            with contextlib.closing(context.wrap_socket(client)) as tls:
                tls.sendall(REQUEST)
                assert read_answer(tls)[0] == 200
        with contextlib.closing(socket.create_connection(('127.0.0.1', port), timeout=WAIT_SECONDS)) as client:
            with contextlib.suppress(ConnectionError):
                client.sendall(b'\x16\x03\x01\x02\0')  # TLS at once
                assert client.recv(1) == b''
    assert [peer.startswith(client) for peer, (_, client) in zip(peers(server), HEADERS)] == [True] * len(HEADERS)
    assert 'it does not begin with a PROXY header' in server.stderr


def serving_heir(server):
    """The process that has taken over, once the log tells of it."""
    server.read_stderr(0.1)
    return re.search(r'upgrade: process (\d+) serves', server.stderr)


def test_an_upgrade_keeps_whose_a_connection_is(tmp_path):
    with Behind(tmp_path) as behind:
        with contextlib.closing(behind.connect()) as known, contextlib.closing(behind.connect()) as silent:
            known.sendall(HEADERS[0][0] + REQUEST)
            assert read_answer(known)[0] == 200
            behind.server.process.send_signal(signal.SIGUSR2)
            heir = int(wait_until(lambda: serving_heir(behind.server)).group(1))
            try:
                known.sendall(REQUEST)
                assert read_answer(known)[0] == 200
                with contextlib.suppress(ConnectionError):  # its header was not told yet, so it is not given away
                    silent.sendall(HEADERS[3][0] + REQUEST)
                    assert silent.recv(15) in (b'HTTP/1.1 200 OK', b'')
                behind.server.process.wait(WAIT_SECONDS)  # who has ended may not hold what the heir needs
                known.sendall(REQUEST)
                assert read_answer(known)[0] == 200
            finally:
                os.kill(heir, signal.SIGTERM)
    assert peers(behind.server).count('203.0.113.7:4711') == 3


@pytest.mark.threads
def test_a_hang_up_changes_who_is_trusted_by_open_connections_too(tmp_path):
    ini = tmp_path / 'reckoner.ini'
    ini.write_text('[server]\ntrust_proxy = 127.0.0.1\n')
    with serving(tmp_path, '--config', ini) as server, contextlib.closing(
            http.client.HTTPConnection('127.0.0.1', server.port, timeout=WAIT_SECONDS)) as connection:
        def ask_again(fields):
            connection.request('GET', '/all', headers=fields)
            assert Answer(connection.getresponse()).status == 200

        def hang_up(text, told):
            ini.write_text(f'[server]\n{text}\n')
            before = server.stderr.count(told)
            server.process.send_signal(signal.SIGHUP)
            wait_until(lambda: server.read_stderr(0.1) and server.stderr.count(told) > before)

        both = {'X-Forwarded-For': '203.0.113.7', 'Forwarded': 'for=203.0.113.8'}
        ask_again(both)
        hang_up('trust_proxy = 192.0.2.0/24', 'was read anew')
        ask_again(both)
        hang_up('trust_proxy = 127.0.0.0/8\nproxy_header = forwarded', 'was read anew')
        ask_again(both)
        hang_up('trust_proxy = 127.0.0.1/8', 'nothing is changed by this SIGHUP')
        ask_again(both)
    told = peers(server)
    assert (told[0], told[2], told[3]) == ('203.0.113.7', '203.0.113.8', '203.0.113.8') and told[1].startswith('127.0.0.1:')
    assert 'the network of so many bits begins at 127.0.0.0' in server.stderr
