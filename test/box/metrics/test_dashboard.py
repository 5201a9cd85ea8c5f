# SPDX-License-Identifier: Apache-2.0
"""Dashboard and alert rules against a real Prometheus that has scraped a real server."""
import contextlib
import json
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import urllib.parse
import urllib.request

import pytest

from server import ROOT, wait_until

DEPLOY = ROOT / 'deploy'

pytestmark = pytest.mark.skipif(shutil.which('prometheus') is None, reason='needs the package prometheus')


def test_rules_pass_their_tests():
    for command in (['check', 'rules', 'alerts.yml'], ['test', 'rules', 'alerts_test.yml']):
        done = subprocess.run(['promtool', *command], cwd=DEPLOY / 'prometheus', capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr


def test_each_rule_is_tried():
    rules = re.findall(r'alert: (\w+)', (DEPLOY / 'prometheus' / 'alerts.yml').read_text())
    tried = re.findall(r'alertname: (\w+)', (DEPLOY / 'prometheus' / 'alerts_test.yml').read_text())
    assert sorted(tried) == sorted(rules * 2)


class Prometheus:
    def __init__(self, folder, port):
        with socket.socket() as free:
            free.bind(('127.0.0.1', 0))
            self.port = free.getsockname()[1]
        config = pathlib.Path(folder) / 'prometheus.yml'
        config.write_text(json.dumps({
            'global': {'scrape_interval': '1s', 'evaluation_interval': '1s'},
            'rule_files': [str(DEPLOY / 'prometheus' / 'alerts.yml')],
            'scrape_configs': [{'job_name': 'reckoner', 'metrics_path': '/-/metrics', 'static_configs': [{'targets': [f'127.0.0.1:{port}']}]}]}))
        self.log = open(pathlib.Path(folder) / 'prometheus.log', 'w')
        self.process = subprocess.Popen(
            ['prometheus', f'--config.file={config}', f'--storage.tsdb.path={folder}/data', f'--web.listen-address=127.0.0.1:{self.port}'],
            stdout=self.log, stderr=self.log)

    def ask(self, path, **query):
        with urllib.request.urlopen(f'http://127.0.0.1:{self.port}{path}?{urllib.parse.urlencode(query)}', timeout=30) as answer:
            return json.load(answer)

    def query(self, text):
        answer = self.ask('/api/v1/query', query=text)
        assert answer['status'] == 'success', answer
        return answer['data']['result']

    def scrapes(self):
        with contextlib.suppress(OSError):
            found = self.query('count_over_time(reckoner_ready[5m])')
            return int(found[0]['value'][1]) if found else 0
        return 0

    def close(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(60)
        self.log.close()


def expressions():
    for panel in json.loads((DEPLOY / 'grafana' / 'reckoner.json').read_text())['panels']:
        for target in panel.get('targets', []):
            text = target['expr'].replace('$__rate_interval', '1m')
            yield panel['title'], re.sub(r'\$(instance|app|job)\b', '.*', text)


def test_each_query_of_the_dashboard_finds_data(start, tmp_path):
    server = start(ROOT / 'apps' / 'rates')
    prometheus = Prometheus(tmp_path, server.port)
    try:
        wait_until(lambda: prometheus.scrapes() >= 1)
        seen = prometheus.scrapes()

        def is_scraped_often():
            assert server.get('/ports').status == 200
            assert server.post('/prices', [{'orig_code': 'CNSHA', 'dest_code': 'NLRTM', 'day': '2026-04-01', 'price': 1980}]).status in (200, 201)
            return prometheus.scrapes() >= seen + 3

        wait_until(is_scraped_often)
        without = []
        for title, text in expressions():
            found = prometheus.query(text)  # an error fails here
            if not found:
                without.append((title, text))
        # A store of SQLite has no connections and no replicas; and nobody has sent a body without rows.
        assert {title for title, _ in without} <= {'PostgreSQL: connections', 'PostgreSQL: last word', 'Reads on replicas', 'Connections to replicas'}, without
        targets = prometheus.ask('/api/v1/targets')['data']['activeTargets']
        assert [target['health'] for target in targets] == ['up'], targets
        rules = [rule for group in prometheus.ask('/api/v1/rules')['data']['groups'] for rule in group['rules']]
        assert len(rules) > 0
        assert [rule['lastError'] for rule in rules if rule.get('lastError')] == []
    finally:
        prometheus.close()
