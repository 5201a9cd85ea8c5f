# SPDX-License-Identifier: Apache-2.0
"""A disk that stands still when a test says so: a small library before libc's, and the file through which it is told. What SQLite
reads by waiting waits until the disk goes on; what is asked for without waiting is not in memory."""
from preload import preload

SOURCE = r'''
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>
struct control { int stands, waiting, refused; };
static struct control *control;
__attribute__((constructor)) static void map_control(void)
{
    int fd = open(getenv("STANDING_DISK"), O_RDWR);
    control = mmap(NULL, sizeof(*control), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
}
static int stands_for(int fd) // a database or its log
{
    char link[64], path[PATH_MAX + 1];
    if (!__atomic_load_n(&control->stands, __ATOMIC_SEQ_CST))
        return 0;
    snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    ssize_t len = readlink(link, path, PATH_MAX);
    path[len > 0 ? len : 0] = '\0';
    return strstr(path, ".db") != NULL;
}
ssize_t pread64(int fd, void *bytes, size_t count, off64_t offset)
{
    struct timespec pause = {.tv_nsec = 1000000};
    if (stands_for(fd)) {
        __atomic_add_fetch(&control->waiting, 1, __ATOMIC_SEQ_CST);
        while (__atomic_load_n(&control->stands, __ATOMIC_SEQ_CST))
            nanosleep(&pause, NULL);
        __atomic_sub_fetch(&control->waiting, 1, __ATOMIC_SEQ_CST);
    }
    return syscall(SYS_pread64, fd, bytes, count, offset);
}
ssize_t pread(int fd, void *bytes, size_t count, off_t offset)
{
    return pread64(fd, bytes, count, offset);
}
ssize_t preadv64v2(int fd, const struct iovec *parts, int count, off64_t offset, int flags)
{
    if (stands_for(fd) && (flags & RWF_NOWAIT) != 0) {
        __atomic_add_fetch(&control->refused, 1, __ATOMIC_SEQ_CST);
        errno = EAGAIN;
        return -1;
    }
    return syscall(SYS_preadv2, fd, parts, count, offset, offset >> 32, flags);
}
ssize_t preadv2(int fd, const struct iovec *parts, int count, off_t offset, int flags)
{
    return preadv64v2(fd, parts, count, offset, flags);
}
'''


class StandingDisk:
    """Made before the server; `env` goes to it."""

    def __init__(self, folder):
        self.control, self.env = preload(folder, SOURCE, 'STANDING_DISK')
        self.control.write_bytes(bytes(12))

    def _int(self, number):
        return int.from_bytes(self.control.read_bytes()[4 * number:4 * number + 4], 'little')

    def stand(self, stands):
        with open(self.control, 'r+b') as file:
            file.write(bytes([stands, 0, 0, 0]))

    def waiting(self):
        """Calls that wait for the disk now."""
        return self._int(1)

    def refused(self):
        """Calls so far that would have had to wait."""
        return self._int(2)
