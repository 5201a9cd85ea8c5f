# SPDX-License-Identifier: Apache-2.0
"""Compressed answers and files: who gets them, and that they are the same bytes in the end."""
import gzip
import json
import os
import subprocess

import pytest

from server import STORES, Server, new_store, plain_build, wait_until, write_app

NOISE = os.urandom(20_000)
STYLE = ''.join(f'.port-{i} {{ left: {i * 37 % 1000}px; top: {i * 91 % 1000}px }}\n' for i in range(3000))  # 100 kB
APP = {
    'schema/001_words.sql': 'CREATE TABLE words (id integer PRIMARY KEY, word text NOT NULL);\n',
    'post_words.sql': '-- @endpoint POST /words\n-- @field id integer required\n-- @field word text required\n'
                      '-- @write\nINSERT INTO words (id, word) SELECT id, word FROM batch;\n'
                      '-- @answer\nSELECT id, word FROM words ORDER BY id;\n',
    'get_words.sql': '-- @endpoint GET /words\n-- @param most integer default 100000\n'
                     '-- @answer\nSELECT id, word FROM words WHERE id <= :most ORDER BY id;\n',
    'post_one.sql': '-- @endpoint POST /one\n-- @field id integer required\n-- @field word text required\n'
                    '-- @write\nUPDATE words SET word = (SELECT word FROM batch) WHERE id IN (SELECT id FROM batch);\n-- @answer 204\n',
    'get_pages.sql': '-- @endpoint GET /pages\n-- @page 100 max 1000\n-- @answer\nSELECT id, word FROM words ORDER BY id;\n',
    'public/style.css': STYLE,
    'public/small.css': 'body { color: black }',
    'public/large.json': '[' + ','.join(str(i) for i in range(100_000)) + ']',
    'public/huge.csv': 'a,b,c\r\n' * 700_000,
    'public/pixel.png': STYLE,
    'public/noise.txt': NOISE,
}
ROWS = [{'id': i, 'word': f'word number {i * 7919 % 1000}'} for i in range(1, 30_001)]


def decoded(server, coding, path, **headers):
    """What curl makes of the answer: (the header lines, the bytes)."""
    url = f'http://127.0.0.1:{server.port}{path}'
    fields = [word for name, value in {'Accept-Encoding': coding, **headers}.items() for word in ('-H', f'{name}: {value}')]
    done = subprocess.run(['curl', '-sS', '--compressed', '-D', '-', *fields, url], capture_output=True, check=True, timeout=60)
    head, _, body = done.stdout.partition(b'\r\n\r\n')
    return head.decode().lower().split('\r\n'), body


@pytest.fixture(scope='module', params=STORES)
def either(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp('coding')
    started = Server('--quiet', write_app(folder / 'words', APP), *new_store(request.param, request), var=folder / 'var')
    started.store = request.param
    assert started.post('/words', ROWS).status == 200
    yield started
    assert started.stop() == 0, started.stderr


@pytest.fixture(scope='module')
def server(tmp_path_factory):
    folder = tmp_path_factory.mktemp('coding')
    started = Server('--quiet', write_app(folder / 'words', APP), var=folder / 'var')
    assert started.post('/words', ROWS).status == 200
    yield started
    assert started.stop() == 0, started.stderr


@pytest.mark.threads
@pytest.mark.parametrize('path', ['/words?most=60', '/words?most=5000', '/words', '/words?format=csv', '/style.css', '/large.json'])
@pytest.mark.parametrize('coding', ['gzip', 'zstd'])
def test_what_is_compressed_is_the_same_in_the_end(either, path, coding):
    server = either
    plain = server.get(path)
    assert plain.headers['Content-Encoding'] is None
    coded = server.get(path, **{'Accept-Encoding': coding})
    assert (coded.status, coded.headers['Content-Encoding'], coded.headers['Content-Type']) == (200, coding, plain.headers['Content-Type'])
    assert coded.headers['Content-Length'] == str(len(coded.body))
    assert len(coded.body) < len(plain.body) / 2
    assert coding != 'gzip' or gzip.decompress(coded.body) == plain.body
    head, body = decoded(server, coding, path)
    assert f'content-encoding: {coding}' in head
    assert body == plain.body


@pytest.mark.parametrize('accepted, coding', [
    (None, None), ('', None), ('identity', None), ('br, deflate', None), ('gzip', 'gzip'), ('X-GZIP', 'gzip'), ('zstd', 'zstd'),
    ('gzip, deflate, br, zstd', 'zstd'), ('gzip;q=1.0, zstd;q=0.5', 'gzip'), ('gzip;q=0', None), ('gzip;q=0, *', 'zstd'), ('*;q=0', None),
    ('identity;q=0', None), ('identity, gzip;q=0.5', None), ('*', 'zstd'), (', ;;, gzip;q=nonsense', 'gzip'),
])
def test_the_client_chooses(server, accepted, coding):
    headers = {} if accepted is None else {'Accept-Encoding': accepted}
    for path in '/words?most=100', '/style.css':
        answer = server.get(path, **headers)
        assert (answer.status, answer.headers['Content-Encoding']) == (200, coding), path


@pytest.mark.parametrize('path, vary', [
    ('/words?most=100', 'Accept, Accept-Encoding'), ('/words?most=0', 'Accept, Accept-Encoding'), ('/words?most=100&format=csv', 'Accept-Encoding'),
    ('/style.css', 'Accept-Encoding'), ('/small.css', 'Accept-Encoding'), ('/noise.txt', 'Accept-Encoding'), ('/pixel.png', None), ('/-/livez', None),
])
def test_vary_names_what_could_have_been_chosen(server, path, vary):
    for accepted in 'identity', 'gzip', 'zstd':
        assert server.get(path, **{'Accept-Encoding': accepted}).headers.get_all('Vary') == (None if vary is None else [vary]), path


@pytest.mark.parametrize('path', ['/words?most=0', '/words?most=5', '/small.css', '/noise.txt', '/pixel.png', '/huge.csv', '/-/docs', '/nothing'])
def test_what_does_not_gain_is_sent_as_it_is(server, path):
    plain, wanted = server.get(path), server.get(path, **{'Accept-Encoding': 'gzip, zstd'})
    assert wanted.headers['Content-Encoding'] is None
    assert (wanted.status, wanted.body, wanted.headers['ETag']) == (plain.status, plain.body, plain.headers['ETag'])


def test_a_write_is_answered_as_it_is(start, tmp_path):
    server = start(write_app(tmp_path / 'words', APP), '--quiet')
    answer = server.request('POST', '/words', json.dumps(ROWS[:500]), {'Content-Type': 'application/json', 'Accept-Encoding': 'gzip'})
    assert (answer.status, answer.headers['Content-Encoding'], answer.json()) == (200, None, ROWS[:500])


def test_head_says_what_get_would(server):
    for path in '/words?most=500', '/words', '/style.css', '/large.json':
        for coding in 'gzip', 'zstd':
            get, head = (server.request(method, path, headers={'Accept-Encoding': coding}) for method in ('GET', 'HEAD'))
            assert head.body == b''
            for name in 'Content-Length', 'Content-Encoding', 'Content-Type', 'ETag', 'Vary':
                assert head.headers[name] == get.headers[name], (path, name)


def test_each_coding_of_a_file_has_a_tag_of_its_own(server):
    tags = {coding: server.get('/style.css', **{'Accept-Encoding': coding}).headers['ETag'] for coding in ('identity', 'gzip', 'zstd')}
    assert len(set(tags.values())) == 3
    for coding in tags:
        for known in tags:
            answer = server.get('/style.css', **{'Accept-Encoding': coding, 'If-None-Match': tags[known]})
            assert (answer.status, answer.headers['ETag']) == (304 if coding == known else 200, tags[coding])
            assert answer.headers['Vary'] == 'Accept-Encoding'
            answer = server.get('/style.css', **{'Accept-Encoding': coding, 'If-Match': tags[known]})
            assert answer.status == (200 if coding == known else 412)


def test_a_page_keeps_its_link(server):
    plain, coded = server.get('/pages'), server.get('/pages', **{'Accept-Encoding': 'gzip'})
    assert coded.headers['Content-Encoding'] == 'gzip' and coded.headers['Link'] == plain.headers['Link'] is not None


@pytest.mark.parametrize('most', [3, 500])
def test_a_kept_answer_serves_all_codings_and_none_once_it_is_stale(either, most):
    path = f'/words?most={most}'
    either.get(path)
    keeps = 'hit' in either.get(path).headers['Cache-Status']
    assert keeps or either.store != 'sqlite'
    for word in 'old', 'new':
        either.post('/one', [{'id': 2, 'word': word}])
        for _ in range(2):
            for accepted in 'identity', 'zstd', 'gzip':
                answer = either.get(path, **{'Accept-Encoding': accepted})
                assert either.get(path, **{'Accept-Encoding': accepted, 'If-None-Match': answer.headers['ETag']}).status == 304
                assert answer.headers['Content-Encoding'] == (None if most == 3 or accepted == 'identity' else accepted)
                if accepted == 'identity':
                    tag, plain = answer.headers['ETag'], answer.body
                    assert answer.json()[1]['word'] == word
                else:
                    assert answer.headers['Cache-Status'] == 'Reckoner; hit' or not keeps
                    assert (answer.headers['ETag'] == tag) == (most == 3)
                    assert decoded(either, accepted, path)[1] == plain


@plain_build
def test_what_compressing_needs_is_given_back(server):
    wait_until(lambda: server.get('/words', **{'Accept-Encoding': 'gzip'}).status == 200)
    before = server.rss_bytes()
    for _ in range(20):
        for coding in 'gzip', 'zstd':
            assert server.get('/words', **{'Accept-Encoding': coding}).status == 200
    assert server.rss_bytes() - before < 8 << 20
