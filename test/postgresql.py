#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A PostgreSQL cluster for tests: made by initdb in a temporary folder, on a free port of 127.0.0.1, ended by its pid.

    with Cluster() as cluster: ... cluster.url('rates') ...      from Python
    test/postgresql.py COMMAND ...                               runs the command with TEST_POSTGRESQL set
"""
import contextlib
import os
import pathlib
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

BINARIES = pathlib.Path(os.environ.get('POSTGRESQL_BIN', '/usr/lib/postgresql/15/bin'))
WAIT_SECONDS = 60
# What a test does not need on disk it need not wait for: a crash of the machine ends the test, too.
SETTINGS = """
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
max_connections = 100
shared_buffers = 128MB
fsync = off
log_min_messages = warning
"""


def is_there():
    return (BINARIES / 'postgres').exists()


def free_port():
    with contextlib.closing(socket.socket()) as listener:
        listener.bind(('127.0.0.1', 0))
        return listener.getsockname()[1]


class Cluster:
    """One server; PostgreSQL refuses to run as root, so root runs it as the user postgres."""

    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix='reckoner-postgresql-'))
        self.user = pwd.getpwnam('postgres') if os.getuid() == 0 else None
        if self.user:
            os.chown(self.folder, self.user.pw_uid, self.user.pw_gid)
        self.data = self.folder / 'data'
        self.port = free_port()
        self.process = None
        self.run('initdb', '-D', self.data, '-A', 'trust', '-U', 'reckoner', '-E', 'UTF8', '--locale=C.UTF-8', '--no-sync')
        with open(self.data / 'postgresql.conf', 'a', encoding='ascii') as conf:
            conf.write(SETTINGS)

    def options(self):
        """For subprocess: as the user who may run it."""
        return {'user': self.user.pw_uid, 'group': self.user.pw_gid, 'extra_groups': []} if self.user else {}

    def run(self, program, *args):
        done = subprocess.run([BINARIES / program, *map(str, args)], capture_output=True, text=True, cwd=self.folder,
                              timeout=WAIT_SECONDS, **self.options())
        assert done.returncode == 0, done.stderr
        return done.stdout

    def is_ready(self):
        return subprocess.run([BINARIES / 'pg_isready', '-q', '-h', '127.0.0.1', '-p', str(self.port)]).returncode == 0

    def start(self):
        with open(self.folder / 'log', 'ab') as log:
            self.process = subprocess.Popen([BINARIES / 'postgres', '-D', self.data, '-p', str(self.port)], stdout=log,
                                            stderr=log, cwd=self.folder, **self.options())
        end = time.monotonic() + WAIT_SECONDS
        while not self.is_ready():
            assert self.process.poll() is None and time.monotonic() < end, self.log()
            time.sleep(0.02)
        return self

    def stop(self, how=signal.SIGINT):
        """SIGINT ends sessions and shuts down; SIGQUIT is a crash."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(how)
            self.process.wait(timeout=WAIT_SECONDS)

    def log(self):
        return (self.folder / 'log').read_text(encoding='utf-8', errors='replace')

    def url(self, database='postgres'):
        return f'postgresql://reckoner@127.0.0.1:{self.port}/{database}'

    def sql(self, sql, database='postgres'):
        return self.run('psql', '-h', '127.0.0.1', '-p', self.port, '-U', 'reckoner', '-d', database, '-v', 'ON_ERROR_STOP=1',
                        '-Atqc', sql)

    def create(self, database):
        """A new, empty database; its url."""
        self.sql(f'CREATE DATABASE "{database}"')
        return self.url(database)

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    with Cluster() as cluster:
        return subprocess.run(sys.argv[1:], env={**os.environ, 'TEST_POSTGRESQL': cluster.url()}).returncode


if __name__ == '__main__':
    sys.exit(main())
