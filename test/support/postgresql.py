#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A PostgreSQL cluster for tests: a copy of what initdb made once, in a temporary folder, on a free port of 127.0.0.1, ended by its pid.

    with Cluster() as cluster: ... cluster.url('rates') ...      from Python
    with Cluster() as primary, primary.standby() as standby: ... a second server that streams from the first
    test/support/postgresql.py COMMAND ...                       runs the command with TEST_POSTGRESQL set
"""
import contextlib
import hashlib
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
MEMORY_BYTES = 4 << 30  # clusters grow to some 100 MB each, and a dozen may run at a time
TEMPLATES = pathlib.Path(__file__).resolve().parents[2] / 'build' / 'postgresql'
INITDB = ['-A', 'trust', '-U', 'reckoner', '-E', 'UTF8', '--locale=C.UTF-8', '--no-sync']
# What a test does not need on disk it need not wait for: a crash of the machine ends the test, too.
SETTINGS = """
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
max_connections = 100
max_prepared_transactions = 10
shared_buffers = 128MB
fsync = off
log_min_messages = warning
wal_retrieve_retry_interval = '200ms'
"""


def is_there():
    return (BINARIES / 'postgres').exists()


def folder_of_clusters():
    """Memory, where there is plenty of it: a thousand small files each are what a cluster's making and throwing away costs."""
    try:
        stat = os.statvfs('/dev/shm')
    except OSError:
        return None
    return '/dev/shm' if stat.f_bavail * stat.f_frsize >= MEMORY_BYTES else None


def reserve_port():
    """A socket that keeps a port until it is closed: nobody is given it, whoever names it can listen on it, also again and
    again, and until somebody does connections are refused."""
    holder = socket.socket()
    holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as those have it that are to share it
    holder.bind(('127.0.0.1', 0))
    return holder


def port_of(holder):
    return holder.getsockname()[1]


def wait_for(condition, what):
    end = time.monotonic() + WAIT_SECONDS
    while not condition():
        assert time.monotonic() < end, f'{what} took longer than {WAIT_SECONDS} s'
        time.sleep(0.02)


def children_of(pid):
    """Of a process that may be gone."""
    try:
        return [int(child) for child in pathlib.Path(f'/proc/{pid}/task/{pid}/children').read_text().split()]
    except FileNotFoundError:
        return []


def state_of(pid):
    """As /proc has it; X: it is gone."""
    try:
        return pathlib.Path(f'/proc/{pid}/stat').read_text().rsplit(')', 1)[1].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return 'X'


def is_alive(pid):
    return state_of(pid) not in 'ZX'


def send(pids, how):
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, how)


class Running:
    """A server on 127.0.0.1 that somebody else has started, and ends; it is left without the databases that were made in it."""

    def __init__(self, port):
        self.port = port
        self.made = []

    def url(self, database='postgres'):
        return f'postgresql://reckoner@127.0.0.1:{self.port}/{database}'

    def create(self, database):
        """A new, empty database; its url."""
        self.sql(f'CREATE DATABASE "{database}"')
        self.made.append(database)
        return self.url(database)

    def sql(self, sql, database='postgres'):
        done = subprocess.run([BINARIES / 'psql', '-d', self.url(database), '-v', 'ON_ERROR_STOP=1', '-Atq'], input=sql,
                              capture_output=True, text=True, timeout=WAIT_SECONDS)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.sql(''.join(f'DROP DATABASE IF EXISTS "{database}" WITH (FORCE);\n' for database in self.made))


class Server:
    """One PostgreSQL server over a data folder; PostgreSQL refuses to run as root, so root runs it as the user postgres."""

    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix='reckoner-postgresql-', dir=folder_of_clusters()))
        self.user = pwd.getpwnam('postgres') if os.getuid() == 0 else None
        if self.user:
            os.chown(self.folder, self.user.pw_uid, self.user.pw_gid)
        self.data = self.folder / 'data'
        self.reserved = reserve_port()
        self.port = port_of(self.reserved)
        self.process = None

    def options(self):
        """For subprocess: as the user who may run it."""
        return {'user': self.user.pw_uid, 'group': self.user.pw_gid, 'extra_groups': []} if self.user else {}

    def run(self, program, *args):
        done = subprocess.run([BINARIES / program, *map(str, args)], capture_output=True, text=True, cwd=self.folder,
                              timeout=WAIT_SECONDS, **self.options())
        assert done.returncode == 0, done.stderr
        return done.stdout

    def configure(self, settings):
        """Appends to postgresql.conf, for the next start."""
        with open(self.data / 'postgresql.conf', 'a', encoding='ascii') as conf:
            conf.write(settings)

    def is_ready(self):
        return subprocess.run([BINARIES / 'pg_isready', '-q', '-h', '127.0.0.1', '-p', str(self.port)]).returncode == 0

    def start(self, wait=True):
        with open(self.folder / 'log', 'ab') as log:
            self.process = subprocess.Popen([BINARIES / 'postgres', '-D', self.data, '-p', str(self.port)], stdout=log,
                                            stderr=log, cwd=self.folder, **self.options())
        end = time.monotonic() + WAIT_SECONDS
        while wait and not self.is_ready():
            assert self.process.poll() is None and time.monotonic() < end, self.log()
            time.sleep(0.02)
        return self

    def is_running(self):
        return self.process is not None and self.process.poll() is None

    def stop(self, how=signal.SIGINT):
        """SIGINT ends sessions and shuts down; SIGQUIT is a crash."""
        if self.is_running():
            self.process.send_signal(how)
            self.process.wait(timeout=WAIT_SECONDS)

    def kill(self):
        """As when the machine is lost: no process of the server has a moment more, and nobody is told."""
        if self.is_running():
            self.freeze()
            pids = [*children_of(self.process.pid), self.process.pid]
            send(pids, signal.SIGKILL)
            self.process.wait(timeout=WAIT_SECONDS)
            wait_for(lambda: not any(is_alive(pid) for pid in pids), 'the end of killed processes')

    def freeze(self):
        """No process of the server runs until thaw(): connections stay open, and nobody answers."""
        send([self.process.pid], signal.SIGSTOP)  # first: it makes no more children once it has stopped
        wait_for(lambda: state_of(self.process.pid) in 'TZX', 'stopping the server')
        wait_for(self.children_are_stopped, 'stopping its processes')

    def children_are_stopped(self):
        pids = children_of(self.process.pid)  # which may lack some as long as others end
        send(pids, signal.SIGSTOP)
        return all(state_of(pid) in 'TZX' for pid in pids)

    def thaw(self):
        send([*children_of(self.process.pid), self.process.pid], signal.SIGCONT)

    def log(self):
        return (self.folder / 'log').read_text(encoding='utf-8', errors='replace')

    def url(self, database='postgres'):
        return f'postgresql://reckoner@127.0.0.1:{self.port}/{database}'

    def sql(self, sql, database='postgres'):
        return self.run('psql', '-h', '127.0.0.1', '-p', self.port, '-U', 'reckoner', '-d', database, '-v', 'ON_ERROR_STOP=1',
                        '-Atqc', sql)

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        if self.is_running():
            self.thaw()
        self.stop()
        self.reserved.close()
        shutil.rmtree(self.folder, ignore_errors=True)


class Cluster(Server):
    """A primary, with a cluster of its own."""

    def __init__(self):
        super().__init__()
        template = self.template()
        if not template.exists():
            self.make_template(template)
        self.copy(template, self.data)
        self.configure(SETTINGS)

    @staticmethod
    def copy(folder, to):
        subprocess.run(['cp', '-a', '--reflink=auto', folder, to], check=True)  # with its owner

    @staticmethod
    def template():
        """Where what initdb makes is kept: for each program, user and way to call it a folder of its own."""
        program = (BINARIES / 'initdb').stat()
        key = repr((str(BINARIES), program.st_mtime_ns, program.st_size, os.getuid(), INITDB))
        return TEMPLATES / hashlib.sha256(key.encode()).hexdigest()[:16]

    def make_template(self, template):
        """Others may be at it as well: the first one to be done has made it."""
        made = self.folder / 'template'
        self.run('initdb', '-D', made, *INITDB)
        TEMPLATES.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=TEMPLATES) as nearby:
            self.copy(made, pathlib.Path(nearby) / 'data')
            with contextlib.suppress(OSError):  # it is there by now
                (pathlib.Path(nearby) / 'data').rename(template)
        shutil.rmtree(made)

    def create(self, database):
        """A new, empty database; its url."""
        self.sql(f'CREATE DATABASE "{database}"')
        return self.url(database)

    def standby(self, synchronous=False):
        """A copy that streams from this one, which has to run; not started yet. If synchronous, this one commits only
        with the copy from then on that the copy has started and caught up."""
        return Standby(self, synchronous)


class Standby(Server):
    """A hot standby of `primary`, whose end it outlives."""

    def __init__(self, primary, synchronous):
        super().__init__()
        self.primary = primary
        self.synchronous = synchronous
        self.name = f'standby_{self.port}'
        self.run('pg_basebackup', '-D', self.data, '-R', '-X', 'stream', '-c', 'fast', '--no-sync', '-d',
                 f'host=127.0.0.1 port={primary.port} user=reckoner application_name={self.name}')

    def start(self, wait=True):
        super().start(wait)
        if wait and self.primary.is_running():
            self.catch_up()
            if self.synchronous:
                # Only now: the copy's own settings have none of it, so that it waits for nobody when it is promoted.
                self.primary.sql(f"ALTER SYSTEM SET synchronous_standby_names = '{self.name}'")
                self.primary.sql('SELECT pg_reload_conf()')
                wait_for(lambda: self.replication('sync_state') == 'sync', 'becoming the synchronous standby')
        return self

    def replication(self, column):
        """What the primary's pg_stat_replication says of this one; '' when it is not there."""
        return self.primary.sql(f"SELECT {column} FROM pg_stat_replication WHERE application_name = '{self.name}'").strip()

    def catch_up(self):
        """Waits until all that is committed on the primary now can be read here."""
        lsn = self.primary.sql('SELECT pg_current_wal_flush_lsn()').strip()
        wait_for(lambda: self.sql(f"SELECT coalesce(pg_last_wal_replay_lsn() >= '{lsn}', false)").strip() == 't',
                 'replaying what the primary has written')

    def pause(self):
        """Goes on receiving, and shows nothing new, until resume()."""
        self.sql('SELECT pg_wal_replay_pause()')
        wait_for(lambda: self.sql('SELECT pg_get_wal_replay_pause_state()').strip() == 'paused', 'pausing the replay')

    def resume(self):
        self.sql('SELECT pg_wal_replay_resume()')

    def promote(self):
        """From here on it is a primary."""
        assert self.sql(f'SELECT pg_promote(true, {WAIT_SECONDS})').strip() == 't'


class Session:
    """psql, one command after another in one session."""

    def __init__(self, cluster, database):
        self.process = subprocess.Popen([BINARIES / 'psql', '-Atq', '-d', cluster.url(database)], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def send(self, sql):
        self.process.stdin.write(sql + ';\n')
        self.process.stdin.flush()

    def run(self, sql):
        """Waits for its end."""
        self.send(sql)
        self.process.stdin.write("\\echo done\n")
        self.process.stdin.flush()
        lines = []
        for line in self.process.stdout:
            if line == 'done\n':
                return ''.join(lines)
            lines.append(line)
        raise AssertionError('psql has ended: ' + ''.join(lines))

    def close(self):
        self.process.stdin.close()
        self.process.wait(timeout=30)
        self.process.stdout.close()


def end_on_sigterm():
    """As on SIGINT: servers are ended on the way out."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    end_on_sigterm()
    with Cluster() as cluster:
        return subprocess.run(sys.argv[1:], env={**os.environ, 'TEST_POSTGRESQL': cluster.url()}).returncode


if __name__ == '__main__':
    sys.exit(main())
