# SPDX-License-Identifier: Apache-2.0
"""TLS: what real clients can do with it, and what others are told."""
import datetime
import http.client
import json
import re
import shutil
import socket
import ssl
import subprocess

import pytest

import keys
import metrics
from certificates import Certificate, DAY, server_certificate
from server import WAIT_SECONDS, run, wait_until, write_app
from upgrades import Upgraded

APP = {
    'schema/001_notes.sql': 'CREATE TABLE notes (id integer PRIMARY KEY, text text NOT NULL);',
    'post_notes.sql': '''-- @endpoint POST /notes
-- @field id   integer required unique
-- @field text text required
-- @column saved integer
-- @write
INSERT INTO notes (id, text) SELECT id, text FROM batch;
-- @answer 201
SELECT count(*) AS saved FROM batch;
''',
    'get_notes.sql': '''-- @endpoint GET /notes
-- @answer
SELECT id, text FROM notes ORDER BY id;
''',
}


@pytest.fixture
def app(tmp_path):
    return write_app(tmp_path / 'app', APP)


@pytest.fixture
def pair(tmp_path):
    return server_certificate(tmp_path)


def tls_port(server):
    return int(wait_until(lambda: re.search(r'listening on https://127\.0\.0\.1:(\d+)', server.stderr)).group(1))


@pytest.fixture
def begin(start, pair, app):
    """A server that listens with TLS as well; `tls_port` is where."""

    def begin(*options, certificate=pair):
        server = start('--tls-listen', '127.0.0.1:0', '--tls-cert', certificate.cert, '--tls-key', certificate.key, *options, app)
        server.tls_port = tls_port(server)
        return server

    return begin


def trusting(certificate, **settings):
    """What a client has that trusts this certificate alone."""
    context = ssl.create_default_context(cafile=str(certificate.cert))
    for name, value in settings.items():
        setattr(context, name, value)
    return context


def connect(server, context, **options):
    plain = socket.create_connection(('127.0.0.1', server.tls_port), timeout=WAIT_SECONDS)
    return context.wrap_socket(plain, server_hostname='localhost', **options)


def answer_of(connection):
    response = http.client.HTTPResponse(connection)
    response.begin()
    return response.status, response.read()


def ask(connection, path='/-/livez', method='GET', body=b'', headers=''):
    connection.sendall(f'{method} {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n{headers}\r\n'.encode() + body)
    return answer_of(connection)


@pytest.mark.parametrize('version', [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_both_versions_are_spoken(begin, pair, version):
    server = begin()
    with connect(server, trusting(pair, minimum_version=version, maximum_version=version)) as client:
        assert client.version() == {ssl.TLSVersion.TLSv1_2: 'TLSv1.2', ssl.TLSVersion.TLSv1_3: 'TLSv1.3'}[version]
        assert ask(client) == (200, b'ok\n')
        assert ask(client) == (200, b'ok\n')


def test_the_oldest_version_can_be_1_3(begin, pair):
    server = begin('--tls-min', '1.3')
    with pytest.raises(ssl.SSLError):
        connect(server, trusting(pair, maximum_version=ssl.TLSVersion.TLSv1_2))
    with connect(server, trusting(pair)) as client:
        assert client.version() == 'TLSv1.3'


@pytest.mark.parametrize('kind', ['ec', 'rsa'])
def test_certificates_of_both_kinds_serve_with_the_chain_that_stands_behind_them(begin, tmp_path, kind):
    root = Certificate(tmp_path, 'root', is_authority=True)
    between = Certificate(tmp_path, 'between', issuer=root, is_authority=True)
    leaf = server_certificate(tmp_path, issuer=between, kind=kind)
    leaf.cert.write_bytes(leaf.cert.read_bytes() + between.cert.read_bytes())
    with connect(begin(certificate=leaf), trusting(root)) as client:
        assert ask(client) == (200, b'ok\n')


def test_http_1_1_is_the_protocol_that_is_agreed_on(begin, pair):
    server = begin()
    context = trusting(pair)
    context.set_alpn_protocols(['h2', 'http/1.1'])
    with connect(server, context) as client:
        assert client.selected_alpn_protocol() == 'http/1.1'
    context.set_alpn_protocols(['h2'])
    with pytest.raises(ssl.SSLError, match='(?i)no.application.protocol'):
        connect(server, context)


@pytest.mark.parametrize('version', [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_session_goes_on_by_its_ticket(begin, pair, version):
    server = begin()
    context = trusting(pair, minimum_version=version, maximum_version=version)
    with connect(server, context) as client:
        assert ask(client) == (200, b'ok\n')
        session = client.session
        assert not client.session_reused
    with connect(server, context, session=session) as client:
        assert client.session_reused
        assert ask(client) == (200, b'ok\n')


def test_metrics_tell_of_handshakes_and_of_the_end_of_the_certificate(begin, pair):
    server = begin()
    for _ in range(2):
        with connect(server, trusting(pair)) as client:
            assert ask(client) == (200, b'ok\n')
    context = trusting(pair)
    with connect(server, context) as client:
        assert ask(client) == (200, b'ok\n')
        session = client.session
    with connect(server, context, session=session) as client:
        assert ask(client) == (200, b'ok\n')
    context.set_alpn_protocols(['h2'])
    with pytest.raises(ssl.SSLError):
        connect(server, context)
    counts = {'done': 3, 'resumed': 1, 'failed': 1, 'refused': 0}

    def handshakes():
        return {one.labels['outcome']: one.value for one in metrics.read(server).of('reckoner_tls_handshakes_total')}
    wait_until(lambda: handshakes()['failed'] == 1)
    assert handshakes() == counts
    ends = pair.x509.not_valid_after.replace(tzinfo=datetime.timezone.utc).timestamp()
    assert metrics.read(server).one('reckoner_tls_certificate_end_seconds') == int(ends)


def test_bodies_of_megabytes_come_and_go_whole(begin, pair):
    server = begin()
    notes = [{'id': i, 'text': f'{i} ' * 20} for i in range(20000)]
    with connect(server, trusting(pair)) as client:
        assert ask(client, '/notes', 'POST', json.dumps(notes).encode(), 'Content-Type: application/json\r\n')[0] == 201
        status, body = ask(client, '/notes')
        assert status == 200 and json.loads(body) == notes and len(body) > 2_000_000
        assert json.loads(ask(client, '/notes')[1]) == notes  # which may be kept by now


def test_requests_that_come_in_one_go_are_answered_in_order(begin, pair):
    server = begin()
    one = b'GET /-/livez HTTP/1.1\r\nHost: localhost\r\n\r\n'
    with connect(server, trusting(pair)) as client:
        client.sendall(one * 50)
        reader = client.makefile('rb')
        for _ in range(50):
            assert reader.readline() == b'HTTP/1.1 200 OK\r\n'
            while reader.readline() != b'\r\n':
                pass
            assert reader.read(3) == b'ok\n'


def test_who_speaks_plainly_to_it_is_told(begin):
    server = begin()
    with socket.create_connection(('127.0.0.1', server.tls_port), timeout=WAIT_SECONDS) as client:
        assert ask(client) == (400, b'this port speaks TLS: ask it with https://\n')
        assert client.recv(1) == b''


def test_who_speaks_tls_to_the_plain_port_is_told_in_plain(begin):
    server = begin()
    with server.connect() as client:
        client.sendall(b'\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03' + bytes(64))
        assert answer_of(client)[0] == 400


@pytest.mark.parametrize('garbage', [bytes(16), b'\xff' * 100, b'\x16\x03\x01\xff\xff' + bytes(70000), b'\x16\x03\x01\x00\x05hello', b'\x80\x2e\x01'],
                         ids=['zeros', 'ones', 'a record too long', 'no hello', 'SSL 2'])
def test_garbage_ends_a_connection_and_nothing_else(begin, pair, garbage):
    server = begin()
    with socket.create_connection(('127.0.0.1', server.tls_port), timeout=WAIT_SECONDS) as client:
        try:
            client.sendall(garbage)
            client.shutdown(socket.SHUT_WR)
            while client.recv(4096):
                pass
        except ConnectionError:
            pass
    with connect(server, trusting(pair)) as client:
        assert ask(client) == (200, b'ok\n')


def test_half_a_handshake_is_no_harm_and_does_not_last(begin, pair):
    server = begin()
    hello = ssl.MemoryBIO(), ssl.MemoryBIO()
    half = trusting(pair).wrap_bio(*hello, server_hostname='localhost')
    with pytest.raises(ssl.SSLWantReadError):
        half.do_handshake()
    first = hello[1].read()
    slow = []
    for count in (0, 1, 5, len(first) // 2, len(first) - 1, len(first)):
        client = socket.create_connection(('127.0.0.1', server.tls_port), timeout=WAIT_SECONDS)
        client.sendall(first[:count])
        slow.append(client)
    with connect(server, trusting(pair)) as client:
        assert ask(client) == (200, b'ok\n')
    for client in slow:  # the deadline for the first head of a connection ends them
        try:
            while client.recv(65536):
                pass
        except ConnectionResetError:
            pass
        client.close()


def test_a_thousand_connections_are_open_at_once(begin, pair):
    server = begin()
    context = trusting(pair)
    clients = []
    for _ in range(1000):
        clients.append(connect(server, context))
        assert ask(clients[-1]) == (200, b'ok\n')
    for client in clients:
        assert ask(client) == (200, b'ok\n')
        client.close()


def test_an_ended_connection_says_so_in_tls(begin, pair):
    server = begin()
    with connect(server, trusting(pair), suppress_ragged_eofs=False) as client:
        assert ask(client, headers='Connection: close\r\n') == (200, b'ok\n')
        assert client.recv(1) == b''


def test_curl_and_openssl_are_served(begin, pair):
    server = begin()
    if shutil.which('curl'):
        got = subprocess.run(['curl', '-sS', '--cacert', pair.cert, '--resolve', f'localhost:{server.tls_port}:127.0.0.1',
                              f'https://localhost:{server.tls_port}/-/livez'], capture_output=True, timeout=WAIT_SECONDS)
        assert (got.stdout, got.returncode) == (b'ok\n', 0), got.stderr
    if shutil.which('openssl'):
        got = subprocess.run(['openssl', 's_client', '-connect', f'127.0.0.1:{server.tls_port}', '-CAfile', pair.cert, '-verify_return_error', '-ign_eof'],
                             input=b'GET /-/livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n', capture_output=True, timeout=WAIT_SECONDS)
        assert b'ok\n' in got.stdout, got.stderr


@pytest.mark.skipif(not shutil.which('sslscan'), reason='needs the package sslscan')
def test_sslscan_finds_nothing(begin):
    server = begin()
    got = subprocess.run(['sslscan', '--no-colour', f'127.0.0.1:{server.tls_port}'], capture_output=True, text=True, timeout=WAIT_SECONDS * 5).stdout
    for version in ('SSLv2', 'SSLv3', 'TLSv1.0', 'TLSv1.1'):
        assert re.search(rf'{version}\s+disabled', got), got
    for version in ('TLSv1.2', 'TLSv1.3'):
        assert re.search(rf'{version}\s+enabled', got), got
    assert 'vulnerable' not in got.replace('not vulnerable', ''), got
    assert 'Session renegotiation not supported' in got or 'Secure session renegotiation supported' in got, got
    ciphers = re.findall(r'^(?:Preferred|Accepted)\s+TLSv1\.2\s+\d+ bits\s+(\S+)', got, re.MULTILINE)
    assert ciphers and all(re.match('ECDHE-.*(GCM|CHACHA20)', cipher) for cipher in ciphers), got


def test_a_proxy_header_comes_before_the_handshake(start, pair, app):
    server = start('--tls-listen', '127.0.0.1:0,proxy', '--tls-cert', pair.cert, '--tls-key', pair.key, '--trust-proxy', '127.0.0.1', app)
    server.tls_port = tls_port(server)
    for header in (b'PROXY TCP4 203.0.113.7 127.0.0.1 1234 443\r\n', b'PROXY UNKNOWN\r\n'):
        plain = socket.create_connection(('127.0.0.1', server.tls_port), timeout=WAIT_SECONDS)
        plain.sendall(header)
        with trusting(pair).wrap_socket(plain, server_hostname='localhost') as client:
            assert ask(client, '/notes')[0] == 200
    server.stop()
    assert '203.0.113.7' in server.stdout


def refused(options, text):
    result = run('serve', '--listen', '127.0.0.1:0', '--tls-listen', '127.0.0.1:0', *options, 'apps/rates')
    assert result.returncode in (1, 2) and text in result.stderr, result.stderr


def test_what_is_wrong_with_the_files_is_said_at_the_start(tmp_path, pair):
    other = Certificate(tmp_path, 'other')
    empty = tmp_path / 'empty.pem'
    empty.write_text('')
    refused([], 'TLS needs a certificate and its key: --tls-cert FILE and --tls-key FILE')
    refused(['--tls-cert', pair.cert], '--tls-key is missing')
    refused(['--tls-cert', tmp_path / 'none.pem', '--tls-key', pair.key], f'certificate {tmp_path}/none.pem cannot be read: No such file or directory')
    refused(['--tls-cert', tmp_path, '--tls-key', pair.key], f'certificate {tmp_path} cannot be read: Is a directory')
    refused(['--tls-cert', empty, '--tls-key', pair.key], f'certificate {empty} holds no certificate')
    refused(['--tls-cert', pair.key, '--tls-key', pair.key], f'certificate {pair.key} holds no certificate')
    refused(['--tls-cert', pair.cert, '--tls-key', pair.cert], f'key {pair.cert} holds no private key')
    refused(['--tls-cert', pair.cert, '--tls-key', other.key], f'key {other.key} is not the one of certificate {pair.cert}')
    refused(['--tls-cert', pair.cert, '--tls-key', pair.encrypted_key()], 'is encrypted, and nobody is there to be asked for its password')
    half = tmp_path / 'half.pem'
    half.write_bytes(pair.cert.read_bytes()[:200])
    refused(['--tls-cert', half, '--tls-key', pair.key], f'certificate {half} cannot be used: ')
    both = ['--tls-cert', pair.cert, '--tls-key', pair.key]
    refused([*both, '--tls-client', 'required'], 'needs the authorities of clients\' certificates')
    refused([*both, '--tls-client-ca', other.cert], 'is for clients that are asked for certificates')
    refused([*both, '--tls-client', 'optional', '--tls-client-ca', empty], f'authorities of clients {empty} holds no certificate')


def test_a_certificate_for_nobody_is_an_error(pair):
    result = run('serve', '--listen', '127.0.0.1:0', '--tls-cert', pair.cert, '--tls-key', pair.key, 'apps/rates')
    assert result.returncode == 2 and 'are for --tls-listen' in result.stderr


@pytest.mark.parametrize('ends, words', [(-DAY / 2, 'the certificate has expired'), (10.5 * DAY, 'the certificate expires in 10 days')])
def test_a_certificate_that_ends_is_told_of(begin, tmp_path, ends, words):
    server = begin(certificate=server_certificate(tmp_path, ends=ends))
    assert words in server.stderr


def test_connections_end_with_an_answer_when_the_server_is_upgraded(tmp_path, pair, app):
    server = Upgraded('--tls-listen', '127.0.0.1:0', '--tls-cert', pair.cert, '--tls-key', pair.key, app, var=tmp_path / 'var')
    try:
        server.tls_port = int(re.search(r'listening on https://127\.0\.0\.1:(\d+)', server.server.stderr).group(1))
        context = trusting(pair)
        with connect(server, context) as client:
            assert ask(client) == (200, b'ok\n')
            heir = server.begin()
            is_last = False
            while not is_last:  # each answer is whole, and the last one says that it is
                client.sendall(b'GET /-/livez HTTP/1.1\r\nHost: localhost\r\n\r\n')
                response = http.client.HTTPResponse(client)
                response.begin()
                is_last = response.headers['Connection'] == 'close'
                assert (response.status, response.read()) == (200, b'ok\n')
            assert client.recv(1) == b''
        server.pid = heir
        with connect(server, context) as client:  # the new process has the socket
            assert ask(client) == (200, b'ok\n')
    finally:
        server.end()


# --- clients' certificates


@pytest.fixture
def authority(tmp_path):
    return Certificate(tmp_path, 'clients', is_authority=True)


def showing(pair, client):
    context = trusting(pair)
    if client is not None:
        context.load_cert_chain(client.cert, client.key)
    return context


def is_served(server, context):
    try:
        with connect(server, context) as client:
            return ask(client) == (200, b'ok\n')
    except (ssl.SSLError, ConnectionError, http.client.RemoteDisconnected, http.client.BadStatusLine):
        return False


@pytest.mark.parametrize('how', ['optional', 'required'])
def test_clients_show_certificates(begin, tmp_path, pair, authority, how):
    good = Certificate(tmp_path, 'robot', issuer=authority)
    ended = Certificate(tmp_path, 'ended', issuer=authority, ends=-DAY / 2)
    stranger = Certificate(tmp_path, 'stranger', issuer=Certificate(tmp_path, 'others', is_authority=True))
    server = begin('--tls-client', how, '--tls-client-ca', authority.cert)
    assert is_served(server, showing(pair, good))
    assert not is_served(server, showing(pair, ended))
    assert not is_served(server, showing(pair, stranger))
    assert is_served(server, showing(pair, None)) == (how == 'optional')


def test_a_revoked_certificate_is_refused(begin, tmp_path, pair, authority):
    good, revoked = Certificate(tmp_path, 'good', issuer=authority), Certificate(tmp_path, 'gone', issuer=authority)
    server = begin('--tls-client', 'required', '--tls-client-ca', authority.cert, '--tls-client-crl', authority.revoke(revoked))
    assert is_served(server, showing(pair, good))
    assert not is_served(server, showing(pair, revoked))


KNOWN_APP = {
    'app.ini': '[access]\ndefault = key\ncertificate = on\n',
    'get_me.sql': '-- @endpoint GET /me\n-- @answer\nSELECT :client AS me;\n',
    'get_any.sql': '-- @endpoint GET /any\n-- @access open\n-- @answer\nSELECT :client AS me;\n',
    'get_same.sql': '-- @endpoint GET /same\n-- @answer\nSELECT 1 AS one;\n',
    'get_secret.sql': '-- @endpoint GET /secret\n-- @access scope secrets\n-- @answer\nSELECT 1 AS one;\n',
}


@pytest.fixture
def known(start, tmp_path, pair, authority):
    """A server whose app takes certificates of `authority` for credentials."""
    folder = write_app(tmp_path / 'known', KNOWN_APP)
    server = start('--tls-listen', '127.0.0.1:0', '--tls-cert', pair.cert, '--tls-key', pair.key, '--tls-client', 'optional',
                   '--tls-client-ca', authority.cert, folder)
    server.tls_port = tls_port(server)
    return server


def get(server, pair, path, certificate, headers=''):
    with connect(server, showing(pair, certificate)) as client:
        status, body = ask(client, path, headers=headers)
        return status, json.loads(body)


def test_a_certificate_says_who_asks(known, tmp_path, pair, authority):
    robot = Certificate(tmp_path, 'robot', issuer=authority)
    named = Certificate(tmp_path, 'named', issuer=authority, uri='spiffe://corp/batch')
    for _ in range(3):  # the first answers may be kept, each for its client alone
        assert get(known, pair, '/me', robot) == (200, [{'me': 'robot'}])
        assert get(known, pair, '/me', named) == (200, [{'me': 'spiffe://corp/batch'}])
        assert get(known, pair, '/any', robot) == (200, [{'me': 'robot'}])
        assert get(known, pair, '/any', None) == (200, [{'me': None}])
        assert get(known, pair, '/same', robot) == (200, [{'one': 1}])
        assert get(known, pair, '/same', None)[0] == 401
    assert get(known, pair, '/secret', robot)[0] == 403
    assert 'or connect with a certificate' in get(known, pair, '/me', None)[1]['detail']
    assert known.get('/me').status == 401  # without TLS nobody shows any
    known.stop()
    assert re.search(r'robot.*GET /me|GET /me.*robot', known.stdout), known.stdout


def test_a_certificate_without_a_name_that_counts_is_nobody(known, tmp_path, pair, authority):
    for number, name in enumerate(['', 'k_aaaaaaaaaa', 'a\x01b']):
        client = Certificate(tmp_path, name, issuer=authority, stem=f'odd{number}')
        assert get(known, pair, '/me', client)[0] == 401
        assert get(known, pair, '/any', client) == (200, [{'me': None}])


def test_a_key_goes_before_a_certificate(known, tmp_path, pair, authority):
    robot = Certificate(tmp_path, 'robot', issuer=authority)
    assert get(known, pair, '/me', robot, 'X-API-Key: nonsense\r\n')[0] == 401
    key, key_id = keys.create(tmp_path / 'known', ('--var', tmp_path / 'var'))
    assert get(known, pair, '/me', robot, f'Authorization: Bearer {key}\r\n') == (200, [{'me': key_id}])


def test_a_session_that_goes_on_has_its_certificate(known, tmp_path, pair, authority):
    context = showing(pair, Certificate(tmp_path, 'robot', issuer=authority))
    with connect(known, context) as client:
        assert ask(client, '/me')[0] == 200
        session = client.session
    with connect(known, context, session=session) as client:
        assert client.session_reused and ask(client, '/me') == (200, b'[{"me":"robot"}]')

