# SPDX-License-Identifier: Apache-2.0
"""What a key and its plan cost: an answer that is kept, given to whoever asks, to whoever asks with a field that means nothing there,
and to the holder of a key that is looked up for each request, without a plan and with one of three numbers. Pipelined, as the kernel's
part of a request then does not hide the difference."""
import shutil
import statistics

import cached
import measure

import keys

PIPELINED = 16
BOUND_US = 0.3  # that the door may cost a request
KEYS = 1000  # of the app, so that the table does not lie in the nearest cache


PLAN = 'plan = gold\n\n[plan gold]\nrequests = 100000000/second, 999999999999999/month\nbytes = 999TB/month\n'


def with_keys(work, name, plan=''):
    """apps/rates, where each endpoint wants a key."""
    app = shutil.copytree(measure.ROOT / 'apps' / 'rates', work / name / 'rates')
    with open(app / 'app.ini', 'r+', encoding='utf-8') as file:
        text = file.read()
        file.seek(0)
        file.write(text + '\n[access]\ndefault = key\n' + plan)
    return app


def run(work, options):
    closed, limited = with_keys(work, 'closed'), with_keys(work, 'limited', PLAN)
    with measure.running(lambda: measure.reckoner(measure.ROOT / 'apps' / 'rates', work / 'open-var', name='open'),
                         lambda: measure.reckoner(closed, work / 'closed-var', name='with a key'),
                         lambda: measure.reckoner(limited, work / 'limited-var', name='with a plan')) as (own, keyed, planned):
        fields = {peer: 'Authorization: Bearer ' + [keys.create(app, ['--var', work / var])[0] for _ in range(KEYS)][KEYS // 2]
                  for peer, app, var in ((keyed, closed, 'closed-var'), (planned, limited, 'limited-var'))}
        own.get(cached.TARGET)
        for peer, field in fields.items():
            name, value = field.split(': ')
            assert peer.get(cached.TARGET)[0] == 401
            for asked in (own, peer, peer):
                assert asked.get(cached.TARGET, {name: value})[0] == 200
            assert 'hit' in peer.get(cached.TARGET, {name: value})[1]['Cache-Status']
        kinds = {'open': (own, []), 'open, the field sent': (own, ['-H', fields[keyed]]), 'with a key': (keyed, ['-H', fields[keyed]]),
                 'with a plan of three numbers': (planned, ['-H', fields[planned]])}
        found = {kind: [] for kind in kinds}
        for i in range(options.rounds):
            for kind in list(kinds)[::1 if i % 2 == 0 else -1]:
                peer, more = kinds[kind]
                found[kind].append(measure.expect(measure.ask(
                    peer, [cached.TARGET], '-c', cached.CONNECTIONS, '-d', options.seconds, '-p', PIPELINED, *more), 200))
    measure.report(f'a kept answer, pipelined by {PIPELINED}', found, 'open')
    for what, kind in (('the door', 'with a key'), ('the door and the plan', 'with a plan of three numbers')):
        apart = [one['cpu_us'] - other['cpu_us'] for one, other in zip(found[kind], found['open, the field sent'])]
        print(f'  {what}: {statistics.median(apart):+.3f} us a request ({min(apart):+.3f} to {max(apart):+.3f}; the door at most {BOUND_US})',
              flush=True)
    print(flush=True)
