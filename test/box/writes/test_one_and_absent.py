# SPDX-License-Identifier: Apache-2.0
"""Endpoints that take exactly one row, and rows that leave fields out: what was sent is changed, and nothing else."""
import json

import pytest

from server import STORES, new_store, run, write_app
from small_apps import CSV, FORM, JSON, NDJSON

FIELDS = '-- @field title text name "Title"\n-- @field fine integer default 5 min 0\n-- @field day date\n'
APP = {
    'schema/001_books.sql': '''CREATE TABLE books (id bigint PRIMARY KEY, title text, fine bigint, day date);
INSERT INTO books VALUES (1, 'one', 10, '2026-01-01'), (2, 'two', 20, '2026-01-02');''',
    'patch_book.sql': '-- @endpoint PATCH /books/{id}\n-- @param id integer\n-- @one\n' + FIELDS + '''-- @shape object
-- @write
UPDATE books SET title = CASE WHEN b.has_title THEN b.title ELSE books.title END,
                 fine = CASE WHEN b.has_fine THEN b.fine ELSE books.fine END,
                 day = CASE WHEN has_day THEN b.day ELSE books.day END
FROM batch AS b WHERE id = :id;
-- @answer
SELECT title, fine, day FROM books WHERE id = :id;
''',
    'post_books.sql': '-- @endpoint POST /told\n' + FIELDS + '''-- @column title boolean
-- @column fine boolean
-- @reject 422 no title
SELECT line FROM batch WHERE NOT has_title AND has_day;
-- @write
UPDATE books SET fine = fine;
-- @answer
SELECT line, has_title AS title, has_fine AS fine, fine AS value FROM batch ORDER BY line;
''',
    'get_book.sql': '-- @endpoint GET /books/{id}\n-- @param id integer\n-- @shape object\n-- @answer\nSELECT title, fine, day FROM books WHERE id = :id;\n',
}


@pytest.fixture(scope='module', params=STORES)
def server(request, tmp_path_factory):
    from server import Server
    folder = tmp_path_factory.mktemp('one')
    server = Server(write_app(folder / 'small', APP), '--quiet', *new_store(request.param, request), var=folder / 'var')
    yield server
    assert server.stop() == 0, server.stderr


def patch(server, body, content_type=JSON, id=1):
    body = body if isinstance(body, str) else json.dumps(body)
    return server.request('PATCH', f'/books/{id}', body.encode(), {'Content-Type': content_type})


@pytest.mark.parametrize('body, content_type, line', [
    ([{'Title': 'a'}, {'Title': 'b'}], JSON, 2),
    ([{'Title': 'a'}, 7], JSON, 2),
    ('{"Title": "a"}\n\n{"Title": "b"}\n', NDJSON, 3),
    ('Title\na\nb\nc\n', CSV, 3),
    ('Title\na\n"b"c\n', CSV, 3),
])
def test_a_second_row_is_refused_with_its_line(server, body, content_type, line):
    before = server.get('/books/1').body
    answer = patch(server, body, content_type)
    assert (answer.status, answer.errors('line', 'code')) == (422, [(line, 'one')]), answer.body
    assert answer.json()['errors'][0]['detail'] == 'is a second row, and this endpoint takes exactly one: send them one by one'
    assert server.get('/books/1').body == before


@pytest.mark.parametrize('body, content_type', [('[]', JSON), ('Title\n', CSV)])
def test_no_row_is_refused_as_well(server, body, content_type):
    answer = patch(server, body, content_type)
    assert (answer.status, answer.errors('line', 'code', 'detail')) == (
        422, [(None, 'one', 'the body has no row, and this endpoint takes exactly one')])


@pytest.mark.parametrize('body, content_type', [
    ({'Title': 'x'}, JSON), ([{'Title': 'x'}], JSON), ('{"Title": "x"}\n', NDJSON), ('Title\nx\n', CSV), ('Title=x', FORM)])
def test_only_what_was_sent_is_changed(server, body, content_type):
    assert patch(server, {'Title': 'one', 'fine': 10, 'day': '2026-01-01'}).status == 200
    assert patch(server, body, content_type).json() == {'title': 'x', 'fine': 10, 'day': '2026-01-01'}
    assert patch(server, {}).json() == {'title': 'x', 'fine': 10, 'day': '2026-01-01'}


@pytest.mark.parametrize('body, content_type', [
    ({'Title': None, 'day': None}, JSON), ('{"Title": null, "day": null}', NDJSON), ('day,Title\n,\n', CSV), ('Title=&day=', FORM)])
def test_null_is_something_that_was_sent(server, body, content_type):
    assert patch(server, {'Title': 'one', 'fine': 10, 'day': '2026-01-01'}).status == 200
    assert patch(server, body, content_type).json() == {'title': None, 'fine': 10, 'day': None}


def test_each_row_tells_for_itself_and_a_default_was_not_sent(server):
    rows = [{'Title': 'a'}, {'fine': 7}, {}, {'fine': None, 'Title': None}]
    assert server.post('/told', rows).json() == [
        {'line': 1, 'title': True, 'fine': False, 'value': 5}, {'line': 2, 'title': False, 'fine': True, 'value': 7},
        {'line': 3, 'title': False, 'fine': False, 'value': 5}, {'line': 4, 'title': True, 'fine': True, 'value': 5}]
    assert server.post('/told', 'fine\n1\n2\n', CSV).json() == [
        {'line': 2, 'title': False, 'fine': True, 'value': 1}, {'line': 3, 'title': False, 'fine': True, 'value': 2}]
    answer = server.post('/told', [{'Title': 'a', 'day': '2026-01-01'}, {'day': '2026-01-01'}])
    assert (answer.status, answer.errors('line', 'code')) == (422, [(2, 'no_title')])


@pytest.mark.parametrize('store', STORES)
def test_a_file_that_is_loaded_or_explained_leaves_things_out_as_well(tmp_path, store, request):
    app, options = write_app(tmp_path / 'small', APP), new_store(store, request) or ['--var', str(tmp_path / 'var')]
    (tmp_path / 'a.csv').write_text('fine\n3\n')
    done = run('load', *options, app, 'POST /told', tmp_path / 'a.csv')
    assert done.returncode == 0 and '"title":false,"fine":true' in done.stdout, done
    explained = run('explain', *options, app, 'PATCH /books/2', tmp_path / 'a.csv')
    assert explained.returncode == 0, explained
    (tmp_path / 'b.csv').write_text('fine\n3\n4\n')
    explained = run('explain', *options, app, 'PATCH /books/2', tmp_path / 'b.csv')
    assert "is a second row" in explained.stderr, explained


def test_a_path_of_one_thing_without_one_is_told_by_check(tmp_path):
    files = APP | {'patch_book.sql': APP['patch_book.sql'].replace('-- @one\n', '')}
    checked = run('check', write_app(tmp_path / 'small', files))
    assert checked.returncode == 0
    assert 'patch_book.sql:1:4: warning: its path names one thing, and its body may have many rows: if it takes exactly one, say @one' in checked.stderr
    assert 'warning' not in run('check', write_app(tmp_path / 'small', APP)).stderr
