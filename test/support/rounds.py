# SPDX-License-Identifier: Apache-2.0
"""How often a test tries what goes wrong only sometimes."""
import os


def rounds(usual, long):
    """`usual` has to be enough to catch the fault that the test is for; `long` is for ./dev test --long, which looks for rarer ones."""
    return long if os.environ.get('TEST_LONG') else usual
