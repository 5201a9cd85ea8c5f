# SPDX-License-Identifier: Apache-2.0
"""Bodies of any size: rows that go to a file on their way, what bounds them, and who need not wait for them."""
import concurrent.futures
import contextlib
import gzip
import os
import pathlib
import resource
import shutil
import subprocess

import pytest

from server import STORES, new_store, plain_build, run, write_app

APP = {
    'schema/001_tables.sql': '''
        CREATE TABLE t (id bigint PRIMARY KEY, name text NOT NULL);
        CREATE TABLE pings (n integer);
    ''',
    'post_t.sql': '''-- @endpoint POST /t
-- @field id integer required
-- @field name text required
-- @write
INSERT INTO t (id, name) SELECT id, name FROM batch;
-- @answer 201
SELECT count(*) AS rows, sum(id) AS ids, sum(length(name)) AS chars, max(line) AS last FROM batch;
''',
    'post_once.sql': '''-- @endpoint POST /once
-- @field id integer required unique
-- @field name text
-- @write
INSERT INTO t (id, name) SELECT id, name FROM batch;
-- @answer 201
SELECT count(*) AS rows FROM batch;
''',
    'delete_ping.sql': '''-- @endpoint DELETE /ping
-- @write
INSERT INTO pings VALUES (1);
-- @answer
SELECT count(*) AS n FROM pings;
''',
    'get_t.sql': '''-- @endpoint GET /t
-- @answer
SELECT count(*) AS rows, min(id) AS first, max(id) AS last FROM t;
''',
}
ROWS = 100_000  # some 2.6 MB packed: more than a piece, so that a body of them goes to a file


@pytest.fixture
def server(start, tmp_path, request):
    store = request.node.callspec.params.get('store', 'sqlite') if hasattr(request.node, 'callspec') else 'sqlite'
    return start(write_app(tmp_path / 'small', APP), '--quiet', *new_store(store, request))


def csv(first, count, text='some text of {}'):
    return ('id,name\n' + ''.join(f'{i},{text.format(i)}\n' for i in range(first, first + count))).encode()


def json_array(first, count):
    return ('[' + ',\n'.join(f'{{"id":{i},"name":"some text of {i}"}}' for i in range(first, first + count)) + ']').encode()


def open_files(server):
    found = []
    for fd in pathlib.Path(f'/proc/{server.process.pid}/fd').iterdir():
        with contextlib.suppress(FileNotFoundError):  # closed meanwhile
            found.append(os.readlink(fd))
    return found


def temporary_files(server):
    """Those that are open and have no name, but for SQLite's, which it keeps."""
    return [name for name in open_files(server) if name.endswith('(deleted)') and 'etilqs' not in name]


@pytest.mark.parametrize('store', STORES)
@pytest.mark.parametrize('body, kind', [pytest.param(csv(0, ROWS), 'text/csv', id='csv', marks=pytest.mark.threads),
                                        pytest.param(json_array(0, ROWS), 'application/json', id='json')])
def test_rows_that_go_to_a_file_are_all_there(server, store, body, kind):
    answer = server.post('/t', body, kind)
    assert answer.status == 201, answer.body
    chars = sum(len(f'some text of {i}') for i in range(ROWS))
    lines = ROWS + 1 if kind == 'text/csv' else ROWS
    assert answer.json() == [{'rows': ROWS, 'ids': ROWS * (ROWS - 1) // 2, 'chars': chars, 'last': lines}]
    assert server.get('/t').json() == [{'rows': ROWS, 'first': 0, 'last': ROWS - 1}]
    assert not temporary_files(server)


@pytest.mark.parametrize('store', STORES)
def test_of_a_large_batch_that_fails_nothing_is_written_and_the_row_is_told(server, store):
    assert server.post('/t', csv(ROWS - 5, 1), 'text/csv').status == 201
    answer = server.post('/t', csv(0, ROWS), 'text/csv')
    assert answer.status == 409
    assert answer.json()['detail'] == 'a row with this id exists already'
    if store == 'postgresql':  # which tells the key
        assert answer.errors('line', 'field', 'value') == [(ROWS - 3, 'id', str(ROWS - 5))]
    twice = csv(0, ROWS) + f'7,again\nx,bad\n'.encode()
    answer = server.post('/once', twice, 'text/csv')
    assert answer.status == 422
    assert answer.errors('line', 'code') == [(ROWS + 2, 'unique'), (ROWS + 3, 'type')]
    cut = json_array(0, ROWS)[:-1]
    answer = server.post('/t', cut, 'application/json')
    assert answer.status == 400
    assert answer.json()['line'] == ROWS
    assert server.get('/t').json() == [{'rows': 1, 'first': ROWS - 5, 'last': ROWS - 5}]
    assert not temporary_files(server)


def test_a_full_disk_is_507_and_nothing_is_written(start, tmp_path):
    """RLIMIT_FSIZE stands in for the disk. The store is far from it, the file of rows is not."""
    server = start(write_app(tmp_path / 'small', APP), '--quiet',
                   preexec=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (1_500_000, 1_500_000)))
    answer = server.post('/t', csv(0, ROWS), 'text/csv')
    assert (answer.status, answer.json()['detail']) == (507, 'there is no room for a large batch')
    assert not temporary_files(server)
    assert server.post('/t', csv(0, 10), 'text/csv').status == 201
    assert server.get('/t').json() == [{'rows': 10, 'first': 0, 'last': 9}]


def test_rows_that_are_much_larger_than_their_text_are_bounded(start, tmp_path):
    fields = ''.join(f'-- @field f{i} integer\n' for i in range(200))
    server = start(write_app(tmp_path / 'small', {**APP, 'post_wide.sql': f'-- @endpoint POST /wide\n{fields}-- @write\nINSERT INTO pings SELECT 1 FROM batch;\n-- @answer\nSELECT count(*) AS n FROM batch;\n'}),
                   '--quiet', '--max-body', '1MiB')
    answer = server.post('/wide', '{}\n' * 60_000, 'application/x-ndjson')
    assert (answer.status, answer.json()['detail']) == (
        413, 'the rows of the batch take more than 4194304 bytes: send them in several requests')
    assert not temporary_files(server)


# --- compressed bodies

def zstd(data):
    """A frame of blocks that are not compressed, which needs no library."""
    blocks = [data[i:i + 100_000] for i in range(0, len(data), 100_000)] or [b'']
    out = b'\x28\xb5\x2f\xfd\xa0' + len(data).to_bytes(4, 'little')
    for i, block in enumerate(blocks):
        out += (len(block) << 3 | (i == len(blocks) - 1)).to_bytes(3, 'little') + block
    return out


def send(server, path, body, coding, kind='text/csv'):
    return server.request('POST', path, body, {'Content-Type': kind, 'Content-Encoding': coding})


@pytest.mark.parametrize('store', STORES)
@pytest.mark.parametrize('coding, compress', [('gzip', gzip.compress), ('x-gzip', gzip.compress), ('zstd', zstd)],
                         ids=['gzip', 'x-gzip', 'zstd'])
def test_a_compressed_body_is_what_it_stands_for(server, store, coding, compress):
    parts = csv(0, 40_000), csv(40_000, 40_000)[len('id,name\n'):]
    answer = send(server, '/t', compress(parts[0]) + compress(parts[1]), coding)  # two members, or frames
    assert answer.status == 201, answer.body
    assert answer.json()[0]['rows'] == 80_000
    answer = send(server, '/t', compress(json_array(80_000, 10)), coding, 'application/json')
    assert answer.json()[0]['rows'] == 10
    assert server.get('/t').json() == [{'rows': 80_010, 'first': 0, 'last': 80_009}]


def test_a_compressed_body_that_is_bad_is_refused_in_words(server):
    good = gzip.compress(csv(0, 1000))
    damaged = bytearray(good)
    damaged[-8] ^= 1
    for body, coding, status, detail in [
            (good[:-20], 'gzip', 400, f'the gzip stream is cut off behind byte {len(good) - 20}'),
            (b'', 'gzip', 400, 'the gzip stream is cut off behind byte 0'),
            (bytes(damaged), 'gzip', 400, 'the gzip stream is damaged: incorrect data check'),
            (good + b'and more', 'gzip', 400, 'the gzip stream has bytes behind its end'),
            (csv(0, 3), 'gzip', 400, 'the bytes are no gzip stream'),
            (good, 'zstd', 400, 'the bytes are no zstd stream'),
            (zstd(csv(0, 1000))[:-1], 'zstd', 400, f'the zstd stream is cut off behind byte {len(zstd(csv(0, 1000))) - 1}'),
            (gzip.compress(b'id,name\n' + bytes(10_000_000)), 'gzip', 413,
             'the gzip stream grows to more than 200 times its size: send it uncompressed, or in several requests'),
            (good, 'br', 415, 'the Content-Encoding must be one of gzip, zstd'),
            (gzip.compress(good), 'gzip, gzip', 415, 'the Content-Encoding must be one of gzip, zstd')]:
        answer = send(server, '/t', body, coding)
        assert (answer.status, answer.json()['detail']) == (status, detail)
        assert (answer.headers['Accept-Encoding'] == 'gzip, zstd') == (status == 415)
    assert server.get('/t').json()[0]['rows'] == 0


def test_a_compressed_body_counts_as_what_it_stands_for(start, tmp_path):
    server = start(write_app(tmp_path / 'small', APP), '--quiet', '--max-body', '100KiB')
    answer = send(server, '/t', gzip.compress(csv(0, 5000)), 'gzip')
    assert (answer.status, answer.json()['detail']) == (413, 'the body is larger than 102400 bytes when it is decompressed')
    assert send(server, '/t', gzip.compress(csv(0, 3000)), 'gzip').status == 201


@pytest.mark.parametrize('ending, compress', [('gz', gzip.compress), ('zst', zstd)])
def test_a_compressed_file_can_be_loaded_at_the_start_and_later(start, tmp_path, ending, compress):
    zeros = 'id,name\n' + '0' * 1_000_000 + '5,a\n'  # of a file that is the operator's no ratio is asked
    app = write_app(tmp_path / 'small', {**APP, 'app.ini': f'[load]\nPOST /t = first.csv.{ending}\n',
                                         f'data/first.csv.{ending}': compress(zeros.encode())})
    server = start(app, '--quiet')
    assert server.get('/t').json() == [{'rows': 1, 'first': 5, 'last': 5}]
    assert server.stop() == 0
    more = tmp_path / f'more.json.{ending}'
    more.write_bytes(compress(json_array(10, 50_000)))
    assert run('load', '--var', tmp_path / 'var', app, 'POST /t', more).returncode == 0
    more.write_bytes(compress(json_array(100_000, 50_000))[:-9])
    result = run('load', '--var', tmp_path / 'var', app, 'POST /t', more)
    assert result.returncode == 1
    assert 'stream is cut off behind byte' in result.stderr
    assert start(app, '--quiet').get('/t').json() == [{'rows': 50_001, 'first': 5, 'last': 50_009}]


# --- forms with a file

def form(*parts, boundary='----WebKitFormBoundary7MA4YWxkTrZu0gW'):
    """What a browser sends: parts of (field, file name or None, Content-Type or None, bytes)."""
    body = b''
    for name, filename, kind, data in parts:
        head = f'Content-Disposition: form-data; name="{name}"'
        head += f'; filename="{filename}"' if filename is not None else ''
        head += f'\r\nContent-Type: {kind}' if kind else ''
        body += f'--{boundary}\r\n{head}\r\n\r\n'.encode() + data + b'\r\n'
    return body + f'--{boundary}--\r\n'.encode(), f'multipart/form-data; boundary={boundary}'


@pytest.mark.parametrize('store', STORES)
def test_a_form_with_a_file_is_the_batch_of_that_file(server, store):
    body, kind = form(('file', 'rows.csv', 'text/csv', csv(0, ROWS).replace(b'\n', b'\r\n')))
    answer = server.post('/t', body, kind)
    assert answer.status == 201, answer.body
    assert answer.json()[0]['rows'] == ROWS
    for name, type_, data in [('more.json', 'application/json', json_array(ROWS, 10)), ('a.csv.gz', 'application/gzip', gzip.compress(csv(ROWS + 10, 10))),
                              ('Prices 1.CSV', 'application/vnd.ms-excel', csv(ROWS + 20, 10)), ('b.csv.zst', None, zstd(csv(ROWS + 30, 10)))]:
        answer = server.post('/t', *form(('f', name, type_, data)))
        assert (answer.status, answer.json()[0]['rows']) == (201, 10)
    answer = server.post('/t?csv.delimiter=;', *form(('f', 'd.csv', 'text/csv', csv(ROWS + 50, 10).replace(b',', b';'))))
    assert (answer.status, answer.json()[0]['rows']) == (201, 10)
    answer = server.post('/t', *form(('f', 'e.tsv', None, csv(ROWS + 60, 10).replace(b',', b'\t'))))
    assert (answer.status, answer.json()[0]['rows']) == (201, 10)
    answer = server.post('/t', *form(('f', 'f', 'text/tab-separated-values; charset=utf-16', csv(ROWS + 70, 10).replace(b',', b'\t').decode().encode('utf-16'))))
    assert (answer.status, answer.json()[0]['rows']) == (201, 10)
    body, kind = form(('f', 'c.csv', None, csv(ROWS + 40, 10)))
    assert send(server, '/t', gzip.compress(body), 'gzip', kind).status == 201
    assert server.get('/t').json() == [{'rows': ROWS + 80, 'first': 0, 'last': ROWS + 79}]


def test_curl_can_send_a_file_in_a_form(server, tmp_path):
    if shutil.which('curl') is None:
        pytest.skip('needs the package curl')
    (tmp_path / 'rows.csv').write_bytes(csv(0, 30_000))
    result = subprocess.run(['curl', '-s', '-F', f'file=@{tmp_path}/rows.csv', f'http://127.0.0.1:{server.port}/t'], capture_output=True, timeout=60)
    assert b'"rows":30000' in result.stdout


def test_a_form_that_is_not_of_one_good_file_is_refused_in_words(server):
    rows = ('file', 'a.csv', 'text/csv', csv(0, 3))
    good, kind = form(rows)
    large, _ = form(('file', 'a.csv', 'text/csv', csv(0, 30_000)))
    for body, content_type, status, detail in [
            (*form(rows, rows), 400, 'the form has more than one file: send each in a request of its own'),
            (*form(rows, ('token', None, None, b'1')), 400,
             'the form has a field "token" beside its file: send one file and nothing else; parameters go into the query'),
            (*form(('file', '', 'application/octet-stream', b'')), 400, 'the form has no file: choose one'),
            (*form(), 400, 'the form has no file'),
            (good, kind + 'x', 400, 'the form has no part: the boundary that its Content-Type names does not come'),
            (large[:400_000], kind, 400, 'the form is cut off: its last boundary is missing'),
            (good, 'multipart/form-data', 400, 'the Content-Type has to name the boundary of the form, of 1 to 70 characters'),
            (good, 'multipart/form-data; boundary=' + 71 * 'a', 400, 'the Content-Type has to name the boundary of the form, of 1 to 70 characters'),
            (*form(('file', 'a.xlsx', 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet', b'PK')), 415,
             'the file "a.xlsx" has to end in .csv, .tsv, .json or .ndjson'),
            (*form(('file', 'a.csv', 'text/csv; charset=none', csv(0, 3))), 415,
             'the encoding none is not known here; known are windows-1252, ISO-8859-15, UTF-16 and others'),
            (*form(('file', 'a.json', 'application/json; charset=windows-1252', json_array(0, 3))), 415,
             'a file of JSON has to be in UTF-8, not in windows-1252'),
            (*form(('file', 'a.csv.gz', None, csv(0, 3))), 400, 'the bytes are no gzip stream')]:
        answer = server.post('/t', body, content_type)
        assert (answer.status, answer.json()['detail']) == (status, detail)
    answer = server.post('/t', *form(('file', 'a.csv', None, b'id,name\n1,a\nx,b\n')))
    assert (answer.status, answer.errors('line', 'field', 'code')) == (422, [(3, 'id', 'type')])  # of the file
    assert server.get('/t').json()[0]['rows'] == 0


# --- others meanwhile

@pytest.mark.threads
@pytest.mark.parametrize('store', STORES)
def test_who_sends_no_large_body_need_not_wait_for_those_that_come(server, store):
    """Four bodies that are half there, and four that come as fast as they can; then writes of others, before any of the halves ends."""
    halves, count = [], 40_000
    with contextlib.ExitStack() as stack:
        for i in range(4):
            connection = stack.enter_context(server.connect())
            body = csv(1_000_000 * (i + 1), count)
            connection.sendall(f'POST /t HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Type: text/csv\r\nContent-Length: {len(body)}\r\n\r\n'.encode())
            connection.sendall(body[:len(body) // 2])
            halves.append((connection, body[len(body) // 2:]))
        with concurrent.futures.ThreadPoolExecutor(8) as clients:
            large = [clients.submit(server.post, '/t', csv(10_000_000 * (i + 1), count), 'text/csv') for i in range(4)]
            assert [server.request('DELETE', '/ping').json()[0]['n'] for _ in range(20)] == list(range(1, 21))
            assert server.post('/t', [{'id': 5, 'name': 'a'}]).status == 201
            assert [each.result().status for each in large] == [201] * 4
        for connection, rest in halves:
            connection.sendall(rest)
        assert [b'201 Created' in connection.makefile('rb').readline() for connection, _ in halves] == [True] * 4
    assert server.get('/t').json()[0]['rows'] == 8 * count + 1


def test_sqlite_has_its_temporary_files_beside_the_store(start, tmp_path):
    server = start(write_app(tmp_path / 'small', APP), '--quiet', env={'TMPDIR': '/tmp'})
    assert server.post('/t', csv(0, 60_000, 300 * 'x'), 'text/csv').status == 201  # more than its cache
    files = [name for name in open_files(server) if 'etilqs' in name]
    assert files and all(name.startswith(f'{tmp_path}/var/') for name in files)


@plain_build
@pytest.mark.parametrize('store', STORES)
def test_a_large_body_costs_bounded_memory(server, store):
    body = csv(0, 1_500_000, 40 * 'x')
    answer = server.post('/t', csv(2_000_000, ROWS), 'text/csv')
    before = server.peak_bytes()
    answer = server.post('/t', body, 'text/csv')
    assert answer.json()[0]['rows'] == 1_500_000
    assert server.peak_bytes() - before < 40_000_000  # of 75 MB
