# SPDX-License-Identifier: Apache-2.0
"""A kept answer over few and many connections, kept alive and not, and pipelined; beside nginx with the same bytes."""
import cached
import measure
import peers
import plot

KEPT = [1, 64, 1000, 10_000]
NEW = [1, 64, 1000]
MANY, EACH = 1000, 20  # connections; requests on each of so many
PIPELINED = [(64, 4), (64, 16), (64, 64)]


def run(work, options):
    app = measure.ROOT / 'apps' / 'rates'
    with measure.running(lambda: measure.reckoner(app, work / 'connections')) as (own,):
        own.get(cached.TARGET)
        answer = own.get(cached.TARGET)
        with measure.running(lambda: peers.nginx(work, answer)) as (nginx,):
            measure.check_same([own, nginx], [cached.TARGET])
            lines = {f'{peer.name}, {how}': [] for peer in (own, nginx) for how in ('kept alive', 'new ones')}
            for count in KEPT:
                compare([own, nginx], options, f'{count} connections, kept alive', ['-c', count], lines, 'kept alive', count)
            for count in NEW:
                compare([own, nginx], options, f'a new connection each, {count} at a time', ['-c', count, '-k'], lines, 'new ones', count)
            for count, depth in PIPELINED:
                compare([own, nginx], options, f'{count} connections, pipelined by {depth}', ['-c', count, '-p', depth])
    plot.save(measure.ROOT / 'build' / 'bench' / 'connections.svg', 'A kept answer', 'connections', 'µs of CPU a request', lines)


def compare(every, options, what, words, lines=None, how=None, count=1):
    # Of many connections all requests are waited for, as each has one under way all the time.
    length = ['-n', EACH * count] if count >= MANY else ['-d', options.seconds]
    found = measure.in_turn(every, options.rounds, lambda peer, _: measure.expect(
        measure.ask(peer, [cached.TARGET], *length, *words), 200))
    measure.report(what, found, 'nginx')
    if lines is not None:
        for peer in every:
            lines[f'{peer.name}, {how}'].append((count, measure.median(found, peer.name, 'cpu_us')))
