# SPDX-License-Identifier: Apache-2.0
"""A server that replaces itself at SIGUSR2, and clients that must not notice: they keep their connections, and count what fails."""
import contextlib
import json
import os
import pathlib
import re
import signal
import socket
import threading

from server import Server, wait_until


def is_alive(pid):
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        return pathlib.Path(f'/proc/{pid}/stat').read_text().rpartition(')')[2].split()[0] != 'Z'
    return False


class Upgraded:
    """A server, and the process that serves now: the first one, or one that has replaced it."""

    def __init__(self, *args, **options):
        self._take(Server(*args, **options))

    @classmethod
    def of(cls, server):
        """The same of a server that runs already."""
        upgraded = cls.__new__(cls)
        upgraded._take(server)
        return upgraded

    def _take(self, server):
        self.server = server
        self.pid = server.process.pid
        self._mark = 0  # what was said before the last signal

    def said(self, pattern):
        """Waits for a line since the last signal, and returns its match."""
        def look():
            self.server.read_stderr(0.01)
            return re.search(pattern, self.server.stderr[self._mark:])
        return wait_until(look)

    def begin(self):
        """The number of the new process; whether it gets ready is another matter."""
        self._mark = len(self.server.stderr)
        os.kill(self.pid, signal.SIGUSR2)
        return int(self.said(rf'process (\d+) is started to replace this one, {self.pid}\n').group(1))

    def upgrade(self):
        old, new = self.pid, self.begin()
        self.said(rf'process {new} serves, and this one, {old}, finishes')
        self.pid = new
        wait_until(lambda: not is_alive(old))
        return new

    def end(self):
        """Ends the process that serves now. All have ended then."""
        if is_alive(self.pid):
            os.kill(self.pid, signal.SIGTERM)
        out, err = self.server.process.communicate(timeout=60)
        self.server.stderr += err.decode()
        self.server.stdout = (out or b'').decode()
        wait_until(lambda: not is_alive(self.pid))


class Kept:
    """A client that keeps its connection, and fails where a real one would: when that ends at a request."""

    def __init__(self, port):
        self.port = port
        self.socket = None
        self.connections = 0

    def ask(self, request):
        """Status and body."""
        if self.socket is None:
            self.socket = socket.create_connection(('127.0.0.1', self.port), timeout=60)
            self.connections += 1
        self.socket.sendall(request)
        came = b''
        while b'\r\n\r\n' not in came:
            came += self._more()
        head, _, body = came.partition(b'\r\n\r\n')
        length = int(re.search(rb'(?i)content-length: (\d+)', head).group(1))
        while len(body) < length:
            body += self._more()
        if b'connection: close' in head.lower():
            self.close()
        return int(head.split()[1]), body

    def _more(self):
        more = self.socket.recv(65536)
        if not more:
            raise EOFError('the connection ended at a request')
        return more

    def get(self, path):
        return self.ask(f'GET {path} HTTP/1.1\r\nHost: a\r\n\r\n'.encode())

    def post(self, path, rows):
        body = json.dumps(rows).encode()
        return self.ask(f'POST {path} HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n'
                        f'Content-Length: {len(body)}\r\n\r\n'.encode() + body)

    def close(self):
        if self.socket is not None:
            self.socket.close()
        self.socket = None


class Crowd:
    """Clients on threads of their own, each of which repeats `work(client, number, round)`; what it raises has failed."""

    def __init__(self, port, works):
        self.port = port
        self.failures = []
        self.done = 0
        self._lock = threading.Lock()
        self._is_over = threading.Event()
        self._threads = [threading.Thread(target=self._run, args=(work, number)) for number, work in enumerate(works)]

    def _run(self, work, number):
        client, round_ = Kept(self.port), 0
        while not self._is_over.is_set():
            try:
                work(client, number, round_)
            except Exception as error:  # noqa: BLE001: all of them count
                self.failures.append(f'client {number}, request {round_}: {error!r}')
                client.close()
            round_ += 1
            with self._lock:
                self.done += 1
        client.close()

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._is_over.set()
        for thread in self._threads:
            thread.join()

    def go_on(self):
        """Each has done something more."""
        before = self.done
        wait_until(lambda: self.done >= before + 2 * len(self._threads))
