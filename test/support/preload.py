# SPDX-License-Identifier: Apache-2.0
"""A small library in C that stands before libc's in a server, and the file through which a test tells it what to do."""
import os
import subprocess


def preload(folder, source, variable):
    """Builds it in the folder. Returns the file, which the library finds by that variable, and what the server's environment needs."""
    control, library, file = folder / 'control', folder / 'preloaded.so', folder / 'preloaded.c'
    file.write_text(source)
    subprocess.run(['cc', '-shared', '-fPIC', '-o', library, file], check=True)
    asan = 'verify_asan_link_order=0:' + os.environ.get('ASAN_OPTIONS', '')
    return control, {'LD_PRELOAD': str(library), variable: str(control), 'ASAN_OPTIONS': asan}
