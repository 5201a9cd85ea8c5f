# SPDX-License-Identifier: Apache-2.0
"""A disk that fails under the server: what was acknowledged is there after a kill, what was refused is not."""
import errno
import stat

import pytest

from failing_calls import FailingSyncs
from rounds import rounds
from server import write_app
from small_apps import WRITE_APP, ids


def batch(number):
    return [{'id': 10 * number + i, 'grp': 'a'} for i in range(3)]


@pytest.mark.parametrize('cause, status', [(errno.EIO, 500), (errno.ENOSPC, 507), (errno.EDQUOT, 507), (errno.EFBIG, 507)])
def test_a_batch_that_was_refused_for_a_failed_sync_is_not_in_after_a_kill(start, tmp_path, cause, status):
    app = write_app(tmp_path / 'small', WRITE_APP)
    syncs = FailingSyncs(tmp_path)
    acknowledged, number = set(), 0
    for round_number in range(rounds(2, 100)):
        server = start(app, '--quiet', env=syncs.env)
        assert set(ids(server)) == acknowledged
        syncs.fail(cause, nth=round_number)
        for _ in range(round_number + 1):
            number += 1
            answer = server.post('/rows', batch(number))
            if answer.status != 201:
                break
            acknowledged |= {row['id'] for row in batch(number)}
        assert answer.status == status, answer.body
        assert syncs.have_failed() == 1
        if round_number % 2:  # the next one goes over what was refused
            number += 1
            assert server.post('/rows', batch(number)).status == 201
            acknowledged |= {row['id'] for row in batch(number)}
        server.process.kill()
        server.process.wait()
        syncs.succeed()
    assert set(ids(start(app, '--quiet'))) == acknowledged


def test_where_a_batch_cannot_be_taken_back_its_answer_says_so_and_no_other_is_taken(start, tmp_path):
    syncs = FailingSyncs(tmp_path)
    server = start(write_app(tmp_path / 'small', WRITE_APP), '--quiet', env=syncs.env)
    syncs.fail(goes_on=True)
    answer = server.post('/rows', batch(1))
    assert answer.status == 504
    assert answer.json()['detail'] == (
        'the disk failed while the store wrote, and it is not known whether it has: look before trying again')
    answer = server.post('/rows', batch(2))
    assert (answer.status, answer.json()['detail']) == (503, "the store's disk has failed: it is not written to until it works again")
    assert server.get('/-/readyz').status == 503
    assert ids(server) == []
    syncs.succeed()
    assert server.post('/rows', batch(3)).status == 201
    assert server.get('/-/readyz').status == 200
    assert ids(server) == [30, 31, 32]


@pytest.mark.parametrize('is_exchanged', [False, True])
def test_a_store_that_is_taken_away_is_noticed_before_a_batch_is_acknowledged(start, tmp_path, is_exchanged):
    server = start(write_app(tmp_path / 'small', WRITE_APP), '--quiet')
    path = tmp_path / 'var' / 'small.db'
    assert server.post('/rows', batch(1)).status == 201
    path.rename(tmp_path / 'away.db')
    if is_exchanged:
        path.write_bytes((tmp_path / 'away.db').read_bytes())
    answer = server.post('/rows', batch(2))
    assert (answer.status, answer.json()['detail']) == (
        503, "the store's files were taken away under the server: it writes nothing")
    assert server.get('/-/readyz').status == 503
    assert ids(server) == [10, 11, 12]  # reads go on
    (tmp_path / 'away.db').rename(path)
    assert server.get('/-/readyz').status == 200
    assert server.post('/rows', batch(3)).status == 201
    assert server.stop() == 0
    assert f'it was {"exchanged" if is_exchanged else "removed"}: put it back, or restart the server: {path}' in server.stderr


def test_the_stores_files_are_for_their_owner_alone(start, tmp_path):
    server = start(write_app(tmp_path / 'small', WRITE_APP), '--quiet')
    assert server.post('/rows', batch(1)).status == 201
    names = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / 'var').iterdir()}
    assert names == {'small.db': 0o600, 'small.db-wal': 0o600, 'small.db-shm': 0o600}
