# SPDX-License-Identifier: Apache-2.0
"""Tokens (JWT) of an issuer that app.ini names: who is let in by them, what is refused, and where the issuer's keys come from."""
import os
import time

import pytest

import tokens
from server import run, wait_until, write_app

FILES = {
    'get_me.sql': "-- @endpoint GET /me\n-- @claim tenant text\n-- @answer\nSELECT :client AS me, :tenant AS tenant;\n",
    'get_plain.sql': '-- @endpoint GET /plain\n-- @answer\nSELECT 1 AS n;\n',
    'get_report.sql': '-- @endpoint GET /report\n-- @access scope reports\n-- @answer\nSELECT 1 AS n;\n',
    'get_free.sql': '-- @endpoint GET /free\n-- @access open\n-- @answer\nSELECT 1 AS n;\n',
}
REFUSED = 'this token does not count here: get one for this server from its issuer'
EXPIRED = 'this token has expired: get a new one'
CHALLENGE = 'Bearer realm="shop", error="invalid_token"'


def ini(keys, more=''):
    return f'[access]\ndefault = key\n\n[jwt corp]\nissuer = {tokens.ISSUER}\naudience = shop\nkeys = {keys}\n{more}'


def bearer(token):
    return {'Authorization': f'Bearer {token}'}


def put(path, text):
    """A file whose content is exchanged at once, as those of issuers should be."""
    part = path.with_name(path.name + '.part')
    part.write_text(text)
    os.replace(part, path)


@pytest.fixture
def corp(start, tmp_path):
    """A server of an app that takes the tokens of three pairs, whose keys are in a file."""
    pairs = [tokens.Pair('RS256', 'r'), tokens.Pair('ES256', 'e'), tokens.Pair('EdDSA', 'd')]
    app = write_app(tmp_path / 'shop', {'app.ini': ini('keys.json'), 'keys.json': tokens.jwks(*pairs), **FILES})
    return start(app, '--var', tmp_path / 'var'), pairs, app


@pytest.fixture
def keys_server():
    server = tokens.KeysServer(tokens.Pair('ES256', 'one'))
    yield server
    server.close()


def test_a_token_of_each_algorithm_lets_its_client_in(corp):
    server, pairs, _ = corp
    for pair in pairs:
        token = pair.token(sub=f'of-{pair.kid}', tenant='acme')
        for _ in range(3):
            answer = server.get('/me', **bearer(token))
            assert (answer.status, answer.json()) == (200, [{'me': f'of-{pair.kid}', 'tenant': 'acme'}])
        assert server.get('/plain', **bearer(token)).status == 200
        assert server.get('/me', **{'X-API-Key': token}).json()[0]['me'] == f'of-{pair.kid}'
        assert server.get('/report', **bearer(token)).status == 403
        assert server.get('/report', **bearer(pair.token(scope='openid reports'))).status == 200
    assert server.get('/me').status == 401
    assert server.get('/free').status == 200


def test_near_answers_are_for_good_tokens_alone(corp):
    server, pairs, _ = corp
    good, bad = pairs[1].token(), pairs[1].token(aud='others')
    for _ in range(4):
        assert server.get('/plain', **bearer(good)).status == 200
        assert server.get('/plain', **bearer(bad)).status == 401


@pytest.mark.parametrize('header, claims, detail', [
    ({'alg': 'none'}, {}, REFUSED),
    ({'alg': 'HS256'}, {}, REFUSED),
    ({'alg': 'RS256'}, {}, REFUSED),
    ({'kid': None}, {}, REFUSED),
    ({'kid': '../../etc/passwd'}, {}, REFUSED),
    ({'crit': ['exp']}, {}, REFUSED),
    ({}, {'iss': 'https://other.example'}, REFUSED),
    ({}, {'aud': None}, REFUSED),
    ({}, {'aud': ['others']}, REFUSED),
    ({}, {'exp': None}, REFUSED),
    ({}, {'exp': 1000}, EXPIRED),
    ({}, {'nbf': 4000000000}, REFUSED),
    ({}, {'sub': None}, REFUSED),
    ({}, {'sub': 'k_0000000001'}, REFUSED),
])
def test_a_token_that_does_not_count_is_refused(corp, header, claims, detail):
    server, pairs, _ = corp
    answer = server.get('/me', **bearer(pairs[1].token(header=header, **claims)))
    assert (answer.status, answer.json()['detail'], answer.headers['WWW-Authenticate']) == (401, detail, CHALLENGE)
    assert server.get('/free', **bearer(pairs[1].token(header=header, **claims))).status == 401


def test_a_token_of_nobody_is_refused_and_a_file_of_new_keys_is_taken(corp):
    server, pairs, app = corp
    new = tokens.Pair('ES256', 'e')  # of the same kid
    old = pairs[1].token()
    assert server.get('/me', **bearer(new.token())).status == 401
    assert server.get('/me', **bearer(old)).status == 200
    put(app / 'keys.json', tokens.jwks(new))
    wait_until(lambda: server.get('/me', **bearer(old)).status != 200)  # which shows few wrong ones
    assert server.get('/me', **bearer(new.token())).status == 200
    assert server.get('/me', **bearer(old)).status == 401  # what was good by the old keys is not


def test_a_token_ends_while_it_is_known(corp):
    server, pairs, _ = corp
    token = pairs[2].token(exp=time.time() - 57)  # 60 s of leeway
    assert server.get('/me', **bearer(token)).status == 200
    wait_until(lambda: server.get('/me', **bearer(token)).status == 401)
    assert server.get('/me', **bearer(token)).json()['detail'] == EXPIRED


def test_new_keys_at_a_url_are_fetched_for_their_first_token_and_once_a_minute(start, tmp_path, keys_server):
    app = write_app(tmp_path / 'shop', {'app.ini': ini(keys_server.url), **FILES})
    server = start(app, '--var', tmp_path / 'var')
    assert keys_server.requests == 1
    assert server.get('/me', **bearer(keys_server.pairs[0].token())).status == 200
    stray = tokens.Pair('ES256', 'stray')
    for _ in range(10):
        assert server.get('/me', **bearer(stray.token())).status == 401
    assert keys_server.requests == 1  # it was fetched less than a minute ago
    keys_server.is_away = True
    assert server.get('/me', **bearer(keys_server.pairs[0].token(sub='bob'))).json()[0]['me'] == 'bob'


def test_a_url_that_is_away_at_the_start_is_503_for_its_tokens_alone(start, tmp_path, keys_server):
    keys_server.is_away = True
    app = write_app(tmp_path / 'shop', {'app.ini': ini(keys_server.url), **FILES})
    server = start(app, '--var', tmp_path / 'var')
    answer = server.get('/me', **bearer(keys_server.pairs[0].token()))
    assert (answer.status, 'Retry-After' in answer.headers) == (503, True)
    assert server.get('/free').status == 200
    assert server.get('/me').status == 401


def test_a_file_of_keys_that_is_of_no_use_ends_the_start(tmp_path):
    app = write_app(tmp_path / 'shop', {'app.ini': ini('keys.json'), **FILES})
    for text, words in ((None, 'cannot be read'), ('', 'it is no JSON object'), ('{"keys":[]}', 'no key is of use here: it has no keys')):
        if text is not None:
            (app / 'keys.json').write_text(text)
        result = run('serve', app, '--listen', '127.0.0.1:0', '--var', tmp_path / 'var')
        assert result.returncode == 1
        assert 'the keys of [jwt corp]: ' in result.stderr and words in result.stderr
