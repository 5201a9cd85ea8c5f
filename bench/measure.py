# SPDX-License-Identifier: Apache-2.0
"""What the measurements share: servers with their CPU and memory, the client, rounds, ratios.

A server is a peer: a process that listens on a free port of 127.0.0.1, with whatever it starts itself and leans on. Its
CPU is that of all of them, from /proc.
"""
import contextlib
import json
import os
import pathlib
import re
import socket
import statistics
import subprocess
import sys
import time
import urllib.error
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / 'test' / 'support'))
import postgresql  # noqa: E402

ASK = ROOT / 'build' / 'release' / 'ask'
RECKONER = pathlib.Path(os.environ.get('RECKONER', ROOT / 'build' / 'release' / 'reckoner'))
UNKEPT = {'RECKONER_CACHE': '0'}  # env of a server that works each answer out
START_SECONDS = 600  # what loads millions of rows takes minutes


def tree(pid):
    """The process and all below it."""
    return [pid, *(deeper for child in postgresql.children_of(pid) for deeper in tree(child))]


def cpu_of(pid):
    """Seconds of all threads that are there, to the nanosecond."""
    total = 0
    for task in pathlib.Path(f'/proc/{pid}/task').glob('*/schedstat'):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            total += int(task.read_text().split()[0])
    return total / 1e9


def memory_of(pid, name):
    return int(re.search(rf'{name}:\s+(\d+)', pathlib.Path(f'/proc/{pid}/status').read_text()).group(1)) * 1024


def free_port():
    with socket.create_server(('127.0.0.1', 0)) as held:
        return held.getsockname()[1]


class Peer:
    """A server that is running; its name is that in what is printed. leans_on: peers or clusters whose CPU counts as its own."""

    def __init__(self, name, command, port, env=None, leans_on=()):
        self.name, self.port, self.leans_on = name, port, leans_on
        self.process = subprocess.Popen([str(word) for word in command], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
                                        env={**os.environ, **(env or {})})
        end = time.monotonic() + START_SECONDS
        while not self.is_there():
            if self.process.poll() is not None or time.monotonic() > end:
                self.process.kill()
                raise SystemExit(f'{name} did not start: {self.process.stderr.read()}')
            time.sleep(0.01)
        # What it says from now on goes nowhere, and must not fill the pipe.
        self.drain = subprocess.Popen(['cat'], stdin=self.process.stderr, stdout=subprocess.DEVNULL)

    def is_there(self):
        with contextlib.suppress(OSError), socket.create_connection(('127.0.0.1', self.port)):
            return True
        return False

    def cpu_seconds(self):
        return sum(cpu_of(pid) for pid in tree(self.process.pid)) + sum(other.cpu_seconds() for other in self.leans_on)

    def memory(self, name='VmRSS'):
        """Bytes; a name of /proc/PID/status."""
        return sum(memory_of(pid, name) for pid in tree(self.process.pid))

    def get(self, target, headers=None):
        """Status, head and body; a 304 is an answer like others."""
        request = urllib.request.Request(f'http://127.0.0.1:{self.port}{target}', headers=headers or {})
        try:
            with urllib.request.urlopen(request) as answer:
                return answer.status, answer.headers, answer.read()
        except urllib.error.HTTPError as answer:
            return answer.code, answer.headers, answer.read()

    def stop(self):
        pids = tree(self.process.pid)
        self.process.terminate()
        try:
            self.process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            postgresql.send(pids, 9)
            self.process.wait()
        self.process.stderr.close()
        self.drain.wait()


def reckoner(app, var, *options, name='Reckoner', env=None, leans_on=()):
    port = free_port()
    return Peer(name, [RECKONER, 'serve', '--quiet', '--listen', f'127.0.0.1:{port}', '--var', var, *options, app], port,
                env, leans_on)


def ask(peer, targets, *options):
    """What the client counted (ask.c), with the peer's CPU a request, us, from then on that all connections are open, and requests/s."""
    client = subprocess.Popen([ASK, *map(str, options), str(peer.port)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    client.stdin.write('\n'.join(targets) + '\n\n')
    client.stdin.flush()
    assert client.stdout.readline() == 'open\n', f'{peer.name} cannot be asked'
    cpu = peer.cpu_seconds()
    found = json.loads(client.communicate('go\n')[0])
    found['cpu_us'] = (peer.cpu_seconds() - cpu) / max(found['requests'], 1) * 1e6
    found['rate'] = found['requests'] / found['seconds']
    return found


def expect(found, status):
    """All requests of a run were answered, with this status."""
    assert set(found['statuses']) == {str(status)} and not found['cut'], found
    return found


def check_same(peers, targets):
    """Each answers these as the first of them does, byte for byte."""
    for target in targets:
        bodies = {peer.name: peer.get(target)[2] for peer in peers}
        for name, body in bodies.items():
            assert body == bodies[peers[0].name], f'{name} answers {target} with {body[:200]}, {peers[0].name} with {bodies[peers[0].name][:200]}'


def in_turn(peers, rounds, measure):
    """{name: [what measure(peer, round) gave]}; who goes first changes from round to round."""
    figures = {peer.name: [] for peer in peers}
    for i in range(rounds):
        for peer in peers[::1 if i % 2 == 0 else -1]:
            figures[peer.name].append(measure(peer, i))
    return figures


def median(figures, name, key):
    return statistics.median(found[key] for found in figures[name])


def ratio(figures, name, base, key='cpu_us'):
    """The median of the ratios within a round."""
    return statistics.median(one[key] / other[key] for one, other in zip(figures[name], figures[base]))


def report(title, figures, base):
    """A table: CPU a request beside rate and times; ratios are those to the first's."""
    print(f'{title}\n  {"":28} {"CPU us":>8} {"ratio":>6} {"requests/s":>11} {"ratio":>6} {"p50 us":>8} {"p99 us":>8}')
    for name in figures:
        cpu, rate, p50, p99 = (median(figures, name, key) for key in ('cpu_us', 'rate', 'p50_us', 'p99_us'))
        print(f'  {name:28} {cpu:8.2f} {ratio(figures, name, base):6.2f} {rate:11.0f} {ratio(figures, name, base, "rate"):6.2f} '
              f'{p50:8.0f} {p99:8.0f}')
    sys.stdout.flush()


@contextlib.contextmanager
def running(*makers):
    """The peers that these functions start, ended afterwards, also when one of them fails."""
    with contextlib.ExitStack() as stack:
        peers = []
        for make in makers:
            peers.append(make())
            stack.callback(peers[-1].stop)
        yield peers
