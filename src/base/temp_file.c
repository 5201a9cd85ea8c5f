// SPDX-License-Identifier: Apache-2.0
// Room in the space is reserved before it is used, so that all files together never go past it. A file is
// read and written at places that its owner keeps, so that it can go from one thread to the next at any time.
#include "base/temp_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/read_at.h"
#include "base/write_back.h"

// --- opening

// Makes a file and takes its name away at once.
static int open_named(const char *dir)
{
    char path[PATH_MAX];
    int len = snprintf(path, sizeof(path), "%s/.spool-XXXXXX", dir);
    if (len < 0 || (size_t)len >= sizeof(path)) {
        errno = ENAMETOOLONG;
        return -1;
    }
    int fd = mkostemp(path, O_CLOEXEC);
    if (fd >= 0 && unlink(path) != 0) {
        int reason = errno;
        close(fd);
        errno = reason;
        return -1;
    }
    return fd;
}

// The text may be a client's: it names no folder.
static enum err_code fail(const struct temp_space *space, int cause, struct err *err)
{
    bool is_full = cause == ENOSPC || cause == EDQUOT || cause == EFBIG; // EFBIG: over RLIMIT_FSIZE
    enum err_code code = err_set(err, is_full ? ERR_DISK_FULL : ERR_IO,
        is_full ? "there is no room for a large %s" : "the temporary file of a large %s failed", space->what);
    err_hint(err, "%s: %s", space->dir, strerror(cause));
    return code;
}

enum err_code temp_file_open(struct temp_file *file, struct temp_space *space, struct err *err)
{
    int fd = open(space->dir, O_TMPFILE | O_RDWR | O_CLOEXEC, S_IRUSR | S_IWUSR);
    if (fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR || errno == EINVAL)) // open(2): not on this kind
        fd = open_named(space->dir);                                           // of file system
    if (fd < 0 && errno == ENOMEM)
        return err_no_memory(err);
    if (fd < 0 && (errno == EMFILE || errno == ENFILE))
        return err_set(
            err, ERR_BUSY, "a large %s needs a temporary file, and too many files are open", space->what);
    if (fd < 0)
        return fail(space, errno, err);
    *file = (struct temp_file){.space = space, .fd = fd};
    return ERR_NONE;
}

// --- bytes

static bool reserve(struct temp_space *space, uint64_t more)
{
    uint64_t used = atomic_fetch_add_explicit(&space->used_bytes, more, memory_order_relaxed);
    return used <= space->max_bytes && more <= space->max_bytes - used;
}

enum err_code temp_file_append(struct temp_file *file, const void *bytes, size_t len, struct err *err)
{
    struct temp_space *space = file->space;
    const char *at = bytes;
    uint64_t place = file->bytes;
    file->bytes += len; // reserved, whether they get there or not: temp_file_close gives them back
    if (!reserve(space, len))
        return err_set(err, ERR_BUSY, "large %s take up all of the %llu bytes that they may have on disk",
            space->whats, (unsigned long long)space->max_bytes);
    while (len > 0) {
        ssize_t written = pwrite(file->fd, at, len, (off_t)place);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return fail(space, errno, err);
        at += written;
        place += (uint64_t)written;
        len -= (size_t)written;
    }
    return ERR_NONE;
}

enum err_code temp_file_read(
    const struct temp_file *file, uint64_t offset, void *bytes, size_t len, struct err *err)
{
    ssize_t got = read_at(file->fd, bytes, len, offset);
    if (got < 0 || (size_t)got < len)
        return fail(file->space, got < 0 ? errno : EIO, err);
    int cause = write_back_failed(file->fd);
    if (cause == 0)
        return ERR_NONE;
    (void)!ftruncate(file->fd, 0); // nobody reads any of it again
    return fail(file->space, cause, err);
}

// --- the end

void temp_space_free(struct temp_space *space, uint64_t bytes)
{
    atomic_fetch_sub_explicit(&space->used_bytes, bytes, memory_order_relaxed);
}

void temp_file_close(struct temp_file *file)
{
    if (file == NULL || file->space == NULL)
        return;
    close(file->fd);
    temp_space_free(file->space, file->bytes);
    *file = (struct temp_file){0};
}

int temp_file_take(struct temp_file *file)
{
    int fd = file->fd;
    *file = (struct temp_file){0};
    return fd;
}
