# SPDX-License-Identifier: Apache-2.0
"""The black-box tests, a process of pytest for each file: all against the server with ASan, those marked `threads` against the one
with TSan too, and those marked `plain` against the one that is shipped."""
import re
import xml.etree.ElementTree

import postgresql
from suite import builds, process
from suite.jobs import Job, Result

FOLDER = process.ROOT / 'test' / 'box'
FILE_SECONDS = 1800
MARKS = {'debug': None, 'tsan': 'threads', 'release': 'plain'}


def name_of(path):
    """test/box/writes/test_batches.py is box/writes/batches."""
    path = path.relative_to(process.ROOT / 'test')
    return str(path.parent / path.stem.removeprefix('test_'))


def files(build):
    """Those with a test for that build."""
    mark = MARKS[build.name]
    return [path for path in sorted(FOLDER.rglob('test_*.py'))
            if mark is None or re.search(rf'mark\.{mark}\b|@{mark}_build', path.read_text(encoding='utf-8'))]


def read(report, name):
    """What pytest wrote about it."""
    suite = xml.etree.ElementTree.parse(report).getroot().find('testsuite')
    total, skipped = int(suite.get('tests')), int(suite.get('skipped'))
    failed = int(suite.get('failures')) + int(suite.get('errors'))
    result = Result(total - skipped - failed, failed)
    for case in suite.iter('testcase'):
        result.times.append((float(case.get('time')), f'{name}::{case.get("name")}'))
        why = case.find('skipped')
        if why is not None:
            result.skipped.append((why.get('message'), case.get('name')))
    return total, result


def job(path, build, is_long, databases, costs):
    name, kind = name_of(path), f'black-box ({build.what})'
    wants_stores = 'new_store' in path.read_text(encoding='utf-8') and postgresql.is_there()

    def work():
        report = process.BUILD / 'reports' / build.name / f'{name}.xml'
        report.unlink(missing_ok=True)
        mark = MARKS[build.name]
        stores = {'TEST_CLUSTER_PORT': str(databases.port())} if wants_stores else {}
        done = process.run(['/usr/bin/python3', '-m', 'pytest', '-q', '--tb=short', f'--junitxml={report}',
                            *(['-m', mark] if mark else []), path], FILE_SECONDS * (10 if is_long else 1),
                           env={**process.SANITIZERS, 'RECKONER': str(build.binary()), 'TEST_LONG': '1' if is_long else '',
                                'TEST_TSAN': '1' if build == builds.TSAN else '', **stores})
        try:
            total, result = read(report, name)
        except (OSError, xml.etree.ElementTree.ParseError):
            total, result = 0, Result()
        if total == 0 or (done.code != 0 and not result.failed):
            result.failed = 1
        result.text, result.cpu = done.out + done.err, done.cpu
        return result

    return Job(name, kind, work, *costs.of(f'{name} ({kind})'))


def jobs(build, is_long, databases, costs):
    return [job(path, build, is_long, databases, costs) for path in files(build)]
