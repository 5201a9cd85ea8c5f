# SPDX-License-Identifier: Apache-2.0
"""nginx and HAProxy, started with the files of deploy/proxies: only addresses, certificates and folders are put in."""
import os
import re
import shutil
import socket
import subprocess

import pytest

from server import ROOT, wait_until

FILES = ROOT / 'deploy' / 'proxies'


def free_port():
    with socket.socket() as taken:
        taken.bind(('127.0.0.1', 0))
        return taken.getsockname()[1]


def certificate(folder):
    """A certificate of example.org that signs itself, and its key; and both in one file, as HAProxy wants them."""
    names = folder / 'example.org.crt', folder / 'example.org.key'
    if not names[0].exists():
        subprocess.run(['openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2',
                        '-subj', '/CN=example.org', '-addext', 'subjectAltName=DNS:example.org', '-out', names[0], '-keyout', names[1]],
                       check=True, capture_output=True)
        (folder / 'example.org.pem').write_text(names[0].read_text() + names[1].read_text())
    return names[0]


class Proxy:
    """A proxy before `nodes`, addresses in the order in which the file names its own."""

    def __init__(self, name, folder, nodes, **replaced):
        self.program = name.split('.')[0].split('-')[0]
        if shutil.which(self.program, path='/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin') is None:
            pytest.skip(f'needs the package {"nginx-light" if self.program == "nginx" else self.program}')
        folder.mkdir(exist_ok=True)
        self.certificate, self.port = certificate(folder), free_port()
        text = (FILES / name).read_text(encoding='utf-8')
        ours = dict(zip(dict.fromkeys(re.findall(r'127\.0\.0\.1:\d+(?=[ ;\n])', re.sub(r'(?m)^ *#.*$', '', text))), nodes))
        ours.update(replaced)
        for theirs, mine in ours.items():
            assert theirs in text, theirs
            text = text.replace(theirs, mine)
        text = text.replace('listen 443', f'listen 127.0.0.1:{self.port}').replace('bind :443', f'bind 127.0.0.1:{self.port}')
        text = re.sub(r'/etc/(nginx|haproxy)/example', f'{folder}/example', text).replace('/run/nginx.pid', f'{folder}/nginx.pid')
        # Of root's nginx the workers have to be root's as well, or else they cannot write an answer that a client takes slowly to a file there.
        text = re.sub(r'(?m)^user .*$', '' if os.getuid() else 'user root;', text).replace('/var/log/nginx', str(folder))
        text = text.replace('http {', 'http {\n' + ''.join(f'    {kind}_temp_path {folder}/{kind};\n' for kind in
                                                            ('client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi')))
        self.file = folder / name
        self.file.write_text(text, encoding='utf-8')
        command = {'nginx': ['/usr/sbin/nginx', '-p', folder, '-e', folder / 'error.log', '-c', self.file, '-g', 'daemon off;'],
                   'haproxy': ['/usr/sbin/haproxy', '-db', '-f', self.file]}[self.program]
        self.log = open(folder / 'log', 'wb')
        self.process = subprocess.Popen(list(map(str, command)), stdout=self.log, stderr=self.log)
        wait_until(self.is_there)

    def is_there(self):
        assert self.process.poll() is None, (self.file.parent / 'log').read_text()
        with socket.socket() as client:
            return client.connect_ex(('127.0.0.1', self.port)) == 0

    def curl(self, path, *options, method='GET', scheme='https'):
        """The status, the version of HTTP, the header fields in small letters, and the body."""
        done = subprocess.run(['curl', '-sS', '-i', '-g', '--path-as-is', '--http2', '--cacert', self.certificate, '--resolve',
                               f'example.org:{self.port}:127.0.0.1', *(['-I'] if method == 'HEAD' else ['-X', method]), *map(str, options),
                               f'{scheme}://example.org:{self.port}{path}'], capture_output=True, timeout=120, check=False)
        assert done.returncode == 0, done.stderr.decode() + self.errors()
        head, _, body = done.stdout.partition(b'\r\n\r\n')
        while head.split(b' ', 2)[1] == b'100':
            head, _, body = body.partition(b'\r\n\r\n')
        first, *lines = head.decode().split('\r\n')
        fields = {name.lower(): value for name, value in (line.split(': ', 1) for line in lines if ': ' in line)}
        return int(first.split(' ')[1]), first.split(' ')[0], fields, body

    def errors(self):
        """What it says of them itself."""
        return ''.join(file.read_text(encoding='utf-8', errors='replace') for file in (self.file.parent / 'error.log', self.file.parent / 'log')
                       if file.exists())

    def stop(self):
        self.process.terminate()
        self.process.wait(60)
        self.log.close()
