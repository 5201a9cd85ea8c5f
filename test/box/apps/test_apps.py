# SPDX-License-Identifier: Apache-2.0
"""The four services: no errors, no warnings, and their own tests pass."""
import pytest

from server import ROOT, run

APPS = sorted(path.parent.name for path in (ROOT / 'apps').glob('*/app.ini'))


def test_there_are_four():
    assert APPS == ['genes', 'people', 'rates', 'search']


@pytest.mark.parametrize('app', APPS)
def test_check_finds_nothing(app):
    done = run('check', f'apps/{app}')
    assert done.returncode == 0, done.stderr
    assert 'warning' not in done.stderr


@pytest.mark.parametrize('app', APPS)
def test_its_own_tests_pass(app):
    done = run('test', f'apps/{app}')
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.startswith('TAP version 13\n') and '\nnot ok' not in done.stdout
