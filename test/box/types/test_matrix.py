# SPDX-License-Identifier: Apache-2.0
"""Each type × store × format: in, out, there and back again. A new type is a row of TYPES; the app is made of them."""
import dataclasses
import json
import urllib.parse

import pytest

from server import STORES, Server, new_store, write_app


@dataclasses.dataclass
class Type:
    word: str  # in @field and @param
    column: str  # of the table, on both stores
    values: dict  # what JSON brings: what answers have; both are JSON
    texts: dict  # what CSV, queries and forms bring: what answers have
    wrong: list  # JSON that is refused
    code: str = 'type'  # why
    compares: bool = True  # the database has an = for it
    cell: callable = None  # what CSV has for an answer's value


def list_cell(value):
    items = json.loads(value)
    plain = not any(',' in str(item) for item in items) and not str(items[0]).startswith('[')
    return ','.join(map(str, items)) if plain else value


UUID = '"123e4567-e89b-12d3-a456-426614174000"'
TYPES = {
    'text': Type('text', 'text', {'"a"': '"a"', '""': '""', '" é, \\"\\u0001\\n"': '" é, \\"\\u0001\\n"'}, {'1.50': '"1.50"', 'a b': '"a b"'},
                 ['1', 'true', '{}', '["a"]', '"\\u0000"']),
    'integer': Type('integer', 'bigint', {'0': '0', '-7': '-7', '9223372036854775807': '9223372036854775807'},
                    {'+5': '5', '007': '7', '5.00': '5'}, ['1.5', '"1"', '1e1', '9223372036854775808', '[1]', 'false']),
    'number': Type('number', 'double precision', {'0.1': '0.1', '5': '5.0', '-1.5E3': '-1500.0'}, {'.5': '0.5', '+5.': '5.0', '1e2': '100.0'},
                   ['"1"', '1e999', 'true', '{}']),
    'decimal': Type('decimal(12,2)', 'decimal(12,2)',
                    {'12.3': '12.30', '-0.05': '-0.05', '"7"': '7.00', '0': '0.00', '1e2': '100.00', '12.3000': '12.30', '9999999999.99': '9999999999.99',
                     '0.30': '0.30', '-12345678.9': '-12345678.90'},
                    {'+5': '5.00', '.5': '0.50', '5.': '5.00', ' 1 ': '1.00', '1.5e1': '15.00', '00.10': '0.10'},
                    ['12.345', '10000000000', '1e-3', '0.001'], code='digits'),
    'decimal18': Type('decimal(18, 18)', 'decimal(18,18)', {'0.123456789012345678': '0.123456789012345678', '-1e-18': '-0.000000000000000001'},
                      {'0': '0.000000000000000000', '.000100020003': '0.000100020003000000'}, ['"x"', 'true', '{}', '""', '[1.5]']),
    'whole': Type('decimal(18,0)', 'decimal(18,0)', {'123456789012345678': '123456789012345678', '10000': '10000', '-100000000': '-100000000'}, {'5.0': '5'},
                  ['0.5', '1000000000000000000'], code='digits'),
    'json': Type('json', 'json',
                 {'{ "b" : 1.50, "a": [ ] }': '{"b":1.50,"a":[]}', '[1, {"x":null}, "\\u00e9\\/\\n"]': '[1,{"x":null},"é/\\n"]', '"text, \\"quoted\\""': '"text, \\"quoted\\""',
                  'true': 'true', '{}': '{}', '{"a":{"a":{"a":[[[[[[{"deep":1e400,"deep":2}]]]]]]}}}': '{"a":{"a":{"a":[[[[[[{"deep":1e400,"deep":2}]]]]]]}}}'},
                 {'{"a": "x, y"}': '{"a":"x, y"}', ' [1,2 ] ': '[1,2]', '"x"': '"x"', '[1E5,-0.0]': '[1E5,-0.0]'}, [], compares=False, cell=lambda value: value),
    'text_list': Type('text list', 'text', {'["a","b"]': '["a","b"]', '["x, y","[z]"]': '["x, y","[z]"]', '["[z]"]': '["[z]"]', '["é \\"q\\""]': '["é \\"q\\""]'},
                      {'a, b,,c': '["a","b","c"]', '["a,b", "c"]': '["a,b","c"]'}, ['["a",1]', '[["a"]]', '"a,b"', '{}', '[null]', '[true]'], compares=False, cell=list_cell),
    'integer_list': Type('integer list', 'text', {'[1, -2]': '[1,-2]'}, {'5,+7': '[5,7]'}, ['["1"]', '[1.5]', '1', '[1,[2]]'], compares=False, cell=list_cell),
    'decimal_list': Type('decimal(8,2) list', 'text', {'[1, "2.5"]': '[1.00,2.50]'}, {'.5,1e1': '[0.50,10.00]'}, ['[true]', '5'], compares=False,
                         cell=lambda value: value[1:-1]),
    'boolean': Type('boolean', 'boolean', {'true': 'true', 'false': 'false'}, {'true': 'true', 'false': 'false'}, ['1', '"true"', '[]']),
    'date': Type('date', 'date', {'"2024-02-29"': '"2024-02-29"', '"0001-01-01"': '"0001-01-01"'}, {'9999-12-31': '"9999-12-31"'},
                 ['"2023-02-29"', '20240101', '""', '"2024-1-1"']),
    'timestamp': Type('timestamp', 'timestamp with time zone',
                      {'"2024-02-29T01:02:03.456Z"': '"2024-02-29T01:02:03.456Z"', '"1969-12-31T23:00:00-02:00"': '"1970-01-01T01:00:00.000Z"'},
                      {'2024-02-29T10:00:00+02:00': '"2024-02-29T08:00:00.000Z"'}, ['"2024-02-29"', '"2024-02-29T10:00:00"', '1', '""']),
    'time': Type('time', 'time', {'"10:20"': '"10:20:00"', '"23:59:59.999999"': '"23:59:59.999999"', '"00:00:00.500"': '"00:00:00.5"'},
                 {'01:02:03': '"01:02:03"'}, ['"24:00"', '10', '""', '"10:60"']),
    'moment': Type('timestamp micros', 'timestamp with time zone',
                   {'"2024-02-29T01:02:03.456789Z"': '"2024-02-29T01:02:03.456789Z"', '"1969-12-31T23:00:00-02:00"': '"1970-01-01T01:00:00.000000Z"',
                    '"2024-02-29T01:02:03.4567Z"': '"2024-02-29T01:02:03.456700Z"'},
                   {'2024-02-29T10:00:00.000001+02:00': '"2024-02-29T08:00:00.000001Z"'}, ['"2024-02-29T10:00:00.1234567Z"', '"2024-02-29T10:00:00"', '1']),
    'uuid': Type('uuid', 'uuid', {UUID: UUID, UUID.upper(): UUID, '"00000000-0000-0000-0000-000000000000"': '"00000000-0000-0000-0000-000000000000"'},
                 {'{123E4567-e89b-12d3-a456-426614174000}': UUID}, ['"123e4567e89b12d3a456426614174000"', '"x"', '1', '""']),
}


def files_of(number, name):
    kind = TYPES[name]
    field = f'-- @field id integer required\n-- @field v {kind.word}\n'
    out = f'-- @column v {kind.word}\n-- @answer'
    files = {
        f'schema/{number:03}_{name}.sql': f'CREATE TABLE kept_{name} (id bigint PRIMARY KEY, v {kind.column});\n',
        f'post_{name}.sql': f'-- @endpoint POST /{name}\n{field}-- @column v {kind.word}\n-- @write\n'
                            f'INSERT INTO kept_{name} (id, v) SELECT id, v FROM batch;\n-- @answer 201\nSELECT id, v FROM batch ORDER BY line;\n',
        f'delete_{name}.sql': f'-- @endpoint DELETE /{name}\n-- @write\nDELETE FROM kept_{name};\n',
        f'get_{name}.sql': f'-- @endpoint GET /{name}\n{out}\nSELECT id, v FROM kept_{name} ORDER BY id;\n',
        f'get_{name}_echo.sql': f'-- @endpoint GET /{name}/echo\n-- @param v {kind.word}\n-- @shape value\n{out}\nSELECT :v AS v;\n',
        f'query_{name}_echo.sql': f'-- @endpoint QUERY /{name}/echo\n-- @param v {kind.word}\n-- @shape value\n{out}\nSELECT :v AS v;\n',
    }
    if kind.compares:
        files[f'get_{name}_refused.sql'] = (f"-- @endpoint GET /{name}/refused\n-- @param v {kind.word}\n-- @reject 404 none\n"
                                            "SELECT 'v' AS parameter, :v AS value WHERE :v IS NOT NULL;\n-- @answer\nSELECT 1 AS one;\n")
        files[f'get_{name}_like.sql'] = (f'-- @endpoint GET /{name}/like\n-- @param v {kind.word}\n-- @shape values\n-- @answer\n'
                                         f'SELECT id FROM kept_{name} WHERE v = :v ORDER BY id;\n')
        files[f'get_{name}_pages.sql'] = (f'-- @endpoint GET /{name}/pages\n-- @page 1 max 10\n{out}\n'
                                          f'SELECT v, id FROM kept_{name} WHERE v IS NOT NULL ORDER BY v, id;\n')
    return files


@pytest.fixture(scope='module', params=STORES)
def server(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp('types')
    app = {name: text for number, kind in enumerate(TYPES, 1) for name, text in files_of(number, kind).items()}
    started = Server('--quiet', write_app(folder / 'types', app), *new_store(request.param, request), var=folder / 'var')
    yield started
    assert started.stop() == 0, started.stderr


@pytest.fixture(params=TYPES)
def name(request, server):
    yield request.param
    assert server.request('DELETE', f'/{request.param}').status == 204


def rows_of(values):
    """JSON of rows with these values, which are JSON, and a null at the end."""
    return '[' + ','.join(f'{{"id":{i},"v":{value}}}' for i, value in enumerate([*values, 'null'])) + ']'


def cell_of(kind, value):
    """What CSV has for an answer's value."""
    if value == 'null':
        return ''
    if kind.cell:
        text = kind.cell(value)
    else:
        text = json.loads(value) if value.startswith('"') else value
    plain = text and text.strip(' \t') == text and not set(text) & set(',"\r\n')
    return text if plain else '"' + text.replace('"', '""') + '"'


def csv_of(kind, values):
    return 'id,v\r\n' + ''.join(f'{i},{cell_of(kind, value)}\r\n' for i, value in enumerate([*values, 'null']))


def test_json_in_and_all_formats_out(server, name):
    values = TYPES[name].values
    answer = server.post(f'/{name}', rows_of(values))
    assert (answer.status, answer.body.decode()) == (201, rows_of(values.values()))
    assert server.get(f'/{name}').body.decode() == rows_of(values.values())
    assert server.get(f'/{name}?format=ndjson').body.decode() == rows_of(values.values())[1:-1].replace('},{"id"', '}\n{"id"') + '\n'
    assert server.get(f'/{name}?format=csv').body.decode() == csv_of(TYPES[name], values.values())


@pytest.mark.parametrize('form, kind', [('json', 'application/json'), ('ndjson', 'application/x-ndjson'), ('csv', 'text/csv')])
def test_what_came_out_goes_in_again(server, name, form, kind):
    expected = rows_of(TYPES[name].values.values())
    assert server.post(f'/{name}', expected).status == 201
    taken = server.get(f'/{name}?format={form}').body
    assert server.request('DELETE', f'/{name}').status == 204
    answer = server.post(f'/{name}', taken, kind)
    assert (answer.status, answer.body.decode()) == (201, expected)
    assert server.get(f'/{name}').body.decode() == expected


def test_texts_in(server, name):
    texts = TYPES[name].texts
    body = 'id,v\n' + ''.join(f'{i},"' + text.replace('"', '""') + '"\n' for i, text in enumerate([*texts])) + f'{len(texts)},\n'
    answer = server.post(f'/{name}', body, 'text/csv')
    assert (answer.status, answer.body.decode()) == (201, rows_of(texts.values()))
    for i, (text, value) in enumerate(texts.items(), 1000):
        quoted = urllib.parse.quote(text, safe='')
        is_array = name.endswith('_list') and text.startswith('[')  # which is for fields alone
        assert is_array or server.get(f'/{name}/echo?v={quoted}').body.decode() == value
        assert server.post(f'/{name}', f'id={i}&v={quoted}', 'application/x-www-form-urlencoded'
                           ).body.decode() == f'[{{"id":{i},"v":{value}}}]'
    assert server.get(f'/{name}/echo').body == b'null'


def test_questions_take_what_bodies_of_rows_take(server, name):
    def ask(value):
        return server.request('QUERY', f'/{name}/echo', f'{{"v":{value}}}'.encode(), {'Content-Type': 'application/json'})

    for value, expected in TYPES[name].values.items():
        answer = ask(value)
        assert (answer.status, answer.body.decode()) == (200, expected)
    for value in TYPES[name].wrong:
        if not (name.endswith('_list') and value[0] not in '[{'):  # a value alone is a list of one
            answer = ask(value)
            assert (answer.status, answer.errors('parameter', 'code')) == (400, [('v', TYPES[name].code)]), value
    assert ask('null').body == b'null'


def test_what_is_wrong_is_told_and_nothing_is_written(server, name):
    wrong = TYPES[name].wrong
    if not wrong:
        return
    answer = server.post(f'/{name}', '[{"id":1},' + ','.join(f'{{"id":2,"v":{value}}}' for value in wrong) + ']')
    assert answer.status == 422
    assert answer.errors('line', 'field', 'code') == [(i + 2, 'v', TYPES[name].code) for i in range(len(wrong))]
    assert server.get(f'/{name}').body == b'[]'


def test_values_are_found_and_paged(server, name):
    if not TYPES[name].compares:
        return
    values = list(TYPES[name].values.values())
    assert server.post(f'/{name}', rows_of(values)).status == 201
    for i, value in enumerate(values):
        text = json.loads(value) if value.startswith('"') else value
        same = [k for k, other in enumerate(values) if other == value]
        if text:
            quoted = urllib.parse.quote(text, safe='')
            assert server.get(f'/{name}/like?v={quoted}').json() == same
            assert server.get(f'/{name}/refused?v={quoted}').errors('parameter', 'value') == [('v', text)]
    seen, target = [], f'/{name}/pages'
    while target:
        answer = server.get(target)
        seen += answer.json()
        link = answer.headers['Link']
        target = link[1:link.index('>')] if link else None
    assert sorted(row['id'] for row in seen) == list(range(len(values)))
    assert seen == server.get(f'/{name}/pages?limit=10').json()
