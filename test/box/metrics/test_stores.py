# SPDX-License-Identifier: Apache-2.0
"""What /-/metrics tells of PostgreSQL, and of a standby."""
import pytest

from server import new_store, write_app, wait_until
import metrics

APP = {
    'schema/001_items.sql': 'CREATE TABLE items (name text PRIMARY KEY);\n',
    'get_items.sql': '-- @endpoint GET /items\n-- @answer\nSELECT name FROM items ORDER BY name;\n',
    'post_items.sql': '-- @endpoint POST /items\n-- @field name text required\n-- @write\nINSERT INTO items (name) SELECT name FROM batch;\n'
                      '-- @answer\nSELECT count(*) AS count FROM batch;\n',
}


@pytest.fixture
def app(tmp_path):
    write_app(tmp_path / 'small', APP)
    return tmp_path / 'small'


def test_postgresql_tells_of_its_connections_and_its_last_word(start, request, app):
    server = start(app, *new_store('postgresql', request))
    assert server.post('/items', [{'name': 'a'}]).status < 300
    assert server.get('/items').json() == [{'name': 'a'}]
    found = wait_until(lambda: (now := metrics.read(server)).one('reckoner_postgresql_asked_seconds', app='small') < 60 and now)
    assert found.one('reckoner_store_up', app='small') == 1
    assert found.one('reckoner_postgresql_connections', app='small', role='read') >= 1
    assert found.one('reckoner_postgresql_connections', app='small', role='write') >= 2
    assert found.of('reckoner_sqlite_log_bytes') == []
    assert found.of('reckoner_replica_handles') == []
    assert found.one('reckoner_batches_total', app='small', outcome='written') == 1


def test_reads_on_a_standby_are_counted(start, request, app):
    url = new_store('postgresql', request)[1]
    server = start(app, '--store', url, '--read-store', url, '--workers', 2)  # the primary serves as its own standby
    assert server.get('/items', **{'Cache-Control': 'no-cache'}).status == 200

    def is_read_there():
        assert server.get('/items', **{'Cache-Control': 'no-cache'}).status == 200
        found = metrics.read(server)
        return found.one('reckoner_replica_reads_total', app='small', end='answered') > 0 and found

    found = wait_until(is_read_there)
    assert sum(sample.value for sample in found.of('reckoner_replica_handles', app='small')) >= 2
    assert found.one('reckoner_replica_handles', app='small', state='ready') >= 1
