# SPDX-License-Identifier: Apache-2.0
"""Known requests over real data, to an app as it is and to the same app behind a key: with the key each is answered as without, and without
it by 401. Whether the answers are right is box/apps/golden's."""
import json
import shutil

import pytest

import keys
from known import golden, shared
from rounds import rounds
from server import ROOT, STORES, new_store

DATA = {'rates': 'data/rates', 'people': 'data/people', 'search': 'data/products'}
ALIKE = ('Content-Type', 'ETag', 'Link', 'Allow', 'Location', 'Accept-Ranges', 'Content-Encoding')


def behind_keys(folder, name):
    """The app, where each endpoint wants a key."""
    app = shutil.copytree(ROOT / 'apps' / name, folder / name, ignore=shutil.ignore_patterns('data', 'tests'))
    with open(app / 'app.ini', 'a', encoding='utf-8') as file:
        file.write('\n[access]\ndefault = key\n')
    return app


def request_of(case):
    if 'method' not in case:
        return 'GET', case['path'], None, {}
    body = case.get('raw', json.dumps(case['body']) if 'body' in case else None)
    return (case['method'], case['path'].replace('{POST}', '/people'), body and body.encode(),
            {'Content-Type': 'application/json'} if body is not None else {})


def check_refused(answer):
    assert (answer.status, answer.headers['WWW-Authenticate'][:13]) == (401, 'Bearer realm='), answer.body
    assert answer.headers['Cache-Control'] == 'private, no-cache'


def check_same(one, other):
    assert (one.status, one.body) == (other.status, other.body)
    assert [one.headers[name] for name in ALIKE] == [other.headers[name] for name in ALIKE]


@pytest.mark.parametrize('store', STORES)
@pytest.mark.parametrize('name', DATA)
def test_each_is_answered_as_without_keys(start, tmp_path, request, name, store):
    data, app = shared(DATA[name]), behind_keys(tmp_path, name)
    free = start(ROOT / 'apps' / name, '--quiet', '--data', data, *new_store(store, request), var=tmp_path / 'free')
    chosen = new_store(store, request)
    closed = start(app, '--quiet', '--data', data, *chosen, var=tmp_path / 'closed')
    key, _ = keys.create(app, chosen or ['--var', tmp_path / 'closed'])
    refused = kept = 0
    cases = list(golden(f'{name}.jsonl'))
    for case in cases[::max(1, len(cases) // rounds(100, len(cases)))]:
        method, path, body, headers = request_of(case)
        without = closed.request(method, path, body, headers)  # which changes nothing, as the answers to come show
        expected, answer = free.request(method, path, body, headers), closed.request(method, path, body, {**headers, **keys.bearer(key)})
        check_same(answer, expected)
        if without.status in (404, 405):
            check_same(without, expected)  # no endpoint is there
            continue
        check_refused(without)
        assert answer.headers['Cache-Control'] == 'private, no-cache'
        refused += 1
        if method == 'GET' and answer.status == 200:
            condition = {'If-None-Match': answer.headers['ETag']}
            check_refused(closed.request(method, path, body, condition))
            assert closed.request(method, path, body, {**condition, **keys.bearer(key)}).status == 304
            kept += 'hit' in closed.request(method, path, body, keys.bearer(key)).headers['Cache-Status']
    assert refused > 40 and kept > 10
