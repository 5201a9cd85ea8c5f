# SPDX-License-Identifier: Apache-2.0
"""Pages of orders with nulls: put together they are the whole answer, wherever the nulls are."""
import base64
import itertools
import re
import struct

import pytest

from server import STORES, new_store, write_app

ORDERS = ['a, b, id', 'a DESC, b DESC, id DESC', 'a DESC, b, id DESC', 'b, a DESC, id', 'b NULLS FIRST, id', 'a DESC NULLS LAST, id',
          'a NULLS LAST, b DESC NULLS FIRST, id', 'id, b', 'c, a, id DESC', 'c DESC, b DESC NULLS LAST, id', 'seen, id', 'exact DESC, id']
# Each pair of values of a and b, nulls among them, and each three times; moments that differ by a microsecond, where there are such.
ROWS = ', '.join(f"({id}, {a}, {b}, {id % 2}, '2026-01-01T00:00:00.{id % 5:06}Z', {exact})" for id, (a, b, exact) in enumerate(
    itertools.product(['NULL', '1', '2'], ['NULL', "'x'", "'y'"], ['NULL', '0.5', '12345678901234567.25'])))
APP = {
    'schema/001_things.sql': 'CREATE TABLE things (id bigint NOT NULL PRIMARY KEY, a integer, b text, c integer NOT NULL,'
                             ' seen timestamptz, exact numeric);\n'
                             'CREATE INDEX things_ab ON things (a, b, id);\n'
                             f'INSERT INTO things VALUES {ROWS};\n'
                             'UPDATE things SET seen = NULL WHERE id % 7 = 0;\n',
    'put_thing.sql': '''-- @endpoint PUT /things/{id}
-- @param id integer
-- @field a integer
-- @write
UPDATE things SET a = (SELECT a FROM batch) WHERE id = :id;
-- @answer
SELECT id, a FROM things WHERE id = :id;
''',
    **{f'get_{i}.sql': f'''-- @endpoint GET /by{i}
-- @page 2 max 100
-- @answer
SELECT id, a, b, c, seen, exact FROM things ORDER BY {order};
''' for i, order in enumerate(ORDERS)},
}


def walk(server, path):
    """The rows of all pages, by the links from each to the next."""
    rows = []
    while path:
        answer = server.get(path)
        assert answer.status == 200, answer.body
        rows.append(answer.json())
        link = re.match(r'<(.*)>; rel="next"', answer.headers.get('Link', ''))
        path = link and link[1]
    return rows


@pytest.mark.parametrize('store', STORES)
def test_pages_put_together_are_the_whole_whatever_is_null(start, tmp_path, request, store):
    server = start(write_app(tmp_path / 'things', APP), '--quiet', *new_store(store, request))
    for i, order in enumerate(ORDERS):
        whole = server.get(f'/by{i}?limit=100').json()
        assert len(whole) == 27
        for limit in (1, 2, 5):
            assert sum(walk(server, f'/by{i}?limit={limit}'), []) == whole, order


@pytest.mark.parametrize('store', STORES)
def test_a_row_that_becomes_null_meanwhile_moves_and_hides_no_other(start, tmp_path, request, store):
    server = start(write_app(tmp_path / 'things', APP), '--quiet', *new_store(store, request))
    path, seen = '/by0?limit=4', []
    while path:
        answer = server.get(path)
        seen += [row['id'] for row in answer.json()]
        assert server.request('PUT', f'/things/{seen[-1]}', b'{"a": null}', {'Content-Type': 'application/json'}).status == 200
        link = re.match(r'<(.*)>; rel="next"', answer.headers.get('Link', ''))
        path = link and link[1]
    assert set(seen) == set(range(27))


def forge(cursor, keys):
    """The cursor with other keys: tag and value each."""
    raw = base64.urlsafe_b64decode(cursor + '=' * (-len(cursor) % 4))[:4]
    for tag, value in keys:
        raw += tag.encode() + (struct.pack('<q', value) if tag == 'i' else struct.pack('<d', value) if tag == 'r' else
                               b'' if tag == 'n' else struct.pack('<H', len(value)) + value.encode())
    return base64.urlsafe_b64encode(raw).decode().rstrip('=')


@pytest.mark.parametrize('store', STORES)
def test_a_cursor_with_other_keys_is_a_page_or_the_clients_fault(start, tmp_path, request, store):
    server = start(write_app(tmp_path / 'things', APP), '--quiet', *new_store(store, request))
    values = [('i', 1), ('i', 2 ** 62), ('r', 1.5), ('r', float('nan')), ('r', float('-inf')), ('t', 'x'), ('t', ''), ('d', '1' * 50),
              ('n', None)]
    for path, count in [('/by3', 3), ('/by5', 2), ('/by7', 2), ('/by10', 2), ('/by11', 2)]:
        cursor = re.match(r'<.*cursor=([^&>]+)', server.get(path).headers['Link'])[1]
        for i, value in itertools.product(range(count), values):
            keys = [('i', 1)] * count
            keys[i] = value
            answer = server.get(f'{path}?cursor={forge(cursor, keys)}')
            assert answer.status in (200, 400), (path, keys, answer.body)
    assert 'error' not in server.stderr
