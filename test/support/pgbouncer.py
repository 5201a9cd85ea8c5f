#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""pgbouncer in transaction mode before a test cluster, on a free port of 127.0.0.1, ended by its pid.

    with Pooler(cluster) as pooler: ... pooler.url('rates') ...
    test/support/pgbouncer.py COMMAND ...      runs the command with TEST_POSTGRESQL naming a database behind one, and TEST_POSTGRESQL_POOLED set
"""
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import postgresql

BINARY = pathlib.Path('/usr/sbin/pgbouncer')
WAIT_SECONDS = 30
# Four server connections for all clients: so few that no two transactions of one client can count on the same one.
SETTINGS = """
[databases]
* = host=127.0.0.1 port={cluster} user=reckoner

[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = 4
max_client_conn = 200
logfile = {folder}/log
pidfile =
"""


def is_there():
    return BINARY.exists() and postgresql.is_there()


class Pooler:
    def __init__(self, cluster):
        self.cluster = cluster
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix='reckoner-pgbouncer-'))
        self.reserved = postgresql.reserve_port()
        self.port = postgresql.port_of(self.reserved)
        (self.folder / 'pgbouncer.ini').write_text(SETTINGS.format(cluster=cluster.port, port=self.port, folder=self.folder))
        if cluster.user:  # it refuses to run as root, too
            shutil.chown(self.folder, cluster.user.pw_uid, cluster.user.pw_gid)
        self.process = None

    def url(self, database='postgres'):
        return f'postgresql://reckoner@127.0.0.1:{self.port}/{database}'

    def is_ready(self):
        return subprocess.run([postgresql.BINARIES / 'psql', '-d', self.url(), '-Atqc', 'SELECT 1'],
                              capture_output=True).returncode == 0

    def __enter__(self):
        self.process = subprocess.Popen([BINARY, '-q', self.folder / 'pgbouncer.ini'], stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL, cwd=self.folder, **self.cluster.options())
        end = time.monotonic() + WAIT_SECONDS
        while not self.is_ready():
            assert self.process.poll() is None and time.monotonic() < end, (self.folder / 'log').read_text()
            time.sleep(0.02)
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)  # SIGINT would wait for its clients
        self.process.wait(timeout=WAIT_SECONDS)
        self.reserved.close()
        shutil.rmtree(self.folder, ignore_errors=True)


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    postgresql.end_on_sigterm()
    with postgresql.Cluster() as cluster, Pooler(cluster) as pooler:
        environment = {**os.environ, 'TEST_POSTGRESQL': pooler.url(), 'TEST_POSTGRESQL_POOLED': '1'}
        return subprocess.run(sys.argv[1:], env=environment).returncode


if __name__ == '__main__':
    sys.exit(main())
