# SPDX-License-Identifier: Apache-2.0
"""What docs/reference.md says of limits is what the code has."""
import math
import re

import pytest

from server import ROOT

UNITS = {'KiB': 1024, 'KiB/s': 1024, 'MiB': 1024 ** 2, 'GiB': 1024 ** 3, 's': 1000, 'min': 60_000}
TABLE = re.search(r'\n## Limits\n(.*?)\n## ', (ROOT / 'docs' / 'reference.md').read_text(), re.DOTALL)[1]
ROWS = re.findall(r'^\| ([^|]+) \| ([^|]+) \| (`[^|]+`) \|', TABLE, re.MULTILINE)[1:]  # behind the heads


@pytest.mark.parametrize('what, limit, names', ROWS, ids=[row[0] for row in ROWS])
def test_a_limit_is_what_the_code_has(what, limit, names):
    told = [int(number.replace(',', '')) * UNITS.get(unit, 1) for number, unit in re.findall(r'(\d[\d,]*)(?: ([A-Za-z/]+))?', limit)]
    code = (ROOT / 'src' / 'base' / 'limits.h').read_text()
    factors = [re.search(rf'\bLIMIT_{name} =\s*([\d *]+)', code)[1].split('*') for name in re.findall(r'\w+', names)]
    assert told == [math.prod(map(int, each)) for each in factors]
