# SPDX-License-Identifier: Apache-2.0
"""`reckoner key`: what it prints, what it refuses, and what a running server makes of it."""
import json
import os
import re
import subprocess

import pytest

from keys import bearer
from server import BINARY, STORES, new_store, run, wait_until, write_app

SHOP = {
    'app.ini': '[access]\ndefault = key\n\n[plan gold]\nrequests = 1000/second\n',
    'schema/001_tables.sql': "CREATE TABLE items (id integer PRIMARY KEY, tenant text NOT NULL);\n"
                             "INSERT INTO items VALUES (1, 'acme'), (2, 'other');\n",
    'get_items.sql': '-- @endpoint GET /items\n-- @answer\nSELECT count(*) AS n FROM items;\n',
    'get_mine.sql': '-- @endpoint GET /mine\n-- @claim tenant text\n-- @answer\n'
                    'SELECT id, :client AS client FROM items WHERE tenant = :tenant;\n',
    'get_report.sql': '-- @endpoint GET /report\n-- @access scope reports\n-- @answer\nSELECT count(*) AS n FROM items;\n',
}
SECRET = re.compile(r'rckn_[0-9A-Za-z]{49}\n')


class Shop:
    def __init__(self, app, where):
        self.app, self.where = app, where

    def key(self, command, *args):
        return run('key', command, *args, *self.where)

    def create(self, *args):
        made = self.key('create', self.app, *args)
        assert made.returncode == 0 and SECRET.fullmatch(made.stdout), made.stderr
        return made.stdout.strip(), made.stderr.split()[0]

    def list(self):
        listed = self.key('list', self.app, '--format', 'json')
        assert listed.returncode == 0, listed.stderr
        return json.loads(listed.stdout)


@pytest.fixture(params=STORES)
def shop(request, tmp_path):
    where = new_store(request.param, request)
    return Shop(write_app(tmp_path / 'shop', SHOP), where or ['--var', str(tmp_path / 'var')])


def test_a_key_that_was_made_before_the_first_start_lets_in(shop, start):
    made = shop.key('create', shop.app, '--claim', 'tenant=acme')
    secret, key_id = made.stdout.strip(), made.stderr.split()[0]
    says_new = 'reckoner: shop had no store yet, so one was made: a server knows the key if it has the same --var or --store\n'
    assert (says_new in made.stderr) == (shop.where[0] == '--var')
    assert 'no store yet' not in shop.key('create', shop.app).stderr
    server = start(shop.app, *shop.where)
    assert server.get('/items', **bearer(secret)).status == 200
    assert server.get('/mine', **bearer(secret)).json() == [{'id': 1, 'client': key_id}]
    assert server.get('/items').status == 401


@pytest.mark.threads
def test_a_running_server_knows_what_is_made_rotated_and_revoked(shop, start):
    server = start(shop.app, *shop.where)

    def status(secret):
        return server.get('/items', **bearer(secret)).status

    first, key_id = shop.create()
    wait_until(lambda: status(first) == 200)
    second = shop.key('rotate', key_id, shop.app).stdout.strip()
    wait_until(lambda: status(second) == 200)
    assert status(first) == 200  # the overlap
    third = shop.key('rotate', key_id, shop.app, '--overlap', '0').stdout.strip()
    wait_until(lambda: status(third) == 200)
    wait_until(lambda: status(first) == status(second) == 401)
    assert shop.key('revoke', key_id, shop.app).returncode == 0
    wait_until(lambda: status(third) == 401)


@pytest.mark.parametrize('command', ['show', 'rotate', 'revoke'])
def test_a_secret_in_the_place_of_an_id_is_not_repeated(shop, command):
    secret, _ = shop.create()
    result = shop.key(command, secret, shop.app)
    assert (result.returncode, result.stdout) == (2, '')
    assert "this is a secret: 'reckoner key list APP' lists the ids" in result.stderr and secret not in result.stderr


def test_scopes_narrow_and_open(shop, start):
    server = start(shop.app, *shop.where)

    def statuses(secret):
        return [server.get(path, **bearer(secret)).status for path in ('/items', '/mine', '/report')]

    plain, items, reports = (shop.create(*args)[0] for args in ([], ['--scope', 'GET /items'], ['--scope', 'reports']))
    wait_until(lambda: statuses(reports)[0] == 200)
    assert statuses(plain) == [200, 200, 403]
    assert statuses(items) == [200, 403, 403]
    assert statuses(reports) == [200, 200, 200]


def test_a_key_is_listed_and_shown_with_its_history(shop):
    _, key_id = shop.create('--label', 'Acme Ltd', '--plan', 'gold', '--scope', 'GET /items', '--scope', 'reports',
                            '--claim', 'tenant=acme', '--expires', '90d')
    (key,) = shop.list()
    assert (key['app'], key['id'], key['label'], key['plan']) == ('shop', key_id, 'Acme Ltd', 'gold')
    assert (key['scopes'], key['claims'], key['state'], key['last_used']) == ('GET /items, reports', 'tenant=acme', 'active', None)
    assert shop.key('rotate', key_id, shop.app).returncode == 0
    assert shop.list()[0]['state'] == 'rotating'
    shown = shop.key('show', key_id, shop.app)
    assert shown.returncode == 0
    assert [' '.join(line.split()[1:3]) for line in shown.stdout.split('history\n')[1].splitlines()] == ['created by', 'rotated by']
    assert len(re.findall(r'^    [12]  made ', shown.stdout, re.MULTILINE)) == 2
    assert shop.key('revoke', key_id, shop.app).returncode == 0
    assert shop.list()[0]['state'] == 'revoked'


def test_a_last_use_is_told(shop, start):
    server = start(shop.app, *shop.where)
    secret, _ = shop.create()
    wait_until(lambda: server.get('/items', **bearer(secret)).status == 200)
    wait_until(lambda: shop.list()[0]['last_used'] is not None, pause=0.5)


@pytest.mark.parametrize('args, code, text', [
    (['--scope', 'GET /itmes'], 1, "has no endpoint or scope GET /itmes; did you mean 'GET /items'?"),
    (['--scope', 'report'], 1, "has no endpoint or scope report; did you mean 'reports'?"),
    (['--plan', 'gould'], 1, "has no plan gould; did you mean 'gold'?"),
    (['--claim', 'tennant=acme'], 1, "asks for no claim tennant; did you mean 'tenant'?"),
    (['--claim', 'tenant'], 2, '--claim is NAME=TEXT, not tenant'),
    (['--claim', 'tenant=a', '--claim', 'tenant=b'], 2, '--claim tenant is there twice'),
    (['--expires', '2020-01-01'], 2, '--expires 2020-01-01 is no time to come: the key would never work'),
    (['--expires', 'soon'], 2, '--expires is a time from now, such as 90d or 12h, or a day, 2027-01-31, not soon'),
    (['--expires', '99999999999999999999d'], 2, '--expires is a time from now'),
    (['--label', 'a\nb'], 2, '--label has to be text in UTF-8 without controls'),
    (['--label', 'x' * 201], 2, '--label has more than 200 bytes'),
])
def test_a_key_that_would_not_do_what_it_should_is_not_made(tmp_path, args, code, text):
    app = write_app(tmp_path / 'shop', SHOP)
    result = run('key', 'create', app, '--var', tmp_path / 'var', *args)
    assert result.returncode == code and text in result.stderr
    assert result.stdout == '' and not (tmp_path / 'var').exists()


def test_an_id_that_is_none_gets_the_nearest_and_nothing_is_changed_twice(shop):
    _, key_id = shop.create()
    wrong = key_id[:-1] + ('0' if key_id[-1] != '0' else '1')
    for command in ('show', 'rotate', 'revoke'):
        result = shop.key(command, wrong, shop.app)
        assert result.returncode == 1 and result.stdout == ''
        assert f'there is no key {wrong}\n  hint: did you mean {key_id}?' in result.stderr
    revoked = shop.key('revoke', key_id, shop.app)
    assert (revoked.returncode, revoked.stdout) == (0, '')
    assert revoked.stderr == f'{key_id} of shop: revoked; running servers refuse it within a second\n'
    for command in ('revoke', 'rotate'):
        result = shop.key(command, key_id, shop.app)
        assert result.returncode == 1 and f'the key {key_id} was revoked already' in result.stderr


def test_a_key_of_several_apps_is_in_all_of_them_or_in_none(tmp_path):
    apps = [write_app(tmp_path / name, SHOP) for name in ('shop', 'depot')]
    where = ['--var', tmp_path / 'var']
    made = run('key', 'create', *apps, *where)
    assert made.returncode == 0
    key_id = made.stderr.split()[0]
    assert made.stderr.startswith(f'{key_id} of shop, depot: ')
    listed = json.loads(run('key', 'list', *apps, *where, '--format', 'json').stdout)
    assert [(key['app'], key['id']) for key in listed] == [('shop', key_id), ('depot', key_id)]
    _, other = Shop(apps[1], where).create()
    failed = run('key', 'revoke', other, *reversed(apps), *where)  # depot has it, shop has not
    assert failed.returncode == 1 and f'there is no key {other}' in failed.stderr
    assert {key['state'] for key in Shop(apps[1], where).list()} == {'active'}


def test_a_secret_that_could_not_be_written_is_told(tmp_path):
    app = write_app(tmp_path / 'shop', SHOP)
    with open('/dev/full', 'w', encoding='ascii') as full:
        result = subprocess.run([BINARY, 'key', 'create', app, '--var', tmp_path / 'var'], stdout=full, stderr=subprocess.PIPE, text=True,
                                timeout=60)
    assert result.returncode == 1 and 'the secret could not be written: No space left on device' in result.stderr


def test_the_store_and_its_log_never_have_a_secret(tmp_path):
    shop = Shop(write_app(tmp_path / 'shop', SHOP), ['--var', str(tmp_path / 'var')])
    secret, _ = shop.create()
    for name in os.listdir(tmp_path / 'var'):
        assert secret.encode() not in (tmp_path / 'var' / name).read_bytes()


def test_an_app_that_asks_nobody_for_a_key_is_told_of(tmp_path):
    app = write_app(tmp_path / 'shop', {**SHOP, 'app.ini': '', 'get_mine.sql': SHOP['get_items.sql'].replace('/items', '/mine'),
                                        'get_report.sql': SHOP['get_items.sql'].replace('/items', '/report')})
    result = run('key', 'create', app, '--var', tmp_path / 'var')
    assert result.returncode == 0 and 'asks nobody for a key' in result.stderr
