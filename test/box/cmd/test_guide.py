# SPDX-License-Identifier: Apache-2.0
"""docs/guide.md is true: its files make an app without errors or warnings, its tests pass, its curl lines answer what it says."""
import re
import shlex
import subprocess

import pytest
from server import ROOT, run, write_app

GUIDE = (ROOT / 'docs' / 'guide.md').read_text(encoding='utf-8')
FILES = dict(re.findall(r'^`(stations/[^`]+)`:\n```\w+\n(.*?)^```$', GUIDE, re.MULTILINE | re.DOTALL))
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


@pytest.mark.threads
def test_the_guide_s_slow_question_is_explained(app):
    line = re.search(r'^reckoner (explain .*)$', GUIDE, re.MULTILINE).group(1)
    words = [str(app) if word == 'stations' else word for word in shlex.split(line)]
    done = run(*words)
    assert done.returncode == 0, done.stderr
    assert 'get_days.sql' in done.stdout
