# SPDX-License-Identifier: Apache-2.0
"""What kept answers hang on: rows by @depends, the schema, the time, and what the author says of them."""
import sqlite3

import pytest

from server import STORES, new_store, run, wait_until, write_app

APP = {'schema/001_stock.sql': 'CREATE TABLE stock (shop text, item text, n bigint NOT NULL, PRIMARY KEY (shop, item));\n'
                               'CREATE TABLE old (n bigint);\nCREATE TABLE young (n bigint);\n'
                               'CREATE VIEW number AS SELECT max(n) AS n FROM old;\n',
       'get_stock.sql': '-- @endpoint GET /stock\n-- @param shop text required\n-- @depends stock (shop = :shop)\n'
                        '-- @reject 404 no such shop\nSELECT \'shop\' AS parameter WHERE NOT EXISTS (SELECT 1 FROM stock);\n'
                        '-- @answer when EXISTS (SELECT 1 FROM stock WHERE n > 100)\nSELECT \'many\' AS item, 0 AS n;\n'
                        '-- @answer\nSELECT item, n FROM stock ORDER BY item;\n',
       'get_all.sql': '-- @endpoint GET /all\n-- @answer\nSELECT sum(n) AS n FROM stock;\n',
       'get_off.sql': '-- @endpoint GET /off\n-- @cache off\n-- @answer\nSELECT sum(n) AS n FROM stock;\n',
       'get_number.sql': '-- @endpoint GET /number\n-- @shape value\n-- @answer\nSELECT n FROM number;\n',
       'get_chance.sql': '-- @endpoint GET /chance\n-- @shape value\n-- @answer\nSELECT random() AS r FROM old;\n',
       'post_stock.sql': '-- @endpoint POST /stock\n-- @field shop text required\n-- @field item text required\n-- @field n integer required\n'
                         '-- @write\nINSERT INTO stock SELECT shop, item, n FROM batch WHERE true\n'
                         'ON CONFLICT (shop, item) DO UPDATE SET n = excluded.n;\n-- @answer 204\n',
       'put_old.sql': '-- @endpoint PUT /old\n-- @field n integer required\n-- @write\nINSERT INTO old SELECT n FROM batch;\n-- @answer 204\n',
       'put_young.sql': '-- @endpoint PUT /young\n-- @field n integer required\n-- @write\nINSERT INTO young SELECT n FROM batch;\n'
                        '-- @answer 204\n'}
SQLITE_ONLY = {'get_since.sqlite.sql': '-- @endpoint GET /since\n-- @param day text required\n-- @shape value\n-- @answer\n'
                                       'SELECT strftime(\'%f\', :day) AS s FROM old;\n'}


@pytest.fixture(params=STORES)
def store(request):
    return request.param


@pytest.fixture
def server(start, tmp_path, request, store):
    return start(write_app(tmp_path / 'app', APP), '--quiet', *new_store(store, request))


def put(server, shop, **items):
    assert server.post('/stock', [{'shop': shop, 'item': item, 'n': n} for item, n in items.items()]).status == 204


def wait_for_rows(*servers):
    """Until they tell the rows of the table apart, for which the database makes triggers."""
    def is_kept(server):
        server.get('/stock?shop=b')
        put(servers[0], 'z', n=0)
        return is_hit(server.get('/stock?shop=b'))

    for server in servers:
        wait_until(lambda server=server: is_kept(server))


def is_hit(answer):
    return answer.headers['Cache-Status'] == 'Reckoner; hit'


def test_an_answer_sees_the_rows_of_its_depends_and_follows_them(server, store):
    put(server, 'a', x=1)
    put(server, 'b', x=2, y=3)
    for _ in range(2):
        assert server.get('/stock?shop=a').json() == [{'item': 'x', 'n': 1}]
        assert server.get('/stock?shop=b').json() == [{'item': 'x', 'n': 2}, {'item': 'y', 'n': 3}]
        assert server.get('/stock?shop=c').status == 404
    put(server, 'a', x=5)
    assert server.get('/stock?shop=a').json() == [{'item': 'x', 'n': 5}]
    assert server.get('/stock?shop=b').json() == [{'item': 'x', 'n': 2}, {'item': 'y', 'n': 3}]
    put(server, 'c', z=101)
    assert server.get('/stock?shop=c').json() == [{'item': 'many', 'n': 0}]
    assert server.get('/stock?shop=a').json() == [{'item': 'x', 'n': 5}]
    assert server.get('/all').json() == [{'n': 111}]


def test_writes_to_other_rows_leave_an_answer_valid(server, store):
    put(server, 'a', x=1)
    put(server, 'b', x=2)
    if store == 'postgresql':
        wait_for_rows(server)
    for shop in 'ab':
        server.get(f'/stock?shop={shop}')
    hits = {'a': 0, 'b': 0}
    for n in range(20):
        put(server, 'a', x=n)
        for shop in 'ab':
            answer = server.get(f'/stock?shop={shop}')
            assert answer.json() == [{'item': 'x', 'n': n if shop == 'a' else 2}]
            hits[shop] += is_hit(answer)
    assert hits == {'a': 0, 'b': 20}


def test_nodes_tell_rows_apart_whoever_writes_them(start, tmp_path, cluster):
    url = cluster.create('depends_nodes')
    app = write_app(tmp_path / 'app', APP)
    nodes = [start(app, '--quiet', '--store', url) for _ in range(3)]
    put(nodes[0], 'a', x=1)
    put(nodes[0], 'b', x=2)
    wait_for_rows(*nodes)
    writes = [*(lambda n, node=node: put(node, 'a', x=n) for node in nodes),
              lambda n: cluster.sql(f"UPDATE app.stock SET n = {n} WHERE shop = 'a'", 'depends_nodes'),
              lambda n: cluster.sql(f"BEGIN; DELETE FROM app.stock WHERE shop = 'a'; INSERT INTO app.stock VALUES ('a', 'x', {n}); COMMIT",
                                    'depends_nodes')]
    for n in range(10):
        writes[n % len(writes)](n)
        for node in nodes:
            assert node.get('/stock?shop=a').json() == [{'item': 'x', 'n': n}]
            answer = node.get('/stock?shop=b')
            assert answer.json() == [{'item': 'x', 'n': 2}]
            assert is_hit(answer)


def test_what_hangs_on_chance_or_is_said_to_be_off_is_not_kept(server):
    assert server.request('PUT', '/old', '[{"n": 1}]', {'Content-Type': 'application/json'}).status == 204
    assert len({server.get('/chance').body for _ in range(5)}) == 5
    put(server, 'a', x=1)
    assert not any(is_hit(server.get('/off')) for _ in range(3))


def test_an_app_can_keep_nothing(start, tmp_path):
    server = start(write_app(tmp_path / 'app', {**APP, 'app.ini': 'cache = off\n'}), '--quiet')
    put(server, 'a', x=1)
    assert not any(is_hit(server.get('/all')) for _ in range(3))


def test_a_view_that_is_made_anew_by_another_program_is_followed(start, tmp_path):
    server = start(write_app(tmp_path / 'app', APP), '--quiet')
    json = {'Content-Type': 'application/json'}

    def write(table, n):
        assert server.request('PUT', f'/{table}', f'[{{"n": {n}}}]', json).status == 204

    write('old', 1)
    write('young', 10)
    assert [server.get('/number').json() for _ in range(3)] == [1, 1, 1]
    assert is_hit(server.get('/number'))
    with sqlite3.connect(tmp_path / 'var' / 'app.db') as other:
        other.execute('DROP VIEW number')
        other.execute('CREATE VIEW number AS SELECT max(n) AS n FROM young')
    other.close()
    for n in range(11, 20):
        write('young', n)
        assert [server.get('/number').json() for _ in range(3)] == [n, n, n]
    assert is_hit(server.get('/number'))


def test_a_parameter_that_asks_for_the_time_gets_it(start, tmp_path):
    server = start(write_app(tmp_path / 'app', {**APP, **SQLITE_ONLY}), '--quiet')
    assert server.request('PUT', '/old', '[{"n": 1}]', {'Content-Type': 'application/json'}).status == 204
    for _ in range(3):
        assert server.get('/since?day=2026-01-01').json() == '00.000'
    assert is_hit(server.get('/since?day=2026-01-01'))
    assert not any(is_hit(server.get('/since?day=now')) for _ in range(5))
    assert is_hit(server.get('/since?day=2026-01-01'))


@pytest.mark.parametrize('kind', STORES)
def test_check_says_what_is_not_kept_and_why(tmp_path, request, kind):
    app = write_app(tmp_path / 'app', APP)
    arguments = [] if kind == 'sqlite' else new_store(kind, request)
    result = run('check', *arguments, app)
    assert result.returncode == 0, result.stderr
    told = [line for line in result.stderr.splitlines() if 'kept' in line]
    assert told == [f'{app}/get_chance.sql:1:4: warning: no answer is kept, as it calls random(); if that is meant, say @cache off']


def test_check_refuses_a_depends_that_others_see_past(tmp_path):
    app = write_app(tmp_path / 'app', {**APP, 'get_stock.sql': APP['get_stock.sql'].replace('item, n FROM stock', 'item, n FROM main.stock')})
    result = run('check', app)
    assert result.returncode == 1
    assert f'{app}/get_stock.sql:9:21: main.stock has rows that the @depends of line 3 leaves out; write stock without its schema' in result.stderr


def test_the_rates_are_searched_as_without_depends(tmp_path):
    result = run('explain', '--var', tmp_path, 'apps/rates',
                 'GET /rates?date_from=2026-01-01&date_to=2026-01-10&origin=CNSHA&destination=north_range')
    assert result.returncode == 0, result.stderr
    assert 'SEARCH route_days USING PRIMARY KEY (origin=? AND destination=? AND day=?) LEFT-JOIN' in result.stdout
