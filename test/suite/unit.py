# SPDX-License-Identifier: Apache-2.0
"""The cmocka programs, which speak TAP: those of test/unit, and those of test/store, which run on each driver."""
import contextlib
import json
import os
import pathlib
import re
import subprocess
import threading

import pgbouncer
import postgresql
from suite import process
from suite.jobs import Job, Result

PROGRAM_SECONDS = 600
THREADED = {'base', 'net', 'http', 'store', 'access', 'batch', 'serve', 'cmd'}  # folders whose tests run under TSan too


def is_threaded(part):
    """Whether what a name means may be run under TSan."""
    kind, _, rest = part.partition('/')
    return kind == 'store' or (kind == 'unit' and (not rest or rest.split('/')[0] in THREADED))


CONNECTIONS = 400  # to the cluster: several programs and servers at a time, some with a dozen apps


class Databases:
    """One cluster and one pooler, started when the first program or file of tests needs them; each has databases of its own."""

    def __init__(self):
        self.stack = contextlib.ExitStack()
        self.lock = threading.Lock()
        self.count = 0
        self.cluster = self.pooler = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stack.close()

    def started(self):
        """The cluster, under the lock."""
        if self.cluster is None:
            cluster = postgresql.Cluster()
            cluster.configure(f'max_connections = {CONNECTIONS}\n')
            self.cluster = self.stack.enter_context(cluster)
        return self.cluster

    def port(self):
        with self.lock:
            return self.started().port

    def new(self, is_pooled):
        """What the environment has to say of a new one."""
        with self.lock:
            self.started()
            if is_pooled and self.pooler is None:
                self.pooler = self.stack.enter_context(pgbouncer.Pooler(self.cluster))
            self.count += 1
            name = f'unit_{self.count}'
            self.cluster.create(name)
        if is_pooled:
            return {'TEST_POSTGRESQL': self.pooler.url(name), 'TEST_POSTGRESQL_POOLED': '1'}
        return {'TEST_POSTGRESQL': self.cluster.url(name)}


def name_of(source):
    """test/unit/store/sqlite/test_list.c is unit/store/sqlite/list."""
    path = pathlib.Path(source).relative_to(process.ROOT / 'test')
    return str(path.parent / path.stem.removeprefix('test_'))


def programs(build):
    """(name of the part, how meson runs it) of each."""
    def introspect(what):
        listed = subprocess.run(['meson', 'introspect', what, build.folder()], capture_output=True, text=True, check=True)
        return json.loads(listed.stdout)

    sources = {file: target['target_sources'][0]['sources'][0] for target in introspect('--targets')
               for file in target['filename'] if target['type'] == 'executable'}
    return [(name_of(sources[test['cmd'][0]]), test) for test in introspect('--tests')]


def chosen(build):
    """Those that run on this build: under TSan, where threads are."""
    return [(name, test) for name, test in programs(build) if build.name != 'tsan' or test['name'].split('_')[0] in THREADED]


def targets(build):
    """What ninja has to make for them."""
    return [os.path.relpath(test['cmd'][0], build.folder()) for _, test in chosen(build)]


def run(name, test, environment):
    done = process.run(test['cmd'], PROGRAM_SECONDS,
                       env={**test['env'], **process.SANITIZERS, **environment, 'CMOCKA_MESSAGE_OUTPUT': 'TAP'})
    good = len(re.findall(r'^ok ', done.out, re.MULTILINE))
    bad = len(re.findall(r'^not ok (?!\d+ # SKIP)', done.out, re.MULTILINE))
    if bad or done.code != 0 or good == 0:
        bad = max(bad, 1)
    return Result(good, bad, done.out + done.err, [(done.seconds, name)], cpu=done.cpu)


def jobs(build, databases, costs):
    """Of one build: the programs, and for ASan those of stores behind a pooler once more."""
    found = []

    def add(name, test, kind, is_pooled=False):
        def work():
            return run(name, test, databases.new(is_pooled) if 'store' in pathlib.PurePath(name).parts else {})
        found.append(Job(name, kind, work, *costs.of(f'{name} ({kind})', seconds=1)))

    for name, test in chosen(build):
        is_store = test['name'].startswith('store_')
        add(name, test, f'unit ({build.what})')
        if build.name == 'debug' and is_store and not test['name'].startswith('store_sqlite'):
            add(name, test, 'unit (pgbouncer)', is_pooled=True)
    return found
