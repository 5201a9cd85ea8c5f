# SPDX-License-Identifier: Apache-2.0
"""What a key costs: an answer that is kept, given to whoever asks, to whoever asks with a field that means nothing there, and to the
holder of a key that is looked up for each request. Pipelined, as the kernel's part of a request then does not hide the difference."""
import shutil
import statistics

import cached
import measure

import keys

PIPELINED = 16
BOUND_US = 0.3  # that the door may cost a request
KEYS = 1000  # of the app, so that the table does not lie in the nearest cache


def with_keys(work):
    """apps/rates, where each endpoint wants a key; and one of its keys."""
    app = shutil.copytree(measure.ROOT / 'apps' / 'rates', work / 'closed' / 'rates')
    with open(app / 'app.ini', 'r+', encoding='utf-8') as file:
        text = file.read()
        file.seek(0)
        file.write(text + '\n[access]\ndefault = key\n')
    return app


def run(work, options):
    closed = with_keys(work)
    with measure.running(lambda: measure.reckoner(measure.ROOT / 'apps' / 'rates', work / 'open-var', name='open'),
                         lambda: measure.reckoner(closed, work / 'closed-var', name='with a key')) as (own, keyed):
        made = [keys.create(closed, ['--var', work / 'closed-var'])[0] for _ in range(KEYS)]
        field = f'Authorization: Bearer {made[KEYS // 2]}'
        name, value = field.split(': ')
        own.get(cached.TARGET)
        assert keyed.get(cached.TARGET)[0] == 401
        for peer in (own, keyed, keyed):
            assert peer.get(cached.TARGET, {name: value})[0] == 200
        assert 'hit' in keyed.get(cached.TARGET, {name: value})[1]['Cache-Status']
        kinds = {'open': (own, []), 'open, the field sent': (own, ['-H', field]), 'with a key': (keyed, ['-H', field])}
        found = {kind: [] for kind in kinds}
        for i in range(options.rounds):
            for kind in list(kinds)[::1 if i % 2 == 0 else -1]:
                peer, more = kinds[kind]
                found[kind].append(measure.expect(measure.ask(
                    peer, [cached.TARGET], '-c', cached.CONNECTIONS, '-d', options.seconds, '-p', PIPELINED, *more), 200))
    measure.report(f'a kept answer, pipelined by {PIPELINED}', found, 'open')
    apart = [one['cpu_us'] - other['cpu_us'] for one, other in zip(found['with a key'], found['open, the field sent'])]
    print(f'  the door: {statistics.median(apart):+.3f} us a request ({min(apart):+.3f} to {max(apart):+.3f}; at most {BOUND_US})\n', flush=True)
