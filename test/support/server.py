# SPDX-License-Identifier: Apache-2.0
"""A real server process for the black-box tests, started on a free port and stopped by its pid, and the program's other commands."""
import contextlib
import http.client
import itertools
import json
import os
import pathlib
import re
import resource
import select
import signal
import socket
import subprocess
import time

import pytest

import postgresql

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARY = os.environ.get('RECKONER', str(ROOT / 'build' / 'debug' / 'reckoner'))
START_SECONDS = 120
WAIT_SECONDS = 60
resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)  # for a thousand clients


def has_sanitizer():
    path = pathlib.Path(BINARY)
    return path.exists() and any(word in path.read_bytes() for word in (b'__asan_', b'__tsan_'))


def plain_build(test):
    """Measures memory: sanitizers have one of their own. So it is run on the build that is shipped, and skipped on others."""
    return pytest.mark.plain(pytest.mark.skipif(has_sanitizer(), reason='measures memory: needs a plain build')(test))


def wait_until(condition, seconds=WAIT_SECONDS, pause=0.1):
    """Polls until the condition holds and returns its value; fails after the bound. It looks often at first, then after pauses of a tenth
    of the time that it has waited, `pause` at most, as each look costs the processor, and a process of its own costs much."""
    begin = time.monotonic()
    end = begin + seconds
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < end, 'the condition did not come true in time'
        time.sleep(max(0.01, min(pause, (time.monotonic() - begin) / 10)))


class Answer:
    """A response: status, headers, body; json() of it."""

    def __init__(self, response):
        self.status = response.status
        self.headers = response.headers
        self.body = response.read()

    def json(self):
        return json.loads(self.body)

    def errors(self, *keys):
        """The errors of a problem document as tuples of these members."""
        assert self.headers['Content-Type'] == 'application/problem+json', self.body
        return [tuple(error.get(key) for key in keys) for error in self.json().get('errors', [])]


class Server:
    """`reckoner serve` as a child process."""

    def __init__(self, *args, var=None, env=None, preexec=None, wait=True):
        command = [BINARY, 'serve', '--listen', '127.0.0.1:0', *map(str, args)]
        if var is not None:
            command += ['--var', str(var)]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT,
                                        env={**os.environ, **(env or {})}, preexec_fn=preexec)
        os.set_blocking(self.process.stdout.fileno(), False)
        self.stderr = ''
        self.logged = ''
        self.port = None
        if wait:
            self.wait_ready()

    def read_stderr(self, seconds):
        """Waits for more of standard error; False at its end."""
        ready, _, _ = select.select([self.process.stderr], [], [], seconds)
        if not ready:
            return True
        data = os.read(self.process.stderr.fileno(), 65536)
        self.stderr += data.decode()
        return bool(data)

    def access_log(self):
        """What has come of it so far: the line of a request is written behind its answer."""
        self.logged += (self.process.stdout.read() or b'').decode()
        return self.logged

    def wait_ready(self):
        end = time.monotonic() + START_SECONDS
        while time.monotonic() < end:
            more = self.read_stderr(0.5)
            match = re.search(r'listening on http://127\.0\.0\.1:(\d+), (\d+) endpoints', self.stderr)
            if match:
                self.port, self.endpoints = int(match.group(1)), int(match.group(2))
                return
            assert more, f'the server ended: {self.stderr}'
        raise AssertionError(f'the server was not ready in time: {self.stderr}')

    def connect(self, timeout=WAIT_SECONDS):
        return socket.create_connection(('127.0.0.1', self.port), timeout=timeout)

    def request(self, method, path, body=None, headers=None):
        connection = http.client.HTTPConnection('127.0.0.1', self.port, timeout=WAIT_SECONDS * 2)
        with contextlib.closing(connection):
            connection.request(method, path, body=body, headers=headers or {})
            return Answer(connection.getresponse())

    def get(self, path, **headers):
        return self.request('GET', path, headers=headers)

    def post(self, path, body, content_type='application/json'):
        if not isinstance(body, (bytes, str)):
            body = json.dumps(body)
        if isinstance(body, str):
            body = body.encode()
        return self.request('POST', path, body, {'Content-Type': content_type})

    def rss_bytes(self):
        status = pathlib.Path(f'/proc/{self.process.pid}/status').read_text()
        return int(re.search(r'VmRSS:\s+(\d+) kB', status).group(1)) * 1024

    def peak_bytes(self):
        status = pathlib.Path(f'/proc/{self.process.pid}/status').read_text()
        return int(re.search(r'VmHWM:\s+(\d+) kB', status).group(1)) * 1024

    def stop(self, how=signal.SIGTERM):
        """Ends the process and returns its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(how)
        out, err = self.process.communicate(timeout=60)
        self.stdout = self.logged + (out or b'').decode()
        self.stderr += err.decode()
        return self.process.returncode


STORES = ['sqlite', 'postgresql']  # what tests of both are run with


numbers = itertools.count()


def new_store(kind, request):
    """The options that give a server a new store of that kind: a file in its folder, or a database of a cluster that many share."""
    if kind == 'sqlite':
        return []
    if not postgresql.is_there():
        pytest.skip('needs the package postgresql-15')
    return ['--store', request.getfixturevalue('databases').create(f'store_{os.getpid()}_{next(numbers)}')]


def run(*args, **options):
    """A command that ends by itself."""
    return subprocess.run([BINARY, *map(str, args)], capture_output=True, text=True, cwd=ROOT, timeout=300, **options)


def write_app(folder, files):
    """An app made of {name: text}. Each file is there as a whole or not at all, as somebody may watch the folder."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        hidden = path.with_name(f'.{path.name}.new')
        hidden.write_bytes(text if isinstance(text, bytes) else text.encode())
        hidden.rename(path)
    return folder
