# SPDX-License-Identifier: Apache-2.0
"""What an app declares of who may ask, as its author sees it: `reckoner test` with keys, `explain` with a client, `routes`."""
import pytest

from server import STORES, new_store, run, write_app

ORDERS = {
    'app.ini': '[access]\ndefault = key\nplan = small\n\n[plan small]\nrequests = 2/day\n\n[plan gold]\nrequests = 100/day\n',
    'schema/001_orders.sql': 'CREATE TABLE orders (id integer PRIMARY KEY, tenant text NOT NULL, by_whom text);\n',
    'get_orders.sql': '-- @endpoint GET /orders\n-- @strict\n-- @claim tenant text required\n-- @example /orders\n-- @answer\n'
                      'SELECT id, by_whom FROM orders WHERE tenant = :tenant ORDER BY id;\n',
    'post_orders.sql': '-- @endpoint POST /orders\n-- @field id integer required\n-- @claim tenant text required\n'
                       '-- @write\nINSERT INTO orders SELECT id, :tenant, :client FROM batch;\n'
                       '-- @answer 201\nSELECT count(*) AS n FROM batch;\n',
    'get_me.sql': '-- @endpoint GET /me\n-- @example /me\n-- @answer\nSELECT :client AS me;\n',
    'get_report.sql': '-- @endpoint GET /report\n-- @access scope reports\n-- @example /report\n-- @answer\nSELECT count(*) AS n FROM orders;\n',
    'get_free.sql': '-- @endpoint GET /free\n-- @access open\n-- @example /free\n-- @answer\nSELECT :client AS me;\n',
}
TESTS = '''### an order is its tenant's
POST /orders
X-API-Key: {{key: tenant=acme, plan=gold}}
Content-Type: application/json

{"id": 1}
HTTP 201

### who sees it
GET /orders
Authorization: Bearer {{key: tenant=acme, plan=gold}}
HTTP 200

[{"id": 1, "by_whom": "k_test000001"}]

### and nobody else
GET /orders
X-API-Key: {{key: tenant=north}}
HTTP 200

[]

### what a query says of a client is nothing
GET /orders?tenant=acme
X-API-Key: {{key: tenant=north}}
HTTP 400

### a plan holds for a key
GET /orders
X-API-Key: {{key: tenant=north}}
HTTP 429

### a claim that is missing
GET /orders
X-API-Key: {{key}}
HTTP 403

### a scope is for those who have it
GET /report
X-API-Key: {{key: scope=reports}}
HTTP 200

### and not for others
GET /report
X-API-Key: {{key: scope=GET /me}}
HTTP 403

### nobody is known without a key
GET /free
HTTP 200

[{"me": null}]
'''


@pytest.mark.parametrize('store', STORES)
def test_an_app_tests_itself_with_keys(store, tmp_path, request):
    app = write_app(tmp_path / 'shop', {**ORDERS, 'tests/orders.http': TESTS})
    done = run('test', app, *(new_store(store, request) or []))
    lines = done.stdout.splitlines()
    assert done.returncode == 0, done.stdout + done.stderr
    assert sum(line.startswith('ok ') for line in lines) == TESTS.count('###') + 4
    assert [line.split(' # ')[1] for line in lines if 'SKIP' in line] == [
        'SKIP it hangs on a claim: write a test of it in tests/, with {{key: NAME=VALUE}}']
    assert lines[-1] == f'# {TESTS.count("###") + 3} passed, 0 failed, 1 skipped'


def test_a_key_of_a_test_that_cannot_be_is_told(tmp_path):
    bad = '### a\nGET /me\nX-API-Key: {{key: gold}}\nHTTP 200\n'
    app = write_app(tmp_path / 'shop', {**ORDERS, 'tests/a.http': bad})
    expected = '/tests/a.http:3: "gold" says nothing of a key; a key is written {{key}} or {{key: scope=reports, plan=gold, tenant=acme}}'
    for command in ('check', 'test'):
        done = run(command, app)
        assert done.returncode == 1 and expected in done.stdout + done.stderr
    write_app(app, {'tests/a.http': bad.replace(': gold', ': plan=golden')})
    done = run('test', app)
    assert done.returncode == 1
    assert 'there is no [plan golden] in app.ini, which {{key: plan=golden}} names' in done.stderr


@pytest.mark.parametrize('store', STORES)
def test_explain_is_told_who_asks(store, tmp_path, request):
    app = write_app(tmp_path / 'shop', ORDERS)
    where = new_store(store, request) or ['--var', tmp_path / 'var']
    if store != 'sqlite':
        assert run('load', app, 'POST /orders', write_rows(tmp_path), *where).returncode == 1  # makes the schema
    done = run('explain', app, 'GET /orders?client=k_1&tenant=acme', *where)
    assert done.returncode == 0, done.stderr
    assert 'answered with 200: 2 bytes' in done.stdout
    done = run('explain', app, 'GET /orders?client=k_1', *where)
    assert done.returncode == 1
    assert 'tenant: is not among the claims' in done.stderr and 'client=ID, and each claim by its name' in done.stderr
    done = run('explain', app, 'GET /orders?tenant=a&other=1', *where)
    assert done.returncode == 1 and 'other: is not a parameter of this endpoint' in done.stderr
    done = run('explain', app, 'GET /me?client=k_1', *where)
    assert 'answered with 200: 14 bytes' in done.stdout
    done = run('explain', app, 'GET /me', *where)
    assert 'answered with 200: 13 bytes' in done.stdout


def write_rows(folder):
    rows = folder / 'rows.json'
    rows.write_text('[{"id": 1}]')
    return rows


def test_routes_say_who_may_ask(tmp_path):
    listed = run('routes', write_app(tmp_path / 'shop', ORDERS)).stdout
    by_path = {line.split()[1]: line for line in listed.splitlines() if line.startswith('GET')}
    assert '(key)' in by_path['/me'] and '(scope reports)' in by_path['/report'] and '(' not in by_path['/free']
    assert 'tenant' not in by_path['/orders']
