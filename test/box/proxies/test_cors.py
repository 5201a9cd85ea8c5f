# SPDX-License-Identifier: Apache-2.0
"""[cors] of app.ini: what answers tell browsers, on every way that an answer is made, and what is refused. A browser itself is asked in
test/browser."""
import pytest

import keys
from server import Server, run, write_app

APP = {
    'schema/001_t.sql': 'CREATE TABLE t (id integer PRIMARY KEY);\nINSERT INTO t VALUES (1), (2), (3);\n',
    'get_rows.sql': '-- @endpoint GET /rows\n-- @answer\nSELECT id FROM t ORDER BY id;\n',
    'post_rows.sql': '-- @endpoint POST /rows\n-- @field id integer required\n-- @write\nINSERT INTO t SELECT id FROM batch;\n-- @answer 204\n',
    'get_row.sql': '-- @endpoint GET /rows/{id}\n-- @param id integer\n-- @shape object\n-- @answer\nSELECT id FROM t WHERE id = :id;\n',
    'get_mine.sql': '-- @endpoint GET /mine\n-- @access key\n-- @answer\nSELECT id FROM t;\n',
    'public/page.txt': 'a file\n',
}
ORIGIN = 'https://a.example'
EXPOSED = {'ETag', 'Link', 'Location', 'Retry-After', 'RateLimit', 'RateLimit-Policy', 'Server-Timing', 'Cache-Status'}


@pytest.fixture(scope='module')
def served(tmp_path_factory):
    """serve(lines of app.ini, …) is a server of that app, one for all tests."""
    servers = {}

    def serve(*lines, files=APP):
        ini = '\n'.join(lines) + '\n'
        if ini not in servers:
            folder = tmp_path_factory.mktemp('cors')
            servers[ini] = Server(write_app(folder / 'rows', {**files, 'app.ini': ini}), '--quiet', var=folder / 'var')
            servers[ini].var, servers[ini].app = folder / 'var', folder / 'rows'
        return servers[ini]

    yield serve
    assert all(server.stop() == 0 for server in servers.values())


def listed(served):
    return served('[cors]', f'origins = {ORIGIN}, https://*.b.example', 'origins = http://localhost:3000', 'headers = X-Trace',
                  'expose = X-Page', '[access]', 'usage = on')


def names(field):
    return set(field.split(', '))


def assert_granted(answer, origin=ORIGIN):
    assert answer.headers['Access-Control-Allow-Origin'] == origin
    assert names(answer.headers['Access-Control-Expose-Headers']) >= EXPOSED
    assert 'Origin' in answer.headers.get_all('Vary')


def assert_not_granted(answer):
    assert not [name for name in answer.headers if name.startswith('Access-Control')]
    assert 'Origin' in answer.headers.get_all('Vary')


def preflight(server, path, method='POST', origin=ORIGIN, **headers):
    return server.request('OPTIONS', path, headers={'Origin': origin, 'Access-Control-Request-Method': method, **headers})


def ways(server):
    """Every kind of answer, by a function of the header fields."""
    etag = server.get('/rows').headers['ETag']
    key = keys.create(server.app, ('--var', server.var))[0]
    return {
        'a read, and a kept answer': (200, lambda h: server.get('/rows', **h)),
        'a near answer': (200, lambda h: server.get('/rows', **h)),
        'not modified': (304, lambda h: server.get('/rows', **h, **{'If-None-Match': etag})),
        'HEAD': (200, lambda h: server.request('HEAD', '/rows', headers=h)),
        'nothing there': (404, lambda h: server.get('/rows/99', **h)),
        'a bad parameter': (400, lambda h: server.get('/rows/x', **h)),
        'no route': (404, lambda h: server.get('/nowhere', **h)),
        'no such method': (405, lambda h: server.request('DELETE', '/rows', headers=h)),
        'no key': (401, lambda h: server.get('/mine', **h)),
        'a key': (200, lambda h: server.get('/mine', **h, **{'X-API-Key': key})),
        'a batch': (422, lambda h: server.request('POST', '/rows', b'[{"id":"x"}]', {'Content-Type': 'application/json', **h})),
        'a body that is too large': (413, lambda h: server.request('POST', '/rows', None, {
            'Content-Type': 'application/json', 'Content-Length': str(1 << 40), **h})),
        'a file': (200, lambda h: server.get('/page.txt', **h)),
    }


def test_each_kind_of_answer_is_for_the_origins_that_are_named(served):
    server = listed(served)
    for what, (status, ask) in ways(server).items():
        for origin in (ORIGIN, 'https://x.b.example', 'https://y.x.b.example', 'http://localhost:3000'):
            answer = ask({'Origin': origin})
            assert answer.status == status, what
            assert_granted(answer, origin)
            assert 'X-Page' in names(answer.headers['Access-Control-Expose-Headers'])
        for origin in ('https://c.example', 'null', 'https://b.example', 'https://a.example:8443', 'http://a.example',
                       'https://a.example.evil', 'https://evil.b.example.evil', 'https://evil/.b.example', 'https://.b.example',
                       'https://x@y.b.example', 'HTTPS://A.EXAMPLE', 'x' * 5000):
            assert_not_granted(ask({'Origin': origin}))
        answer = ask({})
        assert answer.status == status
        assert_not_granted(answer)


def test_a_star_is_for_all_and_the_same_for_all(served):
    server = served('[cors]', 'origins = *', '[access]', 'usage = on')
    for what, (status, ask) in ways(server).items():
        for headers in ({'Origin': ORIGIN}, {'Origin': 'null'}, {}):
            answer = ask(headers)
            assert (answer.status, answer.headers['Access-Control-Allow-Origin']) == (status, '*'), what
            assert 'Origin' not in (answer.headers.get_all('Vary') or [])


def test_without_cors_nothing_is_told(served):
    server = served('title = T', '[access]', 'usage = on')
    for _, ask in ways(server).values():
        answer = ask({'Origin': ORIGIN})
        assert not [name for name in answer.headers if name.startswith('Access-Control')]
        assert 'Origin' not in (answer.headers.get_all('Vary') or [])
    answer = preflight(server, '/rows')
    assert answer.status == 204 and not [name for name in answer.headers if name.startswith('Access-Control')]


def test_a_preflight_tells_what_the_path_takes(served):
    server = listed(served)
    answer = preflight(server, '/rows', **{'Access-Control-Request-Headers': 'content-type,authorization'})
    assert (answer.status, answer.body) == (204, b'')
    assert_granted(answer)
    assert names(answer.headers['Access-Control-Allow-Methods']) == {'GET', 'HEAD', 'POST', 'OPTIONS'}
    assert names(answer.headers['Access-Control-Allow-Headers']) >= {'Content-Type', 'Authorization', 'X-API-Key', 'If-None-Match', 'X-Trace'}
    assert answer.headers['Access-Control-Max-Age'] == '600'
    assert 'Access-Control-Allow-Credentials' not in answer.headers
    assert names(preflight(server, '/rows/1', 'GET').headers['Access-Control-Allow-Methods']) == {'GET', 'HEAD', 'OPTIONS'}
    assert preflight(server, '/rows/1', 'DELETE').status == 204  # it may not, and is told what it may
    assert preflight(server, '/page.txt', 'GET').status == 204


def test_a_preflight_needs_no_key(served):
    answer = preflight(listed(served), '/mine', 'GET')
    assert answer.status == 204
    assert_granted(answer)


def test_a_preflight_of_another_origin_is_refused_with_words(served):
    server = listed(served)
    answer = preflight(server, '/rows', origin='https://c.example')
    assert answer.status == 403
    assert_not_granted(answer)
    assert answer.json()['detail'] == ('pages of https://c.example may not use this: its origins are those that [cors] of the app names')
    assert preflight(server, '/nowhere').status == 404
    plain = server.request('OPTIONS', '/rows', headers={'Origin': 'https://c.example'})  # which is no preflight
    assert plain.status == 204 and plain.headers['Allow'] == 'GET, HEAD, POST, OPTIONS'
    pages = preflight(server, '/-/docs', 'GET')
    assert not [name for name in pages.headers if name.startswith('Access-Control')]


def test_credentials_and_max_age_are_as_the_app_says(served):
    server = served('[cors]', f'origins = {ORIGIN}', 'credentials = on', 'max_age = 0')
    answer = preflight(server, '/rows')
    assert answer.headers['Access-Control-Allow-Credentials'] == 'true'
    assert answer.headers['Access-Control-Max-Age'] == '0'
    assert server.get('/rows', Origin=ORIGIN).headers['Access-Control-Allow-Credentials'] == 'true'
    assert_not_granted(server.get('/rows', Origin='https://c.example'))


def test_of_several_apps_each_has_its_own(tmp_path):
    other = {'get_others.sql': '-- @endpoint GET /others\n-- @answer\nSELECT 1 AS n;\n',
             'put_rows.sql': '-- @endpoint PUT /rows\n-- @write\nDELETE FROM o;\n-- @answer 204\n',
             'schema/001_o.sql': 'CREATE TABLE o (id integer);'}
    apps = [write_app(tmp_path / 'rows', {**APP, 'app.ini': f'[cors]\norigins = {ORIGIN}\n'}),
            write_app(tmp_path / 'others', {**other, 'app.ini': '[cors]\norigins = https://c.example\n'})]
    server = Server(*apps, '--quiet', var=tmp_path / 'var')
    try:
        assert_granted(server.get('/rows', Origin=ORIGIN))
        assert_not_granted(server.get('/others', Origin=ORIGIN))
        assert_granted(server.get('/others', Origin='https://c.example'), 'https://c.example')
        assert preflight(server, '/rows', 'POST').status == 204
        assert preflight(server, '/rows', 'PUT').status == 403  # which is of the other app
        assert preflight(server, '/rows', 'PUT', 'https://c.example').status == 204
        assert 'Vary' not in server.get('/nowhere', Origin=ORIGIN).headers
    finally:
        assert server.stop() == 0, server.stderr


@pytest.mark.parametrize('lines, says', [
    ('origins = a.example', 'app.ini:2: "a.example" is no origin: write it with its scheme, as in https://example.org'),
    ('origins = https://a.example/', '"https://a.example/" is no origin: an origin ends behind its host and port; leave out what begins with the /'),
    ('origins = https://A.example', 'browsers write origins in small letters'),
    ('origins = https://a.example:443', 'browsers leave this port out, so leave it out here'),
    ('origins = https://a.example:x', 'its port is no number'),
    ('origins = https://a.*.example', 'a * stands for whole names in front: https://*.example.org'),
    ('origins = https://*', 'a * stands for whole names in front'),
    ('origins = *://a.example', 'its scheme has a character that none has; a * stands for names of hosts alone'),
    ('origins = https://bücher.example', 'write the name as browsers do, xn--...'),
    ('origins = https://a b.example', 'its host has a character that none has'),
    ('origins = https://', 'it has no host'),
    ('origins = null', 'any page in a sandbox and any file says so; leave it out'),
    ('origins = https://a.example,,', '"" is no origin: write https://example.org, or *'),
    ('origins = *, https://a.example', 'app.ini:2: origins = * takes all, those of line 2, too; leave one of them out'),
    ('origins = *\ncredentials = on', 'app.ini:3: credentials = on needs origins by name, as browsers refuse it together with origins = *'),
    ('origins = https://a.example\nheaders = *\ncredentials = on', 'app.ini:3: credentials = on needs headers by name'),
    ('origins = https://a.example\ncredentials = yes', 'app.ini:3: credentials can be on or off, and not "yes"'),
    ('origins = https://a.example\nmax_age = 10m', 'app.ini:3: max_age is in seconds, from 0 to 86400, and not "10m"'),
    ('origins = https://a.example\nmax_age = 86401', 'max_age is in seconds'),
    ('origins = https://a.example\nmax_age = 1\nmax_age = 2', 'app.ini:4: a second max_age; the first is on line 3'),
    ('origins = https://a.example\nheaders = X Trace', '"X Trace" is no name of a header field; write headers = X-Request-Id, X-Page'),
    ('origins = https://a.example\nexpose = *', '"*" is no name of a header field'),
    ('origins = https://a.example\nmethods = GET', 'app.ini:3: methods are those of the endpoints; leave the line out'),
    ('origin = https://a.example', 'app.ini:2: unknown key "origin"; did you mean origins?'),
    ('max_age = 5', 'app.ini:2: [cors] names no origins; write origins = https://example.org'),
    ('\n'.join(f'origins = https://a{i}.example' for i in range(101)), 'more than 100 origins'),
    ('origins = https://a.example\n' + '\n'.join(f'headers = X-{"a" * 150}' for _ in range(9)), 'are longer than 1000 bytes in all'),
])
def test_check_tells_what_no_browser_would_write(tmp_path, lines, says):
    done = run('check', write_app(tmp_path / 'rows', {**APP, 'app.ini': f'[cors]\n{lines}\n'}))
    assert done.returncode == 1 and says in done.stdout + done.stderr, done.stdout + done.stderr


def test_good_origins_pass(tmp_path):
    lines = ('origins = https://a.example, http://localhost:8080, http://[::1]:3000, https://*.b.example:8443\n'
             'origins = capacitor://localhost, chrome-extension://abcdefgh, https://xn--bcher-kva.example\nheaders = *\n')
    done = run('check', write_app(tmp_path / 'rows', {**APP, 'app.ini': f'[cors]\n{lines}'}))
    assert done.returncode == 0, done.stdout + done.stderr
