# SPDX-License-Identifier: Apache-2.0
"""A small disk, and how it gets full."""
import subprocess

import pytest


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 4 MiB."""
    folder = tmp_path / 'disk'
    folder.mkdir()
    if subprocess.run(['mount', '-t', 'tmpfs', '-o', 'size=4m', 'none', folder], stderr=subprocess.DEVNULL).returncode != 0:
        pytest.skip('needs to mount')
    yield folder
    subprocess.run(['umount', '-l', folder], check=True)


def fill(folder):
    """Nothing more goes in, until the file that is returned is removed."""
    path = folder / 'fill'
    with pytest.raises(OSError), open(path, 'wb', buffering=0) as file:
        while True:
            file.write(b'x' * 4096)
    return path
