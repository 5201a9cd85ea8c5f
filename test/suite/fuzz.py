# SPDX-License-Identifier: Apache-2.0
"""libFuzzer targets, one a parser, for a bounded number of inputs. What they find stays in build/corpus and begins the next run."""
from suite import process
from suite.jobs import Job, Result

# As many as find what a careless change of that parser breaks; --long looks for what nobody thinks of.
RUNS = {'http': 100_000, 'directives': 8_000, 'query': 20_000, 'csv': 60_000, 'csv_dialects': 8_000, 'decompressor': 20_000, 'json': 60_000, 'cursor': 60_000,
        'http_tests': 50_000, 'multipart': 50_000, 'times': 60_000, 'decimal': 100_000, 'json_normal': 100_000, 'json_object': 60_000, 'jwt': 30_000,
        'guess': 8_000, 'ini': 50_000, 'forwarded': 50_000, 'proxy_header': 50_000, 'trace_parent': 50_000}
SECONDS = 60
LONG = 60  # times as many, for as many times as long


def job(folder, name, is_long, costs):
    times = LONG if is_long else 1

    def work():
        corpus = process.BUILD / 'corpus' / name
        corpus.mkdir(parents=True, exist_ok=True)
        seeds = process.ROOT / 'test' / 'fuzz' / 'seeds' / name
        done = process.run([folder / 'test' / 'fuzz' / f'fuzz_{name}', f'-runs={RUNS[name] * times}', '-timeout=10',
                            f'-max_total_time={SECONDS * times}', '-max_len=4096', f'-artifact_prefix={corpus}/', corpus, seeds],
                           SECONDS * times * 4, nice=5)
        return Result(int(done.code == 0), int(done.code != 0), done.err[-5000:], [(done.seconds, f'fuzz/{name}')], cpu=done.cpu)

    return Job(f'fuzz/{name}', 'fuzz targets', work, *costs.of(f'fuzz/{name} (fuzz targets)', seconds=SECONDS * times))


def jobs(build, is_long, costs):
    return [job(build.folder(), name, is_long, costs) for name in RUNS]
