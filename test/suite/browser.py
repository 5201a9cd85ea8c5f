# SPDX-License-Identifier: Apache-2.0
"""What needs npm: the pages of apps in Chromium, and the files of csv-spectrum. npm brings the driver and the files, by the checksums of package-lock.json."""
import re

from suite import process
from suite.jobs import Job, Result

FOLDER = process.ROOT / 'test' / 'browser'
SECONDS = 600


def install():
    """What went wrong, or nothing."""
    wanted, there = FOLDER / 'package-lock.json', FOLDER / 'node_modules' / '.package-lock.json'
    if there.exists() and there.stat().st_mtime >= wanted.stat().st_mtime:
        return ''
    done = process.run(['npm', 'ci', '--no-audit', '--no-fund'], SECONDS, cwd=FOLDER)
    if done.code != 0:
        return f'npm could not get what test/browser/package-lock.json lists; these tests need its registry once:\n{done.err}'
    there.touch()
    return ''


def jobs(build, costs):
    def work():
        fault = install()
        if fault:
            return Result(failed=1, text=fault)
        done = process.run(['npm', 'test', '--silent'], SECONDS, env={**process.SANITIZERS, 'RECKONER': str(build.binary())}, cwd=FOLDER)
        good, bad = (len(re.findall(f'^{word} ', done.out, re.MULTILINE)) for word in ('ok', 'not ok'))
        if bad or done.code != 0 or good == 0:
            bad = max(bad, 1)
        times = re.findall(r'^(?:not )?ok \d+ - (.*)\n  ---\n  duration_ms: ([0-9.]+)', done.out, re.MULTILINE)
        return Result(good, bad, done.out + done.err, [(float(ms) / 1000, f'browser: {name}') for name, ms in times], cpu=done.cpu)

    return [Job('browser', 'browser', work, *costs.of('browser (browser)'))]
