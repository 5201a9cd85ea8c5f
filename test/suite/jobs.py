# SPDX-License-Identifier: Apache-2.0
"""Jobs, what each came to, and when each runs: as many at a time as keep the cores busy and no more, the longest first."""
import dataclasses
import queue
import threading
import time
import traceback
import typing


@dataclasses.dataclass
class Result:
    passed: int = 0
    failed: int = 0
    text: str = ''                                      # what there is to read when something failed
    times: list = dataclasses.field(default_factory=list)    # (seconds, test)
    skipped: list = dataclasses.field(default_factory=list)  # (reason, test)
    more: list = dataclasses.field(default_factory=list)     # jobs that had to wait for this one
    cpu: float = 0.0                                    # seconds of all its processes


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
    """Runs jobs, each on a thread of its own, and hands each result to `report`, on the caller's thread."""

    def __init__(self, cores, report):
        self.cores = cores
        self.report = report
        self.waiting = []
        self.running = []
        self.done = queue.Queue()

    def add(self, jobs):
        self.waiting += jobs
        self.waiting.sort(key=lambda job: -job.seconds)

    def fits(self, job):
        return not self.running or sum(other.cores for other in self.running) + job.cores <= self.cores + 0.01

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
            self.report(job, result, seconds)
            self.begin_what_fits()
            tick(self)
