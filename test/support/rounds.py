# SPDX-License-Identifier: Apache-2.0
"""How often a test tries what goes wrong only sometimes."""
import os

TSAN_PART = 4


def rounds(usual, long):
    """`usual` has to be enough to catch the fault that the test is for; `long` is for ./dev test --long, which looks for rarer ones. Under
    TSan it is a quarter: that tells of a race as soon as two threads come by, in whichever order, and ASan's run has looked for the fault."""
    if os.environ.get('TEST_LONG'):
        return long
    return max(usual // TSAN_PART, min(usual, 2)) if os.environ.get('TEST_TSAN') else usual
