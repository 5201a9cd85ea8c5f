# SPDX-License-Identifier: Apache-2.0
"""What is printed: failures at once, how far it is, and at the end the sums, what was skipped, and the slowest tests."""
import collections
import sys
import time

SLOWEST = 20
LINE_SECONDS = 20  # between two lines of progress where they do not replace each other
LINE_CHARS = 150


class Report:
    def __init__(self):
        self.began = time.monotonic()
        self.told = 0.0
        self.done = 0
        self.sums = collections.defaultdict(lambda: [0, 0, 0.0])  # by kind: passed, failed, seconds of processor
        self.costs = {}                                      # by title: seconds, cores
        self.times = []
        self.skipped = collections.Counter()
        self.unsteady = {}                                   # by title: whether it passed alone
        self.is_terminal = sys.stdout.isatty()

    def passed(self):
        return sum(passed for passed, *_ in self.sums.values())

    def failed(self):
        return sum(failed for _, failed, _ in self.sums.values())

    def clock(self):
        minutes, seconds = divmod(int(time.monotonic() - self.began), 60)
        return f'{minutes}:{seconds:02}'

    def take(self, job, result, seconds):
        self.done += 1
        self.sums[job.kind][0] += result.passed
        self.sums[job.kind][1] += result.failed
        self.sums[job.kind][2] += result.cpu
        self.costs[job.title()] = (seconds, result.cpu / seconds if seconds else 0)
        self.times += [(taken, f'{test} ({job.kind})') for taken, test in result.times]
        self.skipped.update(reason for reason, _ in result.skipped)
        if result.failed:
            self.clear()
            print(f'--- {job.title()}', result.text.strip(), sep='\n', flush=True)
        elif job.title() in self.unsteady:
            self.unsteady[job.title()] = True

    def take_first(self, job, result):
        """It has failed beside others, and is run once more."""
        self.unsteady[job.title()] = False
        self.clear()
        print(f'--- {job.title()}: to be run once more, alone', result.text.strip(), sep='\n', flush=True)

    def clear(self):
        if self.is_terminal:
            print('\r\033[K', end='')

    def tick(self, schedule):
        now = time.monotonic()
        if not self.is_terminal and now - self.told < LINE_SECONDS:
            return
        self.told = now
        names = ', '.join(job.title() for job in schedule.running)
        line = (f'{self.clock()}  {self.done} of {self.done + len(schedule.running) + len(schedule.waiting)} jobs, {self.passed()} passed, '
                f'{self.failed()} failed; now {names}')
        self.clear()
        print(line[:LINE_CHARS], end='' if self.is_terminal else '\n', flush=True)

    def end(self):
        """The last line is the sum of all."""
        self.clear()
        for title in sorted(title for title, has_passed in self.unsteady.items() if has_passed):
            print(f'unsteady: {title} has failed beside others, and passed alone')
        for reason, count in sorted(self.skipped.items()):
            print(f'skipped {count}: {reason}')
        print(f'the slowest of {len(self.times)}:')
        for seconds, test in sorted(self.times, reverse=True)[:SLOWEST]:
            print(f'{seconds:7.1f} s  {test}'[:LINE_CHARS])  # names of cases may be long
        for kind, (passed, failed, cpu) in self.sums.items():
            print(f'{kind}: {passed} passed, {failed} failed, {cpu:.0f} s of processor')
        print(f'{self.done} jobs in {self.clock()} minutes')
        print(f'{self.passed()} passed, {self.failed()} failed', flush=True)
        return 1 if self.failed() or not self.passed() else 0
