# SPDX-License-Identifier: Apache-2.0
"""The variants of the program, each built once, in build/NAME."""
import dataclasses
import os

from suite import process
from suite.jobs import Job, Result

BUILD_SECONDS = 1800
NICE = 5  # who builds can wait: tests beside it have bounds of time
SHARE = 0.7  # of a core, which a build that gives way to tests counts as


@dataclasses.dataclass(frozen=True)
class Build:
    name: str
    what: str  # as the sums call it
    options: tuple
    compiler: str = 'gcc'
    linker: str = 'bfd'

    def folder(self):
        return process.BUILD / self.name

    def binary(self):
        return self.folder() / 'reckoner'


# gold, of the same package as ld, links the some hundred programs of a build in a fifth of ld's time.
ASAN = Build('debug', 'ASan, UBSan', ('--buildtype=debug', '-Db_sanitize=address,undefined'), linker='gold')
# Of what it builds, lines and names are enough: TSan tells of places, and nobody steps through this one.
TSAN = Build('tsan', 'TSan', ('--buildtype=plain', '-Doptimization=1', '-Dc_args=-g1', '-Db_sanitize=thread'),
             linker='gold')
RELEASE = Build('release', 'release', ('--buildtype=release', '-Db_lto=true', '-Dtests=false'))
# clang takes three times as long to compile this one with any optimization as without.
FUZZ = Build('fuzz', 'fuzz', ('--buildtype=plain', '-Dc_args=-g1', '-Db_sanitize=address,undefined', '-Db_lundef=false', '-Dfuzz=true',
                              '-Dtests=false'), compiler='clang')


def job(build, cores, seconds, follow, targets=lambda: []):
    """`follow` names the jobs that wait for it, when it is done; `seconds` has theirs in it, so that it is begun early. `targets` are those
    that are built of it once it is configured; all, when there are none."""
    def work():
        if not (build.folder() / 'build.ninja').exists():
            done = process.run(['meson', 'setup', '--werror', build.folder(), *build.options], BUILD_SECONDS,
                               env={'CC': os.environ.get('CC', build.compiler), 'CC_LD': build.linker}, nice=NICE)
            if done.code != 0:
                return Result(failed=1, text=done.out + done.err, is_final=True)
        done = process.run(['ninja', '-j', max(1, int(cores)), '-C', build.folder(), *targets()], BUILD_SECONDS, nice=NICE)
        if done.code != 0:
            return Result(failed=1, text=done.out[max(done.out.find('FAILED:'), 0):] + done.err, cpu=done.cpu, is_final=True)
        return Result(more=follow(), cpu=done.cpu)

    return Job(f'build/{build.name}', 'build', work, cores if cores > 1 else SHARE, seconds)
