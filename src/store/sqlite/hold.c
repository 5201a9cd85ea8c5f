// SPDX-License-Identifier: Apache-2.0
// A connection of SQLite's to a database with a log holds a shared lock on bytes far behind those of the file
// for as long as it is open (os_unix.c, "PENDING_BYTE"). So who gets all of those bytes alone knows that
// nobody has it open, and nobody who opens it gets further. The lock is one of the open file (fcntl(2),
// F_OFD_SETLK), which does not go when this process closes another descriptor of the same file. One thread.
#include "store/sqlite/hold.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

enum {
    FIRST_LOCK = 0x40000000, // PENDING_BYTE
    LOCKS = 512,             // that one, RESERVED_BYTE, and SHARED_SIZE of 510
};

static struct flock all_locks(void)
{
    return (struct flock){.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = FIRST_LOCK, .l_len = LOCKS};
}

static enum err_code fail_held(int fd, const char *path, struct err *err)
{
    struct flock who = all_locks();
    if (fcntl(fd, F_OFD_GETLK, &who) == 0 && who.l_type != F_UNLCK && who.l_pid > 0)
        err_set(err, ERR_BUSY, "%.300s: process %d has it open", path, (int)who.l_pid);
    else
        err_set(err, ERR_BUSY, "%.300s: another process has it open", path);
    err_hint(err, "end the server that serves it, and try again");
    return ERR_BUSY;
}

enum err_code sqlite_hold_take(struct sqlite_hold *hold, const char *path, struct err *err)
{
    struct flock wanted = all_locks();
    int fd = open(path, O_RDWR | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT)
        return ERR_NONE;
    if (fd < 0)
        return err_set(err, ERR_IO, "%.300s: could not be opened: %s", path, strerror(errno));
    if (fcntl(fd, F_OFD_SETLK, &wanted) == 0) {
        hold->fd = fd;
        return ERR_NONE;
    }
    int cause = errno;
    enum err_code code = cause == EAGAIN || cause == EACCES
                             ? fail_held(fd, path, err)
                             : err_set(err, ERR_IO, "%.300s: could not be locked: %s", path, strerror(cause));
    close(fd);
    return code;
}

void sqlite_hold_fini(struct sqlite_hold *hold)
{
    if (hold->fd > 0)
        close(hold->fd);
    hold->fd = 0;
}
