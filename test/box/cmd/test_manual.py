# SPDX-License-Identifier: Apache-2.0
"""The manual page: that it has every command, option and key, and that man itself finds nothing to say about it."""
import os
import re
import shutil
import subprocess

import pytest

from server import ROOT, run

REFERENCE = (ROOT / 'docs' / 'reference.md').read_text(encoding='utf-8')


def page():
    result = run('help', '--man')
    assert result.returncode == 0 and result.stderr == ''
    return result.stdout


def plain(text):
    """What a reader sees of it, nearly."""
    return re.sub(r'\\f.|\\&', '', text).replace('\\-', '-').replace('\\e', '\\')


def test_it_has_every_command_and_option():
    text = plain(page())
    for line in run('complete', '').stdout.splitlines():
        name, summary = line.split('\t')
        assert f'\n.TP\n{name}\n{summary}' in text
    for flag in re.findall(r'^\| `(--[a-z-]+)', REFERENCE, re.MULTILINE):
        assert f'\n{flag}' in text or flag == '--help', flag


def test_it_has_every_variable_and_key():
    text = plain(page())
    for variable in re.findall(r'^\| `--[^|]*\| `(RECKONER_\w+)`', REFERENCE, re.MULTILINE):
        assert variable in text
    file = text[text.index('.SH CONFIGURATION FILE'):]
    for section, key, reload in re.findall(r'^\| `(\w+)\.(\w+)` \| `--[a-z-]+` \| (yes|no)', REFERENCE, re.MULTILINE):
        keys = re.search(rf'\n\[{section}\]\n(.*)', file).group(1).split(', ')
        assert key + ('*' if reload == 'yes' else '') in keys


def test_no_line_is_taken_for_a_request_by_accident():
    known = {'.TH', '.SH', '.B', '.I', '.PP', '.TP', '.EX', '.EE', '.BR'}
    assert {line.split()[0] for line in page().splitlines() if line[:1] in ('.', "'")} <= known


@pytest.mark.skipif(not shutil.which('man'), reason='needs the package man-db')
def test_man_has_nothing_to_say_about_it(tmp_path):
    (tmp_path / 'reckoner.1').write_text(page(), encoding='utf-8')
    result = subprocess.run(['man', '--warnings', '-E', 'UTF-8', '-l', '-Tutf8', str(tmp_path / 'reckoner.1')],
                            capture_output=True, text=True, timeout=60, env={**os.environ, 'LC_ALL': 'C.UTF-8', 'MANWIDTH': '80'})
    assert result.returncode == 0 and result.stderr == ''
    assert 'SEE ALSO' in re.sub('.\x08', '', result.stdout)  # bold is written as each letter twice
