# SPDX-License-Identifier: Apache-2.0
"""Known right answers over real data."""
import pytest

from conftest import Server, golden, shared


@pytest.fixture(scope='module')
def rates(tmp_path_factory):
    server = Server('apps/rates', '--quiet', '--data', shared('data/rates'), var=tmp_path_factory.mktemp('var'))
    yield server
    assert server.stop() == 0


@pytest.mark.parametrize('path', ['/rates', '/rates_null'])
@pytest.mark.parametrize('case', golden('rates.jsonl') or [None], ids=lambda case: case['kind'] if case else 'none')
def test_rates(request, path, case):
    if case is None:
        shared('golden/rates.jsonl')
    answer = request.getfixturevalue('rates').get(case['path'].replace('/rates', path, 1))
    if case['status'] == 200:
        assert answer.status == 200
        assert answer.headers['Content-Type'] == 'application/json'
        assert answer.json() == case['json']
        assert [list(row) for row in answer.json()] == [['day', 'average_price']] * len(case['json'])
    else:
        assert answer.status // 100 == int(case['status_class'][0])
        assert answer.headers['Content-Type'] == 'application/problem+json'
