# SPDX-License-Identifier: Apache-2.0
"""SIGHUP: the configuration and the apps are read anew, without a request that fails; what is wrong changes nothing."""
import contextlib
import http.client
import itertools
import json
import re
import signal
import ssl
import threading

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from certificates import server_certificate
from rounds import rounds
from server import ROOT, wait_until, write_app

pytestmark = pytest.mark.threads
ANSWER = '-- @endpoint GET /a\n-- @answer\nSELECT {} AS a;\n'
APP = {
    'app.ini': 'title = Read anew\n',
    'schema/001_t.sql': 'CREATE TABLE t (x integer PRIMARY KEY);',
    'get_a.sql': ANSWER.format(0),
    'post_t.sql': '-- @endpoint POST /t\n-- @field x integer required\n-- @write\nINSERT INTO t SELECT x FROM batch;\n-- @answer 204\n',
    'get_t.sql': '-- @endpoint GET /t\n-- @answer\nSELECT count(*) AS n FROM t;\n',
    'get_slow.sql': '-- @endpoint GET /slow\n-- @answer\nWITH RECURSIVE c (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < 1000000000)\n'
                    'SELECT count(*) AS n FROM c;\n',
}
READ_ANEW = 'the configuration was read anew (SIGHUP)'


@pytest.fixture
def site(tmp_path):
    """A folder with an app and a configuration that names it."""
    write_app(tmp_path / 'watched', APP)
    (tmp_path / 'reckoner.ini').write_text('[server]\ndrain = 5s\n[app watched]\npath = watched\n')
    return tmp_path


def serve(start, site, *options):
    return start('--config', site / 'reckoner.ini', *options)


def hang_up(server, told, times=1):
    """Sends SIGHUP and waits until the log tells of it so many times in all."""
    server.process.send_signal(signal.SIGHUP)
    wait_until(lambda: server.read_stderr(0.1) and server.stderr.count(told) >= times)


def in_force(server, number):
    wait_until(lambda: server.get('/a').json() == [{'a': number}])


def test_an_edit_is_in_force_after_a_hang_up_and_not_before(start, site):
    server = serve(start, site)
    (site / 'watched' / 'get_a.sql').write_text(ANSWER.format(1))
    assert server.get('/a').json() == [{'a': 0}]
    hang_up(server, 'was read anew and is in force')
    assert server.get('/a').json() == [{'a': 1}]


def test_an_app_whose_files_are_as_they_were_keeps_its_answers(start, tmp_path):
    (tmp_path / 'reckoner.ini').write_text(f'[app rates]\npath = {ROOT}/apps/rates\n')
    server = start('--config', tmp_path / 'reckoner.ini')
    path = '/rates?date_from=2016-01-01&date_to=2016-01-10&origin=CNSHA&destination=NLRTM'
    server.get(path)
    assert 'hit' in server.get(path).headers['Cache-Status']
    for times in (1, 2, 3):
        hang_up(server, READ_ANEW, times)
        assert 'hit' in server.get(path).headers['Cache-Status']
    assert 'is in force' not in server.stderr


def test_an_app_that_takes_rows_for_the_first_time_has_jobs(start, site):
    (site / 'watched' / 'post_t.sql').unlink()
    server = serve(start, site)
    assert server.post('/t', [{'x': 1}]).status == 405
    (site / 'watched' / 'post_t.sql').write_text(APP['post_t.sql'])
    hang_up(server, 'was read anew and is in force')
    answer = server.request('POST', '/t', json.dumps([{'x': 1}]), {'Content-Type': 'application/json', 'Prefer': 'respond-async'})
    assert answer.status == 202
    wait_until(lambda: server.get(answer.headers['Location']).json()['state'] == 'done')
    assert server.get('/t').json() == [{'n': 1}]


def test_an_app_that_is_broken_stays_as_it_was(start, site):
    server = serve(start, site)
    (site / 'watched' / 'get_a.sql').write_text('-- @endpoint GET /a\n-- @answr\nSELECT 1 AS a;\n')
    hang_up(server, 'what was edited is not in force')
    assert 'get_a.sql:2:4: unknown directive @answr; did you mean @answer?' in server.stderr
    assert server.get('/a').json() == [{'a': 0}]


@pytest.mark.parametrize('before, after, told', [
    ('', 'default = key\n', 'wants keys'),
    ('usage = off\n', 'certificate = on\n', 'takes certificates'),
    ('usage = off\n', '[plan small]\nrequests = 9/minute\n', 'has plans'),
    ('usage = off\n', 'usage = on\n', 'counts usage'),
])
def test_an_app_that_wants_what_the_server_was_not_started_with_stays_as_it_was(start, site, before, after, told):
    ini = site / 'watched' / 'app.ini'
    ini.write_text('[access]\n' + before)
    server = serve(start, site)
    ini.write_text('[access]\n' + (before if 'usage' not in after else '') + after)
    hang_up(server, 'what was edited is not in force')
    assert f'{told}, and no app did when the server was started: an upgrade (SIGUSR2) or a new start puts it in force' in server.stderr
    assert server.get('/a').status == 200


@pytest.mark.parametrize('broken, told', [
    ('[server]\ndrian = 5s\n', 'reckoner.ini:2: [server] has no key drian; did you mean drain?: nothing is changed by this SIGHUP'),
    ('[limits]\nread_time = soon\n', 'reckoner.ini:2: limits.read_time must be a time'),
    (None, 'reckoner.ini: could not be opened: No such file or directory: nothing is changed by this SIGHUP'),
])
def test_a_configuration_that_is_broken_changes_nothing(start, site, broken, told):
    server = serve(start, site)
    (site / 'watched' / 'get_a.sql').write_text(ANSWER.format(1))
    if broken is None:
        (site / 'reckoner.ini').unlink()
    else:
        (site / 'reckoner.ini').write_text(broken)
    hang_up(server, told)
    assert server.get('/a').json() == [{'a': 0}]
    (site / 'reckoner.ini').write_text('[app watched]\npath = watched\n')
    hang_up(server, READ_ANEW)
    in_force(server, 1)


def test_what_may_change_takes_effect_and_what_may_not_is_named(start, site):
    server = serve(start, site, '--workers', '2')
    (site / 'reckoner.ini').write_text('[server]\nworkers = 3\nloops = 7\n[limits]\nread_time = 200ms\n[app watched]\npath = watched\n')
    hang_up(server, READ_ANEW)
    assert 'server.loops has changed: that takes effect at the next upgrade (SIGUSR2) or start' in server.stderr
    assert 'server.workers' not in server.stderr  # its flag goes over the file
    assert 'apps' not in server.stderr.replace(str(site), '').partition('endpoints')[2]
    answer = server.get('/slow')
    assert answer.status == 504


def test_what_logs_say_may_change(start, site):
    server = serve(start, site)
    assert server.get('/a').status == 200
    with open(site / 'reckoner.ini', 'a') as ini:
        ini.write('[log]\nformat = json\nslow = 1ms\n[limits]\nread_time = 200ms\n')
    hang_up(server, READ_ANEW)
    assert server.get('/slow').status == 504
    wait_until(lambda: server.read_stderr(0.1) and [json.loads(line) for line in server.stderr.splitlines() if '"slow"' in line])


def test_other_apps_in_the_file_are_named(start, site):
    server = serve(start, site)
    write_app(site / 'other', APP)
    (site / 'reckoner.ini').write_text('[app watched]\npath = watched\n[app other]\npath = other\n')
    hang_up(server, 'the list of apps has changed: that takes effect at the next upgrade (SIGUSR2) or start')
    assert server.get('/a').status == 200


def certificate_of(port):
    """What a new connection is shown, in DER."""
    return ssl.PEM_cert_to_DER_cert(ssl.get_server_certificate(('127.0.0.1', port)))


def test_certificates_are_exchanged_and_connections_go_on(start, site):
    first = server_certificate(site)
    with open(site / 'reckoner.ini', 'a') as ini:
        ini.write('[tls]\nlisten = 127.0.0.1:0\ncert = localhost.pem\nkey = localhost.key\n')
    server = serve(start, site)
    port = int(wait_until(lambda: server.read_stderr(0.1) and re.search(r'listening on https://127\.0\.0\.1:(\d+)', server.stderr))[1])
    assert certificate_of(port) == first.x509.public_bytes(Encoding.DER)
    context = ssl.create_default_context(cafile=str(first.cert))
    with contextlib.closing(http.client.HTTPSConnection('localhost', port, timeout=60, context=context)) as connection:
        connection.request('GET', '/a')
        assert connection.getresponse().read() == b'[{"a":0}]'
        before = connection.sock
        first.key.write_text('no key')
        hang_up(server, 'nothing is changed by this SIGHUP')
        assert certificate_of(port) == first.x509.public_bytes(Encoding.DER)
        second = server_certificate(site)
        hang_up(server, READ_ANEW)
        assert certificate_of(port) == second.x509.public_bytes(Encoding.DER)
        connection.request('GET', '/a')
        assert connection.getresponse().read() == b'[{"a":0}]' and connection.sock is before


def test_no_request_of_kept_alive_clients_fails_while_all_is_read_anew(start, site):
    server = serve(start, site)
    done, failures, written = threading.Event(), [], []
    numbers = itertools.count()

    def ask(worker):
        try:
            with contextlib.closing(http.client.HTTPConnection('127.0.0.1', server.port, timeout=60)) as connection:
                while not done.is_set():
                    if worker == 0:
                        number = next(numbers)
                        connection.request('POST', '/t', f'[{{"x": {number}}}]', {'Content-Type': 'application/json'})
                    else:
                        connection.request('GET', '/a')
                    answer = connection.getresponse()
                    body = answer.read()
                    if answer.status >= 300:
                        failures.append((answer.status, body))
                    elif worker == 0:
                        written.append(number)
        except OSError as error:
            failures.append(repr(error))

    clients = [threading.Thread(target=ask, args=(worker,)) for worker in range(4)]
    for client in clients:
        client.start()
    try:
        for number in range(1, rounds(40, 1000)):
            (site / 'watched' / 'get_a.sql').write_text(ANSWER.format(number))
            hang_up(server, READ_ANEW, number)
        in_force(server, number)
    finally:
        done.set()
        for client in clients:
            client.join()
    assert failures == []
    assert server.get('/t').json() == [{'n': len(written)}]
