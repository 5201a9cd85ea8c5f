// SPDX-License-Identifier: Apache-2.0
// Whether others write to a file is asked by taking a lease on it, and giving it back at once: fcntl(2)
// grants F_RDLCK only where nobody has the file open for writing. Who opens it in between has this process
// sent a signal, which is one that means nothing.
#include "inbox/held_file.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/clock.h"

static int64_t ns_of(struct timespec time)
{
    return (int64_t)time.tv_sec * (int64_t)NS_PER_S + time.tv_nsec;
}

struct file_stamp file_stamp_of(const struct stat *status)
{
    return (struct file_stamp){.device = status->st_dev,
        .inode = status->st_ino,
        .bytes = status->st_size,
        .written_ns = ns_of(status->st_mtim),
        .changed_ns = ns_of(status->st_ctim),
        .is_regular = S_ISREG(status->st_mode)};
}

static bool open_with(struct held_file *file, int folder, const char *name, int flags)
{
    struct stat status;
    *file = (struct held_file){.folder = folder, .name = name};
    file->fd = openat(folder, name, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC | flags);
    if (file->fd < 0)
        return false;
    if (fstat(file->fd, &status) == 0) {
        file->stamp = file_stamp_of(&status);
        return true;
    }
    int why = errno;
    held_file_fini(file);
    errno = why;
    return false;
}

bool held_file_open(struct held_file *file, int folder, const char *name)
{
    return open_with(file, folder, name, O_NOFOLLOW);
}

bool held_file_open_followed(struct held_file *file, const char *path)
{
    return open_with(file, AT_FDCWD, path, 0);
}

void held_file_fini(struct held_file *file)
{
    if (file->fd >= 0)
        close(file->fd);
    file->fd = -1;
}

bool held_file_lock(const struct held_file *file)
{
    return flock(file->fd, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK;
}

enum file_writers held_file_writers(const struct held_file *file)
{
    if (fcntl(file->fd, F_SETSIG, SIGURG) != 0)
        return FILE_WRITERS_UNKNOWN;
    if (fcntl(file->fd, F_SETLEASE, F_RDLCK) == 0) {
        (void)fcntl(file->fd, F_SETLEASE, F_UNLCK);
        return FILE_WRITERS_NONE;
    }
    return errno == EAGAIN ? FILE_WRITERS_SOME : FILE_WRITERS_UNKNOWN;
}

bool held_file_is_same(const struct held_file *file)
{
    struct stat status;
    if (fstat(file->fd, &status) != 0)
        return false;
    struct file_stamp now = file_stamp_of(&status);
    return file_stamp_has_same_bytes(&now, &file->stamp);
}

bool held_file_is_there(const struct held_file *file)
{
    struct stat status;
    return fstatat(file->folder, file->name, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
           status.st_dev == file->stamp.device && status.st_ino == file->stamp.inode;
}
