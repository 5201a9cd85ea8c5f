# SPDX-License-Identifier: Apache-2.0
"""What a client sends and a statement of a read cannot work with: 400 with the parameter, and no line in the log."""
import pytest

from server import STORES, new_store, write_app

SCHEMA = {
    'sqlite': '''CREATE TABLE docs (id integer PRIMARY KEY, body text);
CREATE VIRTUAL TABLE docs_fts USING fts5(body);
INSERT INTO docs VALUES (1, 'a calm sea'), (2, '{secret');
INSERT INTO docs_fts (rowid, body) VALUES (1, 'a calm sea');
''',
    'postgresql': '''CREATE TABLE docs (id bigint PRIMARY KEY, body text);
INSERT INTO docs VALUES (1, 'a calm sea'), (2, '{secret');
CREATE FUNCTION refuse(v text) RETURNS text LANGUAGE plpgsql STABLE AS
  $$ BEGIN IF v = 'no' THEN RAISE EXCEPTION 'not this one'; END IF; RETURN v; END $$;
''',
}

# An endpoint's parameters and statement, and queries that it cannot answer, each with the parameter that is to blame.
CASES = {
    'sqlite': [
        ('q text', "SELECT rowid AS id FROM docs_fts WHERE docs_fts MATCH :q",
         ["q=don't", 'q=C%2B%2B', 'q=(', 'q=%22', 'q=col:x', 'q=NEAR(', 'q=*', 'q=^', 'q=body:', 'q=a+AND']),
        ('n integer', 'SELECT abs(:n) AS x', ['n=-9223372036854775808']),
        ('n integer', 'SELECT sum(column1) AS x FROM (VALUES (9223372036854775807), (:n))', ['n=1']),
        ('j text', "SELECT json_extract(:j, '$.a') AS x", ['j={', "j={'a':1}x", 'j=nothing']),
        ('p text', "SELECT json_extract('{}', :p) AS x", ['p=a', 'p=$[', 'p=$.']),
        ('e text', "SELECT 'a' LIKE '%' ESCAPE :e AS x", ['e=ab']),
        ('l text', "SELECT 'a' LIKE :l AS x", ['l=' + '%25' * 1001]),
        ('n integer', 'SELECT length(zeroblob(:n)) AS x', ['n=2000000000', 'n=9000000000000000000']),
        ('d text', "SELECT count(*) AS x FROM calendar(:d, '2020-01-01')", ['d=2020-13-01']),
        ('d text', 'SELECT distance_m(:d, 1, 2, 3) AS x', ['d=north']),
    ],
    'postgresql': [
        ('q text', 'SELECT id FROM docs WHERE body ~* :q', ['q=(', 'q=[', 'q=*', 'q=a{2,1}', 'q=%5C']),
        ('q text', "SELECT id FROM docs WHERE to_tsvector('simple', body) @@ to_tsquery('simple', :q)", ['q=a+b', 'q=(', 'q=%26']),
        ('n integer', 'SELECT 10 / :n AS x', ['n=0']),
        ('n integer', 'SELECT 10 % :n AS x', ['n=0']),
        ('n integer', 'SELECT :n + 1 AS x', ['n=9223372036854775807']),
        ('n number', 'SELECT ln(:n) AS x', ['n=0', 'n=-1']),
        ('n number', 'SELECT CAST(:n AS integer) AS x', ['n=1e300']),
        ('v text', 'SELECT CAST(:v AS integer) AS x', ['v=abc', 'v=99999999999']),
        ('v text', 'SELECT CAST(:v AS date) AS x', ['v=2020-02-30', 'v=tomorrowish']),
        ('v text', "SELECT to_date(:v, 'YYYY-MM-DD') AS x", ['v=x', 'v=2020-13-01']),
        ('v text', "SELECT CAST(CAST(:v AS interval) AS text) AS x", ['v=1+parsec']),
        ('v text', "SELECT CAST(now() AT TIME ZONE :v AS date) AS x", ['v=Mars/North']),
        ('v text', 'SELECT CAST(CAST(:v AS regclass) AS text) AS x', ['v=nowhere', 'v=a.b.c.d.e']),
        ('v text', "SELECT CAST(:v AS jsonb) ->> 'a' AS x", ['v={', 'v=%22%5Cu0000%22']),
        ('v text', "SELECT jsonb_path_exists('{}', CAST(:v AS jsonpath)) AS x", ['v=$[', 'v=a b']),
        ('e text', "SELECT 'a' LIKE '%' ESCAPE :e AS x", ['e=ab']),
        ('l text', "SELECT 'a' LIKE :l AS x", ['l=%5C']),
        ('n integer', 'SELECT id FROM docs ORDER BY id LIMIT :n', ['n=-1']),
        ('n integer', 'SELECT id FROM docs ORDER BY id OFFSET :n', ['n=-1']),
        ('n integer', 'SELECT count(*) AS x FROM generate_series(1, 10, :n)', ['n=0']),
        ('n integer', "SELECT substring('abc' FROM 1 FOR CAST(:n AS integer)) AS x", ['n=-1']),
        ('n integer', "SELECT length(repeat('abcdefgh', CAST(:n AS integer))) AS x", ['n=2000000000']),
        ('n integer', 'SELECT length(chr(CAST(:n AS integer))) AS x', ['n=0', 'n=2000000000']),
        ('v text', "SELECT encode(decode(:v, 'hex'), 'base64') AS x", ['v=xy', 'v=123']),
        ('v text', 'SELECT refuse(:v) AS x', ['v=no']),
        ('id integer', 'SELECT (SELECT body FROM docs WHERE id >= :id) AS x', ['id=1']),
    ],
}


def app_of(store):
    files = {f'schema/001_docs.{store}.sql': SCHEMA[store]}
    for i, (param, sql, _) in enumerate(CASES[store]):
        files[f'get_{i}.sql'] = f'-- @endpoint GET /{i}\n-- @param other integer default 3\n-- @param {param}\n-- @reject 404 no\nSELECT 1 WHERE :other = 0;\n-- @answer\n{sql};\n'
    overflow = '9223372036854775807 + :one' if store == 'postgresql' else 'abs(-9223372036854775807 - :one)'
    body = 'CAST(body AS jsonb)' if store == 'postgresql' else 'json(body)'
    files['get_fails.sql'] = f"-- @endpoint GET /fails\n-- @param v text\n-- @answer\nSELECT {overflow.replace(':one', '1')} AS x, :v AS v;\n"
    files['get_reject.sql'] = f"-- @endpoint GET /reject\n-- @param one integer\n-- @reject 404 no\nSELECT 1 WHERE {overflow} = 0;\n" \
                              '-- @answer\nSELECT 1 AS x;\n'
    files['get_stored.sql'] = f"-- @endpoint GET /stored\n-- @param id integer\n-- @answer\nSELECT CAST({body} AS text) AS x FROM docs WHERE id = :id;\n"
    return files


@pytest.mark.parametrize('store', STORES)
def test_what_a_statement_cannot_work_with_is_400_and_names_the_parameter(start, tmp_path, store, request):
    server = start(write_app(tmp_path / 'small', app_of(store)), '--quiet', *new_store(store, request))
    wrong = []
    for i, (param, _, queries) in enumerate(CASES[store]):
        name = param.split()[0]
        for query in queries:
            answer = server.get(f'/{i}?other=1&{query}'.replace(' ', '+'))
            errors = answer.json().get('errors', []) if answer.status == 400 else []
            if (answer.status, [error['parameter'] for error in errors]) != (400, [name]):
                wrong.append((query, answer.status, answer.json()))
            assert all(error['code'] == 'value' and error['detail'] == answer.json()['detail'] for error in errors)
    assert wrong == []
    assert [error['parameter'] for error in server.get('/reject?one=1').json()['errors']] == ['one']
    stored = server.get('/stored?id=2')
    assert stored.status == 400 and 'secret' not in stored.body.decode()
    server.read_stderr(0)
    assert 'GET /' not in server.stderr
    assert server.get('/fails?v=x').status == 500  # whatever the value
    while '/fails' not in server.stderr:
        server.read_stderr(1)
