# SPDX-License-Identifier: Apache-2.0
"""Programs that end by themselves: their output, how long they took, and how much of the processor."""
import os
import pathlib
import signal
import subprocess
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = ROOT / 'build'
END_SECONDS = 20  # to clean up after SIGTERM
SANITIZERS = {'ASAN_OPTIONS': 'detect_stack_use_after_return=1', 'UBSAN_OPTIONS': 'halt_on_error=1:print_stacktrace=1',
              'TSAN_OPTIONS': f'halt_on_error=1:suppressions={ROOT}/test/tsan.suppressions'}
running = set()  # leaders of process groups
lock = threading.Lock()


class Done:
    def __init__(self, code, out, err, seconds, cpu):
        self.code = code        # as subprocess has it
        self.out = out
        self.err = err
        self.seconds = seconds
        self.cpu = cpu          # seconds of it and of all processes that it has waited for


def send(process, how):
    try:
        os.killpg(process.pid, how)
    except ProcessLookupError:
        pass


def end(process):
    """What has servers of its own ends them; what does not end is killed."""
    send(process, signal.SIGTERM)
    timer = threading.Timer(END_SECONDS, send, (process, signal.SIGKILL))
    timer.daemon = True
    timer.start()


def run(command, seconds, env=None, cwd=ROOT, nice=0):
    """`seconds` bound it."""
    began = time.monotonic()
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        process = subprocess.Popen(['nice', '-n', str(nice), *map(str, command)], stdin=subprocess.DEVNULL, stdout=out, stderr=err,
                                   cwd=cwd, env={**os.environ, **(env or {})}, start_new_session=True)
        with lock:
            running.add(process)
        timer = threading.Timer(seconds, end, (process,))
        timer.start()
        _, status, usage = os.wait4(process.pid, 0)
        timer.cancel()
        with lock:
            running.discard(process)
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        err.seek(0)
        text = err.read().decode(errors='replace')
        if time.monotonic() - began >= seconds:
            text += f'\nended: not done after {seconds} s'
        return Done(process.returncode, out.read().decode(errors='replace'), text, time.monotonic() - began,
                    usage.ru_utime + usage.ru_stime)


def end_all():
    """What still runs when the suite is left, which nobody can interrupt."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    with lock:
        left = list(running)
    for process in left:
        send(process, signal.SIGTERM)
    until = time.monotonic() + END_SECONDS
    while time.monotonic() < until and any(process in running for process in left):
        time.sleep(0.05)
    for process in left:
        send(process, signal.SIGKILL)
