#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the files of a folder as the C tables of cmd/init_files.h: embed.py OUT FOLDER NAME..."""
import pathlib
import sys

ESCAPES = {ord('"'): '\\"', ord('\\'): '\\\\', ord('\n'): '\\n', ord('?'): '\\?'}


def literal(data):
    """A string literal of a line each; what is not ASCII as octal, which ends after three digits."""
    for line in data.splitlines(keepends=True):
        yield '"' + ''.join(ESCAPES.get(byte) or (chr(byte) if 32 <= byte < 127 else f'\\{byte:03o}') for byte in line) + '"'


def main():
    out, folder, *names = sys.argv[1:]
    rows = []
    for name in names:
        data = (pathlib.Path(folder) / name).read_bytes()
        rows.append(f'    {{"{name}",\n        ' + '\n        '.join(literal(data)) + f',\n        {len(data)}}},\n')
    pathlib.Path(out).write_text(
        '// Made by embed.py.\n#include "cmd/init_files.h"\n\nconst struct init_file init_files[] = {\n' + ''.join(rows) +
        '};\n\nconst size_t init_file_count = sizeof(init_files) / sizeof(init_files[0]);\n', encoding='ascii')


if __name__ == '__main__':
    main()
