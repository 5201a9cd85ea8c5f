# SPDX-License-Identifier: Apache-2.0
"""Answers that are kept: when they are, what clients are told of it, and one read for all who ask at once."""
import concurrent.futures
import re
import sqlite3
import struct
import socket

import pytest

from server import STORES, new_store, wait_until, write_app

# How long /slow takes is a parameter, as the stores' speeds differ much.
APP = {'schema/001_stock.sql': 'CREATE TABLE stock (item text PRIMARY KEY, n bigint NOT NULL);\nCREATE TABLE notes (note text);\n',
       'get_stock.sql': '-- @endpoint GET /stock\n-- @param item text required\n-- @param least integer default 0\n'
                        '-- @reject 404 no such item\nSELECT \'item\' AS parameter WHERE NOT EXISTS (SELECT 1 FROM stock WHERE item = :item);\n'
                        '-- @answer\nSELECT item, n FROM stock WHERE item = :item AND n >= :least;\n',
       'get_pages.sql': '-- @endpoint GET /pages\n-- @page 1 max 10\n-- @answer\nSELECT item FROM stock ORDER BY item;\n',
       'get_slow.sql': '-- @endpoint GET /slow\n-- @param steps integer required\n-- @shape object\n-- @answer\n'
                       'WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c WHERE x < :steps)\n'
                       'SELECT (SELECT count(*) FROM stock) AS items, max(x) AS steps FROM c;\n',
       'post_stock.sql': '-- @endpoint POST /stock\n-- @field item text required\n-- @field n integer required\n-- @write\n'
                         'INSERT INTO stock SELECT item, n FROM batch WHERE true ON CONFLICT (item) DO UPDATE SET n = excluded.n;\n'
                         '-- @answer 204\n'}
STEPS = {'sqlite': 1_000_000, 'postgresql': 500_000}


@pytest.fixture(params=STORES)
def store(request):
    return request.param


@pytest.fixture
def server(start, tmp_path, request, store):
    server = start(write_app(tmp_path / 'app', APP), '--quiet', *new_store(store, request))
    put(server, a=1, b=2)
    return server


def put(server, **items):
    assert server.post('/stock', [{'item': item, 'n': n} for item, n in items.items()]).status == 204


def how(answer):
    """What Cache-Status says (RFC 9211), without the name of the cache."""
    cache, _, rest = answer.headers['Cache-Status'].partition('; ')
    assert cache == 'Reckoner'
    return rest


def ask(server, path, **headers):
    answer = server.get(path, **headers)
    assert answer.status == 200, answer.body
    return answer


def kept(server, path):
    """The answer once it is kept: PostgreSQL's versions of a table become known a moment after it was read first."""
    return wait_until(lambda: [answer for answer in [ask(server, path)] if how(answer) == 'hit'])[0]


def test_an_answer_is_kept_until_something_is_written(server, store):
    first = ask(server, '/stock?item=a')
    assert how(first).startswith('fwd=uri-miss')
    assert re.fullmatch(r'queue;dur=\d+\.\d{3}, sql;dur=\d+\.\d{3}', first.headers['Server-Timing'])
    if store == 'sqlite':
        assert how(first) == 'fwd=uri-miss; stored'
        assert how(ask(server, '/stock?item=a')) == 'hit'
    again = kept(server, '/stock?item=a')
    assert (again.body, again.headers['ETag'], again.headers['Cache-Control']) == (first.body, first.headers['ETag'], 'no-cache')
    put(server, a=5)
    after = ask(server, '/stock?item=a')
    assert after.json() == [{'item': 'a', 'n': 5}] and how(after).startswith('fwd=stale')
    assert after.headers['ETag'] != first.headers['ETag']
    put(server, a=1)
    assert ask(server, '/stock?item=a').headers['ETag'] == first.headers['ETag']  # the same bytes have the same tag


def test_spellings_of_one_question_share_an_answer(server):
    kept(server, '/stock?item=a')
    for spelling in ['item=a&least=0', 'least=0&item=a', 'least=00&item=%61', 'item=a&least=%30']:
        assert how(ask(server, f'/stock?{spelling}')) == 'hit'
    assert how(ask(server, '/stock?item=b')).startswith('fwd=uri-miss')
    assert how(ask(server, '/stock?item=a&least=1')).startswith('fwd=uri-miss')
    csv = ask(server, '/stock?item=a&format=csv')
    assert how(csv).startswith('fwd=uri-miss') and csv.headers['ETag'] != ask(server, '/stock?item=a').headers['ETag']


def test_a_client_that_has_the_answer_gets_304(server):
    first = kept(server, '/stock?item=a')
    for tag in [first.headers['ETag'], 'W/' + first.headers['ETag'], '"x", ' + first.headers['ETag'], '*']:
        answer = server.get('/stock?item=a', **{'If-None-Match': tag})
        assert (answer.status, answer.body, answer.headers['ETag']) == (304, b'', first.headers['ETag'])
        assert how(answer) == 'hit'
    assert ask(server, '/stock?item=a', **{'If-None-Match': '"x"'}).body == first.body
    assert server.get('/stock?item=a', **{'If-Match': '"x"'}).status == 412
    assert ask(server, '/stock?item=a', **{'If-Match': first.headers['ETag']}).body == first.body
    put(server, a=7)
    assert ask(server, '/stock?item=a', **{'If-None-Match': first.headers['ETag']}).json() == [{'item': 'a', 'n': 7}]


def test_head_has_what_get_has(server):
    get = kept(server, '/stock?item=a')
    head = server.request('HEAD', '/stock?item=a')
    assert (head.status, head.body, head.headers['ETag'], head.headers['Content-Length']) == (
        200, b'', get.headers['ETag'], get.headers['Content-Length'])
    assert how(head) == 'hit'


def test_no_cache_asks_the_database(server):
    kept(server, '/stock?item=a')
    for value in ['no-cache', 'max-age=0, No-Cache']:
        assert how(ask(server, '/stock?item=a', **{'Cache-Control': value})).startswith('fwd=request')
    assert how(ask(server, '/stock?item=a', **{'Cache-Control': 'max-age=0'})) == 'hit'


def test_what_is_refused_is_not_kept(server):
    for _ in range(2):
        answer = server.get('/stock?item=c')
        assert (answer.status, answer.headers['ETag'], answer.headers['Cache-Status']) == (404, None, None)
    put(server, c=3)
    assert ask(server, '/stock?item=c').json() == [{'item': 'c', 'n': 3}]


def test_pages_that_are_kept_have_their_links(server):
    first = kept(server, '/pages')
    again = ask(server, '/pages?')
    assert how(again) == 'hit'
    assert again.headers['Link'] == first.headers['Link']
    target = re.match('<([^>]*)>', first.headers['Link'])[1]
    assert ask(server, target).json() == [{'item': 'b'}]
    assert [ask(server, target).json(), ask(server, target).headers['Link']] == [[{'item': 'b'}], None]


def test_another_program_writes(start, tmp_path):
    server = start(write_app(tmp_path / 'app', APP), '--quiet')
    put(server, a=1)
    assert [how(ask(server, '/stock?item=a')) for _ in range(2)] == ['fwd=uri-miss; stored', 'hit']
    with sqlite3.connect(tmp_path / 'var' / 'app.db') as other:
        other.execute("UPDATE stock SET n = 9 WHERE item = 'a'")
        other.commit()
        assert ask(server, '/stock?item=a').json() == [{'item': 'a', 'n': 9}]


def test_edited_files_answer_at_once(start, tmp_path, request, store):
    app = write_app(tmp_path / 'app', APP)
    server = start(app, '--watch', *new_store(store, request))
    put(server, a=1)
    for _ in range(2):
        ask(server, '/stock?item=a')
    path = app / 'get_stock.sql'
    path.write_text(path.read_text().replace('SELECT item, n FROM', 'SELECT item, n + 1 AS n FROM'))
    assert ask(server, '/stock?item=a').json() == [{'item': 'a', 'n': 2}]


def slow(store):
    return f'/slow?steps={STEPS[store]}'


@pytest.mark.threads
def test_those_who_ask_at_once_get_one_read(server, store):
    with concurrent.futures.ThreadPoolExecutor(6) as clients:
        answers = list(clients.map(lambda _: ask(server, slow(store)), range(6)))
    assert {answer.json()['items'] for answer in answers} == {2}
    read = [answer for answer in answers if 'collapsed' not in how(answer) and how(answer) != 'hit']
    assert len(read) >= 1 and (len(read) == 1), [how(answer) for answer in answers]


def runs(server, path):
    """A client whose read is on its way: another one is answered behind it."""
    client = server.connect()
    client.sendall(f'GET {path} HTTP/1.1\r\nHost: a\r\n\r\n'.encode())
    return client


@pytest.mark.threads
def test_who_comes_behind_a_commit_gets_what_was_committed(server, store):
    """The flight that it finds may have begun before: its answer is for those that came before it."""
    with runs(server, slow(store)) as first:
        put(server, c=3)  # behind the read's begin, mostly
        second = ask(server, slow(store))
        assert second.json()['items'] == 3
        assert b'"items":' in first.recv(65536)


@pytest.mark.threads
def test_a_leader_that_goes_leaves_the_read_to_those_who_wait(server, store):
    first = runs(server, slow(store))
    with concurrent.futures.ThreadPoolExecutor(2) as clients:
        others = [clients.submit(ask, server, slow(store)) for _ in range(2)]
        first.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
        first.close()
        assert [other.result().json()['items'] for other in others] == [2, 2]


@pytest.mark.threads
def test_those_who_wait_may_go(server, store):
    with runs(server, slow(store)) as first:
        for _ in range(8):
            runs(server, slow(store)).close()
        assert b'"items":2' in first.recv(65536)
    assert ask(server, '/stock?item=a').json() == [{'item': 'a', 'n': 1}]


@pytest.mark.threads
def test_a_bounded_cache_goes_on_answering(start, tmp_path):
    """Far more answers than there is room for: each is exact, and memory stays bounded."""
    app = {**APP, 'get_wide.sql': '-- @endpoint GET /wide\n-- @param i integer required\n-- @shape object\n-- @answer\n'
                                  "SELECT :i AS i, printf('%.*c', 200000, 'x') AS filler, (SELECT count(*) FROM stock) AS items;\n"}
    server = start(write_app(tmp_path / 'app', app), '--quiet')
    for i in range(500):
        assert ask(server, f'/wide?i={i}').json()['i'] == i
    hits = sum(how(ask(server, f'/wide?i={i}')) == 'hit' for i in reversed(range(500)))
    assert 0 < hits < 500


def test_an_author_may_have_none_kept(start, tmp_path):
    app = {**APP, 'get_stock.sql': '-- @endpoint GET /stock\n-- @param item text required\n-- @cache off\n'
                                   '-- @answer\nSELECT item, n FROM stock WHERE item = :item;\n'}
    server = start(write_app(tmp_path / 'app', app), '--quiet')
    put(server, a=1)
    first, second = [ask(server, '/stock?item=a') for _ in range(2)]
    assert how(first) == how(second) == 'fwd=bypass'
    assert server.get('/stock?item=a', **{'If-None-Match': first.headers['ETag']}).status == 304


def test_an_operator_may_have_none_kept(start, tmp_path):
    server = start(write_app(tmp_path / 'app', APP), '--quiet', '--cache', 0)
    put(server, a=1)
    assert [how(ask(server, '/stock?item=a')) for _ in range(2)] == ['fwd=bypass'] * 2


def test_knowledge_that_is_young_enough_needs_no_question(start, tmp_path, request):
    """An hour of @stale: the node hears of another one's writes by itself, and answers meanwhile without asking."""
    app = {**APP, 'get_stale.sql': '-- @endpoint GET /stale\n-- @param item text required\n-- @stale 1h\n'
                                   '-- @answer\nSELECT item, n FROM stock WHERE item = :item;\n'}
    options = new_store('postgresql', request)
    folder = write_app(tmp_path / 'app', app)
    node, other = [start(folder, '--quiet', *options) for _ in range(2)]
    put(node, a=1)
    assert ask(node, '/stale?item=a').json() == [{'item': 'a', 'n': 1}]
    wait_until(lambda: how(ask(node, '/stale?item=a')) == 'hit')
    put(other, a=2)
    assert ask(node, '/stock?item=a').json() == [{'item': 'a', 'n': 2}]  # exact without it
    wait_until(lambda: ask(node, '/stale?item=a').json() == [{'item': 'a', 'n': 2}])
