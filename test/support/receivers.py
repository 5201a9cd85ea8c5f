# SPDX-License-Identifier: Apache-2.0
"""Receivers of webhooks for the black-box tests: servers on this machine that keep what they get, and answer as a test says."""
import base64
import hashlib
import hmac
import http.server
import json
import ssl
import threading
import time

SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'
OTHER = 'whsec_C2FVsBQIhrscChlQIMVb5sSYspob7oDAAAA='


class Got:
    """One request that a receiver got."""

    def __init__(self, path, headers, body):
        self.path, self.headers, self.body = path, headers, body
        self.id = headers['webhook-id']

    def json(self):
        return json.loads(self.body)

    def signatures(self):
        return self.headers['webhook-signature'].split(' ')

    def is_signed(self, secret=SECRET):
        """By the specification's own words, worked out here."""
        assert abs(int(self.headers['webhook-timestamp']) - time.time()) < 300
        key = base64.b64decode(secret.removeprefix('whsec_'))
        content = f"{self.id}.{self.headers['webhook-timestamp']}.".encode() + self.body
        expected = 'v1,' + base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()
        return expected in self.signatures()


class Receiver(http.server.ThreadingHTTPServer):
    """Answers with the statuses of `plan` one after the other, then with `status`. `holds`: answers wait until it is cleared."""

    daemon_threads = True

    def __init__(self, port=0, plan=(), status=204, headers=()):
        self.got, self.plan, self.status, self.fields = [], list(plan), status, list(headers)
        self.free = threading.Event()
        self.free.set()
        self.lock = threading.Lock()
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = 'HTTP/1.1'

            def do_POST(self):
                got = Got(self.path, self.headers, self.rfile.read(int(self.headers['Content-Length'])))
                with receiver.lock:
                    receiver.got.append(got)
                    status = receiver.plan.pop(0) if receiver.plan else receiver.status
                receiver.free.wait(60)
                self.send_response(status)
                for name, value in receiver.fields:
                    self.send_header(name, value)
                self.send_header('Content-Length', '0')
                self.end_headers()

            def log_message(self, *args):
                pass

        super().__init__(('127.0.0.1', port), Handler)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def use_tls(self, certificate):
        """From the next connection on."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate.cert, certificate.key)
        self.socket = context.wrap_socket(self.socket, server_side=True)

    def handle_error(self, request, client_address):
        """A client that refuses the certificate is none."""

    def url(self, path='/in'):
        return f'http://127.0.0.1:{self.server_address[1]}{path}'

    def batches(self):
        return sorted(got.json()['data']['batch'] for got in list(self.got))

    def ids(self):
        return [got.id for got in list(self.got)]

    def close(self):
        self.free.set()
        self.shutdown()
        self.server_close()
