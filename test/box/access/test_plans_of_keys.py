# SPDX-License-Identifier: Apache-2.0
"""Plans by key: each key has its own, nobody uses up another's, and what is kept is paid for by whoever gets it."""
import pytest

import keys
from server import STORES, new_store, write_app

APP = {
    'app.ini': '[access]\ndefault = key\nplan = small\n\n[plan small]\nrequests = 3/day\n\n[plan large]\nrequests = 1000/day\nrows = 100000/day\n',
    'schema/001_t.sql': 'CREATE TABLE t (id integer PRIMARY KEY);\nINSERT INTO t VALUES (1), (2);\n',
    'get_rows.sql': '-- @endpoint GET /rows\n-- @answer\nSELECT id FROM t ORDER BY id;\n',
    'get_report.sql': '-- @endpoint GET /report\n-- @access scope reports\n-- @answer\nSELECT count(*) AS n FROM t;\n',
    'get_free.sql': '-- @endpoint GET /free\n-- @access open\n-- @answer\nSELECT count(*) AS n FROM t;\n',
}


class Shop:
    """A server of the app, and keys of it by plan."""

    def __init__(self, start, tmp_path, request):
        self.app = write_app(tmp_path / 'shop', APP)
        chosen = new_store(request.param, request)
        self.where = chosen or ['--var', tmp_path / 'var']
        self.server = start(self.app, '--quiet', *chosen)

    def create(self, plan=''):
        return keys.create(self.app, self.where, plan=plan)[0]

    def get(self, path, key=None):
        return self.server.get(path, **(keys.bearer(key) if key else {}))


@pytest.fixture(params=STORES)
def shop(request, start, tmp_path):
    return Shop(start, tmp_path, request)


def test_each_key_has_its_own(shop):
    one, other, large = shop.create(), shop.create(), shop.create('large')
    assert [shop.get('/rows', one).status for _ in range(4)] == [200, 200, 200, 429]
    assert [shop.get('/rows', other).status for _ in range(4)] == [200, 200, 200, 429]
    answers = [shop.get('/rows', large) for _ in range(5)]
    assert [answer.status for answer in answers] == [200] * 5
    assert answers[-1].headers['RateLimit'] == '"requests-day";r=995;t=87, "rows-day";r=99990;t=1'
    assert shop.get('/rows', one).json()['violated-policies'] == ['requests-day']
    assert shop.get('/rows', one).headers['Cache-Control'].startswith('private')


def test_what_is_not_let_in_costs_nothing(shop):
    key = shop.create()
    for _ in range(5):
        assert shop.get('/rows').status == 401
        assert shop.get('/rows', key[:-1] + ('0' if key[-1] != '0' else '1')).status == 401
        refused = shop.get('/report', key)
        assert refused.status == 403 and refused.headers['RateLimit'] is None
    assert [shop.get('/rows', key).status for _ in range(4)] == [200, 200, 200, 429]


def test_an_open_endpoint_is_paid_for_by_who_shows_a_key_and_free_for_others(shop):
    key = shop.create()
    assert [shop.get('/free').status for _ in range(6)] == [200] * 6
    assert [shop.get('/free', key).status for _ in range(4)] == [200, 200, 200, 429]
    assert shop.get('/free').status == 200


def test_a_plan_that_is_not_there_is_403(shop):
    refused = shop.get('/rows', shop.create('gone'))
    assert refused.status == 403
    assert refused.json()['detail'] == 'this key is of a plan that is not there any more: ask for one of another plan'
