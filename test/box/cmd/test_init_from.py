# SPDX-License-Identifier: Apache-2.0
"""`reckoner init --from`: files in the manner of those that offices, banks and shops hand out become APIs without an edit."""
import json
import re
import subprocess

import pytest

from server import BINARY, ROOT, STORES, new_store, run

# A file's name, its bytes, what stands behind @csv, and the first rows as GET answers them.
FILES = {
    'bevoelkerung': ('Tabelle: 12411-0001\nBevölkerung: Deutschland, Stichtag;;\n;;Geschlecht;Geschlecht\nStichtag;Land;männlich;weiblich\n'
                     '31.12.2023;Berlin;1.234;5\n31.12.2024;Berlin;-;999\n31.12.2025;Berlin;2.345.678;.\n__________\n'
                     '"Aus dem Zensus;\nfortgeschrieben."\n© Amt, 2026\nStand: 01.01.2026 / 12:00:00\n'.encode('cp1252'),
                     "delimiter ';' encoding windows-1252 skip 4 header absent until '__________' decimal ',' thousands '.' null '-' '.' date '%d.%m.%Y'",
                     [{'id': 1, 'stichtag': '2023-12-31', 'land': 'Berlin', 'geschlecht_maennlich': 1234, 'geschlecht_weiblich': 5},
                      {'id': 2, 'stichtag': '2024-12-31', 'land': 'Berlin', 'geschlecht_maennlich': None, 'geschlecht_weiblich': 999}]),
    'communes': ('\ufeffCOM;LIBELLE;DEP;POP;TAUX\n01001;L’Abergement;01;771;0,5\n2A004;Ajaccio;2A;71361;-1,25\n97411;Saint-Denis;974;N/A;2\n'.encode(),
                 "delimiter ';' header any-case decimal ',' null 'N/A'",
                 [{'com': '01001', 'libelle': 'L’Abergement', 'dep': '01', 'pop': 771, 'taux': 0.5},
                  {'com': '2A004', 'libelle': 'Ajaccio', 'dep': '2A', 'pop': 71361, 'taux': -1.25}]),
    'istat': ('"ITTER107","Territorio","TIME","Value","Flag Codes"\n"IT","Italia","2023","58997201",\n"ITC4","Lombardia","2023","9976509","p"\n'.encode(),
              'header any-case',
              [{'id': 1, 'itter107': 'IT', 'territorio': 'Italia', 'time': 2023, 'value': 58997201, 'flag_codes': None}]),
    'census': (b'GEO_ID,NAME,Population,Median income\n01001,"Autauga County, Alabama","58,805","67,565"\n01003,"Baldwin County, Alabama","231,767","71,039"\n'
               b'01005,"Barbour County, Alabama","25,223","(X)"\n',
               "header any-case thousands ',' null '(X)'",
               [{'geo_id': '01001', 'name': 'Autauga County, Alabama', 'population': 58805, 'median_income': 67565}]),
    'umsatz': ('"Auftragskonto";"Buchungstag";"Verwendungszweck";"Betrag";"Währung"\n"DE02120300000000202051";"01.02.26";"Miete ""Süd""";"-1.234,56";"EUR"\n'
               '"DE02120300000000202051";"13.02.26";"Lohn";"2.500,00";"EUR"\n'.encode('cp1252'),
               "delimiter ';' encoding windows-1252 header any-case decimal ',' thousands '.' date '%d.%m.%y'",
               [{'id': 1, 'auftragskonto': 'DE02120300000000202051', 'buchungstag': '2026-02-01', 'verwendungszweck': 'Miete "Süd"',
                 'betrag': -1234.56, 'waehrung': 'EUR'}]),
    'releve': ('Compte n° 123\n\nDate;Libellé;Débit (€);Crédit (€)\n03/02/2026;CB CARREFOUR;-12,34;\n25/02/2026;VIREMENT;;1 500,00\n'.encode('iso-8859-15'),
               "delimiter ';' encoding ISO-8859-15 skip 2 header any-case decimal ',' thousands space date '%d/%m/%Y'",
               [{'id': 1, 'date': '2026-02-03', 'libelle': 'CB CARREFOUR', 'debit': -12.34, 'credit': None},
                {'id': 2, 'date': '2026-02-25', 'libelle': 'VIREMENT', 'debit': None, 'credit': 1500.0}]),
    'checking': (b'Date,Description,Amount,Running Bal.\r\n01/31/2026,"ACME, INC",-45.10,100.00\r\n02/01/2026,PAYROLL,1500.00,1600.00\r\n',
                 "header any-case date '%m/%d/%Y'",
                 [{'id': 1, 'date': '2026-01-31', 'description': 'ACME, INC', 'amount': -45.1, 'running_bal': 100.0}]),
    'movimenti': ('Data;Causale;Importo;Contabilizzato\n31/01/2026;Bonifico;-1.000,50;sì\n01/02/2026;Stipendio;1.800,00;no\n'.encode(),
                  "delimiter ';' header any-case decimal ',' thousands '.' boolean 'sì' 'no' date '%d/%m/%Y'",
                  [{'id': 1, 'data': '2026-01-31', 'causale': 'Bonifico', 'importo': -1000.5, 'contabilizzato': True}]),
    'products': (b'Handle,Title,Body (HTML),Published,Variant Price,\nred-shirt,Red shirt,"<p>Soft;\nwarm, ""good""</p>",TRUE,19.99,\nblue-shirt,Blue shirt,,FALSE,5.00,\n'
                 b'hat,Hat,,TRUE,7.50,\n',
                 "header any-case boolean 'true' 'false'",
                 [{'handle': 'blue-shirt', 'title': 'Blue shirt', 'body_html': None, 'published': False, 'variant_price': 5.0},
                  {'handle': 'hat', 'title': 'Hat', 'body_html': None, 'published': True, 'variant_price': 7.5},
                  {'handle': 'red-shirt', 'title': 'Red shirt', 'body_html': '<p>Soft;\nwarm, "good"</p>', 'published': True, 'variant_price': 19.99}]),
    'worldbank': (b'"Data Source","World Development Indicators",\n\n"Last Updated Date","2026-01-28",\n\n"Country Name","Country Code","2023","2024",\n'
                  b'"Aruba","ABW","107939","",\n"Africa Eastern","AFE","750503764","769294618",\n"Afghanistan","AFG","41454761","42647492",\n"Angola","AGO","36749906","37885849",\n"Albania","ALB","2745972","",\n',
                  'skip 4',
                  [{'country_name': 'Aruba', 'country_code': 'ABW', 'c2023': 107939, 'c2024': None}]),
    'airports': (b'1,"Goroka","GKA","AYGA",-6.081,5282\n2,"Madang",\\N,"AYMD",-5.207,20\n3,"Mount Hagen","HGU","AYMH",-5.826,5388\n'
                 b'4,"Nadzab","LAE","AYNZ",-6.569,239\n5,"Port Moresby",\\N,"AYPY",-9.443,146\n', r"header absent null '\N'",
                 [{'c1': 1, 'c2': 'Goroka', 'c3': 'GKA', 'c4': 'AYGA', 'c5': -6.081, 'c6': 5282}]),
    'eurofxref': (b'Date,USD,JPY,CYP,\n2026-01-28,1.0922,160.35,N/A,\n2026-01-27,1.0912,160.01,N/A,\n2026-01-26,1.09,159.7,N/A,\n2026-01-23,1.0911,160,N/A,\n2026-01-22,1.0899,161,N/A,\n', "header any-case null 'N/A'",
                  [{'date': '2026-01-22', 'usd': 1.0899, 'jpy': 161.0, 'cyp': None}]),
    'excel': ('sep=;\r\nNr;Größe (cm);Von Hand\r\n1;1,5;WAHR\r\n2;2;FALSCH\r\n3;2,25;WAHR\r\n;;\r\n;;\r\nSumme;5,75;\r\n'.encode('cp1252'),
              "delimiter ';' encoding windows-1252 header any-case until 'Summe' blank ignore decimal ',' boolean 'wahr' 'falsch'",
              [{'nr': 1, 'groesse_cm': 1.5, 'von_hand': True}, {'nr': 2, 'groesse_cm': 2.0, 'von_hand': False}]),
    'unicode': ('Order no\tDate\tName\r\n7\t2026-1-5\tМосква\r\n8\t2026-12-31\t東京\r\n'.encode('utf-16'), "delimiter tab header any-case date '%Y-%m-%d'",
                [{'order_no': 7, 'date': '2026-01-05', 'name': 'Москва'}]),
    'sheet': ('Timestamp,人口,"a ""b""",a b,\'x\' "y"\n1/31/2026 9:05:00,5,x,1,q\n2/1/2026 23:59:59,6,y,2,r\n'.encode(), 'skip 1 header absent',
              [{'id': 1, 'timestamp': '2026-01-31T09:05:00.000Z', 'c2': 5, 'a_b': 'x', 'a_b_2': 1, 'x_y': 'q'}]),
    'titles': (b'tconst\ttitle\tyear\ntt1\t"Quoted" at the start\t1894\ntt2\tplain\t\\N\ntt3\t"never closed\t1895\n', r"delimiter tab quote none null '\N'",
               [{'id': 1, 'tconst': 'tt1', 'title': '"Quoted" at the start', 'year': 1894}]),
    'rates': (b'Date, USD, JPY, \n2026-01-28, 1.0922, 160.35, \n', 'header any-case trim', [{'id': 1, 'date': '2026-01-28', 'usd': 1.0922, 'jpy': 160.35}]),
    'log': (b'nr,at,seen\n7,2026-01-31 09:05:00.123456,2026-01-31T09:05:00.5Z\n8,2026-02-01 23:59:59.5,2026-02-01T23:59:59Z\n', None,
            [{'nr': 7, 'at': '2026-01-31T09:05:00.123456Z', 'seen': '2026-01-31T09:05:00.500Z'},
             {'nr': 8, 'at': '2026-02-01T23:59:59.500000Z', 'seen': '2026-02-01T23:59:59.000Z'}]),
    'orders': ('Bestellung;Datum;Betrag;Rabatt;Notiz\n1;1 January 2026;€ 1.234,50;12,5 %;5 EUR\n2;28 Feb 2026;-€ 5,00;3 %\n3;31 May 2026;€ -0,05;0,25 %;12 $\n'.encode(),
               "delimiter ';' header any-case short fill decimal ',' thousands '.' unit '€' '%' date '%d %b %Y'",
               [{'id': 1, 'bestellung': 1, 'datum': '2026-01-01', 'betrag': 1234.5, 'rabatt': 12.5, 'notiz': '5 EUR'},
                {'id': 2, 'bestellung': 2, 'datum': '2026-02-28', 'betrag': -5.0, 'rabatt': 3.0, 'notiz': None},
                {'id': 3, 'bestellung': 3, 'datum': '2026-05-31', 'betrag': -0.05, 'rabatt': 0.25, 'notiz': '12 $'}]),
    'sales': (b'Day,Gross\n"January 31, 2026","$1,234.50"\n"February 1, 2026",-$7.00\n', "header any-case thousands ',' unit '$' date '%b %d, %Y'",
              [{'id': 1, 'day': '2026-01-31', 'gross': 1234.5}, {'id': 2, 'day': '2026-02-01', 'gross': -7.0}]),
    'messung': (b'Zeit;Wert\n31.12.2025 10:00:00;1\n31.12.2025 10:00:00.25;2\n31.12.2025 10:00:00.5;3\n', "delimiter ';' header any-case",
                [{'id': 1, 'zeit': '2025-12-31T10:00:00.000Z', 'wert': 1}, {'id': 2, 'zeit': '2025-12-31T10:00:00.250Z', 'wert': 2}]),
    'left_out': (b'a,b,c\n1,2,3\n4,5\n6,7,8\n9\n', 'short fill', [{'id': 1, 'a': 1, 'b': 2, 'c': 3}, {'id': 2, 'a': 4, 'b': 5, 'c': None}]),
    'totals': (b'day,n,m\n2026-01-01,1,2\n2026-01-02,3,4\nTotal,4\n', "until 'Total'", [{'id': 1, 'day': '2026-01-01', 'n': 1, 'm': 2}]),
    'pending': (b'day,what,n\n2026-01-01,Rent,1\n2026-01-02,Food,3\npending,Train,4\n', None,
                [{'id': 1, 'day': '2026-01-01', 'what': 'Rent', 'n': 1}, {'id': 2, 'day': '2026-01-02', 'what': 'Food', 'n': 3},
                 {'id': 3, 'day': 'pending', 'what': 'Train', 'n': 4}]),
    'umsaetze': (';\n"Umsätze Girokonto";"Zeitraum: 30 Tage";\n"Neuer Kontostand";"1.000,00 EUR";\n\n"Buchungstag";"Wertstellung (Valuta)";"Vorgang";"Buchungstext";'
                 '"Umsatz in EUR";\n"02.01.2026";"02.01.2026";"Lastschrift";"Text a";"-5,00";\n"03.01.2026";"03.01.2026";"Übertrag";"Text b";"1.005,00";\n'
                 '"04.01.2026";"05.01.2026";"Visa";"Text c";"-7,00";\n\n"Alter Kontostand";"0,00 EUR";\n'.encode('cp1252'),
                 "delimiter ';' encoding windows-1252 skip 4 header any-case until 'Alter Kontostand' decimal ',' thousands '.' date '%d.%m.%Y'",
                 [{'id': 1, 'buchungstag': '2026-01-02', 'wertstellung_valuta': '2026-01-02', 'vorgang': 'Lastschrift', 'buchungstext': 'Text a', 'umsatz_in_eur': -5.0}]),
    'summary': (b'Description,,Summary\nBeginning,,1000\nCredits,,500\nDebits,,-200\nEnding,,1300\n\nDate,Description,Amount,Balance\n'
                b'01/01/2026,Beginning,,1000.00\n01/05/2026,PAYROLL,500.00,1500.00\n01/07/2026,RENT,-200.00,1300.00\n', "skip 6 header any-case date '%m/%d/%Y'",
                [{'id': 1, 'date': '2026-01-01', 'description': 'Beginning', 'amount': None, 'balance': 1000.0}]),
    'names': (b'name\nAnn\nBob\nAnn\n', None, [{'id': 1, 'name': 'Ann'}, {'id': 2, 'name': 'Bob'}, {'id': 3, 'name': 'Ann'}]),
}


def init(tmp_path, name, content):
    file = tmp_path / f'{name}.csv'
    file.write_bytes(content)
    return run('init', '--from', file, tmp_path / name)


@pytest.mark.parametrize('store', STORES)
def test_a_file_becomes_an_api_that_has_its_rows(start, request, tmp_path, store):
    for name, (content, dialect, _) in FILES.items():
        result = init(tmp_path, name, content)
        assert (name, result.stderr, result.returncode) == (name, '', 0)
        post = (tmp_path / name / f'post_{name}.sql').read_text().splitlines()
        assert [name] + [line for line in post if line.startswith('-- @csv ')] == [name] + ([f'-- @csv {dialect}'] if dialect else [])
    apps = [tmp_path / name for name in FILES]
    options = new_store(store, request)
    tests = run('test', *options, *apps)
    assert (tests.returncode, 'not ok' in tests.stdout) == (0, False), tests.stdout
    for some in [list(FILES)[i::3] for i in range(3)]:  # all at once would need more connections than PostgreSQL has
        server = start(*options, *[tmp_path / name for name in some])
        for name in some:
            rows = FILES[name][2]
            assert (name, server.get(f'/{name}').json()[:len(rows)]) == (name, rows)
        assert server.stop() == 0


BOOKS = [
    {'isbn': '978-1', 'title': 'Dune', 'price': 12.5, 'pages': 412, 'published': '1965-08-01', 'tags': ['a', 'b'], 'inStock': True, 'nr': '007', 'sold': '31.12.2025'},
    {'isbn': '978-2', 'title': '-', 'price': 7.25, 'pages': None, 'published': '1815-12-23', 'tags': [], 'inStock': False, 'nr': '8', 'sold': '01.01.2026', 'x': 'a'},
    {'isbn': '978-3', 'title': '', 'price': 9.99, 'published': '1922-02-02', 'tags': None, 'inStock': True, 'nr': '9', 'sold': '02.01.2026', 'x': 1},
    {'isbn': '978-4', 'title': 'Iliad', 'price': 5.75, 'published': '1598-01-01', 'tags': {'b': 1}, 'inStock': True, 'nr': '10', 'sold': '03.01.2026', 'x': None},
    {'isbn': '978-5', 'title': 'Faust', 'price': -0.25, 'published': '1808-01-01', 'tags': [], 'inStock': True, 'nr': '11', 'sold': '04.01.2026', 'x': [1]}]


@pytest.mark.parametrize('store', STORES)
@pytest.mark.parametrize('ending', ['json', 'ndjson'])
def test_a_file_of_json_becomes_an_api_that_has_its_rows(start, request, tmp_path, store, ending):
    file = tmp_path / f'books.{ending}'
    file.write_text(json.dumps(BOOKS, indent=1) if ending == 'json' else ''.join(json.dumps(book) + '\n' for book in BOOKS))
    result = run('init', '--from', file, tmp_path / 'books')
    assert (result.returncode, result.stderr) == (0, '')
    assert '  key: isbn, which is there and unique in all rows\n' in result.stdout
    assert (tmp_path / 'books' / 'data' / f'books.{ending}').read_bytes() == file.read_bytes()
    fields = re.findall(r'^-- @field (\w+) +(.*)$', (tmp_path / 'books' / 'post_books.sql').read_text(), re.MULTILINE)
    assert fields == [('isbn', 'text required unique'), ('title', 'text'), ('price', 'number required'), ('pages', 'integer'),
                      ('published', 'date required'), ('tags', 'json'), ('instock', 'boolean required name "inStock"'), ('nr', 'text required'),
                      ('sold', 'date required format "%d.%m.%Y"'), ('x', 'json')]
    options = new_store(store, request)
    tests = run('test', *options, tmp_path / 'books')
    assert (tests.returncode, 'not ok' in tests.stdout) == (0, False), tests.stdout
    rows = start(*options, tmp_path / 'books').get('/books').json()
    expected = [{'pages': None, 'x': None} | book for book in BOOKS]
    for book in expected:
        day, month, year = book['sold'].split('.')
        book['sold'] = f'{year}-{month}-{day}'
        book['instock'] = book.pop('inStock')
    assert rows == expected


def test_what_was_found_is_told_with_what_to_do_next(tmp_path):
    result = init(tmp_path, 'communes', FILES['communes'][0])
    assert result.stdout.splitlines()[:5] == [
        f'{tmp_path}/communes.csv: 3 rows of 5 columns, 2 of them numbers, dates or the like',
        "  written as: delimiter ';' header any-case decimal ',' null 'N/A'",
        '  key: com, which is there and unique in all rows',
        f'{tmp_path}/communes/ is an app that loads it. Next:',
        '']
    assert f'  reckoner serve --watch {tmp_path}/communes\n' in result.stdout


def test_a_row_whose_key_is_there_takes_its_place(start, tmp_path):
    init(tmp_path, 'communes', FILES['communes'][0])
    server = start(tmp_path / 'communes')
    again = '01001;Neu;01;5;0,1\n99999;Added;99;6;0,2\n'
    answer = server.request('POST', '/communes', 'COM;LIBELLE;DEP;POP;TAUX\n' + again, {'Content-Type': 'text/csv'})
    assert (answer.status, answer.json()) == (201, [{'stored': 2}])
    assert server.get('/communes/01001').json()['libelle'] == 'Neu'
    assert len(server.get('/communes').json()) == 4


def test_filters_find_rows(start, tmp_path):
    rows = ''.join(f'{n};{"north" if n % 3 else "south"};{n % 28 + 1:02}.02.2026;{n % 2}\n' for n in range(1, 61))
    init(tmp_path, 'sales', f'nr;region;day;open\n{rows}'.encode())
    server = start(tmp_path / 'sales')
    assert {row['region'] for row in server.get('/sales?region=south').json()} == {'south'}
    days = [row['day'] for row in server.get('/sales?from=2026-02-03&to=2026-02-04').json()]
    assert sorted(set(days)) == ['2026-02-03', '2026-02-04']


def test_the_guide_s_file_becomes_what_it_says(start, tmp_path):
    guide = (ROOT / 'docs' / 'guide.md').read_text(encoding='utf-8')
    table, told, target, answer = re.search(r'^## From a file\n.*?```csv\n(.*?)```.*?```console\n\$ reckoner init --from Umsaetze.csv\n(.*?)```'
                                            r'.*?`GET (.*?)` with\n```json\n(.*?)```', guide, re.MULTILINE | re.DOTALL).groups()
    (tmp_path / 'Umsaetze.csv').write_text(table, encoding='utf-8')
    result = subprocess.run([BINARY, 'init', '--from', 'Umsaetze.csv'], cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert result.stdout.startswith(told)
    assert start(tmp_path / 'umsaetze').get(target).body.decode() == answer.strip()


def test_the_folder_is_named_after_the_file(tmp_path):
    file = tmp_path / 'Umsätze 2025.CSV'
    file.write_bytes(b'a,b\n1,2\n')
    command = [BINARY, 'init', '--from', file]
    result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert (result.returncode, (tmp_path / 'umsaetze_2025' / 'data' / 'umsaetze_2025.csv').read_bytes()) == (0, b'a,b\n1,2\n')
    again = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert (again.returncode, again.stderr) == (1, 'reckoner: umsaetze_2025: the folder is not empty; name a new one\n')


def test_a_folder_may_have_a_slash_behind_it(tmp_path):
    (tmp_path / 'a.csv').write_bytes(b'a,b\n1,2\n')
    result = run('init', '--from', tmp_path / 'a.csv', f'{tmp_path}/prices/')
    assert (result.returncode, (tmp_path / 'prices' / 'data' / 'prices.csv').read_bytes()) == (0, b'a,b\n1,2\n')


@pytest.mark.parametrize('content, message', [
    (b'', 'the file is empty'),
    (b'\n\n', 'the file has no rows'),
    (b'a,b\n', 'the file has no rows below its header'),
    (b'PK\x03\x04\x14\x00\x06\x00', 'is a zip archive, as .xlsx and .ods are: save the sheet as CSV'),
    (b'\x1f\x8b\x08\x00\x00\x00', 'is compressed: unpack it with gunzip'),
    (b'\x00\x01\x02', 'is no text'),
    (b'{"a": [1, 2]}', 'is one object of JSON: rows are an array of objects, or an object a line; take such an array out of it'),
    (b'{"a":\n [1, 2]}', 'is one object of JSON: rows are an array of objects, or an object a line; take such an array out of it'),
    (b'[{"a": 1}, 2]', '2: a value that is no object: rows are an array of objects, or an object a line'),
    (b'[\n]', 'the file has no rows'),
    (b'[{}, {}]', 'the objects have no members'),
    (b'[{"a": 1},\n{"a": ', '2:7: broken JSON: the input is cut short'),
    ('[{"a": 1}]'.encode('utf-16'), 'looks like JSON, which has to be in UTF-8, and is in UTF-16'),
    (b'[' + b','.join(b'{"m%d": 1}' % n for n in range(257)) + b']', 'the objects have more than 256 different members, and an endpoint no more fields'),
    (b'<!DOCTYPE html>\n<p>a,b\n', 'looks like a web page or XML: download the CSV itself'),
])
def test_what_is_no_csv_is_told(tmp_path, content, message):
    result = init(tmp_path, 'bad', content)
    prefix = '' if message[0].isdigit() else 'reckoner: '
    between = ':' if message[0].isdigit() else ': '
    assert (result.returncode, result.stderr) == (1, f'{prefix}{tmp_path}/bad.csv{between}{message}\n')
    assert not (tmp_path / 'bad').exists()


def test_a_folder_and_a_file_that_is_not_there_are_told(tmp_path):
    for file, message in [(tmp_path, 'is no file'), (tmp_path / 'none.csv', 'No such file or directory')]:
        result = run('init', '--from', file, tmp_path / 'app')
        assert (result.returncode, result.stderr) == (1, f'reckoner: {file}: {message}\n')
    result = run('init')
    assert (result.returncode, result.stderr) == (2, 'reckoner: init wants a folder to write the app into\n')


def test_rows_at_the_end_that_might_be_notes_but_begin_as_others_do_are_rows(tmp_path):
    result = init(tmp_path, 'sparse', b'name,a,b\nTo do 1,,\nTo do 2,5,6\nTo do 3,,\nTo do 4,7,8\nTo do 5,,\nTo do 6,,\n')
    assert (result.returncode, result.stderr) == (0, '')
    assert result.stdout.startswith(f'{tmp_path}/sparse.csv: 6 rows of 3 columns, 2 of them numbers')
    assert 'notes' not in result.stdout


@pytest.mark.parametrize('last', [b'6,7', b'6', b'k6,7'])
def test_the_row_that_a_file_is_cut_off_in_is_no_note(tmp_path, last):
    result = init(tmp_path, 'cut', b'a,b,c\n1,2,3\n4,5,6\n' + last)
    assert result.returncode == 1
    assert f'{tmp_path}/cut.csv:4: a row of {1 + last.count(b",")} cells, the others have 3; 1 are so: is the file cut off? Else mend it, or declare @csv short fill' in result.stderr
    assert '@csv until' not in (tmp_path / 'cut' / 'post_cut.sql').read_text()


GRID = [(geo, sex, year) for geo in ('IT1', 'IT2', 'IT3') for sex in (1, 2) for year in range(2019, 2025)]


@pytest.mark.parametrize('store', STORES)
def test_columns_that_tell_rows_apart_together_are_the_key(start, request, tmp_path, store):
    rows = ''.join(f'{geo};Land {geo};{sex};{year};{len(geo) * year + sex}\n' for geo, sex, year in GRID)
    result = init(tmp_path, 'population', f'geo;label;sex;year;value\n{rows}'.encode())
    assert '  key: geo, sex, year, which together are unique in all rows\n' in result.stdout
    options = new_store(store, request)
    tests = run('test', *options, tmp_path / 'population')
    assert (tests.returncode, 'not ok' in tests.stdout) == (0, False), tests.stdout
    server = start(*options, tmp_path / 'population')
    again = server.request('POST', '/population', 'geo;label;sex;year;value\nIT2;x;1;2020;7\nIT9;y;1;2020;8\n', {'Content-Type': 'text/csv'})
    assert (again.status, server.get('/population/IT2/1/2020').json()['value'], server.get('/population/IT9/1/2020').json()['label']) == (201, 7, 'y')
    assert len(server.get('/population?limit=1000').json()) == len(GRID) + 1


@pytest.mark.parametrize('name, content', [
    ('a row comes twice', ''.join(f'{geo},{sex},{year}\n' for geo, sex, year in GRID) + 'IT1,1,2019\n'),
    ('by chance', ''.join(f'IT{n % 12},{n % 17},{n % 7 + 2000}\n' for n in range(40))),
    ('few rows', ''.join(f'{geo},{sex},{year}\n' for geo, sex, year in GRID[:14])),
    ('a value is missing', ''.join(f'{geo},{sex},{year}\n' for geo, sex, year in GRID) + 'IT4,1,\n'),
])
def test_rows_that_are_unique_by_chance_or_not_at_all_have_no_key(tmp_path, name, content):
    result = init(tmp_path, 'none', f'geo,sex,year\n{content}'.encode())
    assert (name, '  key: none was found; the rows are numbered as id\n' in result.stdout) == (name, True)


def test_rows_of_fewer_cells_are_told(tmp_path):
    result = init(tmp_path, 'left_out', FILES['left_out'][0])
    assert '  2 rows have fewer cells than there are columns, the first in line 3: they have no value in the others\n' in result.stdout


@pytest.mark.parametrize('header', [True, False])
def test_of_very_many_columns_as_many_are_taken_as_an_endpoint_may_have(start, tmp_path, header):
    rows = [','.join(str(n * 1000 + i) for i in range(3000)) for n in range(1, 4)]
    head = ','.join(f'q{i}' for i in range(3000)) + '\n' if header else ''
    result = init(tmp_path, 'survey', f'{head}{chr(10).join(rows)}\n'.encode())
    assert (result.returncode, result.stderr) == (0, '')
    assert '  of 3000 columns the first 256 are taken, as many as an endpoint may have\n' in result.stdout
    row = start(tmp_path / 'survey').get('/survey?limit=1').json()[0]
    assert list(row.values())[-2:] == [1254, 1255]
    assert list(row)[-1] == ('q255' if header else 'c256')


def test_a_broken_row_among_quoted_cells_with_tabs_is_told(tmp_path):
    rows = ''.join(f'"{n}"\t"a ""b"" {n}"\n' for n in range(50))
    result = init(tmp_path, 'quoted', f'"n"\t"name"\n{rows}"51"\t"c" d\n"52"\t"x"\n'.encode())
    assert result.returncode == 1
    assert (f'{tmp_path}/quoted.csv:52: a cell goes on behind its closing quote; 1 rows are so: mend them, a quote inside of quotes is written twice\n'
            in result.stderr)
    assert 'quote none' not in (tmp_path / 'quoted' / 'post_quoted.sql').read_text()


def test_amounts_in_several_currencies_are_texts(start, tmp_path):
    init(tmp_path, 'mixed', 'n;amount\n1;5 €\n2;7 $\n'.encode())
    assert start(tmp_path / 'mixed').get('/mixed?limit=1').json() == [{'id': 1, 'n': 1, 'amount': '5 €'}]


def test_rows_that_cannot_go_in_are_told_and_the_app_is_there(tmp_path):
    result = init(tmp_path, 'ragged', b'a,b,c\n1,2,3\n4,5,6,7\n6,7,8\n')
    assert result.returncode == 1
    assert f'{tmp_path}/ragged.csv:3: a row of 4 cells, the others have 3; 1 are so: mend them, for @csv has no word for it' in result.stderr
    assert result.stderr.splitlines()[-1] == (f"reckoner: {tmp_path}/ragged is written, but does not load the file yet: edit it until "
                                              f"'reckoner check {tmp_path}/ragged' is content")
    assert (tmp_path / 'ragged' / 'app.ini').exists()
