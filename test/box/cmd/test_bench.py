# SPDX-License-Identifier: Apache-2.0
"""The scripts of bench/, which only people run, find what they are made of."""
import subprocess

import pytest

from server import ROOT


@pytest.mark.parametrize('name', ['run', 'compare', 'failover', 'small_batches'])
def test_each_script_says_what_it_compares(name):
    done = subprocess.run([ROOT / 'bench' / name, '--help'], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f'usage: {name} ')
