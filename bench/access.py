# SPDX-License-Identifier: Apache-2.0
"""What access costs an answer that is kept, step by step: to whoever asks, to whoever asks with a field that means nothing there, to the
holder of a key, where usage is counted as well, and where the key has a plan of three numbers on top. Pipelined, as the kernel's part of a
request then does not hide the difference."""
import shutil
import statistics

import cached
import measure

import keys

PIPELINED = 16
BOUND_US = 0.3  # that all of it may cost a request
KEYS = 1000  # of each app, so that the table does not lie in the nearest cache
PLAN = 'plan = gold\n\n[plan gold]\nrequests = 10000000/second, 1000000000/month\nbytes = 10TB/month\n'
STEPS = {'with a key': 'usage = off\n', 'and counted': '', 'and of a plan': PLAN}  # what [access] has beside the key
BASE = 'open, the field sent'


def with_keys(work, name, more):
    """apps/rates, where each endpoint wants a key."""
    app = shutil.copytree(measure.ROOT / 'apps' / 'rates', work / name / 'rates')
    with open(app / 'app.ini', 'a', encoding='utf-8') as file:
        file.write('\n[access]\ndefault = key\n' + more)
    return app


def check(peer, headers):
    """The answer is for whoever has a key, and is kept."""
    assert peer.get(cached.TARGET)[0] == 401
    for _ in range(2):
        assert peer.get(cached.TARGET, headers)[0] == 200
    assert 'hit' in peer.get(cached.TARGET, headers)[1]['Cache-Status']


def measure_all(own, steps, options):
    kinds = {'open': (own, []), BASE: (own, ['-H', f'Authorization: Bearer {keys.nobodys()}'])}
    for step, (peer, key) in steps.items():
        check(peer, keys.bearer(key))
        kinds[step] = peer, ['-H', f'Authorization: Bearer {key}']
    found = {kind: [] for kind in kinds}
    for i in range(options.rounds):
        for kind in list(kinds)[::1 if i % 2 == 0 else -1]:
            peer, more = kinds[kind]
            found[kind].append(measure.expect(measure.ask(
                peer, [cached.TARGET], '-c', cached.CONNECTIONS, '-d', options.seconds, '-p', PIPELINED, *more), 200))
    return found


def run(work, options):
    apps = {step: with_keys(work, f'app{number}', more) for number, (step, more) in enumerate(STEPS.items())}
    vars = {step: work / f'var{number}' for number, step in enumerate(STEPS)}
    with measure.running(lambda: measure.reckoner(measure.ROOT / 'apps' / 'rates', work / 'open', name='open'),
                         *(lambda step=step: measure.reckoner(apps[step], vars[step], name=step) for step in STEPS)) as (own, *peers):
        made = [keys.create_all(apps[step], ['--var', vars[step]], [{}] * KEYS)[KEYS // 2][0] for step in STEPS]
        own.get(cached.TARGET)
        found = measure_all(own, dict(zip(STEPS, zip(peers, made))), options)
    measure.report(f'a kept answer, pipelined by {PIPELINED}', found, 'open')
    for step in STEPS:
        apart = [one['cpu_us'] - other['cpu_us'] for one, other in zip(found[step], found[BASE])]
        print(f'  {step}: {statistics.median(apart):+.3f} us a request over the same field sent to what is open '
              f'({min(apart):+.3f} to {max(apart):+.3f}; bound {BOUND_US})', flush=True)
    print(flush=True)
