# SPDX-License-Identifier: Apache-2.0
"""Watched folders when the server dies at each step of a file, and when it is replaced while it is at them."""
import signal

import pytest

from server import STORES, Server, new_store, wait_until, write_app
from upgrades import Upgraded
from watched import APP, Inbox, ids

STEPS = [('good', step) for step in ('file-settled', 'file-read', 'batch-run', 'file-sealed', 'file-committed', 'file-moved')]
STEPS += [('bad', step) for step in ('file-read', 'file-reported', 'file-moved')]


@pytest.fixture(params=STORES)
def arguments(request, tmp_path):
    return [write_app(tmp_path / 'small', APP), *new_store(request.param, request)]


@pytest.mark.parametrize(('name', 'step'), STEPS)
def test_a_file_goes_in_once_whatever_dies_when(arguments, tmp_path, name, step):
    inbox = Inbox(arguments[0] / 'incoming')
    text, outlet = {'good': ('id\n1\n2\n', 'done'), 'bad': ('id\n1\nx\n', 'rejected')}[name]
    inbox.put('a.csv', text)
    server = Server(*arguments, var=tmp_path / 'var', env={'RECKONER_CRASH': f'{step}:1'})
    assert server.process.wait(60) == -signal.SIGKILL
    server.stop()
    assert inbox.names() == ([] if step == 'file-moved' else ['a.csv'])
    server = Server(*arguments, var=tmp_path / 'var')
    inbox.wait_for(outlet, 'a.csv')
    wait_until(lambda: not inbox.names())
    assert ids(server) == ([1, 2] if name == 'good' else [])
    assert inbox.names_in(outlet) == (['a.csv'] if name == 'good' else ['a.csv', 'a.csv.report.json'])
    assert server.stop() == 0, server.stderr


def test_a_file_that_is_in_is_done_also_when_rules_are_stricter_now(arguments, tmp_path):
    inbox = Inbox(arguments[0] / 'incoming')
    inbox.put('a.csv', 'id\n1\n2\n')
    server = Server(*arguments, var=tmp_path / 'var', env={'RECKONER_CRASH': 'file-committed:1'})
    assert server.process.wait(60) == -signal.SIGKILL
    server.stop()
    write_app(arguments[0], {'post_t.sql': APP['post_t.sql'].replace('min 0', 'min 2')})
    server = Server(*arguments, var=tmp_path / 'var')
    inbox.wait_for('done', 'a.csv')
    assert ids(server) == [1, 2]
    assert inbox.names_in('rejected') == []
    assert server.stop() == 0, server.stderr


def test_an_upgrade_takes_each_file_once(arguments, tmp_path):
    inbox = Inbox(arguments[0] / 'incoming')
    count = 40
    for number in range(count):
        inbox.put(f'{number:02}.csv', f'id\n{number}\n')
    site = Upgraded(*arguments, var=tmp_path / 'var')
    site.upgrade()
    inbox.put('last.csv', f'id\n{count}\n')
    inbox.wait_for('done', 'last.csv', *(f'{number:02}.csv' for number in range(count)))
    assert sorted(ids(site.server)) == list(range(count + 1))
    assert len(inbox.names_in('done')) == count + 1
    site.end()
