# SPDX-License-Identifier: Apache-2.0
"""Reads /-/metrics of a server."""
import collections
import re

Sample = collections.namedtuple('Sample', 'name labels value')

LINE = re.compile(r'(\w+)(?:\{(.*)\})? (\S+)')
LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')


class Metrics:
    """families: kinds by name; samples in the order of the text."""

    def __init__(self, text):
        self.families = dict(re.findall(r'^# TYPE (\w+) (\w+)$', text, re.M))
        self.samples = []
        for line in text.splitlines():
            if line.startswith('#'):
                continue
            name, labels, value = LINE.fullmatch(line).groups()
            self.samples.append(Sample(name, dict(LABEL.findall(labels or '')), float(value)))

    def of(self, name, **labels):
        """The samples of that name that have these labels."""
        return [one for one in self.samples if one.name == name and labels.items() <= one.labels.items()]

    def one(self, name, **labels):
        """The value of the only such sample; 0 where there is none."""
        found = self.of(name, **labels)
        assert len(found) <= 1, found
        return found[0].value if found else 0


def read(server):
    answer = server.get('/-/metrics')
    assert answer.status == 200, answer.body
    return Metrics(answer.body.decode())
