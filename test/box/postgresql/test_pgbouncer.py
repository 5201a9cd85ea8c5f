# SPDX-License-Identifier: Apache-2.0
"""The same through pgbouncer in transaction mode, where the next transaction may be another session's."""
import concurrent.futures

import pytest

import pgbouncer
from server import Server, write_app

pytestmark = pytest.mark.skipif(not pgbouncer.is_there(), reason='needs the packages postgresql-15 and pgbouncer')

QUESTION = '/rates?date_from=2026-01-01&date_to=2026-01-10&origin=CNSHA&destination=north_range'
COUNTER = {
    'schema/001_counter.sql': 'CREATE TABLE counter (n integer);\nINSERT INTO counter VALUES (0);\n',
    'post_counter.sql': '''-- @endpoint POST /counter
-- @field n integer required
-- @write
UPDATE counter SET n = n + (SELECT sum(n) FROM batch);
-- @answer 201
SELECT n FROM counter;
''',
    'get_counter.sql': '''-- @endpoint GET /counter
-- @answer
SELECT n FROM counter;
''',
}


@pytest.fixture(scope='module')
def pooler(cluster):
    with pgbouncer.Pooler(cluster) as one:
        yield one


def test_reads_and_batches_have_the_bytes_of_a_direct_connection(cluster, pooler):
    cluster.create('rates')
    pooled = Server('apps/rates', '--quiet', '--store', pooler.url('rates'))
    direct = Server('apps/rates', '--quiet', '--store', cluster.url('rates'))
    assert pooled.get(QUESTION).json()
    for path in (QUESTION, '/ports', '/regions', QUESTION + '&min_prices=x', QUESTION.replace('CNSHA', 'NOWHERE')):
        assert pooled.get(path).body == direct.get(path).body
    price = [{'orig_code': 'CNSHA', 'dest_code': 'NLRTM', 'day': '2030-01-01', 'price': 5}]
    assert pooled.post('/prices', price).status == 201
    assert pooled.post('/prices', [*price, {**price[0], 'orig_code': 'nowhere'}]).status == 422
    question = '/rates?date_from=2030-01-01&date_to=2030-01-01&origin=CNSHA&destination=NLRTM&min_prices=1'
    assert pooled.get(question).body == direct.get(question).body == b'[{"day":"2030-01-01","average_price":5}]'
    assert [pooled.stop(), direct.stop()] == [0, 0]


def test_more_clients_than_server_connections_are_all_served(cluster, pooler, tmp_path):
    cluster.create('counter')
    nodes = [Server(write_app(tmp_path / 'count', COUNTER), '--quiet', '--workers', '8', '--store', pooler.url('counter'))
             for _ in range(2)]

    def work(i):
        node = nodes[i % 2]
        return node.post('/counter', [{'n': 1}]).status if i % 4 == 0 else node.get('/counter').status
    with concurrent.futures.ThreadPoolExecutor(24) as pool:
        statuses = list(pool.map(work, range(400)))
    assert sorted(set(statuses)) == [200, 201] and statuses.count(201) == 100
    assert [node.get('/counter').json() for node in nodes] == [[{'n': 100}]] * 2
    assert [node.stop() for node in nodes] == [0, 0]
