# SPDX-License-Identifier: Apache-2.0
"""Keys for the black-box tests, written as rows beside the server (access/key_store.h), and texts that are none. The commands that
write them have tests of their own."""
import binascii
import hashlib
import pathlib
import secrets
import sqlite3
import subprocess
import time

import postgresql

DIGITS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
ID_DIGITS = '0123456789abcdefghjkmnpqrstvwxyz'  # access/key_id.c


def write(app, where, what, key_id, sql):
    """One change of a key, with its line of the audit. `where` names the store as options of the commands do."""
    audit = (f"INSERT INTO reckoner_audit SELECT coalesce(max(number), 0) + 1, {int(time.time())}, 'test', '{what}', '{key_id}', '' "
             'FROM reckoner_audit')
    option, place = map(str, where)
    name = pathlib.Path(app).name
    if option == '--store':
        subprocess.run([postgresql.BINARIES / 'psql', '-q', '-v', 'ON_ERROR_STOP=1', place, '-c',
                        f'BEGIN; SET search_path = {name}; {sql}; {audit}; COMMIT'], check=True)
        return
    database = sqlite3.connect(pathlib.Path(place) / f'{name}.db', timeout=60, isolation_level=None)
    for statement in ('BEGIN IMMEDIATE', sql, audit, 'COMMIT'):
        database.execute(statement)
    database.close()


def create(app, where, *scopes, plan=''):
    """A new key of the app: what its holder shows, and its id."""
    return create_all(app, where, [{'scopes': scopes, 'plan': plan}])[0]


def create_all(app, where, wanted):
    """A new key for each of `wanted`, which may have 'scopes', 'plan' and 'claims': {name: text}."""
    made, rows = [], []
    for one in wanted:
        key, key_id = nobodys(), 'k_' + ''.join(secrets.choice(ID_DIGITS) for _ in range(10))
        digest = hashlib.blake2b(key.encode(), digest_size=32).hexdigest()
        scopes, claims = '\n'.join(one.get('scopes', ())), '\n'.join(f'{name}={text}' for name, text in one.get('claims', {}).items())
        plan = one.get('plan', '')
        rows.append(f"('{key_id}', 1, '{digest}', '', '{plan}', '{scopes}', '{claims}', {int(time.time())}, 'test')")
        made.append((key, key_id))
    write(app, where, 'create', made[0][1],
          'INSERT INTO reckoner_keys (id, secret, digest, label, plan, scopes, claims, created, created_by) VALUES ' + ', '.join(rows))
    return made


def revoke(app, where, key_id):
    write(app, where, 'revoke', key_id, f"UPDATE reckoner_keys SET revoked = {int(time.time())} WHERE id = '{key_id}'")


def nobodys():
    """A text with the form and the check sum of a key, which nobody has."""
    text = 'rckn_' + ''.join(secrets.choice(DIGITS) for _ in range(43))
    rest, check = binascii.crc32(text.encode()), ''
    for _ in range(6):
        rest, digit = divmod(rest, 62)
        check = DIGITS[digit] + check
    return text + check


def bearer(key):
    return {'Authorization': f'Bearer {key}'}
