# SPDX-License-Identifier: Apache-2.0
"""Litestream beside a server: what was acknowledged some seconds before both are killed comes back from the copy. Skipped where there is no `litestream`."""
import shutil
import subprocess
import time

import pytest

from server import run, wait_until, write_app
from small_apps import WRITE_APP, ids

LITESTREAM = shutil.which('litestream')
pytestmark = pytest.mark.skipif(LITESTREAM is None, reason='needs litestream, as of the npm package @flydotio/litestream-linux-x64')


def restore(replica, file):
    """The rows of what comes back; nothing while the copy has nothing."""
    file.unlink(missing_ok=True)
    done = subprocess.run([LITESTREAM, 'restore', '-o', file, replica], capture_output=True, text=True)
    if done.returncode != 0:
        return []
    read = subprocess.run(['sqlite3', '-readonly', file, 'SELECT id FROM rows ORDER BY id'], capture_output=True, text=True)
    return [int(line) for line in read.stdout.split()]


def test_what_litestream_has_copied_is_a_store_again(start, tmp_path):
    app, replica = write_app(tmp_path / 'small', WRITE_APP), f'file://{tmp_path}/replica'
    server = start(app, '--quiet')
    with open(tmp_path / 'log', 'wb') as log:
        litestream = subprocess.Popen([LITESTREAM, 'replicate', tmp_path / 'var' / 'small.db', replica], stdout=log, stderr=log)
    try:
        for number in range(100):
            assert server.post('/rows', [{'id': 2 * number + i, 'grp': 'a'} for i in range(2)]).status == 201
        wait_until(lambda: len(restore(replica, tmp_path / 'probe.db')) == 200)
        number = 100
        end = time.monotonic() + 3
        while time.monotonic() < end:  # of these the last second may be missing, by whole batches
            assert server.post('/rows', [{'id': 2 * number + i, 'grp': 'a'} for i in range(2)]).status == 201
            number += 1
    finally:
        server.process.kill()
        litestream.kill()
        server.process.wait()
        litestream.wait()
    file = tmp_path / 'restored.db'
    there = restore(replica, file)
    assert there == list(range(len(there))) and 200 <= len(there) <= 2 * number and len(there) % 2 == 0
    assert run('verify', app, file).returncode == 0
    done = run('restore', '--force', app, file, '--var', tmp_path / 'var')
    assert done.returncode == 0, done.stderr
    server = start(app, '--quiet')
    assert ids(server) == there
    assert server.post('/rows', [{'id': 10_000_000, 'grp': 'a'}]).status == 201
