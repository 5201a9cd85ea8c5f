# SPDX-License-Identifier: Apache-2.0
"""What packages say twice has to be the same twice: ./dev package builds and tries them, which takes longer than a test."""
import re
import subprocess

import pytest

from server import ROOT, run

DEV = (ROOT / 'dev').read_text(encoding='utf-8')
PACKAGING = ROOT / 'packaging' / 'debian'


def test_the_package_is_built_with_what_dev_installs():
    listed = re.search(r'^build_packages="([^"]*)"', DEV, re.MULTILINE).group(1).split()
    control = (PACKAGING / 'control').read_text(encoding='utf-8')
    wanted = re.search(r'^Build-Depends:\n((?: .*\n)+)', control, re.MULTILINE).group(1)
    names = {line.strip(' ,').split(':')[0] for line in wanted.splitlines()}
    assert {name for name in names if name.endswith('-dev')} == {name for name in listed if name.endswith('-dev')} - {'libc6-dev'}


def test_package_and_program_have_one_version():
    version = run('version').stdout.split()[1]
    assert (PACKAGING / 'changelog').read_text(encoding='utf-8').startswith(f'reckoner ({version}) ')
    for file in ('deploy/compose.yaml', 'docs/deploy.md'):
        assert set(re.findall(r'reckoner[:_](\d+\.\d+\.\d+)', (ROOT / file).read_text(encoding='utf-8'))) == {version}


@pytest.mark.parametrize('script', ['dev', '.ci/run', *(f'tools/package/{name}' for name in ('deb', 'image', 'try', 'try_image', 'try_inside'))])
def test_scripts_are_of_a_plain_shell(script):
    assert subprocess.run(['dash', '-n', script], cwd=ROOT, timeout=60).returncode == 0


def test_what_the_package_installs_can_be_read_by_the_program(tmp_path):
    """With the example's app, as the file says, once its semicolons are taken away."""
    text = (ROOT / 'deploy' / 'reckoner.ini').read_text(encoding='utf-8')
    path = tmp_path / 'reckoner.ini'
    path.write_text(text, encoding='utf-8')
    assert run('config', '--config', path).returncode == 0
    text = text.replace('; [app rates]', '[app rates]').replace('; path = /usr/share/doc/reckoner/examples/', f'path = {ROOT}/')
    path.write_text(text, encoding='utf-8')
    result = run('config', '--config', path)
    assert result.returncode == 0 and 'apps/rates' in result.stdout
