# SPDX-License-Identifier: Apache-2.0
"""The command line: help, exit codes, messages."""
import re
import pytest

from server import run, wait_until, write_app
from small_apps import LOAD_APP, READ_APP, WRITE_APP, ids


@pytest.mark.parametrize('command', ['serve', 'init', 'check', 'test', 'explain', 'routes', 'load', 'reset', 'backup', 'restore', 'verify', 'key'])
def test_help_reads_well(command):
    result = run(command, '--help')
    assert result.returncode == 0
    assert result.stdout.startswith(f'usage: reckoner {command} ')
    assert all(len(line) <= 100 for line in result.stdout.splitlines())


def test_version():
    result = run('version')
    assert result.returncode == 0 and result.stdout.startswith('reckoner 0.1.0 (SQLite 3.')


@pytest.mark.parametrize('args, text', [
    ([], 'usage: reckoner COMMAND'),
    (['bake'], 'no command is called bake'),
    (['serv', 'x'], 'no command is called serv; did you mean serve?'),
    (['serve'], 'serve wants at least one app'),
    (['check'], 'check wants at least one app'),
    (['test'], 'test wants at least one app'),
    (['init'], 'init wants a folder'),
    (['init', 'a', 'b'], 'init wants a folder'),
    (['explain', 'apps/rates'], "explain wants APP 'GET /path?…'"),
    (['test', '--timeout', '0', 'x'], '--timeout must be a number from 1 to 3600, not 0'),
    (['test', '--watch', 'x'], 'test has no option --watch'),
    (['explain', '--listen', 'x', 'a', 'b'], 'explain has no option --listen'),
    (['serve', '--timeout', '1', 'x'], 'serve has no option --timeout'),
    (['load', 'apps/rates'], "load wants APP 'POST /path' FILE"),
    (['load', 'apps/rates', 'POST /prices', 'a.csv', 'b.csv'], "load wants APP 'POST /path' FILE"),
    (['reset'], 'reset wants an app'),
    (['backup', 'apps/rates'], 'backup wants APP FILE'),
    (['restore', 'apps/rates'], 'restore wants APP FILE'),
    (['verify'], 'verify wants APP, FILE, or APP FILE'),
    (['verify', '--force', 'apps/rates'], 'verify has no option --force'),
    (['key'], 'usage: reckoner key COMMAND'),
    (['key', 'mint', 'x'], 'no command is called key mint; '),
    (['key', 'crate', 'x'], 'no command is called key crate; did you mean key create?'),
    (['key', 'create'], 'key create wants at least one app'),
    (['key', 'show', 'k_0123456789'], 'key show wants the id of a key and at least one app: ID APP...'),
    (['key', 'revoke', 'apps/rates', 'k_0123456789'], 'key revoke wants the id of a key first, k_ and ten more, and then apps: apps/rates is none'),
    (['key', 'list', '--scope', 'x', 'y'], 'key list has no option --scope'),
    (['key', 'list', '--format', 'jsno', 'x'], '--format is text, csv or json, not jsno; did you mean json?'),
    (['serve', '-listen', '8080', 'x'], 'serve has no option -listen; did you mean --listen?'),
    (['serve', '--port', '8080', 'x'], 'serve has no option --port; did you mean --listen?'),
    (['check', '-p', '8080', 'x'], 'check has no option -p; '),
    (['serve', '--nothing', 'x'], 'serve has no option --nothing'),
    (['check', '--listen', 'x', 'y'], 'check has no option --listen'),
    (['serve', '--loops', '0', 'x'], '--loops must be a number from 1 to 256, not 0'),
    (['serve', '--workers', 'many', 'x'], '--workers must be a number from 1 to 256, not many'),
    (['serve', '--listen'], '--listen wants a value'),
    (['serve', '--store', 'sqlite:x', 'a', 'b'], "a file is one app's store"),
])
def test_wrong_command_lines_exit_with_2(args, text):
    result = run(*args)
    assert result.returncode == 2
    assert text in result.stderr


@pytest.mark.parametrize('listen', ['nonsense', '127.0.0.1', '127.0.0.1:99999', 'localhost:x', ':8080x', 'no/host:80'])
def test_a_wrong_address_is_an_error(tmp_path, listen):
    result = run('serve', '--listen', listen, '--var', tmp_path / 'var', write_app(tmp_path / 'small', READ_APP))
    assert result.returncode == 2
    assert listen in result.stderr and not (tmp_path / 'var').exists()


def test_a_missing_app_is_an_error(tmp_path):
    for command in ['serve', 'check', 'routes', 'test']:
        result = run(command, tmp_path / 'nothing')
        assert result.returncode == 1
        assert str(tmp_path / 'nothing') in result.stderr
    result = run('explain', tmp_path / 'nothing', 'GET /')
    assert result.returncode == 1 and str(tmp_path / 'nothing') in result.stderr


def test_check_reports_every_error_of_every_file_with_its_place(tmp_path):
    app = write_app(tmp_path / 'small', {
        **READ_APP,
        'get_bad.sql': '-- @endpoint GET /bad\n-- @param a intger\n-- @answr\nSELECT :b;\n',
        'get_worse.sql': '-- @endpoint GET /worse\n-- @answer\nSELECT a\nFROM nowhere;\n',
        'get_writes.sql': '-- @endpoint GET /writes\n-- @answer\nDELETE FROM things RETURNING id;\n',
    })
    result = run('check', app)
    assert result.returncode == 1
    lines = result.stderr.splitlines()
    assert any(line.startswith(f'{app}/get_bad.sql:2:13: ') for line in lines), lines
    assert any(line.startswith(f'{app}/get_bad.sql:3:') for line in lines), lines
    (app / 'get_bad.sql').unlink()
    result = run('check', app)
    lines = result.stderr.splitlines()
    assert result.returncode == 1
    assert any(line.startswith(f'{app}/get_worse.sql:4:6: ') and 'nowhere' in line for line in lines), lines
    assert any(line.startswith(f'{app}/get_writes.sql:3:') and 'cannot write' in line for line in lines), lines


def test_check_of_a_good_app():
    result = run('check', 'apps/rates')
    assert result.returncode == 0
    assert result.stderr.startswith('apps/rates: ') and result.stderr.endswith('no errors\n')


def test_routes_lists_method_path_parameters_and_file():
    result = run('routes', 'apps/rates')
    assert result.returncode == 0
    lines = result.stdout.splitlines()
    line = [line for line in lines if line.startswith('GET    /rates ')]
    assert line == ['GET    /rates               date_from date_to origin destination [min_prices]  apps/rates/get_rates.sql']
    assert any(line.startswith('POST   /prices') and '{orig_code dest_code day price}' in line for line in lines)


def test_load_puts_one_file_in_as_one_batch(start, tmp_path):
    app = write_app(tmp_path / 'small', WRITE_APP)
    var = tmp_path / 'var'
    rows = tmp_path / 'rows.csv'
    rows.write_text('id,grp\n' + ''.join(f'{i},a\n' for i in range(50_000)))
    result = run('load', app, 'POST /rows', rows, '--var', var)
    assert (result.returncode, result.stdout) == (0, '[{"inserted":50000}]\n'), result.stderr
    rows.write_text('id,grp\n50000,a\n50001,zz\n')
    result = run('load', '--var', var, app, 'POST /rows', rows)
    assert result.returncode == 1
    assert f'{rows}:3: grp: unknown group (zz)' in result.stderr and 'nothing was loaded' in result.stderr
    assert len(ids(start(app, '--quiet'))) == 50_000


def test_load_works_beside_a_running_server(start, tmp_path):
    app = write_app(tmp_path / 'small', LOAD_APP)
    server = start(app, '--quiet')
    more = tmp_path / 'more.ndjson'
    more.write_text('{"id": 9, "grp": "a"}\n')
    result = run('load', app, 'POST /rows', more, '--var', tmp_path / 'var')
    assert result.returncode == 0, result.stderr
    assert ids(server) == [1, 2, 9]


@pytest.mark.parametrize('endpoint, name, text', [
    ('POST /nothing', 'rows.csv', "writes nothing under 'POST /nothing'"),
    ('GET /rows', 'rows.csv', "writes nothing under 'GET /rows'"),
    ('POST /rows', 'rows.txt', "must end in .csv, .tsv, .json or .ndjson"),
    ('POST /rows', 'missing.csv', 'could not be opened: No such file'),
])
def test_load_says_what_is_wrong(tmp_path, endpoint, name, text):
    app = write_app(tmp_path / 'small', WRITE_APP)
    (tmp_path / 'rows.csv').write_text('id,grp\n1,a\n')
    (tmp_path / 'rows.txt').write_text('x')
    result = run('load', app, endpoint, tmp_path / name, '--var', tmp_path / 'var')
    assert result.returncode == 1
    assert text in result.stderr


def test_options_come_from_the_environment_too(start, tmp_path):
    app = write_app(tmp_path / 'small', LOAD_APP)
    data = write_app(tmp_path / 'data', {'rows.csv': 'id,grp\n7,a\n'})
    server = start(app, env={'RECKONER_DATA': str(data), 'RECKONER_WORKERS': '1', 'RECKONER_LOOPS': '1'})
    assert ids(server) == [7]
    result = run('serve', app, env={'RECKONER_LOOPS': 'x'})
    assert result.returncode == 2 and 'RECKONER_LOOPS must be a number' in result.stderr


@pytest.mark.parametrize('listen, shown', [('localhost:0', '127.0.0.1'), ('0', '127.0.0.1'), ('[::1]:0', '[::1]'), (':0', '[::]')])
def test_addresses_are_what_people_write(start, tmp_path, listen, shown):
    app = write_app(tmp_path / 'small', READ_APP)
    server = start('--listen', listen, app, wait=False)
    wait_until(lambda: server.read_stderr(0.1) and 'listening on' in server.stderr)
    assert re.search(f'listening on (http://)?{re.escape(shown)}:', server.stderr)


def test_paths_that_are_something_else_are_told_so(tmp_path):
    app = write_app(tmp_path / 'small', READ_APP)
    file = app / 'get_bad.sql'
    file.write_text('')
    assert run('check', file).stderr == f'{file}: is no folder, and an app is one: name that\n'
    file.unlink()
    assert run('init', tmp_path / 'no' / 'app').stderr == f'reckoner: {tmp_path}/no/app: No such file or directory: make the folder around it first\n'
    load = write_app(tmp_path / 'load', LOAD_APP)
    result = run('serve', '--data', tmp_path / 'no', '--var', tmp_path / 'var', load)
    assert (result.returncode, result.stderr) == (1, f'reckoner: --data {tmp_path}/no: there is no such folder\n')
