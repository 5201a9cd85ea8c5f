# SPDX-License-Identifier: Apache-2.0
"""Local times as Python's zoneinfo has them, over all that a zone has gone through; and a day that is today's, from a kept answer too."""
import datetime
import random
import zoneinfo

import pytest

from preload import preload
from server import STORES, Server, new_store, wait_until, write_app

ZONES = ['Europe/Rome', 'America/New_York', 'Australia/Lord_Howe', 'Pacific/Apia', 'Africa/Casablanca', 'Asia/Kathmandu']
EPOCH = datetime.datetime(1970, 1, 1)
UTC = datetime.timezone.utc
SECOND = datetime.timedelta(seconds=1)
FIRST, LAST = -3_000_000_000, 5_000_000_000  # 1874 to 2128


def offset(zone, utc):
    return (EPOCH + utc * SECOND).replace(tzinfo=UTC).astimezone(zone).utcoffset() // SECOND


def changes(zone):
    """The moments at which the offset changes, found by halving steps of some days."""
    for before in range(FIRST, LAST, 2_000_000):
        low, high = before, before + 2_000_000
        if offset(zone, low) == offset(zone, high):
            continue
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if offset(zone, middle) == offset(zone, low) else (low, middle)
        yield high


def moments_of(zone, local):
    """The moments at which the clocks show it: one, none or two."""
    both = {local - local_offset(zone, local, fold) for fold in (0, 1)}
    return [utc for utc in both if utc + offset(zone, utc) == local]


def local_offset(zone, local, fold):
    return (EPOCH + local * SECOND).replace(tzinfo=zone, fold=fold).utcoffset() // SECOND


def text_of(seconds, between=' '):
    return (EPOCH + seconds * SECOND).isoformat(between)


def app_of(store):
    moment = 'timestamp with time zone' if store == 'postgresql' else 'text'
    files = {'schema/001_seen.sql': f'CREATE TABLE seen (id bigint PRIMARY KEY, at {moment} NOT NULL);\n',
             'delete_seen.sql': '-- @endpoint DELETE /seen\n-- @write\nDELETE FROM seen;\n',
             'get_told.sql': '-- @endpoint GET /told\n-- @param zone text required\n-- @answer\n'
                             'SELECT id, at, day_in(at, :zone) AS day, clock_in(at, :zone) AS clock FROM seen ORDER BY id;\n'}
    for zone in ZONES:
        name = zone.split('/')[1].lower()
        files[f'post_{name}.sql'] = (f'-- @endpoint POST /{zone}\n-- @field id integer required\n-- @field at timestamp zone {zone} required\n'
                                     '-- @write\nINSERT INTO seen SELECT id, at FROM batch;\n-- @answer 204\n')
    return files


@pytest.fixture(scope='module', params=STORES)
def server(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp('times')
    started = Server('--quiet', write_app(folder / 'times', app_of(request.param)), *new_store(request.param, request), var=folder / 'var')
    yield started
    assert started.stop() == 0, started.stderr


@pytest.mark.parametrize('name', ZONES)
def test_local_times_are_those_of_zoneinfo(server, name):
    zone = zoneinfo.ZoneInfo(name)
    chance = random.Random(name)
    locals_ = {chance.randrange(FIRST, LAST) for _ in range(300)} | {chance.randrange(-60_000_000_000, 250_000_000_000) for _ in range(100)}
    for change in changes(zone):
        for side in (offset(zone, change - 1), offset(zone, change)):
            locals_ |= {change + side + near for near in (-3600, -1, 0, 1, 1799, 1800, 3599, 3600)}
    found = {local: moments_of(zone, local) for local in sorted(locals_)}
    once = {local: moments[0] for local, moments in found.items() if len(moments) == 1}
    bad = [(local, 'ambiguous_time' if moments else 'no_such_time') for local, moments in found.items() if len(moments) != 1]
    assert len(once) > 400
    body = 'id,at\n' + ''.join(f'{i},{text_of(local)}\n' for i, local in enumerate(once))
    assert server.post(f'/{name}', body, 'text/csv').status == 204
    told = server.get(f'/told?zone={name}').json()
    assert server.request('DELETE', '/seen').status == 204
    assert [(row['at'], f"{row['day']} {row['clock']}") for row in told] == [
        (text_of(utc, 'T') + '.000Z', text_of(local)) for local, utc in once.items()]
    answer = server.post(f'/{name}', 'id,at\n' + ''.join(f'{i},{text_of(local)}\n' for i, (local, _) in enumerate(bad)), 'text/csv')
    if bad:
        assert answer.errors('line', 'code') == [(i + 2, code) for i, (_, code) in enumerate(bad)][:1000]


# The clock that stands for the day: as many seconds ahead as the file says.
CLOCK = r'''
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

int clock_gettime(clockid_t clock, struct timespec *now)
{
    char text[32] = "";
    int result = (int)syscall(SYS_clock_gettime, clock, now);
    const char *path = clock == CLOCK_REALTIME ? getenv("CLOCK_AHEAD") : NULL;
    int file = path != NULL ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    if (file >= 0 && read(file, text, sizeof(text) - 1) > 0)
        now->tv_sec += atol(text);
    if (file >= 0)
        close(file);
    return result;
}
'''
NOW = {'schema/001_seen.sql': 'CREATE TABLE seen (id bigint, at timestamp with time zone);\n',
       'post_seen.sql': '-- @endpoint POST /seen\n-- @param until timestamp default now\n-- @field id integer\n-- @field at timestamp default now\n-- @shape values\n'
                        '-- @write\nINSERT INTO seen SELECT id, at FROM batch;\n-- @answer 201\nSELECT at FROM batch WHERE at >= :until ORDER BY line;\n',
       'get_seen.sql': '-- @endpoint GET /seen\n-- @param until timestamp default now\n-- @shape object\n'
                       '-- @answer\nSELECT :until AS until, count(*) AS n FROM seen WHERE at <= :until;\n'}

TODAY = {'schema/001_born.sql': 'CREATE TABLE born (day date NOT NULL);\n',
         'get_today.sql': '-- @endpoint GET /today\n-- @param day date default today\n-- @param least date max today\n-- @shape object\n'
                          '-- @answer\nSELECT :day AS day, count(*) AS n FROM born WHERE day = :day AND day >= coalesce(:least, day);\n',
         'get_short.sql': '-- @endpoint GET /short\n-- @param day date format "%d.%m.%y" past required\n-- @shape value\n'
                          '-- @answer\nSELECT min(:day) AS day FROM born;\n',
         'post_born.sql': '-- @endpoint POST /born\n-- @field n integer\n-- @field day date default today max today\n-- @shape values\n'
                          '-- @write\nINSERT INTO born SELECT day FROM batch;\n-- @answer 201\nSELECT day FROM batch ORDER BY line;\n'}


def kept(server, path):
    return wait_until(lambda: [answer for answer in [server.get(path)] if '; hit' in answer.headers['Cache-Status']])[0]


@pytest.mark.parametrize('store', STORES)
def test_today_is_another_day_tomorrow(start, tmp_path, request, store):
    control, env = preload(tmp_path, CLOCK, 'CLOCK_AHEAD')

    def go_to(day):
        """The server's clock is at noon of the day from here on."""
        noon = datetime.datetime.combine(day, datetime.time(12), UTC)
        ready = control.with_suffix('.new')
        ready.write_text(str(round((noon - datetime.datetime.now(UTC)).total_seconds())))
        ready.replace(control)

    first = datetime.date(2031, 12, 31)
    go_to(first)
    server = start(write_app(tmp_path / 'app', TODAY), '--quiet', *new_store(store, request), env=env)
    assert server.post('/born', '[{"n": 1}, {"day": "2031-12-30"}]').json() == ['2031-12-31', '2031-12-30']
    late = server.post('/born', '[{"day": "2032-01-01"}]')
    assert (late.status, late.errors('code', 'detail')) == (422, [('max', 'must be a date, YYYY-MM-DD, not after today')])
    for _ in range(3):  # by the loop's words, if it takes them
        assert kept(server, '/today').json() == {'day': '2031-12-31', 'n': 1}
        assert kept(server, '/short?day=01.01.32').json() == '1932-01-01'
    go_to(datetime.date(2032, 1, 1))
    assert server.get('/today').json() == {'day': '2032-01-01', 'n': 0}
    assert server.get('/short?day=01.01.32').json() == '2032-01-01'
    assert server.get('/today?day=2031-12-31').json() == {'day': '2031-12-31', 'n': 1}
    assert server.get('/today?least=2032-01-02').errors('parameter', 'code') == [('least', 'max')]
    assert server.post('/born', '[{"n": 1}]').json() == ['2032-01-01']
    assert wait_until(lambda: server.get('/today').json()['n'] == 1)


@pytest.mark.parametrize('store', STORES)
def test_now_is_the_moment_of_each_request_and_its_answer_is_not_kept(start, tmp_path, request, store):
    control, env = preload(tmp_path, CLOCK, 'CLOCK_AHEAD')
    control.write_text('0')
    server = start(write_app(tmp_path / 'app', NOW), '--quiet', *new_store(store, request), env=env)

    def now(seconds=0):
        return (datetime.datetime.now(UTC) + datetime.timedelta(seconds=seconds)).strftime('%Y-%m-%dT%H:%M:%S.%f')[:23] + 'Z'

    before = now()
    stored = server.post('/seen', '[{"id": 1}, {"id": 2, "at": null}, {"id": 3, "at": "2100-01-01T00:00:00Z"}]').json()
    assert len(stored) == 3 and before <= stored[0] <= stored[1] <= now() and stored[2] == '2100-01-01T00:00:00.000Z'
    for seconds in 0, 0, 3600, 7200:
        ready = control.with_suffix('.new')
        ready.write_text(str(seconds))
        ready.replace(control)
        before, answer = now(seconds), server.get('/seen')
        assert before <= answer.json()['until'] <= now(seconds) and answer.json()['n'] == 2
        assert 'hit' not in answer.headers['Cache-Status'] and 'stored' not in answer.headers['Cache-Status']
    assert kept(server, '/seen?until=2100-01-01T00:00:00Z').json()['n'] == 3
