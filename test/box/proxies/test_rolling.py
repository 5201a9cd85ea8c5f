# SPDX-License-Identifier: Apache-2.0
"""Two nodes behind a balancer are restarted one after the other under load, and no request fails."""
import http.client
import itertools
import signal
import ssl
import threading

import pytest

from proxy import Proxy, free_port
from rounds import rounds
from server import WAIT_SECONDS, Server, wait_until, write_app

pytestmark = pytest.mark.threads
APP = {
    'schema/001_t.sql': 'CREATE TABLE t (x integer PRIMARY KEY);',
    'get_t.sql': '-- @endpoint GET /t\n-- @answer\nSELECT 7 AS x;\n',
    'post_t.sql': '-- @endpoint POST /t\n-- @field x integer required\n-- @write\nINSERT INTO t SELECT x FROM batch;\n-- @answer 204\n',
}
CLIENTS = 4
NOTICE = '1s'  # HAProxy looks at a node ten times in it


class Load:
    """Clients that keep their connections, and ask until the end."""

    def __init__(self, proxy):
        self.context = ssl.create_default_context(cafile=str(proxy.certificate))
        self.context.check_hostname = False
        self.port = proxy.port
        self.numbers = itertools.count()
        self.answered, self.failed, self.is_over = [0] * CLIENTS, [], False
        self.threads = [threading.Thread(target=self.ask, args=(place,)) for place in range(CLIENTS)]
        for thread in self.threads:
            thread.start()

    def ask(self, place):
        connection = None
        while not self.is_over:
            connection = connection or http.client.HTTPSConnection('127.0.0.1', self.port, context=self.context, timeout=WAIT_SECONDS)
            method, body = ('POST', f'[{{"x":{next(self.numbers)}}}]') if place == 0 else ('GET', None)
            try:
                connection.request(method, '/api/t', body, {'Host': 'example.org', 'Content-Type': 'application/json'})
                answer = connection.getresponse()
                answer.read()
                if answer.status not in (200, 204):
                    self.failed.append((method, answer.status))
                if answer.headers.get('Connection') == 'close':
                    connection = connection.close()
            except OSError as error:
                self.failed.append((method, repr(error)))
                connection = connection.close()
            self.answered[place] += 1

    def wait_for_more(self):
        """Until each client has had some answers since now."""
        wanted = [count + 50 for count in self.answered]
        wait_until(lambda: all(count >= enough for count, enough in zip(self.answered, wanted)))

    def end(self):
        self.is_over = True
        for thread in self.threads:
            thread.join()


class Node:
    def __init__(self, app, var):
        self.app, self.var, self.port = app, var, free_port()
        self.start()

    def start(self):
        self.server = Server('--quiet', '--listen', f'127.0.0.1:{self.port}', '--drain-notice', NOTICE, '--drain', '10', self.app,
                             var=self.var)

    def restart(self):
        self.server.process.send_signal(signal.SIGTERM)
        assert self.server.process.wait(60) == 0
        self.server.stop()
        self.start()


@pytest.mark.parametrize('name, replaced', [('haproxy.cfg', {'inter 1s': 'inter 100ms'}), ('nginx.conf', {})])
def test_a_rolling_restart_under_load_fails_no_request(tmp_path, name, replaced):
    nodes = [Node(write_app(tmp_path / 'rolled', APP), tmp_path / f'var{number}') for number in range(2)]
    proxy = load = None
    try:
        proxy = Proxy(name, tmp_path / 'proxy', [f'127.0.0.1:{node.port}' for node in nodes], **replaced)
        load = Load(proxy)
        load.wait_for_more()
        for _ in range(rounds(2, 10)):
            for node in nodes:
                node.restart()
                load.wait_for_more()
    finally:
        if load is not None:
            load.end()
        if proxy is not None:
            proxy.stop()
        for node in nodes:
            node.server.stop()
    assert load.failed == []
