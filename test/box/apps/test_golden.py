# SPDX-License-Identifier: Apache-2.0
"""Known right answers over real data."""
import json

import pytest

from known import golden, shared
from server import STORES, Server, new_store


@pytest.fixture(scope='module', params=STORES)
def rates(request, tmp_path_factory):
    server = Server('apps/rates', '--quiet', '--data', shared('data/rates'), *new_store(request.param, request),
                    var=tmp_path_factory.mktemp('var'))
    yield server
    assert server.stop() == 0


@pytest.mark.parametrize('path', ['/rates', '/rates_null'])
@pytest.mark.parametrize('case', golden('rates.jsonl') or [None], ids=lambda case: case['kind'] if case else 'none')
def test_rates(rates, path, case):
    answer = rates.get(case['path'].replace('/rates', path, 1))
    if case['status'] == 200:
        assert answer.status == 200
        assert answer.headers['Content-Type'] == 'application/json'
        assert answer.json() == case['json']
        assert [list(row) for row in answer.json()] == [['day', 'average_price']] * len(case['json'])
    else:
        assert answer.status // 100 == int(case['status_class'][0])
        assert answer.headers['Content-Type'] == 'application/problem+json'


def as_kept(person, iso):
    """A person of the golden list as the service gives it: the day by the calendar of the list itself."""
    date = 'Date of 3rd Grade Graduation'
    kept = {**person, date: iso[person[date]] if person[date] else None}
    return {name: value if value != '' else None for name, value in kept.items()}


def ask_people(server, case):
    """Sends the case's request; what its path leaves open goes to POST /people."""
    body = case.get('raw', json.dumps(case['body']) if 'body' in case else None)
    return server.request(case['method'], case['path'].replace('{POST}', '/people'),
                          body.encode() if body is not None else None,
                          {'Content-Type': 'application/json'} if body is not None else {})


def check_people(server, case, iso):
    answer = ask_people(server, case)
    note = (case['path'], case.get('body', case.get('raw')), answer.status, answer.body)
    if 'status_class' in case:
        assert answer.status // 100 == int(case['status_class'][0]), note
        assert answer.headers['Content-Type'] == 'application/problem+json', note
    else:
        assert answer.status in case.get('status_any', [case.get('status', 200)]), note
    if 'text' in case:
        assert answer.body.decode() == case['text'], note
    elif 'json_any' in case:
        assert (answer.json() if answer.status == 200 else None) in case['json_any'], note
        assert answer.status != 200 or answer.json() == case.get('recommended', answer.json()), note
    elif 'json' in case and not case['path'].startswith('/ids/'):
        assert answer.json() == [as_kept(person, iso) for person in case['json']], note
    elif 'json' in case:
        assert answer.json() == case['json'], note
    if 'n' in case:
        assert len(server.get('/people').json()) == case['n'], note


@pytest.mark.parametrize('store', STORES)
def test_people(request, start, store):
    """One after the other, as each stands on what those before it have changed. The cases would take any order of
    people; the service says by ID, and the lists in the cases are in the order that it says."""
    cases = golden('people.jsonl')
    data = shared('data/people')
    check_all_people(start('apps/people', '--quiet', '--data', data, *new_store(store, request)), cases)


def check_all_people(server, cases):
    iso = {person['Date of 3rd Grade Graduation']: case['iso_dates'][str(person['ID'])]
           for case in cases if 'iso_dates' in case for person in case['json']}
    for case in cases:
        check_people(server, case, iso)
    assert server.stop() == 0


@pytest.fixture(scope='module', params=STORES)
def search(request, tmp_path_factory):
    server = Server('apps/search', '--quiet', '--data', shared('data/products'), *new_store(request.param, request),
                    var=tmp_path_factory.mktemp('var'))
    yield server
    assert server.stop() == 0


def check_found(answer, groups, count):
    """The case leaves open which products of one popularity come first; the service says those with the lower ids."""
    assert answer.status == 200
    assert answer.headers['Content-Type'] == 'application/json'
    products = answer.json()['products']
    assert [(p['popularity'], p['id']) for p in products] == [
        (group['popularity'], id) for group in groups for id in sorted(group['ids'])[:group['take']]]
    assert len(products) == count
    for product in products:
        assert list(product) == ['id', 'title', 'popularity', 'quantity', 'shop']
        assert list(product['shop']) == ['id', 'name', 'lat', 'lng']


@pytest.mark.parametrize('case', golden('search.jsonl') or [None], ids=lambda case: case['kind'] if case else 'none')
def test_search(search, case):
    answer = search.get(case['path'])
    if case['status'] != 200:
        assert answer.status // 100 == int(case['status_class'][0])
        assert answer.headers['Content-Type'] == 'application/problem+json'
        return
    check_found(answer, case['groups'], case['n'])
    answer = search.get(case['path'] + '&in_stock=true')
    check_found(answer, case['groups_in_stock'], case['n_in_stock'])
    assert all(product['quantity'] > 0 for product in answer.json()['products'])
