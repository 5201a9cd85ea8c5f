#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes a genes.csv of many made-up names, to measure with: make_data.py FOLDER [HOW MANY, 1000000 if not said].

The names are built as real ones are: families of a few letters with numbers (ZNF271), members of members (ABC3L1),
and long runs of unnamed genes that all start alike (LOC102723407), which make the largest ranges. A third each is
of homo_sapiens (BRCA1), mus_musculus (Brca1) and danio_rerio (brca1). All are distinct, in no order. The same code
gives the same bytes on any machine: of the random module only random() is used.
"""
import pathlib
import random
import sys

SEED = 2026
SPECIES = [('homo_sapiens', str.upper), ('mus_musculus', str.capitalize), ('danio_rerio', str.lower)]
LETTERS = 'abcdefghiklmnoprstvz'
UNNAMED = 0.1  # of all names
FAMILY_SIZE = 50  # names, about


def make_names(chance, count):
    """Distinct names in small letters."""
    families = [''.join(LETTERS[int(chance() ** 1.5 * len(LETTERS))] for _ in range(2 + int(chance() * 4)))
                for _ in range(count // FAMILY_SIZE + 1)]
    names = set()
    while len(names) < count:
        if chance() < UNNAMED:
            name = f'loc{100000000 + int(chance() * 90000000)}'
        else:
            name = f'{families[int(chance() * len(families))]}{1 + int(chance() ** 2 * 300)}'
            if chance() < .5:
                name += f'{LETTERS[int(chance() * 10)]}{1 + int(chance() * 9)}'
        if name not in names:
            names.add(name)
            yield name


def main():
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    folder = pathlib.Path(sys.argv[1])
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 1000000
    chance = random.Random(SEED).random
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / 'genes.csv', 'w', encoding='utf-8', newline='\n') as file:
        file.write('species,name\n')
        for i, (species, style) in enumerate(SPECIES):
            for name in make_names(chance, (count + len(SPECIES) - 1 - i) // len(SPECIES)):
                file.write(f'{species},{style(name)}\n')
    print(f'genes.csv: {count} rows')


if __name__ == '__main__':
    main()
