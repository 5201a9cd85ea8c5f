# SPDX-License-Identifier: Apache-2.0
"""The servers that Reckoner is compared with, each written as its users would, in bench/peers/."""
import json
import os
import pathlib
import shutil
import subprocess

import measure

HERE = pathlib.Path(__file__).resolve().parent / 'peers'
NODE = measure.ROOT / 'build' / 'bench'  # where npm puts its packages
SKIPPED = {'connection', 'content-length', 'content-type', 'date', 'keep-alive'}  # which each server adds itself


def install_node():
    """Fastify and its friends, built against the headers that came with Node.js where there are some."""
    NODE.mkdir(parents=True, exist_ok=True)
    for name in ('package.json', 'package-lock.json'):
        shutil.copy(HERE / name, NODE / name)
    modules = NODE / 'node_modules'
    if not ((modules / 'better-sqlite3/build/Release/better_sqlite3.node').exists() and (modules / 'papaparse').exists()):
        env = {'npm_config_nodedir': '/usr'} if pathlib.Path('/usr/include/node/node.h').exists() else {}
        subprocess.run(['npm', 'ci', '--no-audit', '--no-fund', '--silent'], cwd=NODE, check=True, env={**os.environ, **env})


def node(name, script, env, leans_on=()):
    port = measure.free_port()
    env = {**env, 'PORT': str(port), 'NODE_PATH': str(NODE / 'node_modules'), 'NODE_ENV': 'production'}
    return measure.Peer(name, ['node', HERE / script], port, env, leans_on)


def fill(template, path, **values):
    text = (HERE / template).read_text()
    for key, value in values.items():
        text = text.replace(f'@{key}@', str(value))
    path.write_text(text)
    return path


def headers_of(answer):
    return {name: value for name, value in answer[1].items() if name.lower() not in SKIPPED}


def nginx(work, answer):
    """Gives this answer of Peer.get to whatever is asked."""
    port, folder = measure.free_port(), work / 'nginx'
    folder.mkdir(exist_ok=True)
    headers = headers_of(answer)
    lines = '\n            '.join(f"add_header {key} '{value}';" for key, value in headers.items())
    conf = fill('nginx.conf', folder / 'nginx.conf', FOLDER=folder, PORT=port, HEADERS=lines, ETAG=headers.get('ETag', '-'),
                BODY=answer[2].decode())
    return measure.Peer('nginx', ['nginx', '-c', conf], port)


def varnish(work, backend):
    port, folder = measure.free_port(), work / 'varnish'
    conf = fill('varnish.vcl', work / 'varnish.vcl', BACKEND=backend.port)
    return measure.Peer('varnish', ['varnishd', '-F', '-j', 'none', '-n', folder, '-a', f'127.0.0.1:{port}', '-f', conf, '-s', 'malloc,64m'],
                        port)


def fastify_static(answer):
    env = {'BODY': answer[2].decode(), 'HEADERS': json.dumps({**headers_of(answer), 'Content-Type': 'application/json'})}
    return node('fastify', 'static.js', env)


def fastify(database, processes, app=None):
    """app: with its own SQL; else with what is quicker here."""
    name = f'fastify, {processes} process{"es" if processes > 1 else ""}' + (', same SQL' if app else '')
    return node(name, 'rates.js', {'DATABASE': str(database), 'PROCESSES': str(processes), **({'APP': str(app)} if app else {})})


def fastify_prices(database, app):
    return node('fastify', 'prices.js', {'DATABASE': str(database), 'APP': str(app)})


def fastify_with_redis(database, app, redis):
    return node('fastify with Redis', 'rates_cached.js', {'DATABASE': str(database), 'APP': str(app), 'REDIS': str(redis.port)}, [redis])


def redis():
    port = measure.free_port()
    return measure.Peer('Redis', ['redis-server', '--port', port, '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'], port)


def flask(url, cluster):
    """Two workers a core would only wait for one another; threads keep connections open, which those of kind sync do not."""
    port = measure.free_port()
    return measure.Peer('Flask, gunicorn', ['gunicorn', '--chdir', HERE, '-b', f'127.0.0.1:{port}', '-w', os.cpu_count(), '-k', 'gthread',
                                            '--threads', 4, '--keep-alive', 60, '--log-level', 'error', 'flask_rates:app'],
                        port, {'DATABASE': url}, [cluster])


def fastapi(url, cluster):
    port = measure.free_port()
    return measure.Peer('FastAPI, uvicorn', ['/usr/bin/python3', '-m', 'uvicorn', '--app-dir', HERE, '--host', '127.0.0.1', '--port', port,
                                             '--workers', os.cpu_count(), '--loop', 'uvloop', '--http', 'httptools', '--no-access-log',
                                             '--log-level', 'error', 'fastapi_rates:app'], port, {'DATABASE': url, 'CONNECTIONS': '4'}, [cluster])
