# SPDX-License-Identifier: Apache-2.0
"""What jobs cost when they were last measured: seconds, and how many cores they kept busy. It is only good for their order: a job that
nobody has measured yet counts as a core for ten seconds. Each whole run writes build/costs.tsv: copy it here when the order got bad."""
import pathlib

from suite import process

KNOWN = pathlib.Path(__file__).with_name('costs.tsv')
MEASURED = process.BUILD / 'costs.tsv'
LEAST_SECONDS = 2.0  # what is shorter needs no order
LEAST_CORES = 0.3    # whoever waits all the time wants to be woken in time


class Costs:
    def __init__(self):
        self.known = {}
        for line in KNOWN.read_text(encoding='utf-8').splitlines() if KNOWN.exists() else []:
            seconds, cores, title = line.split('\t')
            self.known[title] = (float(seconds), float(cores))

    def of(self, title, seconds=10.0):
        """(cores, seconds) of a job; `seconds` of one that is not known."""
        took, cores = self.known.get(title, (seconds, 1.0))
        return min(max(cores, LEAST_CORES), 1.0), took


def write(costs):
    MEASURED.write_text(''.join(f'{seconds:.0f}\t{cores:.1f}\t{title}\n' for title, (seconds, cores) in sorted(costs.items())
                                if seconds >= LEAST_SECONDS and not title.startswith('build/')), encoding='utf-8')
