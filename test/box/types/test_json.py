# SPDX-License-Identifier: Apache-2.0
"""JSON in values and answers: what came in is what goes out, rows within rows are the same bytes on both stores, and lists are arrays."""
import re

import pytest

from server import ROOT, STORES, Server, new_store, wait_until, write_app

GUIDE = (ROOT / 'docs' / 'guide.md').read_text(encoding='utf-8')
RECIPE = dict(re.findall(r'^`(get_books[^`]+)`:\n```sql\n(.*?)^```$', GUIDE, re.MULTILINE | re.DOTALL))
APP = {
    **RECIPE,
    'schema/001_books.sql': '''CREATE TABLE books (id bigint PRIMARY KEY, title text NOT NULL, meta json, tags text, days text);
CREATE TABLE loans (id bigint PRIMARY KEY, book bigint NOT NULL, reader text NOT NULL);
INSERT INTO books (id, title) VALUES (1, 'Dune'), (2, 'Emma');
INSERT INTO loans VALUES (8, 1, 'Bo "B" é'), (7, 1, 'Ada / Co');
''',
    'post_books.sql': '''-- @endpoint POST /books
-- @field id integer required
-- @field title text default x
-- @field meta json required
-- @field tags text list maxlength 5
-- @field days date list format "%d.%m.%Y"
-- @column meta json
-- @column tags text list
-- @column days date list
-- @write
INSERT INTO books (id, title, meta, tags, days) SELECT id, title, meta, tags, days FROM batch;
-- @answer 201
SELECT meta, tags, days, (SELECT count(*) FROM list(batch.tags)) AS n FROM batch ORDER BY line;
''',
    'get_meta.sql': '-- @endpoint GET /meta/{id}\n-- @param id integer\n-- @shape value\n-- @answer\n'
                    "SELECT meta ->> 'a' AS a FROM books WHERE id = :id;\n",
    'get_wrong.sql': "-- @endpoint GET /wrong\n-- @column facts json\n-- @answer\nSELECT title || ' {' AS facts FROM books WHERE id = 1;\n",
}


@pytest.fixture(scope='module', params=STORES)
def server(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp('json')
    started = Server('--quiet', write_app(folder / 'books', APP), *new_store(request.param, request), var=folder / 'var')
    yield started
    assert started.stop() == 0, started.stderr


def test_the_guide_s_rows_within_rows(server):
    assert len(RECIPE) == 2
    assert server.get('/books').body.decode() == (
        '[{"id":1,"title":"Dune","loans":[{"id":7,"reader":"Ada / Co"},{"id":8,"reader":"Bo \\"B\\" é"}]},{"id":2,"title":"Emma","loans":[]}]')
    assert server.get('/books?format=csv').body.decode().splitlines()[1] == \
        '1,Dune,"[{""id"":7,""reader"":""Ada / Co""},{""id"":8,""reader"":""Bo \\""B\\"" é""}]"'


def test_objects_go_in_and_lists_are_arrays(server):
    rows = '[{"id":10,"meta":{"b" : 1.50,"a":"x","a2":[ ]},"tags":["p","q, r"],"days":["31.12.2025","1.2.2026"]},{"id":11,"meta":[1],"tags":[],"days":null}]'
    answer = server.post('/books', rows)
    assert (answer.status, answer.body.decode()) == (
        201, '[{"meta":{"b":1.50,"a":"x","a2":[]},"tags":["p","q, r"],"days":["2025-12-31","2026-02-01"],"n":2},{"meta":[1],"tags":null,"days":null,"n":0}]')
    assert server.get('/meta/10').body == b'"x"'
    ndjson = server.post('/books', '{"id":12,"meta":{"a":[{"c":"\\ud83d\\ude00"}]}}\n', 'application/x-ndjson')
    assert ndjson.body.decode() == '[{"meta":{"a":[{"c":"😀"}]},"tags":null,"days":null,"n":0}]'
    csv = server.post('/books', 'id,meta,tags\n13,"{""a"": 1}","x,y"\n', 'text/csv')
    assert csv.body.decode() == '[{"meta":{"a":1},"tags":["x","y"],"days":null,"n":2}]'


def test_what_is_no_json_or_no_list_is_told(server):
    answer = server.post('/books', 'id,meta,tags\n20,{a:1},x\n21,[1,x\n22,"[1] 2",x\n23,"{""a"":1,}",x\n24,,x\n25,1,"[""a"",[1]]"\n', 'text/csv')
    assert answer.errors('line', 'field', 'code') == [(2, 'meta', 'type'), (3, 'meta', 'type'), (4, 'meta', 'type'), (5, 'meta', 'type'),
                                                      (6, 'meta', 'required'), (7, 'tags', 'type')]
    answer = server.post('/books', '[{"id":1,"meta":{},"tags":["toolong"]},{"id":2,"meta":{},"tags":"a"},{"id":3,"meta":null}]')
    assert answer.errors('line', 'field', 'code') == [(1, 'tags', 'maxlength'), (2, 'tags', 'type'), (3, 'meta', 'required')]
    answer = server.post('/books', '[{"id":1,"meta":{},"tags":["a","toolong"],"days":["1.2.2026","1.2.2026,2.2.2026"]}]')
    assert answer.errors('field', 'value') == [('tags', 'toolong'), ('days', '1.2.2026,2.2.2026')]
    answer = server.post('/books', 'id,meta,tags,days\n1,1,"[""a"",""toolong""]","1.2.2026,31.2.2026"\n', 'text/csv')
    assert answer.errors('field', 'value') == [('tags', 'toolong'), ('days', '31.2.2026')]
    assert server.post('/books', '[{"id":1,"meta":{"a":[1,}}]').status == 400
    deep = '[' * 63 + ']' * 63
    assert server.post('/books', '{"id":1,"meta":' + deep + '}').status == 409
    assert server.post('/books', '{"id":1,"meta":[' + deep + ']}').status == 413
    assert server.post('/books', '{"id":1,"meta":["' + 'x' * (1 << 20) + '"]}').status == 413


def test_a_column_that_is_no_json_is_500_and_named_in_the_log(server):
    answer = server.get('/wrong')
    assert answer.status == 500
    wait_until(lambda: server.read_stderr(0.1) and 'column facts is declared json, and a row has Dune {' in server.stderr)
