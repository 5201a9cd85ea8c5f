# SPDX-License-Identifier: Apache-2.0
"""Who is let in: keys where they are wanted, what is told to others, and what was done to a key while a server runs."""
import http.client
import signal
import threading
import time

import pytest

import keys
import metrics
import postgresql
from rounds import rounds
from server import STORES, new_store, wait_until, write_app

ITEMS = {
    'schema/001_items.sql': "CREATE TABLE items (id integer PRIMARY KEY, name text NOT NULL);\n"
                            "INSERT INTO items VALUES (1, 'one'), (2, 'two'), (3, 'three');\n",
    'get_items.sql': '-- @endpoint GET /items\n-- @page 2 max 10\n-- @param a integer\n-- @answer\n'
                     'SELECT id, name FROM items WHERE :a IS NULL OR id >= :a ORDER BY id;\n',
    'get_item.sql': "-- @endpoint GET /items/{id}\n-- @param id integer\n-- @shape object\n-- @reject 404 no such item\n"
                    "SELECT 'id' AS parameter WHERE NOT EXISTS (SELECT 1 FROM items WHERE id = :id);\n"
                    '-- @answer\nSELECT id, name FROM items WHERE id = :id;\n',
    'post_items.sql': '-- @endpoint POST /items\n-- @field id integer required\n-- @field name text required\n'
                      '-- @write\nINSERT INTO items SELECT id, name FROM batch;\n-- @answer 201\nSELECT count(*) AS n FROM batch;\n',
    'get_free.sql': '-- @endpoint GET /free\n-- @access open\n-- @answer\nSELECT count(*) AS n FROM items;\n',
    'get_report.sql': '-- @endpoint GET /report\n-- @access scope reports\n-- @answer\nSELECT count(*) AS n FROM items;\n',
    'public/hello.txt': 'hello\n',
}
SHOP = {'app.ini': '[access]\ndefault = key\n', **ITEMS}
CLOSED = 'private, no-cache'


class Shop:
    """A server of the app, and where its store is."""

    def __init__(self, start, tmp_path, store, request, files=SHOP, options=()):
        self.app = write_app(tmp_path / 'shop', files)
        chosen = new_store(store, request)
        self.where = chosen or ['--var', tmp_path / 'var']
        self.server = start(self.app, *chosen, *options)

    def create(self, *scopes):
        return keys.create(self.app, self.where, *scopes)

    def revoke(self, key_id):
        keys.revoke(self.app, self.where, key_id)

    def get(self, path, key=None, **headers):
        return self.server.get(path, **(keys.bearer(key) if key else {}), **headers)


@pytest.fixture(params=STORES)
def shop(request, start, tmp_path):
    return Shop(start, tmp_path, request.param, request)


def assert_refused(answer, status, detail, challenge):
    assert (answer.status, answer.json()['detail']) == (status, detail)
    assert answer.headers['WWW-Authenticate'] == challenge
    assert answer.headers['Content-Type'] == 'application/problem+json'


def test_a_key_lets_its_holder_in(shop):
    key, _ = shop.create()
    for headers in ({'Authorization': f'Bearer {key}'}, {'Authorization': f'bearer  {key}'}, {'X-API-Key': key}):
        answer = shop.server.get('/items', **headers)
        assert (answer.status, [item['id'] for item in answer.json()]) == (200, [1, 2])
        assert answer.headers['Cache-Control'] == CLOSED
    assert shop.server.request('HEAD', '/items', headers=keys.bearer(key)).status == 200
    unchanged = shop.get('/items', key, **{'If-None-Match': answer.headers['ETag']})
    assert (unchanged.status, unchanged.headers['Cache-Control']) == (304, CLOSED)
    missing = shop.get('/items/9', key)
    assert (missing.status, missing.headers['Cache-Control']) == (404, CLOSED)
    row = {'Content-Type': 'application/json'}
    assert shop.server.request('POST', '/items', b'[{"id": 4, "name": "four"}]', {**row, **keys.bearer(key)}).status == 201


def test_without_a_key_only_what_is_open_answers(shop):
    asked = 'this needs a key: send it as Authorization: Bearer KEY, or as X-API-Key: KEY'
    for answer in (shop.get('/items'), shop.get('/items', Authorization='Basic YTpi'), shop.get('/items?key=a'),
                   shop.server.post('/items', [{'id': 4, 'name': 'four'}])):
        assert_refused(answer, 401, asked, 'Bearer realm="shop"')
        assert answer.headers['Cache-Control'] == CLOSED
    assert shop.server.request('HEAD', '/items').status == 401
    assert shop.server.request('OPTIONS', '/items').status == 204
    free = shop.get('/free')
    assert (free.status, free.json(), free.headers['Cache-Control']) == (200, [{'n': 3}], 'no-cache')
    for path in ('/hello.txt', '/-/livez', '/-/readyz', '/-/docs'):
        assert shop.get(path).status == 200
    assert shop.get('/nothing').status == 404


def test_what_is_wrong_with_a_key_is_told(shop):
    invalid = 'Bearer realm="shop", error="invalid_token"'
    key, key_id = shop.create()
    typo = key[:20] + ('a' if key[20] != 'a' else 'b') + key[21:]
    for path in ('/items', '/free'):  # who shows something wants to be known
        for text in (typo, key[:-1], 'abc', ''):
            assert_refused(shop.server.get(path, **{'X-API-Key': text}), 401,
                           'what the request shows is no key, as its check sum tells: copy the key as a whole', invalid)
        assert_refused(shop.get(path, keys.nobodys()), 401, 'nobody has this key here: ask for one', invalid)
        assert_refused(shop.get(path, key, **{'X-API-Key': key}), 400,
                       'the request shows more than one key: send one, in one place', 'Bearer realm="shop", error="invalid_request"')
    shop.revoke(key_id)
    wait_until(lambda: shop.get('/items', key).status == 401)
    assert_refused(shop.get('/items', key), 401, 'this key was revoked: ask for a new one', invalid)
    assert_refused(shop.get('/free', key), 401, 'this key was revoked: ask for a new one', invalid)


def test_a_key_opens_what_its_scopes_say(shop):
    every, _ = shop.create()
    one, _ = shop.create('GET /items')
    reports, _ = shop.create('reports')
    assert [shop.get('/report', key).status for key in (every, one, reports)] == [403, 403, 200]
    assert [shop.get('/items', key).status for key in (every, one, reports)] == [200, 200, 200]
    assert shop.get('/items/1', one).status == 403
    assert_refused(shop.get('/report', every), 403, 'this key has not the scope reports, which this needs: ask for one that has',
                   'Bearer realm="shop", error="insufficient_scope", scope="reports"')
    assert_refused(shop.get('/items/1', one), 403, 'this key is for other endpoints: GET /items/{id} is not among its scopes',
                   'Bearer realm="shop", error="insufficient_scope"')


def test_each_new_key_is_good_at_once(shop):
    for _ in range(25):  # more than the wrong keys that an address may show
        key, _ = shop.create()
        assert shop.get('/items', key).status == 200


def test_who_guesses_waits_and_who_has_a_key_does_not(shop):
    key, _ = shop.create()
    assert shop.get('/items', key).status == 200
    statuses = [shop.get('/items', keys.nobodys()).status for _ in range(30)]
    assert statuses.index(429) >= 20 and statuses[:20] == [401] * 20
    slowed = shop.get('/items', 'rckn_abc')
    if slowed.status == 429:  # else it has taken long to come so far
        assert 1 <= int(slowed.headers['Retry-After']) <= 3
        assert slowed.json()['detail'].startswith('too many wrong keys came from this address')
    assert shop.get('/items', key).status == 200


def test_a_key_in_the_query_is_for_apps_that_say_so_and_for_nobody_else_to_see(start, tmp_path, request):
    files = {**SHOP, 'app.ini': '[access]\ndefault = key\nquery = key\n'}
    shop = Shop(start, tmp_path, 'sqlite', request, files)
    key, key_id = shop.create()
    answer = shop.server.get(f'/items?key={key}&a=1')
    assert answer.status == 200 and key not in str(answer.headers)
    assert '</items?a=1&' in answer.headers['Link']
    assert shop.server.get(f'/items?a=1&key={key}').status == 200
    assert shop.server.get('/items?a=1').status == 401
    assert shop.server.get(f'/items?key={key}&key={key}').status == 400
    assert shop.get(f'/items?key={key}', key).status == 400
    assert shop.server.get('/items?key=').status == 401
    refused = shop.server.get('/items?key=secretly')
    assert refused.status == 401
    assert shop.server.get(f'/nothing?key={key}').status == 404
    assert shop.server.get(f'/nothing/{key}').status == 404
    shop.server.stop()
    lines = shop.server.stdout.splitlines()
    assert key[5:] not in shop.server.stdout + shop.server.stderr and 'secretly' not in shop.server.stdout
    assert any(f'GET /items?key={"*" * len(key)}&a=1 200 ' in line and line.endswith(f'ms {key_id}') for line in lines)
    assert any('GET /items?key=******** 401 ' in line and line.endswith('ms -') for line in lines)
    assert any(f'GET /nothing/rckn_{"*" * (len(key) - 5)} 404 ' in line for line in lines)


def test_no_log_has_what_may_be_the_credential_of_another_app(start, tmp_path):
    shop = write_app(tmp_path / 'shop', {**SHOP, 'app.ini': '[access]\ndefault = key\nquery = key\n'})
    rates = write_app(tmp_path / 'rates', {'app.ini': '', 'schema/001_t.sql': 'create table t (a integer);',
                                           'get_t.sql': '-- @endpoint GET /t\n-- @answer\nselect a from t;\n'})
    server = start(shop, rates)
    for _ in range(10):
        assert server.get('/t?key=secretly').status == 200
    assert metrics.read(server).one('reckoner_cache_requests_total', app='rates', method='GET', route='/t', source='near')
    server.stop()
    assert server.stdout.count('GET /t?key=******** 200 ') == 10 and 'secretly' not in server.stdout


def test_the_log_tells_which_key_wrote_a_batch(shop):
    key, key_id = shop.create()
    headers = {'Content-Type': 'application/json', **keys.bearer(key)}
    assert shop.server.request('POST', '/items', b'[{"id": 4, "name": "four"}]', headers).status == 201
    for _ in range(3):  # worked out, kept, and near
        assert shop.get('/items/4', key).status == 200
    shop.get('/free')
    shop.server.stop()
    lines = shop.server.stdout.splitlines()
    assert [line.rsplit(' ', 1)[1] for line in lines if 'POST /items 201' in line] == [key_id]
    assert [line.rsplit(' ', 1)[1] for line in lines if 'GET /items/4 200' in line] == [key_id] * 3
    assert [line.rsplit(' ', 1)[1] for line in lines if 'GET /free 200' in line] == ['-']


# The loop that has answered a request lately answers it again without more ado; the door is asked all the same.
@pytest.mark.parametrize('store', STORES)
def test_an_answer_that_is_near_is_for_who_may_ask(start, tmp_path, request, store):
    shop = Shop(start, tmp_path, store, request, options=['--quiet', '--loops', '1'])
    key, key_id = shop.create()
    other, _ = shop.create('GET /items')
    tag = shop.get('/items/1', key).headers['ETag']
    for _ in range(4):
        assert shop.get('/items/1', key).status == 200
        assert shop.get('/items/1').status == 401
        assert shop.get('/items/1', **{'If-None-Match': tag}).status == 401
        assert shop.get('/items/1', other).status == 403
        assert shop.get('/items/1', keys.nobodys() + 'x').status == 401
        assert shop.get('/items/1', key, **{'X-API-Key': key}).status == 400
        assert shop.server.get('/items/1', **{'X-API-Key': key, 'If-None-Match': tag}).status == 304
        assert shop.get('/free').status == 200
        assert shop.get('/free', 'abc').status == 401
    shop.revoke(key_id)
    wait_until(lambda: shop.get('/items/1', key).status == 401)
    assert shop.server.get('/items/1', **{'X-API-Key': key, 'If-None-Match': tag}).status == 401


@pytest.mark.threads
@pytest.mark.parametrize('store', STORES)
def test_who_was_refused_once_is_not_let_in_again(start, tmp_path, request, store):
    """Requests of a key against its revocation, on several loops: the first refusal is the last of its being let in."""
    shop = Shop(start, tmp_path, store, request, options=['--quiet', '--loops', '3'])
    for _ in range(rounds(2, 30)):
        key, key_id = shop.create()
        lock, refused, wrong, let_in = threading.Lock(), [], [], []

        def ask():
            connection = http.client.HTTPConnection('127.0.0.1', shop.server.port, timeout=60)
            begun_after = False
            while len(refused) < 3 or not begun_after:
                begun_after = bool(refused)  # before the request is sent
                connection.request('GET', '/items/1', headers=keys.bearer(key))
                response = connection.getresponse()
                response.read()
                with lock:
                    if response.status == 401:
                        refused.append(response.status)
                    elif response.status == 200:
                        let_in.append(begun_after)
                    else:
                        wrong.append(response.status)
            connection.close()

        threads = [threading.Thread(target=ask) for _ in range(6)]
        for thread in threads:
            thread.start()
        wait_until(lambda: len(let_in) > 100)
        shop.revoke(key_id)
        for thread in threads:
            thread.join(60)
        assert not any(thread.is_alive() for thread in threads)
        assert wrong == [] and True not in let_in


def test_what_is_said_of_access_is_in_force_at_the_next_request(start, tmp_path, request):
    open_app = {name: text for name, text in ITEMS.items() if '@access' not in text} | {'app.ini': 'title = Shop\n'}
    shop = Shop(start, tmp_path, 'sqlite', request, open_app, options=['--watch'])
    assert shop.get('/items', 'abc').status == 200  # it means nothing here
    for _ in range(3):
        write_app(shop.app, {'app.ini': '[access]\ndefault = key\n'})
        assert shop.get('/items').status == 401
        key, _ = shop.create()
        assert shop.get('/items', key).status == 200
        write_app(shop.app, {'app.ini': 'title = Shop\n'})
        assert shop.get('/items').status == 200
        assert shop.get('/items', 'abc').status == 200
        write_app(shop.app, {'app.ini': '[access]\ndefault = key\n'})
        assert shop.get('/items', key).status == 200  # and is known at once
        write_app(shop.app, {'app.ini': 'title = Shop\n'})


def test_each_node_knows_of_a_key_and_of_its_end(start, tmp_path, request):
    shop = Shop(start, tmp_path, 'postgresql', request)
    second = start(shop.app, *shop.where, var=tmp_path / 'second')
    key, key_id = shop.create()
    for server in (shop.server, second):  # a key is good from its making on
        assert server.get('/items', **keys.bearer(key)).status == 200
    shop.revoke(key_id)
    for server in (shop.server, second):
        wait_until(lambda: server.get('/items', **keys.bearer(key)).status == 401)


def test_a_server_that_stood_still_asks_before_it_judges(shop):
    """What it knows of keys is too old then, and a request waits until it has asked, rather than to be refused."""
    key, key_id = shop.create()
    assert shop.get('/items', key).status == 200
    for expected in (200, 401):
        shop.server.process.send_signal(signal.SIGSTOP)
        still_until = time.monotonic() + 1.2  # longer than keys are known
        if expected == 401:
            shop.revoke(key_id)
        wait_until(lambda: time.monotonic() > still_until)
        shop.server.process.send_signal(signal.SIGCONT)
        assert shop.get('/items', key).status == expected


def test_while_the_database_is_away_no_key_counts(start, tmp_path):
    if not postgresql.is_there():
        pytest.skip('needs the package postgresql-15')
    with postgresql.Cluster() as cluster:
        app = write_app(tmp_path / 'shop', SHOP)
        where = ['--store', cluster.create('shop')]
        server = start(app, *where)
        key, _ = keys.create(app, where)
        assert server.get('/items', **keys.bearer(key)).status == 200
        cluster.stop()
        answer = wait_until(lambda: (found := server.get('/items', **keys.bearer(key))).status == 503 and found)
        assert answer.headers['Retry-After'] is not None
        wait_until(lambda: 'known at the moment' in server.get('/items', **keys.bearer(key)).json()['detail'])
        assert server.get('/items').status == 401  # who shows none is told so all the same
        assert server.get('/items', **keys.bearer(key[:-1])).status == 401
        assert server.get('/hello.txt').status == 200
        cluster.start()
        wait_until(lambda: server.get('/items', **keys.bearer(key)).status == 200)
        server.stop()
        assert 'shop: could not find out which keys there are: ' in server.stderr
        assert 'shop: it is known again which keys there are' in server.stderr
