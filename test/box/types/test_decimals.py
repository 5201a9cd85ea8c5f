# SPDX-License-Identifier: Apache-2.0
"""Decimals in SQL: sums, means, products, keys and rules give the same digits on both stores, without a double in between."""
import decimal

import pytest

from server import STORES, Server, new_store, run, wait_until, write_app

APP = {
    'schema/001_sales.sql': '''CREATE TABLE sales (id bigint PRIMARY KEY, shop text NOT NULL, price decimal(12,2) NOT NULL, pieces decimal(8,3) NOT NULL);
CREATE INDEX sales_of_price ON sales (price);
CREATE TABLE worths (price decimal(12,2), pieces decimal(8,3));
CREATE TABLE old (id bigint PRIMARY KEY, price decimal(12,2));
''',
    'post_sales.sql': '''-- @endpoint POST /sales
-- @field id integer required
-- @field shop text default a
-- @field price decimal(12,2) required min -1000 max 5000.5 unique
-- @field pieces decimal(8,3) default 1
-- @column price decimal(12,2)
-- @reject 422 too cheap
SELECT line, 'price' AS field, price AS value FROM batch WHERE price > 0 AND price < decimal_of('0.05', 2);
-- @write
INSERT INTO sales (id, shop, price, pieces) SELECT id, shop, price, pieces FROM batch;
-- @answer 201
SELECT price FROM batch ORDER BY line;
''',
    'get_sums.sql': '''-- @endpoint GET /sums
-- @column total decimal(18,2)
-- @column mean decimal(18,2)
-- @column tax decimal(18,2)
-- @column turnover decimal(18,5)
-- @column rounded decimal(18,2)
-- @column thirds decimal(18,2)
-- @column largest decimal(12,2)
-- @answer
SELECT shop, sum(price) AS total, avg(price) AS mean, sum(price) * 0.29 AS tax, sum(price * pieces) AS turnover,
       decimal_round(sum(price * pieces), 5, 2) AS rounded, sum(price) / 3.0 AS thirds, max(price) AS largest
FROM sales GROUP BY shop ORDER BY shop;
''',
    'get_price.sql': '''-- @endpoint GET /price
-- @param price decimal(12,2) required in (0.10, 1.50, 3, 0.3)
-- @depends sales (price = :price)
-- @shape values
-- @answer
SELECT id FROM sales ORDER BY id;
''',
    'get_dear.sql': '''-- @endpoint GET /dear
-- @param prices decimal(12,2) list
-- @shape values
-- @answer
SELECT id FROM sales WHERE price IN (SELECT decimal_of(value, 2) FROM list(:prices)) ORDER BY id;
''',
    'post_worth.sql': '''-- @endpoint POST /worth
-- @field price decimal(12,2) required
-- @field pieces decimal(8,3) required
-- @column worth decimal(18,5)
-- @shape values
-- @write
INSERT INTO worths (price, pieces) SELECT price, pieces FROM batch;
-- @answer 201
SELECT price * pieces AS worth FROM batch ORDER BY line;
''',
    'get_worth.sql': '''-- @endpoint GET /worth
-- @param pieces decimal(8,3) default 1
-- @column worth decimal(18,5)
-- @shape values
-- @answer
SELECT price * :pieces AS worth FROM worths;
''',
    'get_all_worth.sql': '''-- @endpoint GET /all-worth
-- @column worth decimal(18,8)
-- @shape values
-- @answer
SELECT price * pieces * pieces AS worth FROM worths;
''',
    'post_old.sql': '-- @endpoint POST /old\n-- @field id integer required\n-- @field price number\n-- @write\nINSERT INTO old (id, price) SELECT id, price FROM batch;\n'
                    '-- @answer 201\nSELECT price FROM batch ORDER BY line;\n',
    'get_old.sql': '-- @endpoint GET /old\n-- @column price number\n-- @answer\nSELECT price FROM old ORDER BY id;\n',
}


@pytest.fixture(scope='module', params=STORES)
def server(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp('decimals')
    started = Server('--quiet', write_app(folder / 'decimals', APP), *new_store(request.param, request), var=folder / 'var')
    started.is_sqlite = request.param == 'sqlite'
    yield started
    assert started.stop() == 0, started.stderr


ROWS = [('a', '0.10', '3'), ('a', '0.20', '1.5'), ('a', '10.20', '2'), ('b', '2.00', '0.333'), ('b', '-0.15', '1'), ('c', '0.30', '1')]


@pytest.fixture(scope='module', autouse=True)
def sales(server):
    body = 'id,shop,price,pieces\n' + ''.join(f'{i},{shop},{price},{pieces}\n' for i, (shop, price, pieces) in enumerate(ROWS, 1))
    assert server.post('/sales', body, 'text/csv').status == 201


def test_sums_means_and_products_are_those_of_decimals(server):
    half_up = decimal.ROUND_HALF_UP

    def fixed(number, places='0.01'):
        return str(decimal.Decimal(number).quantize(decimal.Decimal(places), half_up))

    expected = []
    for shop in 'abc':
        prices = [(decimal.Decimal(price), decimal.Decimal(pieces)) for name, price, pieces in ROWS if name == shop]
        total, turnover = sum(price for price, _ in prices), sum(price * pieces for price, pieces in prices)
        expected.append(f'{{"shop":"{shop}","total":{fixed(total)},"mean":{fixed(total / len(prices))},"tax":{fixed(total * decimal.Decimal("0.29"))},'
                        f'"turnover":{fixed(turnover, "0.00001")},"rounded":{fixed(turnover)},"thirds":{fixed(total / 3)},'
                        f'"largest":{fixed(max(price for price, _ in prices))}}}')
    assert server.get('/sums').body.decode() == '[' + ','.join(expected) + ']'
    assert server.get('/sums?format=csv').body.decode().splitlines()[1].startswith('a,10.50,3.50,3.05,')


def test_a_product_past_64_bits_is_exact_or_told(server):
    """Up to 18 digits both stores give the same ones. SQLite has a real for an integer that is too large."""
    exact, large = {'price': '9999999999.99', 'pieces': '9.223'}, {'price': '9999999999.99', 'pieces': '99999.999'}
    assert server.post('/worth', [exact]).body == b'[92229999999.90777]'
    answer, asked, stored = server.post('/worth', [exact, large]), server.get('/worth?pieces=99999.999'), server.get('/all-worth')
    if server.is_sqlite:
        told = 'column worth has a decimal past 64 bits'
        assert (answer.status, answer.errors('line', 'code', 'detail')) == (422, [(2, 'value', told)])
        assert (asked.status, asked.errors('parameter', 'value', 'detail')) == (400, [('pieces', '99999.999', told)])
        assert stored.status == 500 and told.encode() not in stored.body
        wait_until(lambda: server.read_stderr(0) and told in server.stderr)
        assert 'decimal_round(pieces, 3, 1)' in server.stderr
        assert server.get('/worth').body == b'[9999999999.99000]'  # nothing of the batch was stored
    else:
        assert answer.body == b'[92229999999.90777,999999989999000.00001]'
        assert asked.body == b'[' + b','.join([b'999999989999000.00001'] * 3) + b']'
        assert stored.status == 200


def test_a_value_is_found_in_whatever_spelling_and_its_answer_kept_once(server):
    assert server.get('/price?price=0.3').json() == [6]
    again = server.get('/price?price=3e-1')
    assert (again.json(), again.headers['Cache-Status'].split(';')[1].strip()) == ([6], 'hit')
    assert server.get('/price?price=0.1').json() == [1]
    answer = server.get('/price?price=0.301')
    assert (answer.status, answer.errors('parameter', 'value', 'code')) == (400, [('price', '0.301', 'digits')])
    assert server.get('/price?price=7').errors('code') == [('in',)]
    assert server.get('/dear?prices=.1,2,10.2').json() == [1, 3, 4]


def test_rules_compare_decimals(server):
    rows = [{'id': 10, 'price': 1.5}, {'id': 11, 'price': '1.50'}, {'id': 12, 'price': 5000.51}, {'id': 13, 'price': -1000.01}, {'id': 14}]
    answer = server.post('/sales', rows)
    assert answer.errors('line', 'code', 'value', 'detail')[-3:] == [
        (3, 'max', '5000.51', 'must be a number from -1000.00 to 5000.50 with at most 10 digits in front of the point and 2 behind it'),
        (4, 'min', '-1000.01', 'must be a number from -1000.00 to 5000.50 with at most 10 digits in front of the point and 2 behind it'),
        (5, 'required', None, 'is required')]
    assert server.post('/sales', rows[:2]).errors('line', 'field', 'code', 'value') == [(2, 'price', 'unique', '1.50')]
    assert server.post('/sales', [{'id': 10, 'price': 0.04}]).errors('line', 'field', 'code', 'value') == [(1, 'price', 'too_cheap', '0.04')]
    assert '<td>decimal(12,2)</td>' in server.get('/-/docs').body.decode()


def test_a_column_that_is_declared_decimal_takes_numbers_as_before(server):
    assert server.post('/old', [{'id': 1, 'price': 12.5}, {'id': 2, 'price': 3}]).body == b'[{"price":12.5},{"price":3.0}]'
    assert server.get('/old').body == b'[{"price":12.5},{"price":3.0}]'


def test_check_warns_of_a_decimal_without_its_point(tmp_path):
    app = write_app(tmp_path / 'app', {**APP, 'get_all.sql': '-- @endpoint GET /all\n-- @answer\nSELECT id, price FROM sales ORDER BY id;\n'})
    done = run('check', app)
    warnings = [line for line in (done.stdout + done.stderr).splitlines() if 'warning:' in line]
    assert done.returncode == 0 and len(warnings) == 1, done.stderr
    assert warnings[0].endswith('get_all.sql:3:1: warning: the column price of a decimal is answered without its point; add @column price decimal(p,s)')


def test_a_type_needs_its_digits(tmp_path):
    for number, words in enumerate(['decimal', 'decimal(19,2)', 'decimal(2,3)', 'decimal(0,0)', 'decimal(12)']):
        app = write_app(tmp_path / f'app{number}', {'get_a.sql': f'-- @endpoint GET /a\n-- @param p {words}\n-- @answer\nSELECT :p AS p;\n'})
        done = run('check', app)
        assert done.returncode == 1 and 'get_a.sql:2:13: decimal needs two numbers behind it' in done.stderr, done.stderr
