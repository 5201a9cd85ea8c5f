// SPDX-License-Identifier: Apache-2.0
// What is synced, and in which order: the bytes of the file, then its name. A crash before the second leaves
// at most a file whose name nobody looks for; docs/durability.md has what each failure means. One thread.
#include "base/new_file.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static enum err_code fail(const char *path, const char *what, int cause, struct err *err)
{
    bool is_full = cause == ENOSPC || cause == EDQUOT || cause == EFBIG;
    return err_set(
        err, is_full ? ERR_DISK_FULL : ERR_IO, "%.300s: could not be %s: %s", path, what, strerror(cause));
}

static enum err_code fail_there(const char *path, struct err *err)
{
    return err_set(err, ERR_CONFIG, "%.400s: is there already", path);
}

static enum err_code fail_make(const char *path, int cause, struct err *err)
{
    if (cause == EACCES || cause == EROFS)
        return err_set(err, ERR_CONFIG, "%.300s: permission denied: user %u may not make a file there", path,
            (unsigned)geteuid());
    if (cause == ENOENT || cause == ENOTDIR)
        return err_set(err, ERR_CONFIG, "%.300s: cannot be made: its folder is not there", path);
    return fail(path, "made", cause, err);
}

enum err_code new_file_begin(struct new_file *file, const char *path, bool replaces, struct err *err)
{
    struct stat there;
    *file = (struct new_file){.fd = -1, .replaces = replaces};
    if ((size_t)snprintf(file->beside, sizeof(file->beside), "%s.part-XXXXXX", path) >=
        sizeof(file->beside)) {
        file->beside[0] = '\0';
        return fail(path, "made", ENAMETOOLONG, err);
    }
    memcpy(file->path, path, strlen(path) + 1); // which is shorter
    bool is_there = lstat(path, &there) == 0;
    int cause = !is_there ? 0 : S_ISDIR(there.st_mode) ? EISDIR : !replaces ? EEXIST : 0;
    if (cause == 0) {
        file->fd = mkostemp(file->beside, O_CLOEXEC);
        cause = file->fd < 0 ? errno : 0;
    }
    if (cause == 0)
        return ERR_NONE;
    file->beside[0] = '\0';
    return cause == EEXIST ? fail_there(path, err) : fail_make(path, cause, err);
}

// The kernel looks and renames in one step. Where the file system cannot, a link does.
int new_file_rename(int from_folder, const char *from, int to_folder, const char *to)
{
    if (renameat2(from_folder, from, to_folder, to, RENAME_NOREPLACE) == 0)
        return 0;
    if (errno != EINVAL && errno != ENOSYS)
        return errno;
    if (linkat(from_folder, from, to_folder, to, 0) != 0)
        return errno;
    (void)unlinkat(from_folder, from, 0); // a second name does no harm
    return 0;
}

static int give_name(const struct new_file *file)
{
    if (file->replaces)
        return rename(file->beside, file->path) == 0 ? 0 : errno;
    return new_file_rename(AT_FDCWD, file->beside, AT_FDCWD, file->path);
}

enum err_code new_file_sync_folder(const char *path, struct err *err)
{
    char text[PATH_MAX];
    if ((size_t)snprintf(text, sizeof(text), "%s", path) >= sizeof(text))
        return fail(path, "synced", ENAMETOOLONG, err);
    const char *folder = dirname(text);
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) // one that may be written but not read cannot be synced
        return errno == EACCES ? ERR_NONE : fail(folder, "synced", errno, err);
    int cause = fsync(fd) == 0 || errno == EINVAL ? 0 : errno; // EINVAL: fsync(2), not on this file system
    close(fd);
    return cause == 0 ? ERR_NONE : fail(folder, "synced", cause, err);
}

enum err_code new_file_commit(struct new_file *file, struct err *err)
{
    if (fsync(file->fd) != 0)
        return fail(file->path, "written", errno, err);
    int cause = give_name(file);
    if (cause != 0)
        return cause == EEXIST ? fail_there(file->path, err) : fail(file->path, "named", cause, err);
    file->beside[0] = '\0';
    enum err_code code = new_file_sync_folder(file->path, err);
    new_file_fini(file);
    return code;
}

void new_file_fini(struct new_file *file)
{
    if (file->beside[0] != '\0')
        (void)unlink(file->beside);
    file->beside[0] = '\0';
    if (file->path[0] != '\0' && file->fd >= 0)
        close(file->fd);
    file->fd = -1;
}
