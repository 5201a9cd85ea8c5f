# SPDX-License-Identifier: Apache-2.0
"""docs/guide.md is true: its files make an app without errors or warnings, its tests pass, its curl lines answer what it says."""
import re
import shlex
import subprocess

import pytest
from server import ROOT, run, write_app

GUIDE = (ROOT / 'docs' / 'guide.md').read_text(encoding='utf-8')
FILES = dict(re.findall(r'^`(stations/[^`]+)`:\n```\w+\n(.*?)^```$', GUIDE, re.MULTILINE | re.DOTALL))
SHOP = dict(re.findall(r'^`(shop/[^`]+)`[^\n]*:\n```\w+\n(.*?)^```$', GUIDE, re.MULTILINE | re.DOTALL))
CONSOLE = ''.join(re.findall(r'^```console\n(.*?)^```$', GUIDE, re.MULTILINE | re.DOTALL))
COMMANDS = re.findall(r'^\$ (.*?)\n((?:(?!\$ ).*\n)*)', CONSOLE, re.MULTILINE)


@pytest.fixture
def app(tmp_path):
    write_app(tmp_path, FILES)
    return tmp_path / 'stations'


def test_the_guide_has_files_and_commands():
    assert len(FILES) == 12
    assert len(COMMANDS) >= 7


def test_the_guide_s_app_has_no_errors_and_no_warnings(app):
    done = run('check', app)
    assert done.returncode == 0, done.stderr
    assert 'warning' not in done.stderr
    expected = dict(COMMANDS)['reckoner check stations'].replace('stations:', f'{app}:')
    assert done.stderr == expected


def test_the_guide_s_own_tests_pass(app):
    done = run('test', app)
    assert done.returncode == 0, done.stdout + done.stderr
    assert 'not ok' not in done.stdout


def test_the_guide_s_curl_lines_answer_as_it_says(app, start):
    server = start(app)
    asked = 0
    for command, expected in COMMANDS:
        if not command.startswith('curl'):
            continue
        command = command.replace("$'", "'").replace('\\n', '\n')  # what bash makes of $'…'
        words = ['curl', '-sS', *(word.replace('localhost:8080', f'127.0.0.1:{server.port}') for word in shlex.split(command)[1:])]
        done = subprocess.run(words, capture_output=True, timeout=60, check=True)
        assert done.stdout.decode().replace('\r\n', '\n').strip() == expected.strip(), command
        asked += 1
    assert asked >= 6


def test_the_guide_s_shop_has_no_warnings_and_passes_its_tests(tmp_path):
    assert len(SHOP) == 5
    shop = write_app(tmp_path, SHOP) / 'shop'
    done = run('check', shop)
    assert (done.returncode, done.stderr) == (0, f'{shop}: 2 endpoints, 1 schema files, no errors\n')
    done = run('test', shop)
    assert done.returncode == 0 and done.stdout.endswith('# 4 passed, 0 failed\n'), done.stdout + done.stderr


def test_the_guide_s_shop_is_asked_with_the_guide_s_key(tmp_path, start):
    shop = write_app(tmp_path, SHOP) / 'shop'
    server = start(shop)
    words = shlex.split(re.search(r'^KEY=\$\(reckoner (key create .*) shop\)$', GUIDE, re.MULTILINE).group(1))
    done = run(*words, shop, '--var', tmp_path / 'var')
    assert done.returncode == 0, done.stderr
    answer = server.get('/orders', Authorization=f'Bearer {done.stdout.strip()}')
    assert (answer.status, answer.json()) == (200, [])
    assert server.get('/orders').status == 401
    line = re.search(r'^`reckoner (explain shop [^`]+)`', GUIDE, re.MULTILINE).group(1)
    words = [str(shop) if word == 'shop' else word for word in shlex.split(line)]
    done = run(*words, '--var', tmp_path / 'var')
    assert done.returncode == 0 and 'answered with 200: 2 bytes' in done.stdout, done.stdout + done.stderr


def test_the_guide_s_slow_question_is_explained(app):
    line = re.search(r'^reckoner (explain .*)$', GUIDE, re.MULTILINE).group(1)
    words = [str(app) if word == 'stations' else word for word in shlex.split(line)]
    done = run(*words)
    assert done.returncode == 0, done.stderr
    assert 'get_days.sql' in done.stdout
