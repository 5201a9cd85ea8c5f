# SPDX-License-Identifier: Apache-2.0
"""`reckoner config`: what holds, and what says so; and the sample of a configuration."""
import json
import re

from server import ROOT, run

SAMPLE = ROOT / 'deploy' / 'reckoner.ini'


def holds(*args, **env):
    answer = run('config', '--format', 'json', *args, env=env)
    assert answer.returncode == 0, answer.stderr
    return {line['option']: (line['value'], line['from']) for line in json.loads(answer.stdout)}


def test_each_source_is_named(tmp_path):
    (tmp_path / 'r.ini').write_text('[server]\nloops = 3\ndrain = 9s\nworkers = 1\n[app one]\npath = apps/one\n')
    told = holds('--config', tmp_path / 'r.ini', '--drain', '5s', RECKONER_WORKERS='2')
    assert told['server.loops'] == ('3', f'{tmp_path}/r.ini:2')
    assert told['server.workers'] == ('2', 'RECKONER_WORKERS')
    assert told['server.drain'] == ('5s', '--drain')
    assert told['server.cache'] == ('64', 'default')
    assert told['app one'] == (f'{tmp_path}/apps/one', f'{tmp_path}/r.ini:6')


def test_secrets_are_not_shown(tmp_path):
    (tmp_path / 'secret').write_text('postgresql://user:geheim@host/db\n')
    (tmp_path / 'r.ini').write_text('[store]\nurl_file = secret\n')
    answer = run('config', '--config', tmp_path / 'r.ini', env={'RECKONER_READ_STORE': 'postgresql://user:geheim@host/db'})
    assert answer.returncode == 0 and 'geheim' not in answer.stdout + answer.stderr
    assert re.search(rf'^store.url +\(secret\) +{tmp_path}/r.ini:2: {tmp_path}/secret ', answer.stdout, re.MULTILINE)
    assert re.search(r'^store.read_url +\(secret\) +RECKONER_READ_STORE ', answer.stdout, re.MULTILINE)


def test_what_is_wrong_ends_with_2_and_its_line(tmp_path):
    (tmp_path / 'r.ini').write_text('[server]\nlopps = 3\n')
    answer = run('config', '--config', tmp_path / 'r.ini')
    assert (answer.returncode, answer.stdout) == (2, '')
    assert answer.stderr == f'reckoner: {tmp_path}/r.ini:2: [server] has no key lopps; did you mean loops?\n'


def test_a_server_without_an_app_says_where_one_may_be_named(tmp_path):
    (tmp_path / 'r.ini').write_text('[server]\nloops = 1\n')
    answer = run('serve', '--config', tmp_path / 'r.ini')
    assert answer.returncode == 2
    assert answer.stderr == ('reckoner: serve wants at least one app: a folder with SQL files, or [app NAME] in '
                             f'{tmp_path}/r.ini with path = FOLDER\n')


def test_the_sample_holds_and_so_does_all_that_it_gives_as_an_example(tmp_path):
    assert holds('--config', SAMPLE)['store.var'][0] == '/var/lib/reckoner'
    text = re.sub(r'^; (\w+ = |\[app)', r'\1', SAMPLE.read_text(), flags=re.MULTILINE)
    text = re.sub(r'^url = credential.*\n', '', text, flags=re.MULTILINE)
    (tmp_path / 'secrets').mkdir()
    (tmp_path / 'secrets' / 'store').write_text('postgresql://user:geheim@host/db')
    (tmp_path / 'r.ini').write_text(text)
    told = holds('--config', tmp_path / 'r.ini')
    assert told['app rates'][0] == '/usr/share/doc/reckoner/examples/apps/rates'
    defaults = holds()
    for key in re.findall(r'^; (max_body|\w+_time|\w+_queue|connections|spools) =', SAMPLE.read_text(), re.MULTILINE):
        assert told[f'limits.{key}'][0] == defaults[f'limits.{key}'][0]
