# SPDX-License-Identifier: Apache-2.0
"""Writers and readers that check each other: no answer is older than what was acknowledged before it was asked for."""
import http.client
import json
import threading

import pytest

from rounds import rounds
from server import new_store, write_app

ITEMS = 8
APP = {'schema/001_stock.sql': 'CREATE TABLE stock (item integer PRIMARY KEY, n bigint NOT NULL);\n'
                               'CREATE TABLE log (item integer, n bigint);\n',
       'get_stock.sql': '-- @endpoint GET /stock/{item}\n-- @param item integer\n-- @depends stock (item = :item)\n-- @shape value\n'
                        '-- @answer\nSELECT n FROM stock WHERE item = :item;\n',
       'get_all.sql': '-- @endpoint GET /all\n-- @shape values\n-- @answer\nSELECT n FROM stock ORDER BY item;\n',
       'post_stock.sql': '-- @endpoint POST /stock\n-- @field item integer required\n-- @field n integer required\n-- @write\n'
                         'INSERT INTO stock SELECT item, n FROM batch WHERE true ON CONFLICT (item) DO UPDATE SET n = excluded.n;\n'
                         '-- @answer 204\n',
       'post_log.sql': '-- @endpoint POST /log\n-- @field item integer required\n-- @write\n'
                       'INSERT INTO log SELECT item, 0 FROM batch;\n-- @answer 204\n'}


class Checked:
    """What was acknowledged, item by item; the only writer of an item raises its number."""

    def __init__(self, ports):
        self.ports = ports
        self.acknowledged = [0] * ITEMS
        self.faults = []
        self.reads = 0
        self.done = threading.Event()

    def write(self, number, port, batches):
        connection = http.client.HTTPConnection('127.0.0.1', port, timeout=120)
        mine = range(number, ITEMS, 2)
        for n in range(1, batches + 1):
            self.send(connection, '/stock', [{'item': item, 'n': n} for item in mine])
            for item in mine:
                self.acknowledged[item] = n
            if n % 3 == 0:
                self.send(connection, '/log', [{'item': number}])  # of another table
        connection.close()

    def send(self, connection, path, rows):
        connection.request('POST', path, json.dumps(rows), {'Content-Type': 'application/json'})
        answer = connection.getresponse()
        body = answer.read()
        if answer.status != 204:
            self.faults.append((path, answer.status, body))

    def read(self, number):
        connections = [http.client.HTTPConnection('127.0.0.1', port, timeout=120) for port in self.ports]
        turn = number
        while not self.done.is_set() and not self.faults:
            turn += 1
            item = turn % (ITEMS + 1)
            before = list(self.acknowledged)
            connection = connections[turn % len(connections)]
            connection.request('GET', '/all' if item == ITEMS else f'/stock/{item}')
            answer = connection.getresponse()
            body = json.loads(answer.read())
            seen = body if item == ITEMS else [body]
            least = before if item == ITEMS else [before[item]]
            if answer.status != 200 or any(n < m for n, m in zip(seen, least)):
                self.faults.append((item, least, answer.status, seen, answer.headers['Cache-Status']))
            self.reads += 1


def check(servers):
    assert servers[0].post('/stock', [{'item': item, 'n': 0} for item in range(ITEMS)]).status == 204
    checked = Checked([server.port for server in servers])
    readers = [threading.Thread(target=checked.read, args=[number]) for number in range(3)]
    writers = [threading.Thread(target=checked.write, args=[number, servers[number % len(servers)].port, rounds(60, 5000)])
               for number in range(2)]
    for thread in readers + writers:
        thread.start()
    for thread in writers:
        thread.join()
    checked.done.set()
    for thread in readers:
        thread.join()
    assert checked.faults == []
    assert checked.reads > 0
    print(f'{checked.reads} reads', end=' ')


@pytest.mark.threads
@pytest.mark.parametrize('store, nodes', [('sqlite', 1), ('postgresql', 1), ('postgresql', 3)])
def test_no_answer_is_older_than_what_was_acknowledged(start, tmp_path, request, store, nodes):
    options = new_store(store, request)
    app = write_app(tmp_path / 'app', APP)
    check([start(app, '--quiet', *options) for _ in range(nodes)])


@pytest.mark.threads
def test_nor_with_a_standby(start, tmp_path, cluster):
    url = cluster.create('never_stale')
    app = write_app(tmp_path / 'app', APP)
    with cluster.standby() as standby:
        nodes = [start(app, '--quiet', '--store', url, '--read-store', standby.url('never_stale')), start(app, '--quiet', '--store', url)]
        check(nodes)
        for node in nodes:
            node.stop()
