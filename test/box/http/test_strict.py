# SPDX-License-Identifier: Apache-2.0
"""Requests that RFC 9112 wants refused, and odd ones that it wants served: whole and a byte at a time."""
import re
import socket

import pytest

from known import golden, shared
from server import Server, write_app
from small_apps import READ_APP


@pytest.fixture(scope='module')
def server(tmp_path_factory):
    app = write_app(tmp_path_factory.mktemp('strict') / 'small', READ_APP)
    server = Server(app, '--quiet', var=tmp_path_factory.mktemp('var'))
    yield server
    assert server.stop() == 0


def expand(text):
    """"{1000 x a}" stands for a thousand times a."""
    return re.sub(r'\{(\d+) x (.)\}', lambda match: match.group(2) * int(match.group(1)), text).encode('latin-1')


def statuses(received):
    """The status of each response in the bytes, by walking over their lengths."""
    found = []
    while received:
        head, separator, received = received.partition(b'\r\n\r\n')
        assert separator, head
        status = int(re.match(rb'HTTP/1\.1 (\d{3}) ', head).group(1))
        if status == 100:
            continue
        found.append(status)
        length = re.search(rb'(?i)^content-length: (\d+)\r?$', head, re.MULTILINE)
        if length:  # an answer to HEAD has a length and no body, but is the last one in its case
            received = received[int(length.group(1)):]
    return found


def exchange(server, sent, pieces):
    """Sends the pieces, then no more, and reads until the server closes."""
    received = b''
    with server.connect() as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            for piece in pieces:
                connection.sendall(piece)
            connection.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # it has closed already: what it said is still there to read
        try:
            while True:
                data = connection.recv(65536)
                if not data:
                    break
                received += data
        except ConnectionResetError:
            pass
    return received


@pytest.mark.parametrize('whole', [True, False], ids=['whole', 'byte by byte'])
@pytest.mark.parametrize('case', golden('http_strict.jsonl') or [None], ids=lambda case: case['name'] if case else 'none')
def test_strictness(server, case, whole):
    if case is None:
        shared('golden/http_strict.jsonl')
    sent = expand(case['send'])
    # what is larger than every limit is sent in pieces of 997 bytes, as a million writes show nothing more
    step = len(sent) if whole else 1 if len(sent) < 5000 else 997
    pieces = [sent[i:i + step] for i in range(0, len(sent), step)]
    got = statuses(exchange(server, sent, pieces))
    if case['expect'] == 'reject':
        # a refusal ends the connection: whatever was smuggled behind it is not served
        assert len(got) <= 1 and all(status >= 400 for status in got), got
    else:
        assert got == case['expect']
    assert server.get('/-/livez').status == 200
