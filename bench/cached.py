# SPDX-License-Identifier: Apache-2.0
"""An answer that is kept, and a 304: what servers cost that have nothing to do but give the same bytes."""

import measure
import peers

TARGET = '/rates?date_from=2026-01-01&date_to=2026-01-10&origin=CNSHA&destination=north_range'
CONNECTIONS = 64
BOUND, BOUND_PIPELINED = 0.92, 0.3


def run(work, options):
    peers.install_node()
    app = measure.ROOT / 'apps' / 'rates'
    with measure.running(lambda: measure.reckoner(app, work / 'cached')) as (own,):
        own.get(TARGET)
        answer = own.get(TARGET)
        assert 'hit' in answer[1]['Cache-Status'], answer[1]
        with measure.running(lambda: peers.nginx(work, answer), lambda: peers.fastify_static(answer)) as (nginx, fastify), \
                measure.running(lambda: peers.varnish(work, nginx)) as (varnish,):
            every = [own, nginx, varnish, fastify]
            measure.check_same(every, [TARGET])
            measure_all(every, answer[1]['ETag'], options)


def measure_all(every, tag, options):
    if_none_match = ['-H', f'If-None-Match: {tag}']
    for what, status, more, pipelined in (('a kept answer', 200, [], 1), ('a 304', 304, if_none_match, 1),
                                          ('a kept answer, pipelined by 16', 200, [], 16),
                                          ('a 304, pipelined by 16', 304, if_none_match, 16)):
        def one(peer, _):
            return measure.expect(measure.ask(peer, [TARGET], '-c', CONNECTIONS, '-d', options.seconds, '-p', pipelined, *more), status)
        found = measure.in_turn(every, options.rounds, one)
        measure.report(f'{what}, {CONNECTIONS} connections', found, 'nginx')
        bound = BOUND if pipelined == 1 else BOUND_PIPELINED
        print(f'  CPU against nginx: {measure.ratio(found, "Reckoner", "nginx"):.2f} (at most {bound})\n', flush=True)
