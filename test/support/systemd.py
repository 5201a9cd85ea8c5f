# SPDX-License-Identifier: Apache-2.0
"""systemd's part of a service: the socket that a service tells its state on, and sockets that it holds for it."""
import os
import select
import socket
import subprocess
import time

from server import BINARY, ROOT, WAIT_SECONDS


class NotifySocket:
    """What NOTIFY_SOCKET names (sd_notify(3))."""

    def __init__(self, path):
        self.path = str(path)
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(self.path)
        self.told = []  # messages that nobody has waited for
        self.all = []

    def receive(self, seconds):
        """One more message, if it comes in time."""
        ready, _, _ = select.select([self.socket], [], [], seconds)
        if ready:
            self.all.append(dict(line.split('=', 1) for line in self.socket.recv(65536).decode().splitlines()))
            self.told.append(self.all[-1])
        return bool(ready)

    def wait_for(self, name, value=None, seconds=WAIT_SECONDS):
        """The first message that has not been waited for and says so; what came before it is dropped."""
        end = time.monotonic() + seconds
        while True:
            while self.told:
                message = self.told.pop(0)
                if name in message and value in (None, message[name]):
                    return message
            assert time.monotonic() < end, f'{name} was not told'
            self.receive(1)

    def close(self):
        self.socket.close()


def listen(kind=socket.SOCK_STREAM, family=socket.AF_INET, address=('127.0.0.1', 0), listens=True):
    held = socket.socket(family, kind)
    held.bind(address)
    if listens and kind == socket.SOCK_STREAM:
        held.listen()
    return held


def activate(held, names, *args, env=None, **options):
    """Starts `reckoner serve` as systemd does, with these sockets from descriptor 3 on."""
    fds = [one.fileno() for one in held]
    # A shell takes its own id for LISTEN_PID and becomes the server, as a fork in Python could not know the id before.
    # The sockets come with high numbers, so that none of them is in the way of another.
    high = [os.dup2(fd, 100 + place, inheritable=True) for place, fd in enumerate(fds)]
    moves = ' '.join(f'{3 + place}<&{fd}' for place, fd in enumerate(high))
    closes = ' '.join(f'{fd}<&-' for fd in high)
    script = f'export LISTEN_PID=$$; exec "$@" {moves} {closes}'
    process = subprocess.Popen(
        ['bash', '-c', script, 'sh', BINARY, 'serve', *map(str, args)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT,
        pass_fds=high, env={**os.environ, 'LISTEN_FDS': str(len(fds)), 'LISTEN_FDNAMES': ':'.join(names), **(env or {})}, **options)
    for fd in high:
        os.close(fd)
    return process
