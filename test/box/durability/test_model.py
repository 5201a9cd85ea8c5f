# SPDX-License-Identifier: Apache-2.0
"""Random sequences of batches, kills and reads against a model (support/model.py): acknowledged is whole, refused is absent, unanswered is whole or absent."""
import itertools

import pytest

from model import APP, FILE_STEPS, JOB_STEPS, STEPS, Broken, Run, sequence, shrunk
from rounds import rounds
from server import STORES, new_store, write_app

folders = itertools.count()


def play(steps, store, request, tmp_path):
    folder = tmp_path / f'round{next(folders)}'
    run = Run(write_app(folder / 'model', APP), folder / 'var', new_store(store, request))
    run.play(steps)
    return run


def fails(steps, *where):
    try:
        play(steps, *where)
    except Broken:
        return True
    return False


@pytest.mark.parametrize('store', STORES)
@pytest.mark.parametrize('seed', range(rounds(2, 1000)))
def test_a_random_sequence_leaves_what_the_model_says(store, seed, request, tmp_path):
    steps = sequence(seed, 25)
    try:
        play(steps, store, request, tmp_path)
    except Broken as broken:
        short = shrunk(steps, lambda steps: fails(steps, store, request, tmp_path))
        pytest.fail(f'seed {seed}: {broken}\nas short as it gets: {short}')


@pytest.mark.parametrize('store', STORES)
@pytest.mark.parametrize('step', STEPS)
def test_death_at_each_step_leaves_batches_whole_or_absent(store, step, request, tmp_path):
    steps = [('batch', 3)]
    for nth in range(1, rounds(3, 20)):
        steps += [('crash', step, nth), ('burst', 40), ('keyed', 900), ('again', 1), ('keyed', 3), ('again', 1), ('again', 2)]
    assert play(steps, store, request, tmp_path).deaths == rounds(3, 20) - 1


@pytest.mark.parametrize('store', STORES)
@pytest.mark.parametrize('step', JOB_STEPS)
def test_death_at_each_step_leaves_jobs_to_be_done_once(store, step, request, tmp_path):
    count = rounds(2, 20)
    steps = [('later', 3)]
    for number in range(count):
        steps += [('crash', step, 1 + number % 3), ('later', 40), ('later_keyed', 900), ('again', 1, 1), ('later_keyed', 3), ('cancel', 1),
                  ('later_bad', 1), ('later', 3), ('again', 1, 0), ('again', 2, 1), ('settle', 0)]
    assert play(steps, store, request, tmp_path).deaths == count


@pytest.mark.parametrize('store', STORES)
@pytest.mark.parametrize('step', FILE_STEPS)
def test_death_at_each_step_leaves_files_to_go_in_once(store, step, request, tmp_path):
    count = rounds(1, 20)
    steps = [('file', 3)]
    for _ in range(count):
        steps += [('crash', step, 1), ('file', 40), ('file_bad', 3), ('batch', 3), ('settle', 0), ('file_again', 1), ('file', 900), ('settle', 0)]
    assert play(steps, store, request, tmp_path).deaths == count


def test_a_failing_sequence_gets_shorter():
    steps = [('batch', 1), ('read', 0), ('kill', 0), ('batch', 3), ('bad', 1), ('read', 0), ('batch', 40)]
    needed = [('kill', 0), ('bad', 1)]
    assert shrunk(steps, lambda some: all(step in some for step in needed)) == needed
