// SPDX-License-Identifier: Apache-2.0
// The file gets the whole buffer at once, so that it costs a system call for each LIMIT_SPOOL_BYTES. Room in
// the space is reserved before it is used, so that all spools together never go past it. Reading the file is
// left to whoever takes it (spool_take_file). A spool is one thread's at a time; a space is shared by all.
#include "base/spool.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/limits.h"

void spool_init(struct spool *spool, struct spool_space *space, uint64_t max_bytes)
{
    *spool = (struct spool){.space = space, .max_bytes = max_bytes, .fd = -1};
    buf_init(&spool->buf, LIMIT_ANSWER_BYTES);
}

void spool_space_free(struct spool_space *space, uint64_t bytes)
{
    atomic_fetch_sub_explicit(&space->used_bytes, bytes, memory_order_relaxed);
}

static void drop_file(struct spool *spool)
{
    if (spool->fd < 0)
        return;
    close(spool->fd);
    spool_space_free(spool->space, spool->file_bytes);
    spool->fd = -1;
    spool->file_bytes = 0;
}

void spool_fini(struct spool *spool)
{
    if (spool == NULL)
        return;
    if (spool->space != NULL)
        drop_file(spool);
    buf_fini(&spool->buf);
    *spool = (struct spool){.fd = -1};
}

void spool_reset(struct spool *spool)
{
    drop_file(spool);
    buf_clear(&spool->buf);
}

uint64_t spool_bytes(const struct spool *spool)
{
    return spool->file_bytes + spool->buf.len;
}

int spool_take_file(struct spool *spool)
{
    assert(spool->fd >= 0 && spool->buf.len == 0);
    int fd = spool->fd;
    spool->fd = -1;
    spool->file_bytes = 0;
    return fd;
}

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
static enum err_code fail_file(const struct spool *spool, int cause, struct err *err)
{
    bool is_full = cause == ENOSPC || cause == EDQUOT || cause == EFBIG; // EFBIG: over RLIMIT_FSIZE
    enum err_code code = err_set(err, is_full ? ERR_DISK_FULL : ERR_IO, "%s",
        is_full ? "there is no room for a large answer" : "the temporary file of an answer failed");
    err_hint(err, "%s: %s", spool->space->dir, strerror(cause));
    return code;
}

static enum err_code open_file(struct spool *spool, struct err *err)
{
    const char *dir = spool->space->dir;
    int fd = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, S_IRUSR | S_IWUSR);
    if (fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR || errno == EINVAL)) // open(2): not on this kind
        fd = open_named(dir);                                                  // of file system
    if (fd < 0 && (errno == EMFILE || errno == ENFILE || errno == ENOMEM))
        return err_set(err, ERR_BUSY, "a large answer needs a temporary file, and too many files are open");
    if (fd < 0)
        return fail_file(spool, errno, err);
    spool->fd = fd;
    return ERR_NONE;
}

static enum err_code write_all(const struct spool *spool, struct err *err)
{
    const char *at = spool->buf.data;
    size_t left = spool->buf.len;
    while (left > 0) {
        ssize_t written = write(spool->fd, at, left);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return fail_file(spool, errno, err);
        at += written;
        left -= (size_t)written;
    }
    return ERR_NONE;
}

// Moves the buffer to the file.
static enum err_code spill(struct spool *spool, struct err *err)
{
    struct spool_space *space = spool->space;
    uint64_t more = spool->buf.len;
    if (spool->fd < 0) {
        enum err_code code = open_file(spool, err);
        if (code != ERR_NONE)
            return code;
    }
    uint64_t used = atomic_fetch_add_explicit(&space->used_bytes, more, memory_order_relaxed);
    spool->file_bytes += more; // reserved, whether it gets there or not: drop_file gives it back
    if (used > space->max_bytes || more > space->max_bytes - used)
        return err_set(err, ERR_BUSY,
            "large answers take up all of the %llu bytes that they may have on disk",
            (unsigned long long)space->max_bytes);
    enum err_code code = write_all(spool, err);
    if (code == ERR_NONE)
        buf_clear(&spool->buf);
    return code;
}

static bool has_files(const struct spool *spool)
{
    return spool->space != NULL && spool->space->dir != NULL;
}

static enum err_code check_size(const struct spool *spool, struct err *err)
{
    enum err_code code = buf_status(&spool->buf);
    if (code == ERR_TOO_LARGE)
        return err_set(err, ERR_STORE, "%s is larger than %zu bytes",
            has_files(spool) ? "a row of the answer" : "the answer", spool->buf.max);
    if (code != ERR_NONE)
        return err_no_memory(err);
    if (spool_bytes(spool) > spool->max_bytes)
        return err_set(
            err, ERR_STORE, "the answer is larger than %llu bytes", (unsigned long long)spool->max_bytes);
    return ERR_NONE;
}

enum err_code spool_flow(struct spool *spool, struct err *err)
{
    enum err_code code = check_size(spool, err);
    if (code == ERR_NONE && spool->buf.len > LIMIT_SPOOL_BYTES && has_files(spool))
        code = spill(spool, err);
    return code;
}

enum err_code spool_end(struct spool *spool, struct err *err)
{
    enum err_code code = check_size(spool, err);
    if (code != ERR_NONE || spool->fd < 0)
        return code;
    code = spool->buf.len > 0 ? spill(spool, err) : ERR_NONE;
    if (code == ERR_NONE) { // the memory is of no more use
        buf_fini(&spool->buf);
        buf_init(&spool->buf, LIMIT_ANSWER_BYTES);
    }
    return code;
}
