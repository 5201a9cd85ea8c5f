# SPDX-License-Identifier: Apache-2.0
"""The register of people: what its own tests/*.http cannot say, which is other data, big numbers and odd bodies."""
import json
import threading
import urllib.parse

import pytest

from known import shared
from server import run

DATE = 'Date of 3rd Grade Graduation'
KEYS = ['ID', 'First', 'Last', 'Age', 'GithubAcct', DATE]
HEADER = ','.join(KEYS)
JSON, NDJSON, CSV, FORM = 'application/json', 'application/x-ndjson', 'text/csv', 'application/x-www-form-urlencoded'
MAX_ID = 999999999999999


@pytest.fixture
def serve(start, tmp_path):
    """Starts the app on a register of these lines, or one of a single person."""
    def begin(*lines, header=HEADER, **options):
        (tmp_path / 'people.csv').write_bytes('\n'.join([header, *(lines or ['1,A,,,,'])]).encode())
        return start('apps/people', '--quiet', '--data', tmp_path, **options)
    return begin


def ids(answer):
    assert answer.status in (200, 201), answer.body
    return [person['ID'] for person in answer.json()]


def last_person(answer):
    assert answer.status == 201, answer.body
    return answer.json()[-1]


# --- the first load

def test_other_data_replaces_the_register(serve):
    server = serve('5,Ana,Lund,,,')
    assert server.get('/people').json() == [dict(zip(KEYS, [5, 'Ana', 'Lund', None, None, None]))]


def test_a_row_whose_id_exists_is_passed_over_with_a_warning_that_names_line_and_id(serve):
    server = serve('7,First,A,,,', '8,,B,,,', '7,Second,A,,,', '"9","two\nlines",,,,', '7,Third,A,,,')
    assert [(person['ID'], person['First']) for person in server.get('/people').json()] == [
        (7, 'First'), (8, None), (9, 'two\nlines')]
    assert [line.rpartition('/')[2] for line in server.stderr.splitlines() if 'skipped' in line] == [
        'people.csv:4: warning: ID: id exists, row skipped (7)', 'people.csv:7: warning: ID: id exists, row skipped (7)']


def test_rows_without_id_get_ids_above_all_of_the_file(serve):
    server = serve(',A,,,,', '30,B,,,,', ',C,,,,')
    assert [(person['ID'], person['First']) for person in server.get('/people').json()] == [(30, 'B'), (31, 'A'), (32, 'C')]


def test_columns_may_come_in_any_order_and_be_left_out(serve):
    server = serve('Lund,4', header='Last,ID')
    assert server.get('/people').json() == [dict(zip(KEYS, [4, None, 'Lund', None, None, None]))]


def test_the_first_load_is_done_once(serve):
    server = serve('1,A,,,,')
    assert ids(server.post('/people', {'First': 'B'})) == [1, 2]
    assert server.stop() == 0
    assert ids(serve('50,Z,,,,').get('/people')) == [1, 2]


def refused_load(tmp_path, content):
    """What a server says that ends since its first load fails."""
    (tmp_path / 'people.csv').write_bytes(content)
    result = run('serve', '--listen', '127.0.0.1:0', '--var', tmp_path / 'var', '--data', tmp_path, 'apps/people')
    assert result.returncode == 1
    return result.stderr


@pytest.mark.parametrize('line, told', [
    ('1,A,,old,,', 'Age: must be an integer from 0 to 150 (old)'), ('x,A,,,,', 'ID: must be an integer from 1 to'),
    ('1,A,,,,2/30/01', f'{DATE}: must be a date, MM/DD/YY or YYYY-MM-DD (2/30/01)'), ('0,A,,,,', 'ID: must be an integer from 1 to'),
    ('1,A,B,1', 'has 4 cells'),
])
def test_a_broken_register_is_refused_as_a_whole_and_the_row_named(tmp_path, line, told):
    assert f'/people.csv:3: {told}' in refused_load(tmp_path, f'{HEADER}\n1,A,,,,\n{line}\n'.encode())


def test_the_register_that_has_a_short_row_is_refused(tmp_path):
    assert '/people.csv:9: ' in refused_load(tmp_path, shared('data/people/people_input_variant.csv').read_bytes())


def test_the_private_endpoint_has_no_route_but_can_be_loaded_through(start, tmp_path):
    server = start('apps/people', '--quiet', var=tmp_path / 'var')
    assert server.post('/people/load', {'First': 'Ana'}).status == 404
    assert server.stop() == 0
    (tmp_path / 'more.csv').write_text('ID,First\n1,Twin\n90,Ana\n')
    result = run('load', '--var', tmp_path / 'var', 'apps/people', 'POST /people/load', tmp_path / 'more.csv')
    assert result.returncode == 0, result.stderr
    people = start('apps/people', '--quiet', var=tmp_path / 'var').get('/people').json()
    assert {1: 'Nora', 90: 'Ana'}.items() <= {person['ID']: person['First'] for person in people}.items()


# --- one person or many

@pytest.mark.parametrize('content_type, body', [
    (JSON, json.dumps(dict(zip(KEYS, [8, 'Zoë', "O'Hara \"Z\"", 9, 'zoe', '6/1/08'])))),
    (JSON, json.dumps([dict(zip(KEYS, [8, 'Zoë', "O'Hara \"Z\"", 9, 'zoe', '2008-06-01']))])),
    (NDJSON, json.dumps(dict(zip(KEYS, [8, 'Zoë', "O'Hara \"Z\"", 9, 'zoe', '06/01/08']))) + '\n'),
    (CSV, f'\ufeff{HEADER}\r\n8,Zoë,"O\'Hara ""Z""",9,zoe,6/01/08\r\n'),
    (FORM, urllib.parse.urlencode(dict(zip(KEYS, [8, 'Zoë', "O'Hara \"Z\"", 9, 'zoe', '6/1/08'])))),
])
def test_every_format_brings_the_same_person(serve, content_type, body):
    answer = serve('1,A,,,,').post('/people', body, content_type)
    assert last_person(answer) == dict(zip(KEYS, [8, 'Zoë', "O'Hara \"Z\"", 9, 'zoe', '2008-06-01']))
    assert list(answer.json()[0]) == KEYS


def test_ids_are_given_out_above_all_there_are_and_all_given_in_the_order_of_rows(serve):
    server = serve('4,A,,,,')
    answer = server.post('/people', [
        {'First': 'B'}, {'ID': 20, 'First': 'C'}, {'First': 'D', 'ID': None}, {'ID': 2, 'First': 'E'}])
    assert [(person['ID'], person['First']) for person in answer.json()] == [
        (2, 'E'), (4, 'A'), (20, 'C'), (21, 'B'), (22, 'D')]
    assert answer.json() == server.get('/people').json()


def test_ids_are_given_out_above_the_largest_one_too(serve):
    server = serve(f'{MAX_ID},A,,,,')
    assert ids(server.post('/people', [{'First': 'B'}, {'First': 'C'}])) == [MAX_ID, MAX_ID + 1, MAX_ID + 2]


def test_a_large_batch_of_people_without_ids(serve):
    server = serve()
    answer = server.post('/people', 'Last\n' + 'Li\n' * 20000, CSV)
    assert ids(answer) == list(range(1, 20002))
    assert server.get('/ids/lastname/Li').json() == list(range(2, 20002))


@pytest.mark.parametrize('given, kept', [
    ('2/29/04', '2004-02-29'), ('2/29/00', '2000-02-29'), ('1/1/01', '2001-01-01'), ('12/31/99', '1999-12-31'),
    ('2004-02-29', '2004-02-29'), ('1899-12-31', '1899-12-31'), (None, None),
])
def test_a_day_has_four_digits_of_the_year(serve, given, kept):
    assert last_person(serve().post('/people', {'First': 'A', DATE: given}))[DATE] == kept


@pytest.mark.parametrize('field, value, code', [
    (DATE, '2/29/01', 'type'), (DATE, '13/45/01', 'type'), (DATE, '2/30/04', 'type'), (DATE, '0/1/04', 'type'),
    (DATE, '6/25/2001', 'type'), (DATE, '25.6.01', 'type'), (DATE, '6/25', 'type'), (DATE, 'June 25', 'type'),
    (DATE, 62501, 'type'), (DATE, '', 'type'),
    ('Age', -1, 'min'), ('Age', 151, 'max'), ('Age', 10**30, None), ('Age', 'old', 'type'), ('Age', '25', 'type'),
    ('Age', 25.5, 'type'), ('Age', True, 'type'), ('Age', [1], None),
    ('ID', 0, 'min'), ('ID', -5, 'min'), ('ID', MAX_ID + 1, 'max'), ('ID', 2**63, None), ('ID', 'x', 'type'),
    ('ID', 1.5, 'type'),
    ('First', 7, 'type'), ('First', 'x' * 201, 'maxlength'), ('Last', 'nul\0', None), ('GithubAcct', {}, None),
    ('Nickname', 'x', 'unknown_field'), ('id', 7, 'unknown_field'), ('first', 'x', 'unknown_field'),
])
def test_what_makes_no_sense_is_refused(serve, field, value, code):
    server = serve('1,A,,,,')
    answer = server.post('/people', [{'First': 'good'}, {'First': 'bad', field: value}] if field != 'First' else
                         [{'Last': 'good'}, {'Last': 'bad', field: value}])
    assert answer.status in ((422,) if code else (400, 422)), answer.body
    if code:
        assert answer.errors('line', 'field', 'code') == [(2, field, code)]
    assert ids(server.get('/people')) == [1]


@pytest.mark.parametrize('person', [{}, {'First': ''}, {'First': None, 'Age': None}, {'ID': None, 'Last': '', DATE: None}])
def test_a_person_of_whom_nothing_is_known_is_refused(serve, person):
    answer = serve().post('/people', [{'First': 'A'}, person])
    assert answer.status == 422
    assert answer.errors('line', 'code') == [(2, 'nothing_is_known_of_this_one')]


@pytest.mark.parametrize('body', [
    '', ' ', '1', '"x"', '[1,2]', '{"First":"x"', '[{"First":"x"},]', 'null', '{"First":"a","First":"b"}'])
def test_what_is_no_person_is_refused(serve, body):
    server = serve('1,A,,,,')
    assert server.post('/people', body).status in (400, 422)
    assert ids(server.get('/people')) == [1]


def test_an_id_that_exists_is_a_conflict_and_nothing_is_changed(serve):
    server = serve('1,A,,,,', '2,B,,,,')
    before = server.get('/people').body
    answer = server.post('/people', [{'ID': 2, 'First': 'Twin'}, {'First': 'New'}, {'ID': 1, 'First': 'Twin'}])
    assert answer.status == 409
    assert answer.errors('line', 'field', 'value', 'code') == [(1, 'ID', '2', 'id_exists'), (3, 'ID', '1', 'id_exists')]
    assert server.get('/people').body == before


def test_an_id_twice_in_a_batch_is_an_error(serve):
    server = serve()
    answer = server.post('/people', 'ID,First\n5,A\n6,B\n5,C\n,D\n,E\n5,F\n', CSV)
    assert answer.status == 422
    assert answer.errors('line', 'field', 'value', 'code') == [(4, 'ID', '5', 'unique'), (7, 'ID', '5', 'unique')]
    assert ids(server.get('/people')) == [1]


def test_of_many_clients_with_one_id_one_gets_it(serve):
    server = serve()
    statuses = []
    clients = [threading.Thread(target=lambda: statuses.append(server.post('/people', {'ID': 5, 'First': 'A'}).status))
               for _ in range(8)]
    for client in clients:
        client.start()
    for client in clients:
        client.join()
    assert sorted(statuses) == [201] + [409] * 7


def test_an_empty_text_is_not_known(serve):
    person = last_person(serve().post('/people', {'First': '', 'Last': 'Li', 'GithubAcct': '', 'Age': 0}))
    assert person == dict(zip(KEYS, [2, None, 'Li', 0, None, None]))


# --- questions

def test_the_youngest_come_first_and_unknown_ages_last(serve):
    server = serve('1,,A,150,,', '2,,A,,,', '3,,A,0,,', '9,,A,7,,', '5,,A,,,', '4,,A,7,,')
    assert ids(server.get('/people/age')) == [3, 4, 9, 1, 2, 5]


@pytest.mark.parametrize('name', [
    'Åkerström', '李', "O'Hara", 'a/b', 'a b', ' a', '%', '_', '+', '"x"', '🦆', 'a\u0301', '?', '#', '{lastname}', 'x' * 199])
def test_any_last_name_finds_its_people_and_nobody_else(serve, name):
    server = serve('1,,Aker,,,')
    assert last_person(server.post('/people', [{'Last': name}, {'Last': name + 'z'}, {'Last': 'z' + name}]))['ID'] == 4
    answer = server.get('/ids/lastname/' + urllib.parse.quote(name, safe=''))
    assert (answer.status, answer.json()) == (200, [2])


def test_a_name_that_is_not_text_is_refused_or_unknown(serve):
    server = serve('1,,A,,,')
    assert server.get('/ids/lastname/%FF').status == 400
    assert server.get('/ids/lastname/%zz').status == 400
    assert server.get('/ids/lastname/' + 'x' * 9000).status == 414


def test_the_register_as_csv_can_be_loaded_again(serve, tmp_path, start):
    server = serve('3,"Lee ""Bo"", Jr.",Åkerström,27,,6/1/08', '9,,"two\nlines",,x,', ',,Li,,,')
    before = server.get('/people').body
    (tmp_path / 'again').mkdir()
    (tmp_path / 'again/people.csv').write_bytes(server.get('/people?format=csv').body)
    again = start('apps/people', '--quiet', '--data', tmp_path / 'again', var=tmp_path / 'var2')
    assert again.get('/people').body == before


def test_ping_is_text(serve):
    answer = serve().get('/ping')
    assert (answer.status, answer.body, answer.headers['Content-Type']) == (200, b'pong', 'text/plain; charset=utf-8')


def test_the_apps_own_tests_pass():
    result = run('test', 'apps/people')
    assert result.returncode == 0, result.stdout + result.stderr
