# SPDX-License-Identifier: Apache-2.0
"""Writes: every body format, every kind of bad row, and that a batch is in whole or not at all."""
import json
import threading

import pytest

from rounds import rounds
from server import write_app
from small_apps import CSV, FORM, JSON, NDJSON, WRITE_APP


@pytest.fixture
def server(start, tmp_path):
    return start(write_app(tmp_path / 'small', WRITE_APP), '--quiet')


WHOLE = {'id': 1, 'grp': 'a', 'day': '2024-02-29', 'price': 3, 'rate': 0.5, 'ok': True, 'at': '2024-01-01T00:00:00.000Z'}


@pytest.mark.parametrize('content_type, body', [
    (JSON, json.dumps(WHOLE)),
    (JSON, json.dumps([WHOLE])),
    (JSON, ' \r\n' + json.dumps([WHOLE], indent=3) + '\n'),
    ('Application/JSON; charset="UTF-8"', b'\xef\xbb\xbf' + json.dumps(WHOLE).encode()),
    (NDJSON, json.dumps(WHOLE)),
    (NDJSON, '\n' + json.dumps(WHOLE) + '\r\n\n'),
    (CSV, 'id,grp,day,price,rate,ok,at\n1,a,2024-02-29,3,0.5,true,2024-01-01T00:00:00Z'),
    ('text/csv; header=present', 'at,ok,id,grp,day,price,rate\r\n2024-01-01T01:00:00+01:00,true,1,a,2024-02-29,3,5e-1\r\n'),
    (CSV, b'\xef\xbb\xbf"id","grp",day,price,rate,ok,at\n"1","a","2024-02-29",3,0.5,true,"2024-01-01T00:00:00Z"\n\n'),
    (FORM, 'id=1&grp=a&day=2024-02-29&price=3&rate=0.5&ok=true&at=2024-01-01T00%3A00%3A00Z'),
])
def test_one_row_in_every_format(server, content_type, body):
    answer = server.post('/rows', body, content_type)
    assert (answer.status, answer.body) == (201, b'[{"inserted":1}]')
    assert server.get('/rows').json() == [WHOLE]


def test_left_out_fields_are_default_or_null(server):
    assert server.post('/rows', [{'id': 1, 'grp': 'a'}, {'id': 2, 'grp': 'b', 'day': None, 'price': None}]).status == 201
    assert server.post('/rows', 'id,grp,day,price\n3,a,,\n', CSV).status == 201
    rows = server.get('/rows').json()
    assert [row['id'] for row in rows] == [1, 2, 3]
    assert all(row['price'] == 7 and row['day'] is None and row['ok'] is None for row in rows)


def check_refused(server, body, content_type, status, errors, total=None):
    answer = server.post('/rows', body, content_type)
    assert answer.status == status, answer.body
    assert answer.errors('line', 'field', 'value', 'code') == errors
    assert answer.json()['errors_total'] == (total or len(errors))
    assert server.get('/rows').body == b'[]'
    return answer


def test_all_bad_rows_are_reported_of_parser_and_rejects_together(server):
    body = 'id,grp,price,day\n1,a,1,\nx,a,1,2024-02-30\n3,zz,1,\n4,a,,\n4,toolong,101,\n1,a,1,\n,a,1,\n'
    check_refused(server, body, CSV, 422, [
        (3, 'id', 'x', 'type'), (3, 'day', '2024-02-30', 'type'), (4, 'grp', 'zz', 'unknown_group'),
        (6, 'grp', 'toolong', 'maxlength'), (6, 'price', '101', 'max'), (7, 'id', '1', 'id_twice_in_the_batch'),
        (8, 'id', None, 'required')])


@pytest.mark.parametrize('row, errors', [
    ({'id': '1', 'grp': 'a'}, [(1, 'id', '1', 'type')]),
    ({'id': 1.5, 'grp': 'a'}, [(1, 'id', '1.5', 'type')]),
    ({'id': True, 'grp': 'a'}, [(1, 'id', 'true', 'type')]),
    ({'id': 2**63, 'grp': 'a'}, [(1, 'id', str(2**63), 'type')]),
    ({'id': 1, 'grp': 5}, [(1, 'grp', '5', 'type')]),
    ({'id': 1, 'grp': 'a', 'ok': 1}, [(1, 'ok', '1', 'type')]),
    ({'id': 1, 'grp': 'a', 'ok': 'true'}, [(1, 'ok', 'true', 'type')]),
    ({'id': 1, 'grp': 'a', 'rate': '1'}, [(1, 'rate', '1', 'type')]),
    ({'id': [1], 'grp': {}}, [(1, 'id', '', 'type'), (1, 'grp', '', 'type')]),
    ({'id': None, 'grp': ''}, [(1, 'id', None, 'required'), (1, 'grp', None, 'required')]),
    ({}, [(1, 'id', None, 'required'), (1, 'grp', None, 'required')]),
    ({'id': 1, 'grp': 'a\0'}, [(1, 'grp', 'a\0', 'type')]),
    ({'id': 1, 'grp': 'a', 'other': 1}, [(1, 'other', None, 'unknown_field')]),
    (5, [(1, None, None, 'type')]),
])
def test_wrong_types_in_json(server, row, errors):
    check_refused(server, json.dumps([row]), JSON, 422, errors)


@pytest.mark.parametrize('content_type, body, status, errors', [
    (JSON, '{"id": 1, "grp": "a", "id": 2}', 422, [(1, 'id', None, 'duplicate_field')]),
    (NDJSON, '{"id": 1, "grp": "a"}\n\n{"id": 2}\n', 422, [(3, 'grp', None, 'required')]),
    (CSV, 'id,grp,id\n1,a,1\n', 422, [(1, 'id', None, 'duplicate_field')]),
    (CSV, 'id,grp,other\n1,a,1\n', 422, [(1, 'other', None, 'unknown_field')]),
    (CSV, 'id\n1\n', 422, [(1, 'grp', None, 'required')]),
    (CSV, 'id,grp\n1,a\n2,a,3\n4\n', 422, [(3, None, None, 'ragged_row'), (4, None, None, 'ragged_row')]),
    (CSV, 'id,grp\n"1","a\nb\nc"\n2,zz\n', 422, [(2, 'grp', 'a\nb\nc', 'unknown_group'), (5, 'grp', 'zz', 'unknown_group')]),
    (FORM, 'id=1&grp=a&id=2&x=1', 422, [(1, 'id', None, 'duplicate_field'), (1, 'x', None, 'unknown_field')]),
])
def test_wrong_rows(server, content_type, body, status, errors):
    check_refused(server, body, content_type, status, errors)


@pytest.mark.parametrize('content_type, body, line, column', [
    (JSON, '', None, None),
    (JSON, '   ', None, None),
    (JSON, '[]', None, None),
    (JSON, '[{"id": 1, "grp": "a"},\n {"id": 2,, "grp": "a"}]', 2, None),
    (JSON, '[{"id": 1, "grp": "a"}', None, None),
    (JSON, '[{"id": 1, "grp": "a"}] x', 1, None),
    (JSON, '5', None, None),
    (JSON, b'[{"id": 1, "grp": "\xff"}]', 1, None),
    (JSON, '{"id": 1, "grp": "a"}{"id": 2, "grp": "a"}', 1, None),
    (NDJSON, '{"id": 1, "grp": "a"}\n{"id": 2\n', 2, None),
    (NDJSON, '', None, None),
    (CSV, '', None, None),
    (CSV, 'id,grp\n', None, None),
    (CSV, 'id,grp\n1,"a\n', None, None),
    (CSV, 'id,grp\n1,a"b\n', 2, None),
    (FORM, '', None, None),
    (FORM, 'id=%zz', None, None),
])
def test_broken_bodies_are_400(server, content_type, body, line, column):
    answer = server.post('/rows', body, content_type)
    assert answer.status in (400, 422), answer.body
    assert answer.headers['Content-Type'] == 'application/problem+json'
    if answer.status == 400:
        assert answer.json()['detail']
        if line is not None:
            assert answer.json()['line'] == line
    assert server.get('/rows').body == b'[]'


@pytest.mark.parametrize('content_type', [None, 'text/plain', 'application/json; charset=latin1', 'application/jsonx', 'json'])
def test_other_media_types_are_415(server, content_type):
    headers = {'Content-Type': content_type} if content_type else {}
    answer = server.request('POST', '/rows', b'{"id": 1, "grp": "a"}', headers)
    assert answer.status == 415
    assert 'text/csv' in answer.headers['Accept-Post']


@pytest.mark.parametrize('coding, status', [('br', 415), ('identity, deflate', 415), ('gzip', 400), ('identity, zstd', 400), ('identity', 201),
                                            (', Identity ,', 201), ('', 201)])
def test_a_body_that_is_not_in_its_coding_is_refused(server, coding, status):
    headers = {'Content-Type': JSON, 'Content-Encoding': coding}
    assert server.request('POST', '/rows', b'{"id": 1, "grp": "a"}', headers).status == status


def test_only_the_first_thousand_bad_rows_are_listed(server):
    body = 'id,grp\n' + ''.join(f'{i},{"a" if i % 2 else "zz"}\n' for i in range(5000))
    answer = server.post('/rows', body, CSV)
    assert answer.status == 422
    assert answer.json()['errors_total'] == 2500
    lines = [line for line, in answer.errors('line')]
    assert lines == list(range(2, 2002, 2))


def test_a_key_that_exists_is_409_and_nothing_is_written(server):
    assert server.post('/unchecked', [{'id': 1, 'grp': 'a'}]).status == 201
    answer = server.post('/unchecked', [{'id': 2, 'grp': 'a'}, {'id': 1, 'grp': 'a'}])
    assert answer.status == 409 and answer.json()['title'] == 'Conflict'
    assert [row['id'] for row in server.get('/rows').json()] == [1]


@pytest.mark.parametrize('row', [{'id': 2, 'grp': 'nobody'}, {'id': 2, 'grp': 'a', 'price': 13}])
def test_other_constraints_are_422_and_nothing_is_written(server, row):
    assert server.post('/unchecked', [{'id': 1, 'grp': 'a'}, row]).status == 422
    assert server.get('/rows').body == b'[]'


def test_warnings_stand_beside_the_answer(server):
    assert server.post('/groups', [{'name': 'c'}, {'name': 'a'}, {'name': 'b'}]).json() == {
        'answer': [{'groups': 3}],
        'warnings': [
            {'line': 2, 'field': 'name', 'value': 'a', 'code': 'group_is_known', 'detail': 'group is known'},
            {'line': 3, 'field': 'name', 'value': 'b', 'code': 'group_is_known', 'detail': 'group is known'}],
        'warnings_total': 2}
    assert server.post('/groups', [{'name': 'd'}]).json() == {
        'answer': [{'groups': 4}], 'warnings': [], 'warnings_total': 0}


def test_endpoints_with_different_fields_take_turns(server):
    for i in range(1, 20):
        assert server.post('/rows', [{'id': i, 'grp': 'a'}]).status == 201
        assert server.post('/groups', [{'name': f'g{i}'}]).status == 200
    assert len(server.get('/rows').json()) == 19


@pytest.mark.threads
def test_batches_that_come_together_are_each_whole_or_not_at_all(server):
    """Good ones and bad ones at once share commits; each keeps to itself."""
    results = {}

    def send(i):
        rows = [{'id': i * 100 + k, 'grp': 'a'} for k in range(50)]
        if i % 3 == 0:
            rows.append({'id': i * 100, 'grp': 'a'})  # twice in the batch: a conflict that only the database sees
        results[i] = server.post('/unchecked', rows).status

    threads = [threading.Thread(target=send, args=(i,)) for i in range(60)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == {i: 409 if i % 3 == 0 else 201 for i in range(60)}
    ids = [row['id'] for row in server.get('/rows').json()]
    assert ids == [i * 100 + k for i in range(60) if i % 3 for k in range(50)]


@pytest.mark.threads
def test_what_was_acknowledged_is_read_at_once(server):
    for i in range(rounds(200, 5000)):  # the read handles are idle: whichever is asked has its last snapshot still
        assert server.post('/rows', [{'id': i, 'grp': 'a'}]).status == 201
        assert server.get('/rows').json()[-1]['id'] == i


def test_chunked_bodies_and_expect_continue(server):
    with server.connect() as connection:
        connection.sendall(b'POST /rows HTTP/1.1\r\nHost: a\r\nContent-Type: text/csv\r\nExpect: 100-continue\r\n'
                           b'Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n')
        assert connection.recv(1000) == b'HTTP/1.1 100 Continue\r\n\r\n'
        for piece in [b'id,', b'grp\n1', b',a\n', b'2,b']:
            connection.sendall(b'%x\r\n%s\r\n' % (len(piece), piece))
        connection.sendall(b'0\r\n\r\n')
        received = b''
        while data := connection.recv(1000):
            received += data
    assert received.startswith(b'HTTP/1.1 201 Created\r\n') and received.endswith(b'[{"inserted":2}]')
