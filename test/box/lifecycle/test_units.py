# SPDX-License-Identifier: Apache-2.0
"""The units in deploy/systemd: systemd reads them, calls them well shut in, and the server runs within what they allow."""
import ctypes
import errno
import os
import re
import shutil
import subprocess

import pytest

from server import BINARY, ROOT, has_sanitizer, write_app

UNITS = ROOT / 'deploy' / 'systemd'
APP = {
    'schema/001_t.sql': 'CREATE TABLE t (x integer PRIMARY KEY, y text);',
    'get_t.sql': '-- @endpoint GET /t\n-- @shape values\n-- @answer\nSELECT x FROM t ORDER BY x;\n',
    'post_t.sql': '-- @endpoint POST /t\n-- @field x integer required\n-- @write\nINSERT INTO t (x) SELECT x FROM batch;\n-- @answer 204\n',
    'get_long.sql': "-- @endpoint GET /long\n-- @answer\nWITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c WHERE x < 100000) "
                    "SELECT x, 'a text to make the answer long' AS t FROM c;\n",
    'public/page.html': '<p>a page</p>',
}
SCMP_ACT_ALLOW, SCMP_ACT_KILL_PROCESS = 0x7fff0000, 0x80000000

needs_systemd = pytest.mark.skipif(shutil.which('systemd-analyze') is None, reason='needs systemd-analyze')


def analyze(*args):
    return subprocess.run(['systemd-analyze', *map(str, args)], capture_output=True, text=True, timeout=60)


@needs_systemd
def test_systemd_reads_the_units_without_a_word(tmp_path):
    units = []
    for unit in sorted(UNITS.iterdir()):
        units.append(tmp_path / unit.name)
        units[-1].write_text(unit.read_text().replace('/usr/bin/reckoner', BINARY))
    assert len(units) >= 3
    result = analyze('verify', '--man=no', *units)
    assert (result.returncode, result.stderr) == (0, '')


@needs_systemd
def test_the_service_is_well_shut_in():
    result = analyze('security', '--offline=true', UNITS / 'reckoner.service')
    assert float(re.search(r'Overall exposure level for reckoner\.service: ([\d.]+)', result.stdout).group(1)) < 2.0


def calls_of(group):
    """The calls of the system in a set of systemd's, and in the sets that it is made of."""
    calls = set()
    for line in analyze('syscall-filter', group).stdout.splitlines():
        word = line.strip()
        if word.startswith('@') and word != group:
            calls |= calls_of(word)
        elif re.fullmatch(r'[a-z0-9_]+', word):
            calls.add(word)
    return calls


def calls_of_service():
    calls = set()
    for value in re.findall(r'^SystemCallFilter=(.*)$', (UNITS / 'reckoner.service').read_text(), re.MULTILINE):
        for word in value.lstrip('~').split():
            named = calls_of(word) if word.startswith('@') else {word}
            calls = calls - named if value.startswith('~') else calls | named
    return calls


def only(calls):
    """For a child: any other call kills it, where systemd would have it fail, so that nothing is passed over in silence."""
    seccomp = ctypes.CDLL('libseccomp.so.2')
    seccomp.seccomp_init.restype = ctypes.c_void_p
    numbers = [seccomp.seccomp_syscall_resolve_name(call.encode()) for call in sorted(calls)]

    def confine():
        context = ctypes.c_void_p(seccomp.seccomp_init(ctypes.c_uint32(SCMP_ACT_KILL_PROCESS)))
        for number in numbers:
            if number >= 0:
                assert seccomp.seccomp_rule_add(context, ctypes.c_uint32(SCMP_ACT_ALLOW), number, 0) in (0, -errno.EEXIST)
        assert seccomp.seccomp_load(context) == 0
    return confine


@needs_systemd
@pytest.mark.skipif(has_sanitizer(), reason='sanitizers make calls of their own')
def test_the_server_makes_no_call_that_the_service_refuses(start, tmp_path):
    calls = calls_of_service()
    assert 'read' in calls and 'mount' not in calls
    if os.geteuid() == 0:
        calls.add('fchown')  # which SQLite calls for root alone, and the service is not root's
    server = start(write_app(tmp_path / 'shut', APP), '--loops', '2', '--listen', f'unix:{tmp_path}/s', preexec=only(calls))
    assert server.post('/t', [{'x': x} for x in range(1000)]).status == 204
    assert len(server.get('/t').json()) == 1000
    assert len(server.get('/long').json()) == 100000
    assert server.get('/page.html').status in (200, 404)
    assert server.stop() == 0
