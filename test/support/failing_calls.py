# SPDX-License-Identifier: Apache-2.0
"""Disk calls of a server that fail when a test says so: a small library before libc's, and the file through which it is told."""
import errno
import struct

from preload import preload

SOURCE = r'''
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
struct control { int left, goes_on, cause, failed; };
static struct control *control;
__attribute__((constructor)) static void map_control(void)
{
    int fd = open(getenv("FAILING_CALLS"), O_RDWR);
    control = mmap(NULL, sizeof(*control), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
}
int fdatasync(int fd)
{
    struct stat file; // SQLite syncs its folder, too, and does without
    if (fstat(fd, &file) != 0 || !S_ISREG(file.st_mode))
        return (int)syscall(SYS_fdatasync, fd);
    int left = __atomic_load_n(&control->left, __ATOMIC_SEQ_CST);
    if (left == 0 || (left > 0 && __atomic_sub_fetch(&control->left, 1, __ATOMIC_SEQ_CST) < 0)) {
        __atomic_store_n(&control->left, control->goes_on ? 0 : -1, __ATOMIC_SEQ_CST);
        __atomic_add_fetch(&control->failed, 1, __ATOMIC_SEQ_CST);
        errno = control->cause;
        return -1;
    }
    return (int)syscall(SYS_fdatasync, fd);
}
'''


class FailingSyncs:
    """Made before the server; `env` goes to it."""

    def __init__(self, folder):
        self.control, self.env = preload(folder, SOURCE, 'FAILING_CALLS')
        self.succeed()

    def _write(self, left, goes_on, cause):
        with open(self.control, 'r+b' if self.control.exists() else 'w+b') as file:
            file.write(struct.pack('4i', left, goes_on, cause, 0))

    def fail(self, cause=errno.EIO, nth=0, goes_on=False):
        """The nth sync from now fails, and all after it when it goes on."""
        self._write(nth, goes_on, cause)

    def succeed(self):
        self._write(-1, 0, 0)

    def have_failed(self):
        return struct.unpack('4i', self.control.read_bytes())[3]
