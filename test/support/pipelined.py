# SPDX-License-Identifier: Apache-2.0
"""A connection that sends several requests before it reads the first answer."""
import re

LENGTH = re.compile(rb'(?i)^content-length: *(\d+)\r$', re.MULTILINE)


class Pipelined:
    """Requests as bytes of write_request(); answers as (status, head, body). Of one thread."""

    def __init__(self, server):
        self.socket = server.connect()
        self.file = self.socket.makefile('rb')

    def ask(self, requests):
        self.socket.sendall(b''.join(requests))
        return [self.read() for _ in requests]

    def read(self):
        lines = []
        while (line := self.file.readline()) not in (b'\r\n', b''):
            lines.append(line)
        head = b''.join(lines)
        assert line, f'the server has closed the connection, behind {head}'
        status, length = int(head[9:12]), LENGTH.search(head)
        assert length or status in (204, 304), head
        return status, head, self.file.read(int(length.group(1))) if length and status != 304 else b''

    def close(self):
        self.file.close()
        self.socket.close()


def write_request(method, target, fields=(), body=None):
    lines = [f'{method} {target} HTTP/1.1', 'Host: a', *(f'{name}: {value}' for name, value in fields)]
    if body is not None:
        lines += [f'Content-Length: {len(body)}', 'Content-Type: application/json']
    return ('\r\n'.join(lines) + '\r\n\r\n').encode() + (body or b'')
