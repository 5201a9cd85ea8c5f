# SPDX-License-Identifier: Apache-2.0
"""Rows that a statement cannot work with, or a constraint refuses: 422 or 409, with the row and its field, and no line in the log."""
import json

import pytest

from server import STORES, new_store, write_app

WRITE = '''-- @endpoint POST /{name}
{fields}
-- @write
{sql};
-- @answer 201
SELECT count(*) AS stored FROM batch;
'''


PRICE = '-- @field route text required\n-- @field day date required\n-- @field price integer'


def app_of(store):
    as_json = 'CAST(body AS jsonb)' if store == 'postgresql' else 'json(body)'
    huge = '9223372036854775807 + CAST(1 AS bigint)' if store == 'postgresql' else 'abs(-9223372036854775807 - 1)'
    item = '-- @field id integer required name "Number"\n-- @field name text\n-- @field price integer name "Net Price"\n-- @field part integer'
    return {
        'schema/001_items.sql': '''
            CREATE TABLE items (id bigint PRIMARY KEY, name text NOT NULL, secret text NOT NULL DEFAULT 'pin-4711',
                                price bigint CONSTRAINT price_is_positive CHECK (price > 0), part bigint REFERENCES items (id),
                                CHECK (price < 1000), UNIQUE (name, price));
            INSERT INTO items (id, name, price) VALUES (50, 'fifty', 50);
            CREATE TABLE sums (n bigint);''',
        'post_items.sql': WRITE.format(name='items', fields=item, sql='INSERT INTO items (id, name, price, part) SELECT id, name, price, part FROM batch'),
        'post_docs.sql': WRITE.format(name='docs', fields='-- @field id integer required\n-- @field body text name "Text"\n-- @field n integer',
                                      sql=f'INSERT INTO items (id, name, price) SELECT id, CAST({as_json} AS text), abs(n) FROM batch'),
        'post_sums.sql': WRITE.format(name='sums', fields='-- @field n integer', sql='INSERT INTO sums SELECT sum(n) FROM batch'),
        'post_fails.sql': WRITE.format(name='fails', fields='-- @field n integer', sql=f'INSERT INTO sums VALUES ({huge})'),
        'post_steps.sql': WRITE.format(name='steps', fields='-- @field step integer required\n-- @field body text', sql=f'''INSERT INTO sums
WITH RECURSIVE n (i) AS (SELECT CAST(0 AS bigint) UNION ALL SELECT i + (SELECT min(step) FROM batch) FROM n WHERE i < 100000000000)
SELECT count(*) FROM n;
-- @write
INSERT INTO sums SELECT length(CAST({as_json} AS text)) FROM batch'''),
        'schema/002_prices.sql': 'CREATE TABLE prices (route text, day date, price bigint, PRIMARY KEY (route, day));',
        'post_prices.sql': WRITE.format(name='prices', fields=PRICE, sql='''INSERT INTO prices SELECT route, day, price FROM batch WHERE true
ON CONFLICT (route, day) DO UPDATE SET price = excluded.price'''),
        'post_last.sql': '-- @endpoint POST /last\n' + PRICE + '''
-- @write
INSERT INTO prices
SELECT route, day, price FROM
  (SELECT batch.*, row_number() OVER (PARTITION BY route, day ORDER BY line DESC) AS nth FROM batch) AS b
WHERE nth = 1
ON CONFLICT (route, day) DO UPDATE SET price = excluded.price;
-- @answer 200
SELECT price FROM prices WHERE route = 'A-B';
''',
        'put_param.sql': '-- @endpoint PUT /param\n-- @param body text name "Text"\n-- @param id integer default 1\n'
                         f'-- @write\nUPDATE items SET secret = CAST({as_json.replace("body", ":body")} AS text) WHERE id >= coalesce(:id, 0);\n-- @answer\nSELECT 1 AS x;\n',
    }


def items(count, **odd):
    return [{'Number': i, 'name': f'n{i}', 'Net Price': i} for i in range(100, 100 + count)] + ([odd] if odd else [])


@pytest.fixture(params=STORES)
def server(start, tmp_path, request):
    one = start(write_app(tmp_path / 'small', app_of(request.param)), '--quiet', *new_store(request.param, request))
    yield one
    one.read_stderr(0)
    assert not [line for line in one.stderr.splitlines() if 'POST /' in line or 'PUT /' in line]


def test_a_row_is_told_with_what_it_ran_into(server):
    cases = [
        ({'Number': 50, 'name': 'a'}, 409, 'Number', '50', 'conflict', 'a row with this Number exists already'),
        ({'Number': 1, 'name': 'fifty', 'Net Price': 50}, 409, None, None, 'conflict', 'a row with this name, Net Price exists already'),
        ({'Number': 1}, 422, 'name', None, 'constraint', 'name must not be null'),
        ({'Number': 1, 'name': 'a', 'Net Price': -5}, 422, None, None, 'constraint', 'a row violates check constraint price_is_positive'),
        ({'Number': 1, 'name': 'a', 'Net Price': 1000}, 422, None, None, 'constraint', 'a row violates a check constraint'),
    ]
    for before, behind in (0, 0), (6, 0), (37, 30):
        for row, status, field, value, code, detail in cases:
            rows = items(before) + [row] + [{'Number': i, 'name': f'n{i}'} for i in range(300, 300 + behind)]
            answer = server.post('/items', rows)
            assert (answer.status, answer.json()['detail']) == (status, detail), answer.json()
            (error,) = answer.json()['errors']
            assert (error['line'], error.get('field'), error['code'], error['detail']) == (before + 1, field, code, detail)
            if field:
                assert error.get('value') == value
            assert 'pin-4711' not in answer.body.decode()
    answer = server.post('/items', items(20, Number=1, name='a', part=77))
    assert (answer.status, [error['line'] for error in answer.json()['errors']]) == (422, [21])
    assert 'does not exist' in answer.json()['detail']


def test_a_value_that_a_statement_cannot_work_with_is_told_with_its_row(server):
    good = [{'id': i, 'Text': '{"a":1}', 'n': -i} for i in range(1, 40)]
    bad = [({'id': 60, 'Text': '{"kind', 'n': 7}, 'Text', '{"kind'),
           ({'id': 60, 'Text': '{}', 'n': -9223372036854775808}, 'n', '-9223372036854775808')]
    for rows, line in ([], 1), (good, 40):
        for row, field, value in bad:
            answer = server.post('/docs', rows + [row])
            assert answer.status == 422, answer.json()
            assert answer.errors('line', 'field', 'value', 'code') == [(line, field, value, 'value')]
    lines = '\n'.join(json.dumps(row) for row in good + [bad[0][0]] + [{'id': i, 'Text': '1'} for i in range(70, 90)])
    answer = server.post('/docs', lines, 'application/x-ndjson')
    assert answer.errors('line', 'field', 'code') == [(40, 'Text', 'value')]


def test_an_upsert_that_has_one_key_twice_is_told_with_the_second_row(server):
    """README's first example."""
    price = {'route': 'A-B', 'day': '2026-01-01', 'price': 5}
    assert server.post('/prices', [price]).json() == [{'stored': 1}]
    other = [dict(price, route=f'A-{i}') for i in range(20)]
    answer = server.post('/prices', other + [price, dict(price, price=6)] + [dict(price, route='C-D')])
    assert (answer.status, answer.errors('line', 'field', 'code')) == (422, [(22, None, 'key_twice')])
    assert 'same key' in answer.json()['detail']
    assert server.post('/prices', [dict(price, price=7)]).json() == [{'stored': 1}]
    assert server.post('/last', [price, dict(price, price=8), dict(price, route='C-D'), dict(price, price=9)]).json() == [{'price': 9}]


def test_rows_that_only_fail_together_are_told_by_the_last_that_it_takes(server):
    answer = server.post('/sums', [{'n': n} for n in [1, 2**62, 5, 2**62 - 1, 7, 8]])
    assert (answer.status, answer.errors('line', 'code')) == (422, [(4, 'value')])


def test_a_statement_that_runs_away_with_another_value_than_was_sent_is_ended(server):
    """The search for the field that is wrong puts 1 in the place of each."""
    assert server.post('/steps', [{'step': 10**11, 'body': '{}'}]).status == 201
    assert server.post('/steps', [{'step': 10**11, 'body': '{'}]).status == 422
    assert server.post('/steps', [{'step': 10**11, 'body': '{}'}]).status == 201


def test_a_parameter_of_a_write_is_told(server):
    answer = server.request('PUT', '/param?Text=%7B')
    assert (answer.status, answer.errors('parameter', 'value', 'code')) == (422, [('Text', '{', 'value')])


@pytest.mark.parametrize('store', STORES)
def test_what_fails_whatever_is_sent_is_the_apps_own(start, tmp_path, store, request):
    server = start(write_app(tmp_path / 'small', app_of(store)), '--quiet', *new_store(store, request))
    assert server.post('/fails', [{'n': 1}]).status == 500
    while '/fails' not in server.stderr:
        server.read_stderr(1)
