# SPDX-License-Identifier: Apache-2.0
"""What black-box tests are given: a cluster, and servers that end with the test. test/support has the rest."""
import os

import pytest

pytest.register_assert_rewrite('server', 'known', 'small_apps', 'failover')
import known  # noqa: E402, F401: what tests themselves read is no matter of servers
import postgresql  # noqa: E402
from server import Server  # noqa: E402

postgresql.end_on_sigterm()


@pytest.fixture(scope='session')
def cluster():
    """One for all tests that leave it as it is, each with a database of its own."""
    with postgresql.Cluster() as one:
        yield one


@pytest.fixture(scope='session')
def databases(request):
    """Where tests get a database of their own that ask for nothing else: of a cluster that test/run has started for all files, or of this one's."""
    port = os.environ.get('TEST_CLUSTER_PORT')
    if not port:
        yield request.getfixturevalue('cluster')
        return
    with postgresql.Running(int(port)) as one:
        yield one


@pytest.fixture
def start(tmp_path):
    """Starts servers whose store lies in the test's folder; each is ended, and has to end cleanly."""
    servers = []

    def begin(*args, var=None, **options):
        server = Server(*args, var=var or tmp_path / 'var', **options)
        servers.append(server)
        return server

    yield begin
    for server in servers:
        if server.process.poll() is None:
            assert server.stop() == 0, server.stderr
