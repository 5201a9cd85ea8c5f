# SPDX-License-Identifier: Apache-2.0
"""An issuer of tokens (JWT) for the black-box tests: pairs of keys, their JWKS in a file or by a server of its own, and what they sign."""
import base64
import http.server
import json
import threading
import time

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa, utils
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

ISSUER = 'https://id.example'


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b'=').decode()


def number(value, length):
    return base64url(value.to_bytes(length, 'big'))


class Pair:
    """A pair for one algorithm, with its kid."""

    def __init__(self, alg, kid):
        self.alg, self.kid = alg, kid
        self.key = {'RS256': lambda: rsa.generate_private_key(65537, 2048), 'ES256': lambda: ec.generate_private_key(ec.SECP256R1()),
                    'EdDSA': ed25519.Ed25519PrivateKey.generate}[alg]()

    def jwk(self):
        public = self.key.public_key()
        if self.alg == 'RS256':
            numbers = public.public_numbers()
            shape = {'kty': 'RSA', 'n': number(numbers.n, 256), 'e': number(numbers.e, 3)}
        elif self.alg == 'ES256':
            numbers = public.public_numbers()
            shape = {'kty': 'EC', 'crv': 'P-256', 'x': number(numbers.x, 32), 'y': number(numbers.y, 32)}
        else:
            shape = {'kty': 'OKP', 'crv': 'Ed25519', 'x': base64url(public.public_bytes(Encoding.Raw, PublicFormat.Raw))}
        return {'kid': self.kid, 'use': 'sig', 'alg': self.alg, **shape}

    def sign(self, text):
        if self.alg == 'RS256':
            return self.key.sign(text, padding.PKCS1v15(), SHA256())
        if self.alg == 'ES256':
            r, s = utils.decode_dss_signature(self.key.sign(text, ec.ECDSA(SHA256())))
            return r.to_bytes(32, 'big') + s.to_bytes(32, 'big')
        return self.key.sign(text)

    def token(self, sub='ann', header=(), **claims):
        """A token that is good for ten minutes, but for what is said otherwise; a claim that is None is left out."""
        now = int(time.time())
        claims = {'iss': ISSUER, 'aud': 'shop', 'sub': sub, 'iat': now, 'exp': now + 600, **claims}
        claims = {name: value for name, value in claims.items() if value is not None}
        header = {'alg': self.alg, 'typ': 'JWT', 'kid': self.kid, **dict(header)}
        text = '.'.join(base64url(json.dumps(part).encode()) for part in (header, claims))
        return f'{text}.{base64url(self.sign(text.encode()))}'


def jwks(*pairs):
    return json.dumps({'keys': [pair.jwk() for pair in pairs]})


class KeysServer:
    """Gives the JWKS of its pairs by HTTP on 127.0.0.1, and counts who asks."""

    def __init__(self, *pairs):
        self.pairs, self.is_away, self.requests = pairs, False, 0
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                outer.requests += 1
                body = b'' if outer.is_away else jwks(*outer.pairs).encode()
                self.send_response(503 if outer.is_away else 200)
                self.send_header('Content-Length', str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler)
        self.url = f'http://127.0.0.1:{self.server.server_port}/jwks'
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()
