# SPDX-License-Identifier: Apache-2.0
"""Reads: parameters, types, JSON, status codes, over a small app of every type."""
import json
import urllib.parse

import pytest

from server import Server, write_app
from small_apps import READ_APP


@pytest.fixture(scope='module')
def server(tmp_path_factory):
    app = write_app(tmp_path_factory.mktemp('reads') / 'small', READ_APP)
    server = Server(app, var=tmp_path_factory.mktemp('var'))
    yield server
    assert server.stop() == 0


def test_rows_are_an_array_of_objects_in_column_order(server):
    answer = server.get('/things')
    assert answer.status == 200
    assert answer.headers['Content-Type'] == 'application/json'
    assert answer.headers['Cache-Control'] == 'no-cache'
    assert answer.headers['Date']
    assert answer.body.decode() == (
        '[{"id":1,"name":"plain","size":1.5,"made":"2020-02-29"},'
        '{"id":2,"name":"quo\\"te \\\\ tab\\té 漢 🚢","size":null,"made":null},'
        '{"id":3,"name":"","size":1e+300,"made":null},'
        '{"id":9223372036854775807,"name":"last","size":-0.1,"made":null}]')


def test_no_rows_are_an_empty_array(server):
    assert server.get('/things?name=nobody').body == b'[]'


def test_values_come_back_as_their_types(server):
    query = urllib.parse.urlencode({'t': 'é&=+', 'i': '-5', 'n': '0.5', 'b': 'true', 'd': '2024-02-29',
                                    'ts': '2024-01-01T01:30:00.250+01:00', 'c': 'green'})
    assert server.get('/echo?' + query).json() == [
        {'t': 'é&=+', 'i': -5, 'n': 0.5, 'b': True, 'd': '2024-02-29', 'ts': '2024-01-01T00:30:00.250Z', 'c': 'green'}]


def test_absent_parameters_are_their_default_or_null(server):
    assert server.get('/echo?t=x').json() == [
        {'t': 'x', 'i': 7, 'n': None, 'b': None, 'd': None, 'ts': None, 'c': None}]


@pytest.mark.parametrize('query, expected', [
    ('', [('t', 'required', 'is required', None)]),
    ('t=', [('t', 'required', 'is required', None)]),
    ('t', [('t', 'required', 'is required', None)]),
    ('t=abcdef', [('t', 'maxlength', 'must be text of at most 5 characters', 'abcdef')]),
    ('t=%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9', []),
    ('t=a&t=a', [('t', 'repeated', 'is given more than once', None)]),
    ('t=%zz', [('t', 'encoding', 'is badly percent-encoded', '%zz')]),
    ('t=%4', [('t', 'encoding', 'is badly percent-encoded', '%4')]),
    ('t=%FF', [('t', 'type', 'must be text of at most 5 characters', '\ufffd')]),
    ('t=a%00b', [('t', 'type', 'must be text of at most 5 characters', 'a\0b')]),
    ('t=a&i=11', [('i', 'max', 'must be an integer from -5 to 10', '11')]),
    ('t=a&i=-6', [('i', 'min', 'must be an integer from -5 to 10', '-6')]),
    ('t=a&i=1.5', [('i', 'type', 'must be an integer from -5 to 10', '1.5')]),
    ('t=a&i=1e1', [('i', 'type', 'must be an integer from -5 to 10', '1e1')]),
    ('t=a&i=99999999999999999999', [('i', 'type', 'must be an integer from -5 to 10', '99999999999999999999')]),
    ('t=a&i=+-', [('i', 'type', 'must be an integer from -5 to 10', ' -')]),
    ('t=a&n=nan', [('n', 'type', 'must be a number of at least 0.5', 'nan')]),
    ('t=a&n=inf', [('n', 'type', 'must be a number of at least 0.5', 'inf')]),
    ('t=a&n=1e999', [('n', 'type', 'must be a number of at least 0.5', '1e999')]),
    ('t=a&n=0.4', [('n', 'min', 'must be a number of at least 0.5', '0.4')]),
    ('t=a&b=yes', [('b', 'type', 'must be true or false', 'yes')]),
    ('t=a&c=blue', [('c', 'in', 'must be one of red, green', 'blue')]),
    ('i=x&d=2016-02-30&c=', [('i', 'type', 'must be an integer from -5 to 10', 'x'),
                             ('d', 'type', 'must be a date, YYYY-MM-DD, not before 2000-01-01', '2016-02-30'),
                             ('t', 'required', 'is required', None)]),
])
def test_bad_parameters_are_named_all_at_once(server, query, expected):
    answer = server.get('/echo?' + query)
    if not expected:
        assert answer.status == 200
        return
    assert answer.status == 400
    assert answer.json()['title'] == 'Bad Request' and answer.json()['status'] == 400
    assert answer.errors('parameter', 'code', 'detail', 'value') == expected
    assert answer.json()['errors_total'] == len(expected)


@pytest.mark.parametrize('day', ['2016-02-30', '2015-02-29', '2016-1-6', '16-01-06', '2016-13-01', '2016-00-10',
                                 '2016-01-00', '2016-01-32', '0000-01-01', '10000-01-01', ' 2016-01-01', '2016-01-01 ',
                                 '２０１６-01-01', '2016/01/01', '-2016-01-01', '2016-01-01T00:00:00Z', '20160101'])
def test_what_is_no_day_is_refused(server, day):
    assert server.get('/days?b=2020-01-01&a=' + urllib.parse.quote(day)).errors('parameter', 'code') == [('a', 'type')]


def test_calendar_gives_every_day(server):
    days = [row['day'] for row in server.get('/days?a=2019-12-30&b=2020-03-01').json()]
    assert days[0] == '2019-12-30' and days[-1] == '2020-03-01' and len(days) == 63 and '2020-02-29' in days
    assert server.get('/days?a=2020-01-02&b=2020-01-01').body == b'[]'


def test_unknown_parameters_are_ignored_unless_strict(server):
    assert server.get('/echo?t=a&%zz=1').errors('parameter', 'code') == [('%zz', 'encoding')]
    assert server.get('/echo?t=a&x=1').status == 200
    answer = server.get('/strict?a=1&x=1')
    assert answer.status == 400
    assert answer.errors('parameter', 'code') == [('x', 'unknown_parameter')]


def test_the_first_reject_with_rows_decides(server):
    answer = server.get('/rejects?a=5&b=4')
    assert answer.status == 400
    assert answer.errors('parameter', 'value', 'code', 'detail') == [
        ('a', '5', 'a_is_larger_than_b', 'a is larger than b')]
    answer = server.get('/rejects?a=5&b=6')
    assert answer.status == 404
    assert answer.errors('parameter', 'detail') == [('a', 'no such thing'), ('b', 'no such thing')]
    assert answer.json()['detail'] == 'no such thing'
    assert server.get('/rejects?a=1&b=2').json() == [{'id': 1}, {'id': 2}]


def test_head_is_get_without_the_body(server):
    get, head = server.get('/things'), server.request('HEAD', '/things')
    assert head.status == 200 and head.body == b''
    assert head.headers['Content-Length'] == get.headers['Content-Length'] == str(len(get.body))


@pytest.mark.parametrize('method, path, status, allow', [
    ('GET', '/nothing', 404, None),
    ('GET', '/things/', 404, None),
    ('GET', '/Things', 404, None),
    ('GET', '/-/nothing', 404, None),
    ('GET', '/th%69ngs', 200, None),
    ('GET', '/th%zzings', 400, None),
    ('POST', '/things', 405, 'GET, HEAD, OPTIONS'),
    ('DELETE', '/things', 405, 'GET, HEAD, OPTIONS'),
    ('POST', '/-/livez', 405, 'GET, HEAD, OPTIONS'),
    ('OPTIONS', '/things', 204, 'GET, HEAD, OPTIONS'),
    ('GET', '/-/livez', 200, None),
    ('GET', '/-/readyz', 200, None),
    ('HEAD', '/-/readyz', 200, None),
])
def test_paths_and_methods(server, method, path, status, allow):
    answer = server.request(method, path)
    assert (answer.status, answer.headers['Allow']) == (status, allow)


JSON, NDJSON, CSV = 'application/json', 'application/x-ndjson', 'text/csv; charset=utf-8; header=present'


@pytest.mark.parametrize('accept, content_type', [
    ('*/*', JSON), (JSON, JSON), ('Application/JSON', JSON), ('application/*', JSON), ('text/html, */*;q=0.1', JSON),
    ('application/json;q=0.001', JSON), ('', JSON), (NDJSON, NDJSON), ('text/csv', CSV), ('application/xml, text/*', CSV),
    ('application/json;q=0.5, text/csv', CSV), ('text/csv;q=0.5, application/json;q=0.4, */*;q=0.1', CSV),
])
def test_accept_chooses_the_format(server, accept, content_type):
    answer = server.get('/things', Accept=accept)
    assert (answer.status, answer.headers['Content-Type']) == (200, content_type)
    assert answer.headers['Vary'] == 'Accept, Accept-Encoding'


@pytest.mark.threads
@pytest.mark.parametrize('accept', [
    'text/html', 'application/json;q=0', '*/*;q=0, image/png', 'application/*;q=0, text/*;q=0, */*',
])
def test_an_accept_that_leaves_everything_out_is_406(server, accept):
    answer = server.get('/things', Accept=accept)
    assert answer.status == 406
    assert all(word in answer.json()['detail'] for word in ('application/json', 'application/x-ndjson', 'text/csv'))


def test_a_statement_over_its_time_is_504(server):
    answer = server.get('/slow')
    assert answer.status == 504
    assert json.loads(answer.body)['title'] == 'Gateway Timeout'


def test_our_own_failure_is_500_with_an_id_that_the_log_has(server):
    answer = server.get('/wrong')
    assert answer.status == 500
    assert len(answer.json()['request']) == 16
    while f"request {answer.json()['request']}: GET /wrong: " not in server.stderr:
        assert server.read_stderr(10)
    assert '/get_wrong.sql:4:1: column a is declared integer' in server.stderr


def test_readers_cannot_be_made_to_write_by_a_value(server):
    evil = urllib.parse.quote("'; DROP TABLE things; --"[:10])
    assert server.get('/things?name=' + evil).body == b'[]'
    assert len(server.get('/things').json()) == 4


def test_a_target_with_its_host_and_no_path_may_have_a_query(server):
    with server.connect() as connection:
        connection.sendall(b'GET http://h?' + b'z' * 400 + b' HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n')
        assert connection.recv(1000).startswith(b'HTTP/1.1 307')  # as for /: to the documentation
    assert server.get('/-/livez').status == 200
