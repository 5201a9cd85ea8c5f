// SPDX-License-Identifier: Apache-2.0
// Reads with preadv2(RWF_NOWAIT), which gives EAGAIN in place of waiting for a disk or for a lock of the file
// system's. Any thread.
//
// The descriptors are our own, as SQLite does not tell its own. To close any descriptor of the database takes
// all locks of the process from it (fcntl(2); sqlite.org/howtocorrupt.html, section 2.2). So this one is
// closed after the store's last connection, also when it is of no use. The log has no such locks; it stays
// the same file as long as the store is open (versions.c).
#include "store/sqlite/resident.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/attr.h"

enum { DATABASE = 0, LOG = 1 }; // in a place

static ssize_t read_some(int fd, void *bytes, size_t count, off_t offset)
{
    struct iovec part = {.iov_base = bytes, .iov_len = count};
    ssize_t got;
    do
        got = preadv2(fd, &part, 1, offset, RWF_NOWAIT);
    while (got < 0 && errno == EINTR);
    return got;
}

// Opens the file that was noted; another one is closed again, as nobody has locks on it.
static int open_noted(const struct sqlite_place *place, size_t number)
{
    struct stat now;
    int fd = open(place->files[number].path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || (fstat(fd, &now) == 0 && now.st_dev == place->files[number].device &&
                      now.st_ino == place->files[number].inode))
        return fd;
    close(fd);
    return -1;
}

static bool can_tell(int fd)
{
    char byte;
    return fd >= 0 && (read_some(fd, &byte, 1, 0) >= 0 || errno == EAGAIN);
}

void sqlite_resident_open(struct sqlite_resident *resident, const struct sqlite_place *place)
{
    if (place->files[DATABASE].path == NULL || resident->database >= 0)
        return;
    resident->database = open_noted(place, DATABASE);
    resident->log = open_noted(place, LOG);
    resident->is_of_use = can_tell(resident->database) && can_tell(resident->log);
}

void sqlite_resident_close(struct sqlite_resident *resident)
{
    if (resident->database >= 0)
        close(resident->database);
    if (resident->log >= 0)
        close(resident->log);
    *resident = SQLITE_RESIDENT_NONE;
}

int sqlite_resident_read(int fd, void *bytes, int count, sqlite3_int64 offset)
{
    size_t wanted = (size_t)count, got = 0;
    while (got < wanted) {
        ssize_t some = read_some(fd, (char *)bytes + got, wanted - got, offset + (off_t)got);
        if (some < 0)
            return SQLITE_BUSY; // whatever it is: the read is done again where it may wait, and tell
        if (some == 0) {
            memset((char *)bytes + got, 0, wanted - got); // as xRead has to
            return SQLITE_IOERR_SHORT_READ;
        }
        got += (size_t)some;
    }
    return SQLITE_OK;
}
