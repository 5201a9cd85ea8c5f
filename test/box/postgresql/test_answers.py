# SPDX-License-Identifier: Apache-2.0
"""The same apps on PostgreSQL: answers of both stores are the same, byte by byte, and the server lives through a restart of the
database."""
import json
import random
import re
import signal

import pytest

import postgresql
from known import golden, shared
from rounds import rounds
from server import ROOT, Server, run, wait_until, write_app

pytestmark = pytest.mark.skipif(not postgresql.is_there(), reason='needs the package postgresql-15')

QUESTION = '/rates?date_from=2016-01-01&date_to=2016-01-05&origin=A&destination=B'


def start_pair(cluster, folder, name, app, *options):
    """One server for each store, with the same data."""
    return [Server(app, '--quiet', *options, var=folder), Server(app, '--quiet', *options, '--store', cluster.create(name))]


@pytest.fixture(scope='module')
def pair(cluster, tmp_path_factory):
    """Of rates, with the real data where it is here."""
    servers = start_pair(cluster, tmp_path_factory.mktemp('var'), 'rates', 'apps/rates', '--data', shared('data/rates'))
    yield servers
    assert [server.stop() for server in servers] == [0, 0]


def same(pair, method, path, body=None, content_type='application/json'):
    answers = [server.request(method, path, body, {'Content-Type': content_type} if body is not None else {}) for server in pair]
    assert answers[0].status == answers[1].status, [answer.body for answer in answers]
    assert answers[0].headers['Content-Type'] == answers[1].headers['Content-Type']
    assert answers[0].body == answers[1].body
    return answers[1]


@pytest.mark.parametrize('name, data', [('people', 'people'), ('search', 'products')])
def test_every_golden_request_has_the_same_bytes(cluster, tmp_path, name, data):
    servers = start_pair(cluster, tmp_path, name, f'apps/{name}', '--data', shared(f'data/{data}'))
    for case in golden(f'{name}.jsonl'):
        body = case.get('raw', json.dumps(case['body']) if 'body' in case else None)
        path = case['path'].replace('{POST}', '/people')
        same(servers, case.get('method', 'GET'), path, body.encode() if body is not None else None)
        if name == 'search':
            same(servers, 'GET', path + '&in_stock=true')
        else:
            same(servers, 'GET', '/people')
    assert [server.stop() for server in servers] == [0, 0]


def questions_of_search(dice):
    tags = ['', '&tags=', '&tags=shirts', '&tags=home,shoes', '&tags=none']
    for _ in range(rounds(300, 10_000)):  # some of each kind of answer, the empty one too
        yield (f'/search?lat={dice.uniform(59.2, 59.4)}&lng={dice.uniform(17.9, 18.2)}&radius={dice.choice([100, 500, 2000, 20000])}'
               f'&count={dice.choice([1, 10, 50])}{dice.choice(tags)}{dice.choice(["", "&in_stock=true"])}')


def questions_of_genes(dice):
    names = [line.split(',') for line in (ROOT / 'apps/genes/data/genes.csv').read_text().splitlines()[1:]]
    for _ in range(rounds(300, 10_000)):  # some of each kind of answer, the empty one too
        row = dice.choice(names)
        yield (f'/gene_suggest?query={dice.choice(row)[:dice.randint(1, 6)]}&species={dice.choice(row)}&limit={dice.choice([1, 10, 100])}')


@pytest.mark.parametrize('name, questions', [('search', questions_of_search), ('genes', questions_of_genes)])
def test_questions_about_the_sample_data_have_the_same_bytes(cluster, tmp_path, name, questions):
    servers = start_pair(cluster, tmp_path, f'sample_{name}', f'apps/{name}')
    statuses = {same(servers, 'GET', question.replace(' ', '%20')).status for question in questions(random.Random(7))}
    assert 200 in statuses
    assert [server.stop() for server in servers] == [0, 0]


@pytest.mark.parametrize('name', ['people', 'genes'])
def test_an_app_passes_its_own_tests_there_and_leaves_nothing(cluster, name):
    url = cluster.create(f'tests_{name}')
    done = run('test', '--store', url, f'apps/{name}')
    assert done.returncode == 0, done.stdout + done.stderr
    assert cluster.sql("SELECT count(*) FROM pg_namespace WHERE nspname LIKE '%scratch%'", f'tests_{name}') == '0\n'


@pytest.mark.parametrize('path', ['/rates', '/rates_null'])
def test_every_golden_question_has_the_same_bytes(pair, path):
    cases = golden('rates.jsonl')
    for case in cases:
        answer = same(pair, 'GET', case['path'].replace('/rates', path, 1))
        if case['status'] == 200:
            assert answer.json() == case['json']
    assert cases


@pytest.mark.parametrize('path', ['/ports', '/regions', QUESTION, QUESTION + '&min_prices=0',
                                  '/rates?date_from=2016-01-05&date_to=2016-01-01&origin=A&destination=B',
                                  '/rates?date_from=1900-01-05&date_to=2016-01-01&origin=%27%3B&destination=B'])
def test_other_reads_have_the_same_bytes(pair, path):
    same(pair, 'GET', path)


@pytest.mark.parametrize('refused, status', [
    ('/rates?date_from=2016-01-05&date_to=2016-01-01&origin=CNSHA&destination=NLRTM', 400),
    ('/rates?date_from=2016-01-05&date_to=2036-01-01&origin=nowhere&destination=NLRTM', 400),
    ('/rates?date_from=2016-01-05&date_to=2016-01-06&origin=CNSHA&destination=nowhere', 404),
    ('/rates?date_from=2016-01-05&date_to=2016-01-06&origin=nowhere&destination=none', 404)])
def test_a_read_is_refused_as_ever_after_many_that_were_not(pair, refused, status):
    """The checks are asked as one then, along with the answer."""
    place = pair[0].get('/ports').json()[0]['code']
    good = f'/rates?date_from=2016-01-01&date_to=2016-01-05&origin={place}&destination={place}'
    for _ in range(100):
        assert same(pair, 'GET', good).status == 200
    for _ in range(3):
        assert same(pair, 'GET', refused.replace('CNSHA', place).replace('NLRTM', place)).status == status
    assert same(pair, 'GET', good).status == 200


@pytest.mark.parametrize('path, rows', [
    ('/currencies', [{'currency': 'EUR', 'per_usd': 0.9}, {'currency': 'JPY', 'per_usd': 111.5}]),
    ('/currencies', [{'currency': 'USD', 'per_usd': 2}, {'currency': 'x', 'per_usd': 1}, {'currency': 'x', 'per_usd': 1}]),
    ('/regions', [{'slug': 'below', 'name': 'Below', 'parent_slug': 'new'}, {'slug': 'new', 'name': 'Nöw'}]),
    ('/regions', [{'slug': 'p', 'name': 'P', 'parent_slug': 'q'}, {'slug': 'q', 'name': 'Q', 'parent_slug': 'p'}]),
    ('/ports', [{'code': 'ZZNEW', 'name': 'New', 'parent_slug': 'below'}, {'code': 'ZZTWO', 'name': 'Two', 'parent_slug': 'new'}]),
    ('/ports', [{'code': 'ZZBAD', 'name': 'Bad', 'parent_slug': 'nowhere'}]),
    ('/prices', [{'orig_code': 'ZZNEW', 'dest_code': 'ZZTWO', 'day': '2016-01-0%d' % day, 'price': 7 * day}
                 for day in (1, 1, 1, 2, 3)]),
    ('/prices', [{'orig_code': 'ZZNEW', 'dest_code': 'nowhere', 'day': '2016-01-01', 'price': 1}]),
    ('/rates', [{'date_from': '2016-01-01', 'date_to': '2016-01-04', 'origin_code': 'ZZNEW', 'destination_code': 'ZZTWO',
                 'price': price, 'currency': 'EUR'} for price in (0, 1, 2014789, 999, 1000)]),
    ('/rates', [{'date_from': '2016-01-05', 'date_to': '2016-01-04', 'origin_code': 'ZZNEW', 'destination_code': 'ZZTWO',
                 'price': 1, 'currency': 'XXX'}]),
    ('/ports', [{'code': 'ZZNEW', 'name': 'Moved', 'parent_slug': 'new'}]),
    ('/regions', [{'slug': 'below', 'name': 'Top', 'parent_slug': None}]),
])
def test_writes_have_the_same_answers_and_the_same_effect(pair, path, rows):
    same(pair, 'POST', path, json.dumps(rows).encode())
    for place in ('ZZNEW', 'new', 'below'):
        same(pair, 'GET', f'/rates?date_from=2016-01-01&date_to=2016-01-05&origin={place}&destination=ZZTWO&min_prices=1')
        same(pair, 'GET', f'/rates?date_from=2016-01-01&date_to=2016-01-05&origin={place}&destination=new&min_prices=1')


def test_a_restart_of_the_database_costs_errors_and_no_restart(cluster, tmp_path):
    server = Server('apps/rates', '--quiet', '--store', cluster.create('restart'))
    price = [{'orig_code': 'CNSHA', 'dest_code': 'NLRTM', 'day': '2030-01-01', 'price': 5}]
    question = '/rates?date_from=2030-01-01&date_to=2030-01-01&origin=CNSHA&destination=NLRTM&min_prices=1'
    assert server.post('/prices', price).status == 201
    assert server.get('/-/readyz').status == 200
    cluster.stop(signal.SIGQUIT)
    down = [server.get(question), server.post('/prices', price)]
    wait_until(lambda: server.get('/-/readyz').status == 503)
    away = server.get('/-/readyz')
    cluster.start()
    wait_until(lambda: server.get('/-/readyz').status == 200)
    assert away.headers['Content-Type'] == 'application/problem+json' and int(away.headers['Retry-After']) >= 1
    assert away.json()['detail'] == 'rates: the store cannot be reached at the moment: try again'
    assert server.get('/-/livez').status == 200
    assert [answer.status for answer in down] == [503, 503]
    assert all(int(answer.headers['Retry-After']) >= 1 for answer in down)
    wait_until(lambda: server.get(question).status == 200)
    wait_until(lambda: server.post('/prices', price).status == 201)
    assert cluster.sql("SELECT count(*) FROM rates.prices WHERE day = '2030-01-01'", 'restart').strip() == '2'
    assert server.stop() == 0


ROWS = {'get_rows.sql': '''-- @endpoint GET /rows
-- @param n integer required
-- @answer
SELECT day, repeat('x', 200) AS text FROM calendar('2000-01-01', CAST(DATE '2000-01-01' + CAST(:n AS integer) - 1 AS date)) ORDER BY day;
'''}


@pytest.mark.threads
def test_an_answer_that_is_larger_than_those_before_it_is_whole(cluster, tmp_path):
    server = Server(write_app(tmp_path / 'rows', ROWS), '--quiet', '--workers', '1', '--store', cluster.create('rows'))
    for n in (1, 3, 100_000, 2, 100_000, 0, 1000, 1001, 1002, 5):
        answer = server.get(f'/rows?n={n}')
        assert answer.status == 200 and answer.body.count(b'"day"') == n, n
    assert server.stop() == 0


EXPLAINED = {'get_slow.sql': '''-- @endpoint GET /slow
-- @param n integer required
-- @reject 400 n is none
SELECT 'n' AS parameter WHERE :n = 0;
-- @reject 400 n is too small
SELECT 'n' AS parameter FROM pg_sleep(0.4) s WHERE :n + length(CAST(s AS text)) < 0;
-- @answer
SELECT :n AS n;
'''}


def test_explain_tells_the_time_of_each_check_by_itself(cluster, tmp_path):
    done = run('explain', '--store', cluster.create('explained'), write_app(tmp_path / 'slow', EXPLAINED), 'GET /slow?n=1')
    assert done.returncode == 0, done.stderr
    times = [float(ms) for ms in re.findall(r'@reject .* 0 rows, ([0-9.]+) ms', done.stdout)]
    assert len(times) == 2 and times[0] < 400 <= times[1]
    assert 'get_slow.sql:6: takes ' in done.stdout


# What SQLite reads otherwise, or not at all.
OWN_SQL = {'schema/001_things.sql': r"""/* a table /* and */ ; what is in it */
CREATE TABLE things (id bigint PRIMARY KEY, tags text[] NOT NULL, facts jsonb NOT NULL, "a:b" text NOT NULL);
INSERT INTO things VALUES (1, ARRAY['x];', 'y', 'z'], '{"k": 1}', E'it\'s; :a'), (2, '{}', '{"l": 1}', $$a`b$$);
""", 'get_things.sql': r"""-- @endpoint GET /things
-- @param a text
-- @param n integer default 1
-- @answer when :a = ANY (ARRAY[:a, ']'])
SELECT tags[:n] AS tag, CAST(tags[1:2] AS text) AS slice, CAST(tags[1 : id] AS text) AS begin, CAST(ARRAY[:a, 'x];'] AS text) AS made,
  facts ? 'k' AS has, facts ?| ARRAY['m', :a] AS has_any, "a:b", CAST(TIME '12:30' AS text) AS at, :n::text || E'\':a' || $x$:a;$x$ AS text /* :z /* ; */ :z */
FROM things ORDER BY id;
-- @answer
SELECT id FROM things ORDER BY ARRAY[id, id], id LIMIT 1;
""", 'get_first.sql': """-- @endpoint GET /first
-- @shape values
-- @answer
SELECT id FROM (SELECT ARRAY["a:b", 'x'] AS pair, "a:b", id FROM things ORDER BY "a:b" LIMIT 1) AS first;
"""}


def test_its_own_arrays_quotes_and_comments_are_read_as_it_reads_them(cluster, tmp_path):
    app, url = write_app(tmp_path / 'own', OWN_SQL), cluster.create('own')
    checked = run('check', '--store', url, app)
    assert checked.returncode == 0
    assert checked.stderr.startswith(f'{app}/get_first.sql:4:') and 'the LIMIT cuts between them' in checked.stderr, checked.stderr
    server = Server(app, '--quiet', '--store', url)
    assert server.get('/things?a=l&n=2').json() == [
        {'tag': 'y', 'slice': '{x];,y}', 'begin': '{x];}', 'made': '{l,x];}', 'has': 1, 'has_any': 0, 'a:b': "it's; :a",
         'at': '12:30:00', 'text': "2':a:a;"},
        {'tag': None, 'slice': '{}', 'begin': '{}', 'made': '{l,x];}', 'has': 0, 'has_any': 1, 'a:b': 'a`b',
         'at': '12:30:00', 'text': "2':a:a;"}]
    assert server.get('/things').json() == [{'id': 1}]
    assert server.stop() == 0


# A standby's replay ends statements like that, wherever they have got to.
ONCE = {'schema/001_once.sql': '''CREATE FUNCTION fail_once(n integer) RETURNS integer LANGUAGE plpgsql AS $$
BEGIN
    IF n = 90000 AND NOT EXISTS (SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND objid = 77 AND pid = pg_backend_pid()) THEN
        PERFORM pg_advisory_lock(77);
        RAISE EXCEPTION 'once' USING ERRCODE = 'serialization_failure';
    END IF;
    RETURN n;
END $$;
''', 'get_once.sql': '''-- @endpoint GET /once
-- @shape values
-- @answer
SELECT fail_once(n) AS n FROM generate_series(1, 100000) n;
'''}


def test_a_read_that_is_begun_again_in_its_middle_answers_once(cluster, tmp_path):
    server = Server(write_app(tmp_path / 'once', ONCE), '--quiet', '--workers', '1', '--store', cluster.create('once'))
    answer = server.get('/once')
    assert (answer.status, answer.json()) == (200, list(range(1, 100001)))
    assert server.stop() == 0
