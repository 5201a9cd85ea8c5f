# SPDX-License-Identifier: Apache-2.0
"""Jobs, what each came to, and when each runs: as many at a time as keep the cores busy and few more, the longest first.

What fails beside others is run once more, alone, behind all others: bounds of time that a test needs are missed on a machine that is
held up. What passes then is told as unsteady, with how it failed.
A sanitizer's report and a build that fails are final, and so is what fails behind the first few."""
import dataclasses
import queue
import re
import threading
import time
import traceback
import typing


# Of what the machine has, so much is given out: a job that keeps a core busy on average does not do so all the time.
GIVEN_OUT = 1.25
MOST_AGAIN = 6  # jobs that are run once more; where more fail, it is not the machine
IS_FINAL = re.compile(r'(ERROR|WARNING): \w+Sanitizer|runtime error:')


@dataclasses.dataclass
class Result:
    passed: int = 0
    failed: int = 0
    text: str = ''                                      # what there is to read when something failed
    times: list = dataclasses.field(default_factory=list)    # (seconds, test)
    skipped: list = dataclasses.field(default_factory=list)  # (reason, test)
    more: list = dataclasses.field(default_factory=list)     # jobs that had to wait for this one
    cpu: float = 0.0                                    # seconds of all its processes
    is_final: bool = False                              # a failure that another run would not clear up


@dataclasses.dataclass
class Job:
    name: str                          # its part of the suite, as `./dev test NAME` has it
    kind: str                          # jobs of a kind are summed up in one line
    work: typing.Callable[[], Result]  # runs on a thread of its own
    cores: float = 1.0                 # how many it keeps busy; tests that wait take less than one
    seconds: float = 10.0              # about as long as it takes: the longest are begun first

    def title(self):
        return f'{self.name} ({self.kind})'


class Schedule:
    """Runs jobs, each on a thread of its own, and hands each result to `report`, on the caller's thread; or to `report_first`, when
    there will be another."""

    def __init__(self, cores, report, report_first):
        self.cores = cores
        self.report = report
        self.report_first = report_first
        self.waiting = []
        self.running = []
        self.again = []  # to be run alone, at the end
        self.is_last = False  # their turn has come
        self.done = queue.Queue()

    def add(self, jobs):
        self.waiting += jobs
        self.waiting.sort(key=lambda job: -job.seconds)

    def fits(self, job):
        if self.is_last:
            return not self.running
        return not self.running or sum(other.cores for other in self.running) + job.cores <= self.cores * GIVEN_OUT + 0.01

    def begin_what_fits(self):
        for job in list(self.waiting):
            if self.fits(job):
                self.waiting.remove(job)
                self.running.append(job)
                threading.Thread(target=self.do, args=(job,), daemon=True).start()

    def do(self, job):
        began = time.monotonic()
        try:
            result = job.work()
        except Exception:  # a fault of the suite itself is a failure too
            result = Result(failed=1, text=traceback.format_exc())
        self.done.put((job, result, time.monotonic() - began))

    def run(self, tick):
        """Until no job is left; `tick` is called at least once a second."""
        self.begin_what_fits()
        while self.running:
            try:
                job, result, seconds = self.done.get(timeout=1)
            except queue.Empty:
                tick(self)
                continue
            self.running.remove(job)
            self.add(result.more)
            self.take(job, result, seconds)
            if not self.running and not self.waiting:
                self.is_last = True
                self.add(self.again)
                self.again = []
            self.begin_what_fits()
            tick(self)

    def take(self, job, result, seconds):
        is_final = result.is_final or IS_FINAL.search(result.text)
        if result.failed and not self.is_last and not is_final and len(self.again) < MOST_AGAIN:
            self.again.append(job)
            self.report_first(job, result)
        else:
            self.report(job, result, seconds)
