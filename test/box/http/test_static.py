# SPDX-License-Identifier: Apache-2.0
"""Static files of public/: types, conditional requests, and no way out of the folder."""
import os
import pathlib
import socket

import pytest

from server import Server, plain_build, run, write_app

BIG = bytes(range(256)) * 20_000  # 5 MB
FILES = {
    'get_a.sql': '-- @endpoint GET /a\n-- @answer\nSELECT 1 AS a;\n',
    'public/index.html': '<!doctype html><title>hello</title>',
    'public/style.css': 'body { color: black }',
    'public/empty.txt': '',
    'public/map/index.html': '<title>map</title>',
    'public/map/pixel.png': b'\x89PNG\r\n\x1a\n',
    'public/a b/ä+%.js': 'let a = 1;',
    'public/data.unknown': 'x',
    'public/big.bin': BIG,
    'public/.hidden': 'secret',
    'public/.git/config': 'secret',
    'secret.txt': 'secret',
}


@pytest.fixture(scope='module')
def app(tmp_path_factory):
    return write_app(tmp_path_factory.mktemp('static') / 'site', FILES)


@pytest.fixture(scope='module')
def server(app):
    started = Server(app, var=app.parent / 'var')
    yield started
    assert started.stop() == 0, started.stderr


@pytest.mark.parametrize('path, media_type, file', [
    ('/', 'text/html; charset=utf-8', 'index.html'),
    ('/index.html', 'text/html; charset=utf-8', 'index.html'),
    ('/style.css', 'text/css; charset=utf-8', 'style.css'),
    ('/empty.txt', 'text/plain; charset=utf-8', 'empty.txt'),
    ('/map/', 'text/html; charset=utf-8', 'map/index.html'),
    ('/map/pixel.png', 'image/png', 'map/pixel.png'),
    ('/a%20b/%C3%A4+%25.js', 'text/javascript; charset=utf-8', 'a b/ä+%.js'),
    ('/data.unknown', 'application/octet-stream', 'data.unknown'),
    ('/big.bin', 'application/octet-stream', 'big.bin'),
    ('/style.css?v=3', 'text/css; charset=utf-8', 'style.css'),
])
def test_files_come_with_their_type_and_whole(server, path, media_type, file):
    content = FILES[f'public/{file}']
    content = content if isinstance(content, bytes) else content.encode()
    answer = server.get(path)
    assert (answer.status, answer.headers['Content-Type'], answer.body) == (200, media_type, content)
    assert answer.headers['X-Content-Type-Options'] == 'nosniff'
    assert answer.headers['Cache-Control'] == 'no-cache'
    head = server.request('HEAD', path)
    assert (head.status, head.headers['Content-Length'], head.headers['ETag']) == (200, str(len(content)), answer.headers['ETag'])


def test_a_folder_without_its_slash_leads_there(server):
    answer = server.get('/map')
    assert (answer.status, answer.headers['Location']) == (308, '/map/')


@pytest.mark.parametrize('path', [
    '/.hidden', '/.git/config', '/../secret.txt', '/%2e%2e/secret.txt', '/..%2fsecret.txt', '/map/../../secret.txt', '/map/%2e%2e/%2e%2e/secret.txt',
    '//secret.txt', '/./style.css', '/style.css/', '/style.css%00', '/style.css%00.png', '/STYLE.CSS', '/map/index.html/..', '/a%20b', '/public/style.css',
    '/%2e%2e%5csecret.txt', '/map%2findex.html', '/%252e%252e/secret.txt',
])
def test_no_path_leads_out_or_to_what_is_hidden(server, path):
    with server.connect() as connection:  # as it is: clients tidy up paths
        connection.sendall(f'GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n'.encode())
        answer = b''
        while data := connection.recv(65536):
            answer += data
    assert answer.split(b' ')[1] in (b'404', b'400'), answer
    assert b'secret' not in answer.split(b'\r\n\r\n', 1)[1].replace(b'secret.txt', b'')


@pytest.mark.parametrize('template, status', [
    ('{}', 304), ('W/{}', 304), ('"x", {}', 304), ('*', 304), ('"x"', 200), ('', 200),
])
def test_an_etag_that_is_known_is_answered_without_a_body(server, template, status):
    etag = server.get('/style.css').headers['ETag']
    answer = server.get('/style.css', **{'If-None-Match': template.format(etag)})
    assert answer.status == status
    assert answer.headers['ETag'] == etag
    assert bool(answer.body) == (status == 200)


@pytest.mark.parametrize('template, status', [
    ('{}', 200), ('"x", {}', 200), ('*', 200), ('W/{}', 412), ('"x"', 412), ('', 412), ('x', 400), ('*, {}', 400),
])
def test_if_match_is_compared_strongly(server, template, status):
    etag = server.get('/style.css').headers['ETag']
    assert server.get('/style.css', **{'If-Match': template.format(etag)}).status == status


def test_what_changed_on_disk_has_another_etag(server, app):
    file = app / 'public' / 'style.css'
    before = server.get('/style.css')
    file.write_text('body { color: white }')
    try:
        after = server.get('/style.css', **{'If-None-Match': before.headers['ETag']})
        assert (after.status, after.body) == (200, b'body { color: white }')
        file.rename(app / 'style.away')
        assert server.get('/style.css').status == 404
        os.symlink(app / 'secret.txt', file)
        assert server.get('/style.css').status == 404
        file.unlink()
        (app / 'style.away').rename(file)
    finally:
        file.write_text(FILES['public/style.css'])


def test_a_folder_that_becomes_a_link_leads_nowhere(server, app):
    (app / 'public' / 'map').rename(app / 'public' / '.map')
    try:
        (app / 'outside').mkdir(exist_ok=True)
        (app / 'outside' / 'index.html').write_text('secret')
        os.symlink(app / 'outside', app / 'public' / 'map')
        assert server.get('/map/').status == 404
        (app / 'public' / 'map').unlink()
    finally:
        (app / 'public' / '.map').rename(app / 'public' / 'map')
    assert server.get('/map/').status == 200


def test_a_file_with_the_time_of_another_has_another_etag(server, app):
    file = app / 'public' / 'data.unknown'
    os.utime(file, (1, 1))
    before = server.get('/data.unknown').headers['ETag']
    file.write_text('y')
    os.utime(file, (1, 1))
    assert server.get('/data.unknown', **{'If-None-Match': before}).body == b'y'
    file.write_text('x')


@pytest.mark.parametrize('method', ['POST', 'PUT', 'DELETE'])
def test_files_are_read_only(server, method):
    answer = server.request(method, '/style.css', b'x')
    assert (answer.status, answer.headers['Allow']) == (405, 'GET, HEAD, OPTIONS')


@plain_build
def test_a_reader_that_stops_holds_up_nobody_and_little_memory(server):
    before = server.rss_bytes()
    held = []
    for number in range(40):
        connection = server.connect()
        if number > 0:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.sendall(b'GET /big.bin HTTP/1.1\r\nHost: a\r\n\r\n')
        held.append(connection)
    for _ in range(50):
        assert server.get('/style.css').status == 200
    assert server.rss_bytes() - before < 40 * len(BIG) / 4
    slow = held[0]
    received = b''
    while len(received.partition(b'\r\n\r\n')[2]) < len(BIG):
        received += slow.recv(1 << 20)
    assert received.partition(b'\r\n\r\n')[2] == BIG
    for connection in held:
        connection.close()


def test_files_and_endpoints_that_clash_are_an_error(tmp_path):
    app = write_app(tmp_path / 'clash', {**FILES, 'public/a': 'not the endpoint'})
    done = run('check', app)
    assert done.returncode == 1
    assert 'public/a' in done.stderr
    one, two = (write_app(tmp_path / name, {**FILES, 'get_a.sql': f'-- @endpoint GET /{name}\n-- @answer\nSELECT 1 AS a;\n'})
                for name in ('one', 'two'))
    done = run('serve', '--listen', '127.0.0.1:0', '--var', tmp_path / 'var', one, two)
    assert done.returncode == 1
    assert 'one/public/' in done.stderr and 'two/public/' in done.stderr


def test_a_link_in_public_is_an_error(tmp_path):
    app = write_app(tmp_path / 'linked', FILES)
    os.symlink('/etc/passwd', app / 'public' / 'passwd')
    done = run('check', app)
    assert done.returncode == 1
    assert 'public/passwd' in done.stderr and 'link' in done.stderr


def test_the_files_of_the_own_apps_are_served(start):
    public = pathlib.Path('apps/search/public')
    server = start('apps/search')
    names = [path.relative_to(public) for path in public.rglob('*') if path.is_file()]
    assert names
    for name in names:
        assert server.get(f'/{name}').body == (public / name).read_bytes()
