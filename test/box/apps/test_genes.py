# SPDX-License-Identifier: Apache-2.0
"""Suggestions of gene names, compared with a plain reading of the rule over many odd names and queries."""
import itertools
import subprocess
import sys
import urllib.parse

import pytest

from server import ROOT, Server, run

# Everything around the ends of a range: marks below and above letters, case, non-ASCII letters, the last characters.
NAMES = [''.join(letters) for count in (1, 2, 3) for letters in itertools.product('aA_z{%', repeat=count)] + [
    '~', '~~', 'a~', 'é', 'É', 'éa', 'aé', 'AÉ', 'ÿ', '上', '上海', '🧬', 'a🧬', '🧬🧬', 'a b', ' a', "'", '"', '\\', 'a\\',
    'x' * 100, 'z\ufffd', 'z\uffee']


def fold(text):
    return ''.join(c.lower() if c.isascii() else c for c in text)


def suggest(names, query, limit=10):
    """The rule, as it is told."""
    found = [name for name in set(names) if fold(name).startswith(fold(query))]
    return sorted(found, key=lambda name: (fold(name).encode(), name.encode()))[:limit]


def ask(server, **params):
    return server.get('/gene_suggest?' + urllib.parse.urlencode(params))


@pytest.fixture(scope='module')
def server(tmp_path_factory):
    folder = tmp_path_factory.mktemp('genes')
    (folder / 'genes.csv').write_text('species,name\nmus_musculus,aaa1\nmus_musculus_2,aaa2\n')
    server = Server('apps/genes', '--quiet', '--data', folder, var=folder / 'var')
    rows = [{'species': 'odd', 'name': name} for name in NAMES * 2]
    answer = server.post('/genes', rows)
    assert (answer.status, answer.json()) == (201, [{'saved': len(rows)}])
    yield server
    assert server.stop() == 0


@pytest.mark.parametrize('query', sorted(set(NAMES)) + [
    'b', 'zz{z', 'é~', 'ÉA', '\U0010ffff', 'a\U0010ffff', '\x7f', '   ', 'x' * 101, 'y' * 3000, '*', "' OR 1=1 --", '|', '`', '[', '@'])
def test_every_query_gives_what_the_rule_says(server, query):
    for limit in (1, 10, 100):
        answer = ask(server, species='odd', query=query, limit=limit)
        assert answer.status == 200
        assert answer.json() == suggest(NAMES, query, limit), (query, limit)


def test_all_names_of_a_letter_are_reached_by_typing_on(server):
    typed, seen = ['a'], set()
    while typed:
        found = ask(server, species='odd', query=typed.pop(), limit=100).json()
        seen.update(found)
    assert seen == {name for name in NAMES if fold(name).startswith('a')}


@pytest.mark.parametrize('species', ['nobody', 'mus', 'mus_musculu', 'MUS_MUSCULUS', '%', 'mus_musculus ', "'"])
def test_another_species_has_no_such_names(server, species):
    answer = ask(server, species=species, query='a')
    assert (answer.status, answer.json()) == (200, [])


def test_species_do_not_mix(server):
    assert ask(server, species='mus_musculus', query='a').json() == ['aaa1']
    assert ask(server, species='mus_musculus_2', query='A').json() == ['aaa2']


@pytest.mark.parametrize('params, errors', [
    ({'query': 'a'}, [('species', 'required')]),
    ({'species': 'odd'}, [('query', 'required')]),
    ({'species': 'odd', 'query': ''}, [('query', 'required')]),
    ({'species': 'odd', 'query': 'a', 'limit': 0}, [('limit', 'min')]),
    ({'species': 'odd', 'query': 'a', 'limit': 101}, [('limit', 'max')]),
    ({'species': 'odd', 'query': 'a', 'limit': -1}, [('limit', 'min')]),
    ({'species': 'odd', 'query': 'a', 'limit': 'ten'}, [('limit', 'type')]),
    ({'species': 'odd', 'query': 'a', 'limit': '1e1'}, [('limit', 'type')]),
    ({'species': 'odd', 'query': 'a', 'limit': 2**63}, [('limit', 'type')]),
    ({'species': 'odd', 'query': b'\xff'}, [('query', 'type')]),
    ({'species': 'odd', 'query': 'a\0'}, [('query', 'type')]),
])
def test_questions_that_are_refused(server, params, errors):
    answer = ask(server, **params)
    assert answer.status == 400
    assert answer.errors('parameter', 'code') == errors


def test_an_empty_limit_is_no_number(server):
    assert ask(server, species='odd', query='a', limit='').errors('parameter', 'code') == [('limit', 'type')]


@pytest.mark.parametrize('row, field, code', [
    ({'species': 'Odd', 'name': 'a'}, 'species', 'pattern'), ({'species': '', 'name': 'a'}, 'species', 'required'),
    ({'species': 'odd'}, 'name', 'required'), ({'species': 'odd', 'name': ''}, 'name', 'required'),
    ({'species': 'odd', 'name': 'a\n'}, 'name', 'pattern'), ({'species': 'odd', 'name': '\U0010ffff'}, 'name', 'pattern'),
    ({'species': 'odd', 'name': 'x' * 101}, 'name', 'maxlength'), ({'species': 'odd', 'name': 7}, 'name', 'type'),
])
def test_names_that_are_refused(server, row, field, code):
    answer = server.post('/genes', [{'species': 'new', 'name': 'a'}, row])
    assert answer.status == 422
    assert answer.errors('line', 'field', 'code') == [(2, field, code)]
    assert ask(server, species='new', query='a').json() == []


def test_the_generator_makes_the_same_distinct_names_each_time(start, tmp_path):
    for folder in ('one', 'two'):
        subprocess.run([sys.executable, ROOT / 'apps/genes/make_data.py', tmp_path / folder, '3000'], check=True,
                       stdout=subprocess.DEVNULL)
    assert (tmp_path / 'one/genes.csv').read_bytes() == (tmp_path / 'two/genes.csv').read_bytes()
    rows = [line.split(',') for line in (tmp_path / 'one/genes.csv').read_text().splitlines()[1:]]
    assert len(rows) == len(set(map(tuple, rows))) == 3000
    server = start('apps/genes', '--quiet', '--data', tmp_path / 'one')
    for species in ('homo_sapiens', 'mus_musculus', 'danio_rerio'):
        names = [name for one, name in rows if one == species]
        for query in ('a', 'L', 'loc', names[7][:2], names[7]):
            assert ask(server, species=species, query=query, limit=100).json() == suggest(names, query, 100)


def test_a_question_is_one_range_of_the_key(tmp_path):
    for limit in (1, 100):
        target = f'GET /gene_suggest?species=homo_sapiens&query=a&limit={limit}'
        result = run('explain', '--var', tmp_path, 'apps/genes', target)
        assert result.returncode == 0, result.stderr
        assert 'SEARCH genes USING PRIMARY KEY (species=? AND folded>? AND folded<?)' in result.stdout
        assert 'SCAN' not in result.stdout and 'B-TREE' not in result.stdout


def test_the_apps_own_tests_pass():
    result = run('test', 'apps/genes')
    assert result.returncode == 0, result.stdout + result.stderr
