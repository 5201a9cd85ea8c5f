# SPDX-License-Identifier: Apache-2.0
"""CSV in the dialects that programs and countries have: declared by the endpoint, by the request, by `load`; and back and forth."""
import math
import random
import struct

import pytest

from server import STORES, Server, new_store, run, write_app

FIELDS = '-- @field name text name "Name"\n-- @field price number\n-- @field n integer\n-- @field day date\n-- @field ok boolean\n'
STORE = ('-- @write\nINSERT INTO sales (line, name, price, n, day, ok) SELECT line, name, price, n, day, ok FROM batch;\n'
         '-- @answer 201\nSELECT count(*) AS stored FROM batch;\n')
GERMAN = "-- @csv delimiter ; decimal ',' thousands '.' encoding windows-1252 -- as our shop exports\n-- @csv date '%d.%m.%Y' boolean ja nein null 'NA'\n"
APP = {
    'schema/001_sales.sql': 'CREATE TABLE sales (line integer, name text, price double precision, n bigint, day date, ok boolean);\n'
                            'CREATE TABLE t (line integer, a text, b double precision, c bigint, d boolean, e date, f timestamptz);',
    'get_sales.sql': '-- @endpoint GET /sales\n-- @column ok boolean\n-- @answer\nSELECT name AS "Name", price, n, day, ok FROM sales ORDER BY line;\n',
    'delete_sales.sql': '-- @endpoint DELETE /sales\n-- @write\nDELETE FROM sales;\n',
    'post_sales.sql': f'-- @endpoint POST /sales\n{FIELDS}{STORE}',
    'post_german.sql': f'-- @endpoint POST /german\n-- @strict\n{GERMAN}{FIELDS}{STORE}',
    'delete_t.sql': '-- @endpoint DELETE /t\n-- @write\nDELETE FROM t;\n',
}
TYPES = {'a': 'text', 'b': 'number', 'c': 'integer', 'd': 'boolean', 'e': 'date', 'f': 'timestamp'}
TABLES = [*TYPES, 'abcdef', 'bca', 'fd']  # a table of each column alone, and of several
for columns in TABLES:
    names = ', '.join(columns)
    fields = ''.join(f'-- @field {name} {TYPES[name]}\n' for name in columns)
    declared = ''.join(f'-- @column {name} {TYPES[name]}\n' for name in columns)
    APP[f'get_{columns}.sql'] = f'-- @endpoint GET /t/{columns}\n{declared}-- @answer\nSELECT {names} FROM t ORDER BY line;\n'
    APP[f'post_{columns}.sql'] = (f'-- @endpoint POST /t/{columns}\n{fields}-- @write\nINSERT INTO t (line, {names}) SELECT line, {names} FROM batch;\n'
                                  '-- @answer 201\nSELECT count(*) AS stored FROM batch;\n')

ROWS = [{'Name': 'Größe €', 'price': 1234.5, 'n': 1000000, 'day': '2025-12-31', 'ok': True},
        {'Name': None, 'price': -0.25, 'n': None, 'day': None, 'ok': False}]
CSV_GERMAN = 'Name;price;n;day;ok\r\nGröße €;1.234,50;1.000.000;31.12.2025;ja\r\nNA;-,25;NA;NA;nein\r\n'
QUERY_GERMAN = 'csv.delimiter=;&csv.decimal=,&csv.thousands=.&csv.date=%25d.%25m.%25Y&csv.boolean=ja,nein&csv.null=NA'


@pytest.fixture(scope='module', params=STORES)
def server(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp('csv')
    started = Server('--quiet', write_app(folder / 'csv', APP), *new_store(request.param, request), var=folder / 'var')
    yield started
    assert started.stop() == 0, started.stderr


def post(server, path, body, content_type='text/csv'):
    return server.post(path, body, content_type)


def check_stored(server, answer, rows):
    assert answer.status == 201, answer.body
    assert server.get('/sales').json() == rows
    assert server.request('DELETE', '/sales').status == 204


def test_an_endpoint_declares_its_dialect_and_a_request_says_otherwise(server):
    check_stored(server, post(server, '/german', CSV_GERMAN.encode('cp1252')), ROWS)
    check_stored(server, post(server, '/german', CSV_GERMAN.encode('utf-16')), ROWS)
    check_stored(server, post(server, '/german', CSV_GERMAN.encode(), 'text/csv; charset="UTF-8"'), ROWS)
    point = CSV_GERMAN.replace('.', '').replace(',', '.').replace('31122025', '31.12.2025')
    check_stored(server, post(server, '/german?csv.decimal=.&csv.thousands=none', point.encode('cp1252')), ROWS)
    plain = 'Name,price,n,day,ok\nGröße €,1234.5,1000000,2025-12-31,true\n,-0.25,,,false\n'
    check_stored(server, post(server, '/german?csv.delimiter=,&csv.decimal=.&csv.thousands=none', plain.encode('cp1252')), ROWS)
    check_stored(server, post(server, '/german', ROWS, 'application/json'), ROWS)


@pytest.mark.parametrize('query, content_type, body', [
    (QUERY_GERMAN, 'text/csv; charset=windows-1252', CSV_GERMAN.encode('cp1252')),
    (QUERY_GERMAN, 'text/csv;charset=iso-8859-15', CSV_GERMAN.encode('iso8859-15')),
    (QUERY_GERMAN.replace('csv.', 'csv%2E'), 'text/csv', CSV_GERMAN.encode()),
    (QUERY_GERMAN.replace('delimiter=;', 'delimiter=auto'), 'text/csv', CSV_GERMAN.encode()),
    (QUERY_GERMAN + '&csv.header=any-case', 'text/csv', CSV_GERMAN.replace('Name;price', 'NAME; Price').encode()),
    (QUERY_GERMAN, 'text/csv; header=absent', CSV_GERMAN.partition('\r\n')[2].encode()),
    (QUERY_GERMAN + '&csv.skip=2&csv.until=___', 'text/csv', f'Umsätze\r\n\r\n{CSV_GERMAN}___\r\n(c) Amt'.encode()),
    (QUERY_GERMAN + '&csv.extra=ignore', 'text/csv', CSV_GERMAN.replace(';price', ';x;price').replace('€;', '€;1;').replace('NA;-', 'NA;;-').encode()),
    (QUERY_GERMAN.replace('csv.delimiter=;&', ''), 'text/csv', f'sep=;\r\n{CSV_GERMAN}'.encode('utf-16')),
    (QUERY_GERMAN.replace('csv.delimiter=;&', ''), 'text/tab-separated-values', CSV_GERMAN.replace(';', '\t').encode()),
    (QUERY_GERMAN.replace('csv.delimiter=;&', '') + '&csv.trim', 'text/tab-separated-values; charset=utf-16le',
     CSV_GERMAN.replace(';', ' \t ').encode('utf-16le')),
    (QUERY_GERMAN + '&csv.unit=%E2%82%AC&csv.unit=EUR', 'text/csv', CSV_GERMAN.replace('1.234,50', '€ 1.234,50').replace('-,25', '-,25 EUR').encode()),
    (QUERY_GERMAN + '&csv.short=fill', 'text/csv', CSV_GERMAN.replace('day;ok', 'ok;day').replace('31.12.2025;ja', 'ja;31.12.2025')
     .replace('NA;nein', 'nein').encode()),
    (QUERY_GERMAN, 'text/csv; charset=utf-32', CSV_GERMAN.encode('utf-32')),
], ids=['windows-1252', 'iso-8859-15', 'percent-encoded', 'auto', 'any case', 'no header', 'skip and until', 'extra', 'sep', 'tsv', 'trim', 'unit', 'short', 'utf-32'])
def test_a_request_says_its_dialect(server, query, content_type, body):
    check_stored(server, post(server, f'/sales?{query}', body, content_type), ROWS)


@pytest.mark.parametrize('query, fault', [
    ('csv.delimeter=;', ('csv.delimeter', 'csv', 'is not known; did you mean csv.delimiter?')),
    ('csv.delimiter=x', ('csv.delimiter', 'csv', 'delimiter must be a character such as \';\', or tab, space or auto, not "x"')),
    ('csv.delimiter=;&csv.delimiter=;', ('csv.delimiter', 'csv', 'delimiter is there twice')),
    ('csv.thousands=.', ('csv.thousands', 'csv', "thousands '.' needs decimal ','")),
    ('csv.date=%d.%m.%Y', ('csv.date', 'csv', 'is badly percent-encoded: write %25 for %')),
    ('csv.date=%25d', ('csv.date', 'csv', 'date: "%d" has to have %d, %m or %b, and %Y or %y')),
    ('csv.boolean=ja', ('csv.boolean', 'csv', 'boolean must be pairs for true and false, such as ja nein, not "ja"')),
])
def test_a_dialect_that_is_none_is_told(server, query, fault):
    answer = post(server, f'/sales?{query}', 'Name\nx\n')
    assert answer.status == 400
    assert answer.errors('parameter', 'code', 'detail') == [fault]


def test_a_dialect_beside_a_body_of_another_format_is_refused_where_queries_are_strict(server):
    for query in ['csv.delimiter=;', 'csv.none=1', 'csv%2Enone=1']:
        name = query.split('=')[0].replace('%2E', '.')
        answer = server.post(f'/german?{query}', ROWS)
        assert answer.status == 400
        assert answer.errors('parameter', 'code', 'detail') == [(name, 'unknown_parameter', 'says how a CSV body is written, and this one is no CSV')]
    check_stored(server, server.post('/sales?csv.none=1', ROWS), ROWS)  # passed over, as any name that is not known


def test_encodings_that_are_not_known_or_do_not_fit_are_told(server):
    for charset, detail in [('none-such', 'the encoding none-such is not known here; known are windows-1252, ISO-8859-15, UTF-16 and others'),
                            ('"x y"', '"x y" is no name of an encoding')]:
        answer = post(server, '/sales', 'Name\nx\n', f'text/csv; charset={charset}')
        assert answer.status == 415
        assert answer.json()['detail'] == detail
    answer = post(server, '/sales', b'Name\nx\n\x81\n', 'text/csv; charset=windows-1252')
    assert answer.status == 400
    assert answer.json()['detail'] == 'the byte 0x81 is not of the encoding windows-1252'
    assert answer.json()['line'] == 3
    assert server.get('/sales').json() == []
    assert server.post('/sales', '[]', 'application/json; charset=windows-1252').status == 415


def test_a_dialect_that_does_not_fit_shows_the_first_lines(server):
    answer = post(server, '/german', 'Name,price\na,1\nb,2\nc,3\n')
    assert answer.status == 422
    assert answer.errors('line', 'detail') == [
        (1, "no field is in the header, as the first lines were read (delimiter ';' encoding windows-1252 decimal ',' thousands '.' null 'NA' "
            "boolean 'ja' 'nein' date '%d.%m.%Y'): 1: [Name,price]; 2: [a,1]; 3: [b,2]")]


@pytest.mark.parametrize('store', STORES)
def test_load_takes_the_endpoints_dialect_and_its_own(tmp_path, request, store):
    app = write_app(tmp_path / 'csv', {**APP, 'app.ini': '[load]\nPOST /german = first.csv\n', 'data/first.csv': ''})
    (app / 'data/first.csv').write_bytes(CSV_GERMAN.encode('cp1252'))
    (tmp_path / 'tabs.tsv').write_text(CSV_GERMAN.replace(';', '\t'))
    (tmp_path / 'other.csv').write_text('sep=|\nName|price\nx|"1 234,5"\n')
    where = [*new_store(store, request), '--var', tmp_path / 'var']

    def load(path, file, *options):
        return run('load', *where, *options, app, path, tmp_path / file)
    done = load('POST /sales', 'tabs.tsv', '--csv', "decimal ',' thousands '.' date '%d.%m.%Y' boolean ja nein null NA")
    assert (done.returncode, done.stdout) == (0, '[{"stored":2}]\n'), done.stderr
    done = load('POST /german', 'other.csv', '--csv', 'encoding UTF-8 thousands space')
    assert (done.returncode, done.stdout) == (0, '[{"stored":1}]\n'), done.stderr
    done = load('POST /german', 'other.csv', '--csv', 'delimeter ;')
    assert (done.returncode, done.stderr) == (1, '--csv:1:1: unknown option delimeter; did you mean delimiter?\n')
    server = Server('--quiet', app, *where)
    stored = server.get('/sales').json()
    assert server.stop() == 0
    assert [row['price'] for row in stored if row['Name'] == 'x'] == [1234.5]
    assert len(stored) == 5


# --- out and in

def random_text(chance):
    return ''.join(chance.choice(['a', 'B', ' ', ',', '"', '\n', '\r\n', '\r', ';', '\t', "'", 'ß', '漢', '🚢', '\\', '0']) for _ in range(chance.randrange(6)))


def random_number(chance):
    number = math.nan
    while not math.isfinite(number):
        number = struct.unpack('d', chance.randbytes(8))[0]
    return chance.choice([number, float(chance.randrange(1000)), chance.randrange(10 ** 6) / 100])


VALUES = {
    'a': random_text, 'b': random_number,
    'c': lambda chance: chance.choice([0, -1, chance.randrange(-2 ** 63, 2 ** 63)]),
    'd': lambda chance: chance.random() < 0.5,
    'e': lambda chance: f'{chance.randrange(1, 10000):04}-{chance.randrange(1, 13):02}-{chance.randrange(1, 29):02}',
    'f': lambda chance: f'{chance.randrange(1, 10000):04}-{chance.randrange(1, 13):02}-{chance.randrange(1, 29):02}T{chance.randrange(24):02}:00:00.{chance.randrange(1000):03}Z',
}


@pytest.mark.parametrize('columns', TABLES)
def test_a_round_trip_of_any_table_gives_the_same_rows(server, columns):
    chance = random.Random(columns)
    for _ in range(6):
        rows = [{name: None if chance.random() < 0.3 else VALUES[name](chance) for name in columns} for _ in range(chance.randrange(1, 9))]
        assert post(server, f'/t/{columns}', rows, 'application/json').status == 201
        before, body = server.get(f'/t/{columns}').json(), server.get(f'/t/{columns}?format=csv').body
        assert before == rows
        assert server.request('DELETE', '/t').status == 204
        assert post(server, f'/t/{columns}', body).status == 201, body
        assert server.get(f'/t/{columns}').json() == before
        assert server.get(f'/t/{columns}?format=csv').body == body
        assert server.request('DELETE', '/t').status == 204
