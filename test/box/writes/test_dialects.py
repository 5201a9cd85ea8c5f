# SPDX-License-Identifier: Apache-2.0
"""CSV and texts as programs and people write them: each spelling that means the same is taken, the others are told."""
import pytest

from server import STORES, Server, new_store, write_app

APP = {
    'schema/001_t.sql': 'CREATE TABLE words (n integer, w text); CREATE TABLE spots (n integer, lng double precision, k integer);',
    'get_words.sql': '-- @endpoint GET /words\n-- @answer\nSELECT w FROM words ORDER BY n;\n',
    'post_words.sql': '-- @endpoint POST /words\n-- @field w text\n-- @write\nINSERT INTO words (n, w) SELECT line, w FROM batch;\n'
                      '-- @answer 201\nSELECT count(*) AS stored FROM batch;\n',
    'delete_words.sql': '-- @endpoint DELETE /words\n-- @write\nDELETE FROM words;\n',
    'post_parts.sql': '-- @endpoint POST /parts\n-- @field id text\n-- @field size text\n-- @write\n'
                      "INSERT INTO words (n, w) SELECT line, coalesce(id, '-') || coalesce(size, '-') FROM batch;\n"
                      '-- @answer 201\nSELECT count(*) AS stored FROM batch;\n',
    'post_spots.sql': '-- @endpoint POST /spots\n-- @field lng number\n-- @field k integer\n-- @write\n'
                      'INSERT INTO spots (n, lng, k) SELECT line, lng, k FROM batch;\n-- @answer 201\nSELECT lng, k FROM batch ORDER BY line;\n',
    'post_named.sql': '-- @endpoint POST /named\n-- @field id integer name ""\n-- @field a text name " a"\n-- @write\n'
                      'INSERT INTO words (n, w) SELECT id, a FROM batch;\n-- @answer 201\nSELECT count(*) AS stored FROM batch;\n',
    'get_near.sql': '-- @endpoint GET /near\n-- @param lat number required\n-- @param at timestamp\n-- @answer\nSELECT :lat AS lat, :at AS at;\n',
    'get_moments.sql': '-- @endpoint GET /moments\n-- @param at timestamp list zone Europe/Rome\n-- @shape values\n-- @answer\nSELECT value FROM list(:at);\n',
    'post_moments.sql': "-- @endpoint POST /moments\n-- @field at timestamp zone Europe/Rome\n-- @shape values\n-- @write\nDELETE FROM words WHERE w = 'no such word';\n-- @answer 200\nSELECT at FROM batch;\n",
    'get_towns.sql': '-- @endpoint GET /towns\n-- @param names text list\n-- @shape values\n-- @answer\nSELECT value FROM list(:names) ORDER BY value;\n',
}


@pytest.fixture(scope='module', params=STORES)
def server(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp('dialects')
    started = Server('--quiet', write_app(folder / 'dialects', APP), *new_store(request.param, request), var=folder / 'var')
    yield started
    assert started.stop() == 0, started.stderr


def csv(server, path, body, content_type='text/csv'):
    return server.post(path, body, content_type)


def test_null_and_empty_text_survive_a_round_trip(server):
    rows = [{'w': 'a'}, {'w': None}, {'w': 'b'}, {'w': ''}, {'w': None}]
    assert server.post('/words', [dict(row) for row in rows]).status == 201
    assert server.get('/words').json() == rows
    body = server.get('/words?format=csv').body
    assert body == b'w\r\na\r\n\r\nb\r\n""\r\n\r\n'
    assert server.request('DELETE', '/words').status == 204
    assert csv(server, '/words', body).json() == [{'stored': 5}]
    assert server.get('/words').json() == rows
    assert server.request('DELETE', '/words').status == 204


def test_numbers_may_have_any_spelling_in_csv_and_forms(server):
    spellings = ['.85', '-.516667', '+5', '5.', '00.5', '1e3', '1E+3', ' 7 ']
    answer = csv(server, '/spots', 'lng,k\n' + ''.join(f'{text},\n' for text in spellings))
    assert [row['lng'] for row in answer.json()] == [0.85, -0.516667, 5.0, 5.0, 0.5, 1000.0, 1000.0, 7.0]
    answer = csv(server, '/spots', 'lng,k\n' + ''.join(f',{text}\n' for text in ['+5', '007', '5.', '5.0', ' 7']))
    assert [row['k'] for row in answer.json()] == [5, 7, 5, 5, 7]
    assert csv(server, '/spots', 'lng=%2B.5&k=+7', 'application/x-www-form-urlencoded').json() == [{'lng': 0.5, 'k': 7}]
    assert csv(server, '/spots', 'k\n5.5\n').errors('line', 'field', 'code') == [(2, 'k', 'type')]
    assert server.post('/spots', '{"lng": .5}').status == 400  # JSON has its own grammar


def test_a_plus_in_a_query_is_not_lost(server):
    assert server.get('/near?lat=+59.33').json() == [{'lat': 59.33, 'at': None}]
    assert server.get('/near?lat=1&at=2026-01-01T02:00:00+02:00').json()[0]['at'] == '2026-01-01T00:00:00.000Z'
    assert server.get('/near?lat=1&at=2016-12-31T23:59:60Z').json()[0]['at'] == '2017-01-01T00:00:00.000Z'


def test_only_what_came_in_a_query_or_a_form_can_have_lost_a_plus(server):
    moment = ['2026-01-01T09:00:00.000Z']
    assert server.get('/moments?at=2026-01-01T10:00+01:00,2026-01-01%2010:00+01').json() == moment * 2
    assert csv(server, '/moments', 'at=2026-01-01T10:00+01:00', 'application/x-www-form-urlencoded').json() == moment
    assert csv(server, '/moments', 'at\n2026-01-01T10:00+01:00\n').json() == moment
    wrong = '2026-01-01T10:00:00 01:00'
    for answer in csv(server, '/moments', f'at\n{wrong}\n'), server.post('/moments', [{'at': wrong}]):
        assert (answer.status, answer.errors('field', 'value', 'code')) == (422, [('at', wrong, 'type')])


def test_an_item_of_a_list_may_hold_a_comma(server):
    town = 'Springfield%2C%20North'
    assert server.get(f'/towns?names[]={town}').json() == ['Springfield, North']
    assert server.get(f'/towns?names={town}&names=x').json() == ['Springfield, North', 'x']
    assert server.get(f'/towns?names[]={town}&names=x,y').json() == ['Springfield, North', 'x', 'y']
    assert server.get(f'/towns?names={town}').json() == ['North', 'Springfield']
    assert server.get('/towns?names=a%1Fb').errors('parameter', 'code') == [('names', 'type')]


def test_a_quote_inside_a_cell_is_text_and_one_behind_a_quoted_cell_is_told_by_line(server):
    assert csv(server, '/parts', 'id,size\na,6" pipe\n').status == 201
    assert server.get('/words').json()[-1] == {'w': 'a6" pipe'}
    answer = csv(server, '/parts', 'id,size\n"a"b,1\nc,2\n"d" ,3\n')
    assert answer.status == 422
    assert answer.errors('line', 'code') == [(2, 'quote'), (4, 'quote')]


@pytest.mark.parametrize('body, line', [(b'id,size\na,Gr\xf6\xdfe\n', 2),
                                        ('id,size\na,b\n'.encode('utf-16-le'), 1), (b'id,gr\xf6sse\na,b\n', 1)])
def test_another_encoding_is_told_as_such(server, body, line):
    answer = csv(server, '/parts', body)
    assert answer.status == 422
    assert (line, 'encoding') in answer.errors('line', 'code')
    assert 'charset=' in answer.json()['errors'][0]['detail']


def test_utf8_without_its_hyphen_is_utf8(server):
    assert csv(server, '/spots', 'k\n1\n', 'text/csv; charset=utf8').status == 201
    assert csv(server, '/spots', 'k\n1\n', 'text/csv; charset="UTF-8"').status == 201


def test_headers_without_a_name_or_with_blanks_can_be_declared(server):
    assert csv(server, '/named', ', a\n1001,x\n').status == 201


@pytest.mark.parametrize('header, detail', [
    ('id;size', "cells are separated by ';': declare @csv delimiter ';' or send ?csv.delimiter=;"),
    ('id\tsize', 'cells are separated by tabs: declare @csv delimiter tab or send ?csv.delimiter=tab'),
    ('id, size', 'has blanks around it: write size, declare @csv trim or send ?csv.trim=on; an app can also declare it with name " size"'),
    ('id,,size', 'column 2 has no name: take it out, declare @csv extra ignore, or a field with name ""'),
    ('ID,size', 'is not written as the field id: declare @csv header any-case or send ?csv.header=any-case'),
    ('id,sort', 'is not a field, which @csv extra ignore or ?csv.extra=ignore would pass over; the fields are id, size'),
])
def test_what_is_wrong_with_a_header_is_told(server, header, detail):
    answer = csv(server, '/parts', f'{header}\na,b\n')
    assert answer.status == 422
    assert detail in [error[0] for error in answer.errors('detail')]
