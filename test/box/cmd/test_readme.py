# SPDX-License-Identifier: Apache-2.0
"""README.md is true: its app serves what its curl lines say, and so do its other listings; lines of app.ini that it and the guide name are ones."""
import re
import shlex
import subprocess

import pytest
from server import ROOT, run, write_app

README = (ROOT / 'README.md').read_text(encoding='utf-8')
GUIDE = (ROOT / 'docs' / 'guide.md').read_text(encoding='utf-8')
FILES = dict(re.findall(r'`(hello/[^`]+)`[^`]*:\n```sql\n(.*?)^```$', README, re.MULTILINE | re.DOTALL))
STATIONS = dict(re.findall(r'^`(stations/[^`]+)`:\n```\w+\n(.*?)^```$', GUIDE, re.MULTILINE | re.DOTALL))
CONSOLE = ''.join(re.findall(r'^```console\n(.*?)^```$', README, re.MULTILINE | re.DOTALL))
COMMANDS = re.findall(r'^\$ (.*?)\n((?:(?!\$ ).*\n)*)', CONSOLE, re.MULTILINE)


@pytest.fixture
def app(tmp_path):
    assert len(FILES) == 3
    return write_app(tmp_path, FILES) / 'hello'


def asked(command, port, key=''):
    """What a curl line prints, of a server on that port."""
    command = command.replace("$'", "'").replace('\\n', '\n').replace('$KEY', key)  # what bash makes of them
    words = [word.replace('localhost:8080', f'127.0.0.1:{port}').replace('127.0.0.1:8080', f'127.0.0.1:{port}') for word in shlex.split(command)]
    return subprocess.run(['curl', '-sS', *words[1:]], capture_output=True, text=True, timeout=60, check=True).stdout.strip()


def is_as_told(answer, told):
    """What is printed may be broken into lines, and leave something out."""
    parts = ''.join(told.splitlines()).split('…')
    return re.fullmatch('.*'.join(map(re.escape, parts)), answer) is not None


def test_readme_s_app_answers_as_it_says(app, start):
    done = run('check', app)
    assert (done.returncode, done.stderr) == (0, f'{app}: 2 endpoints, 1 schema files, no errors\n')
    server = start(app)
    commands = [(command, told) for command, told in COMMANDS if command.startswith('curl') and told]
    assert len(commands) == 3
    for command, told in commands:
        assert is_as_told(asked(command, server.port), told), command


def test_readme_s_key_lets_in(app, start, tmp_path):
    (app / 'app.ini').write_text('[access]\ndefault = key\n')
    server = start(app)
    words = shlex.split(re.search(r'^\$ KEY=\$\(build/release/reckoner (key create .*) hello\)$', README, re.MULTILINE).group(1))
    done = run(*words, app, '--var', tmp_path / 'var')
    assert done.returncode == 0, done.stderr
    command = next(command for command, _ in COMMANDS if '$KEY' in command)
    assert asked(command, server.port, done.stdout.strip()) == '[]'
    assert server.get('/rates?route=A-B&day=2026-01-01').status == 401


def test_readme_s_first_question_is_answered(start):
    command = re.search(r"^curl '.*'$", README, re.MULTILINE).group(0)
    assert asked(command, start(ROOT / 'apps' / 'rates').port).startswith('[{"day":"2026-01-01",')


def test_readme_s_lines_of_app_ini_are_such(app):
    lines = dict(re.findall(r'^- With `(\[\w+\]) ([^`]+)`', README, re.MULTILINE))
    assert set(lines) == {'[watch]', '[hook]', '[history]'}
    (app / 'schema' / '002_index.sql').write_text('CREATE INDEX prices_day ON prices (day);\n')
    (app / 'app.ini').write_text('\n'.join(f'{section}\n{line}' for section, line in lines.items()).replace('https://…', 'https://example.org/') + '\n')
    done = run('check', app)
    assert done.returncode == 0, done.stderr


def test_the_guide_s_lines_of_app_ini_are_such(tmp_path):
    sections = re.findall(r'^```ini\n(\[(?:watch|hook|history)\]\n.*?)^```$', GUIDE, re.MULTILINE | re.DOTALL)
    index = re.search(r'^```sql\n(CREATE INDEX readings_day .*?)^```$', GUIDE, re.MULTILINE | re.DOTALL).group(1)
    assert len(sections) == 3
    changed = {'stations/app.ini': STATIONS['stations/app.ini'] + ''.join(sections), 'stations/schema/002_index.sql': index}
    done = run('check', write_app(tmp_path, STATIONS | changed) / 'stations')
    assert done.returncode == 0 and 'warning' not in done.stderr, done.stderr
