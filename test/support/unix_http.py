# SPDX-License-Identifier: Apache-2.0
"""Requests over a Unix socket."""
import contextlib
import http.client
import socket

from server import WAIT_SECONDS, Answer


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__('unix', timeout=WAIT_SECONDS)
        self.path = str(path)

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(WAIT_SECONDS)
        self.sock.connect(self.path)


def get(path, target, **headers):
    with contextlib.closing(UnixConnection(path)) as connection:
        connection.request('GET', target, headers=headers)
        return Answer(connection.getresponse())
