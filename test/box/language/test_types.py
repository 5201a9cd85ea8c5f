# SPDX-License-Identifier: Apache-2.0
"""What values of a store's own types become in answers, whatever puts them there."""
import pytest

import postgresql
from server import STORES, new_store, write_app

FLAGS = {
    'schema/001_flags.sql': 'CREATE TABLE flags (id bigint PRIMARY KEY, up boolean, note text);\n',
    'get_flags.sql': '-- @endpoint GET /flags\n-- @answer\nSELECT id, up FROM flags ORDER BY id;\n',
    'get_number.sql': '''-- @endpoint GET /number
-- @column up integer
-- @answer
SELECT CAST(up AS integer) AS up FROM flags ORDER BY id;
''',
    'post_flags.sql': '''-- @endpoint POST /flags
-- @field id integer required
-- @field up boolean
-- @reject 422 no third one
SELECT line, 'up' AS field, up AS value FROM batch WHERE id = 3;
-- @write
INSERT INTO flags (id, up) SELECT id, up FROM batch;
-- @answer 201
SELECT id, up FROM batch ORDER BY id;
''',
}


@pytest.mark.parametrize('store', STORES)
def test_a_boolean_column_is_true_and_false_without_a_word(start, tmp_path, request, store):
    server = start(write_app(tmp_path / 'flags', FLAGS), '--quiet', *new_store(store, request))
    rows = [{'id': 1, 'up': True}, {'id': 2, 'up': False}, {'id': 4, 'up': None}]
    answer = server.post('/flags', rows)
    assert (answer.status, answer.json()) == (201, rows)
    assert server.get('/flags').json() == rows
    assert server.get('/flags?format=csv').body == b'id,up\r\n1,true\r\n2,false\r\n4,\r\n'
    assert server.get('/number').json() == [{'up': 1}, {'up': 0}, {'up': None}]
    fault = server.post('/flags', [{'id': 3, 'up': True}]).json()['errors'][0]
    assert (fault['field'], fault['value']) == ('up', 'true')
    fault = server.request('POST', '/flags', b'id,up\n3,false\n', {'Content-Type': 'text/csv'}).json()['errors'][0]
    assert (fault['field'], fault['value']) == ('up', 'false')


SUMS = {
    'schema/001_sums.sql': 'CREATE TABLE sums (id bigint PRIMARY KEY, amount numeric(20, 4), big numeric, x double precision,'
                           ' until timestamptz, day date);\n',
    'get_sums.sql': '-- @endpoint GET /sums\n-- @answer\nSELECT id, amount, big, x, until, day FROM sums ORDER BY id;\n',
    'get_declared.sql': '''-- @endpoint GET /declared
-- @column amount number
-- @column big integer
-- @column until timestamp
-- @column day date
-- @answer
SELECT amount, big, until, day FROM sums ORDER BY id;
''',
    'get_total.sql': '-- @endpoint GET /total\n-- @shape value\n-- @answer\nSELECT sum(amount) AS total FROM sums;\n',
}


@pytest.mark.skipif(not postgresql.is_there(), reason='needs the package postgresql-15')
def test_a_numeric_comes_digit_for_digit_and_what_is_not_finite_is_null(cluster, start, tmp_path):
    server = start(write_app(tmp_path / 'sums', SUMS), '--quiet', '--store', cluster.create('sums'))
    cluster.sql("INSERT INTO sums.sums VALUES"
                " (1, 12345678901234.5678, 12345678901234567890, 1, '2026-01-01T00:00:00.123456Z', '2026-01-01'),"
                " (2, 'NaN', '-Infinity', 'NaN', 'infinity', '-infinity'), (3, 0.5, 7, '-Infinity', NULL, NULL)", 'sums')
    row = '"x":1.0,"until":"2026-01-01T00:00:00.123Z","day":"2026-01-01"}'
    null = '"x":null,"until":null,"day":null}'
    assert server.get('/sums').body.decode() == (
        '[{"id":1,"amount":12345678901234.5678,"big":12345678901234567890,' + row +
        ',{"id":2,"amount":null,"big":null,' + null + ',{"id":3,"amount":0.5,"big":7,' + null + ']')
    assert server.get('/sums?format=csv').body.decode().split('\r\n')[1:3] == [
        '1,12345678901234.5678,12345678901234567890,1.0,2026-01-01T00:00:00.123Z,2026-01-01', '2,,,,,']
    assert server.get('/declared').body.decode().startswith('[{"amount":12345678901234.5678,"big":12345678901234567890,')
    assert server.get('/declared').json()[1] == {'amount': None, 'big': None, 'until': None, 'day': None}
    assert server.get('/total').body == b'null'
    cluster.sql('DELETE FROM sums.sums WHERE id = 2', 'sums')
    assert server.get('/total').body == b'12345678901235.0678'
