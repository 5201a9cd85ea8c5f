# SPDX-License-Identifier: Apache-2.0
"""A disk that fails under the server: what was acknowledged is there after a kill, what was refused is not."""
import errno
import os
import pathlib
import resource
import stat
import subprocess

import pytest

from failing_calls import FailingSyncs
from full_disk import fill, small_disk  # noqa: F401: a fixture
from rounds import rounds
from server import BINARY, wait_until, write_app
from small_apps import CSV, WRITE_APP, ids


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
    wait_until(lambda: server.get('/-/readyz').status == 200)  # who asks has the writer look again
    assert server.post('/rows', batch(3)).status == 201
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
    # Reads go on, but for those of a thread that has no connection yet: 503.
    rows = wait_until(lambda: [answer for answer in [server.get('/rows')] if answer.status == 200])[0].json()
    assert [row['id'] for row in rows] == [10, 11, 12]
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
    assert stat.S_IMODE((tmp_path / 'var').stat().st_mode) == 0o700


def test_a_folder_that_is_there_keeps_its_mode(start, tmp_path):
    (tmp_path / 'var').mkdir()
    (tmp_path / 'var').chmod(0o750)
    start(write_app(tmp_path / 'small', WRITE_APP), '--quiet')
    assert stat.S_IMODE((tmp_path / 'var').stat().st_mode) == 0o750


def refusal(app, var):
    """What a start says that is refused; root, too, without its right to write everywhere."""
    plain = ['setpriv', '--bounding-set=-all', '--inh-caps=-all'] if os.geteuid() == 0 else []
    command = [*plain, BINARY, 'serve', '--listen', '127.0.0.1:0', '--var', var, app]
    result = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert result.returncode == 1
    return result.stderr


def test_a_folder_that_may_not_be_written_is_called_so(tmp_path):
    app, var, user = write_app(tmp_path / 'small', WRITE_APP), tmp_path / 'var', os.geteuid()
    var.mkdir()
    var.chmod(0o555)
    assert refusal(app, var) == (
        f'reckoner: {var}: permission denied: user {user} has to be able to write to it; or name another folder with --var\n')
    assert refusal(app, var / 'below') == (
        f'reckoner: {var}/below: permission denied: user {user} may not make it; name another folder with --var\n')
    var.chmod(0o755)
    (var / 'small.db').touch()
    (var / 'small.db').chmod(0o400)
    assert refusal(app, var) == f'reckoner: {var}/small.db: permission denied: user {user} may not read and write it\n'


def test_a_link_that_leads_nowhere_is_not_followed(tmp_path):
    app, var = write_app(tmp_path / 'small', WRITE_APP), tmp_path / 'var'
    var.symlink_to(tmp_path / 'nowhere')
    assert refusal(app, var) == (
        f'reckoner: {var}: is a link to a folder that is not there; name another folder with --var\n')
    var.unlink()
    var.mkdir()
    (var / 'small.db').symlink_to(tmp_path / 'nowhere')
    assert refusal(app, var) == f'reckoner: {var}/small.db: is a link to a file that is not there: take it away\n'
    assert not pathlib.Path(tmp_path / 'nowhere').exists()


def test_a_file_that_may_not_grow_is_a_full_disk(start, tmp_path):
    server = start(write_app(tmp_path / 'small', WRITE_APP), '--quiet',
                   preexec=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (2_000_000, 2_000_000)))
    assert server.post('/rows', batch(1)).status == 201
    assert server.post('/rows', 'id,grp\n' + ''.join(f'{i},a\n' for i in range(100, 200_000)), CSV).status == 507
    assert server.post('/rows', batch(2)).status == 201
    assert ids(server) == [10, 11, 12, 20, 21, 22]


@pytest.mark.skipif(os.geteuid() != 0, reason='needs to be root')
def test_a_start_as_root_is_told(start, tmp_path):
    server = start(write_app(tmp_path / 'small', WRITE_APP), '--quiet')
    assert 'reckoner: runs as root, which nothing here needs: give it a user of its own (--user)\n' in server.stderr


def test_a_start_on_a_full_disk_after_a_kill_serves_reads(start, tmp_path, small_disk):
    app = write_app(tmp_path / 'small', WRITE_APP)
    server = start(app, '--quiet', var=small_disk / 'var')
    assert server.post('/rows', batch(1)).status == 201
    server.process.kill()
    server.process.wait()
    fill(small_disk)
    server = start(app, '--quiet', var=small_disk / 'var')
    assert ids(server) == [10, 11, 12]
    assert server.post('/rows', batch(2)).status == 507
    assert server.get('/-/readyz').status == 200
    (small_disk / 'fill').unlink()
    assert server.post('/rows', batch(3)).status == 201
    assert ids(server) == [10, 11, 12, 30, 31, 32]
    assert server.stop() == 0  # before the disk goes
