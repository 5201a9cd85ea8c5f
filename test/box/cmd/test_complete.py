# SPDX-License-Identifier: Apache-2.0
"""Completion in shells: what the program says may follow, and that bash, zsh and fish themselves make words of it."""
import contextlib
import os
import pathlib
import pty
import re
import select
import shutil
import subprocess
import time

import pytest

from server import BINARY, ROOT, run

SCRIPTS = ROOT / 'deploy' / 'completions'
PATH = f'{pathlib.Path(BINARY).parent}:{os.environ["PATH"]}'


def candidates(*words):
    return [line.split('\t')[0] for line in run('complete', *words).stdout.splitlines()]


def test_every_command_is_offered_with_what_it_does():
    lines = run('complete', '').stdout.splitlines()
    assert 'check\treport every error in the files of apps' in lines
    listed = re.findall(r'^  (\w+)  ', run('help').stdout, re.MULTILINE)
    assert [line.split('\t')[0] for line in lines] == listed


def test_every_command_that_is_listed_can_be_run():
    for name in candidates(''):
        assert 'no command is called' not in run(name, '--help').stderr


def test_a_command_is_offered_its_own_options_and_no_others():
    assert '--listen' in candidates('serve', '-') and '--listen' not in candidates('check', '-')
    for command in candidates(''):
        verbs = [v for v in candidates(command, '') if not v.startswith(':')] if command == 'key' else [None]
        for words in ([command] if verb is None else [command, verb] for verb in verbs):
            offered = [flag for flag in candidates(*words, '-') if flag.startswith('--')]
            if offered:
                told = run(*words, '--help').stdout
                assert sorted(set(re.findall(r'^  (--[a-z-]+)', told, re.MULTILINE))) == sorted(offered)


@pytest.mark.parametrize('words, expected', [
    (['key', ''], ['create', 'list', 'show', 'rotate', 'revoke']),
    (['serve', '--var', ''], [':folder']),
    (['serve', '--var=a'], [':folder']),
    (['serve', '--listen', ''], []),
    (['init', '--from', ''], [':file']),
    (['check', 'ap'], [':file']),
    (['check', '--var', 'ap'], [':file']),  # which is no option of it
    (['bake', ''], []),
    (['key', 'bake', ''], []),
])
def test_what_may_follow(words, expected):
    assert candidates(*words) == expected


BASH = '''
source {script}
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))
_reckoner 2>/dev/null
printf '%s\\n' "${{COMPREPLY[@]}}"
'''


@pytest.mark.parametrize('words, expected', [
    (['se'], ['serve']),
    (['key', 'ro'], ['rotate']),
    (['serve', '--drai'], ['--drain']),
    (['serve', '--var', 'doc'], ['docs']),
    (['serve', '--var', '=', 'doc'], ['docs']),
    (['check', 'apps/ra'], ['apps/rates']),
])
def test_bash_completes(words, expected):
    script = BASH.format(script=SCRIPTS / 'reckoner.bash')
    result = subprocess.run(['bash', '-c', script, 'bash', 'reckoner', *words], cwd=ROOT, capture_output=True, text=True,
                            env={**os.environ, 'PATH': PATH}, timeout=60)
    found = [line for line in result.stdout.splitlines() if line]
    assert set(expected) <= set(found) and all(line.startswith(words[-1]) for line in found)


@pytest.mark.skipif(not shutil.which('fish'), reason='needs the package fish')
@pytest.mark.parametrize('line, expected', [
    ('reckoner serv', 'serve\tanswer HTTP requests for one or more apps'),
    ('reckoner serve --qui', '--quiet\tno access log on standard output'),
    ('reckoner key rot', 'rotate\tgive a key a new secret'),
    ('reckoner check apps/ra', 'apps/rates/'),
    ('reckoner serve --var doc', 'docs/'),
])
def test_fish_completes(line, expected, tmp_path):
    result = subprocess.run(['fish', '--no-config', '-c', f'source {SCRIPTS}/reckoner.fish; complete -C "{line}"'], cwd=ROOT,
                            capture_output=True, text=True, timeout=60,
                            env={**os.environ, 'PATH': PATH, 'HOME': str(tmp_path)})
    assert expected in [found.removesuffix('\tDirectory') for found in result.stdout.splitlines()], result.stderr


@contextlib.contextmanager
def terminal(command, **options):
    """The command on a terminal of its own, and a function that types and reads until a pattern has come."""
    pid, fd = pty.fork()
    if pid == 0:
        os.chdir(ROOT)
        os.execvpe(command[0], command, options['env'])
    seen = ''

    def talk(text, pattern):
        nonlocal seen
        os.write(fd, text.encode())
        end = time.monotonic() + 60
        while not re.search(pattern, seen):
            assert time.monotonic() < end, seen
            if select.select([fd], [], [], 0.1)[0]:
                seen += os.read(fd, 4096).decode(errors='replace')
        seen = ''

    try:
        yield talk
    finally:
        os.close(fd)
        os.waitpid(pid, 0)


@pytest.mark.skipif(not shutil.which('zsh'), reason='needs the package zsh')
def test_zsh_completes(tmp_path):
    env = {'PATH': PATH, 'HOME': str(tmp_path), 'TERM': 'dumb', 'LANG': 'C.UTF-8', 'PS1': 'ready> '}
    with terminal(['zsh', '-f', '-i'], env=env) as talk:
        talk(f"PS1='re''ady> '; fpath=({SCRIPTS} $fpath); autoload -Uz compinit; compinit -u -d {tmp_path}/dump\n", 'ready> ')
        talk('reckoner serve --qu\t', 'serve --quiet ')
        talk('apps/ra\t', 'apps/rates/')
        talk('\x15reckoner key rot\t', 'key rotate ')
        talk('\x15reckoner serve --var doc\t', '--var docs/')
        talk('\x15reckoner serve --w\t', '--w(atch|orkers)')
        talk('\x15exit\n', 'exit')
