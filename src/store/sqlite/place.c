// SPDX-License-Identifier: Apache-2.0
// The names of a store's files in their folder. What is in the files is SQLite's. It copies the mode of the
// database to the log and the index. A place is noted once, before others ask; after that it does not change,
// so any thread may check it.
#include "store/sqlite/place.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"

static const char *const suffixes[PLACE_FILES] = {"", "-wal", "-shm"};

static enum err_code fail_make(const char *path, int cause, struct err *err)
{
    if (cause == EACCES)
        return err_set(err, ERR_CONFIG, "%s: permission denied: user %u may not make it there", path,
            (unsigned)geteuid());
    bool is_full = cause == ENOSPC || cause == EDQUOT;
    return err_set(
        err, is_full ? ERR_DISK_FULL : ERR_CONFIG, "%s: cannot be opened: %s", path, strerror(cause));
}

// SQLite takes an empty file for a new database, and its log away.
static enum err_code check_log(const char *path, struct err *err)
{
    struct stat there;
    char log[PATH_MAX];
    if (snprintf(log, sizeof(log), "%s-wal", path) >= PATH_MAX || stat(log, &there) != 0 ||
        there.st_size == 0)
        return ERR_NONE;
    err_set(err, ERR_CONFIG, "%s: is damaged: it is empty, and a log of %lld bytes lies beside it", path,
        (long long)there.st_size);
    err_hint(err, "'reckoner restore --force APP FILE' brings a backup back, and keeps both files");
    return ERR_CONFIG;
}

static enum err_code check_old(const char *path, struct err *err)
{
    struct stat there;
    if (stat(path, &there) != 0 && errno == ENOENT)
        return err_set(err, ERR_CONFIG, "%s: is a link to a file that is not there: take it away", path);
    if (stat(path, &there) == 0 && S_ISREG(there.st_mode) && there.st_size == 0 &&
        check_log(path, err) != ERR_NONE)
        return ERR_CONFIG;
    if (access(path, R_OK | W_OK) == 0 || errno != EACCES)
        return ERR_NONE; // what else is wrong with it SQLite finds out
    return err_set(err, ERR_CONFIG, "%s: permission denied: user %u may not read and write it", path,
        (unsigned)geteuid());
}

enum err_code sqlite_place_make(const char *path, struct err *err)
{
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR);
    if (fd < 0)
        return errno == EEXIST ? check_old(path, err) : fail_make(path, errno, err);
    int cause = fchmod(fd, S_IRUSR | S_IWUSR) == 0 ? 0 : errno; // the umask may have taken some away
    close(fd); // nobody has a lock on the file yet, which this would end
    return cause == 0 ? ERR_NONE : fail_make(path, cause, err);
}

enum err_code sqlite_place_note(struct sqlite_place *place, const char *path, struct err *err)
{
    for (size_t i = 0; i < PLACE_FILES; i++) {
        struct stat there;
        size_t bytes = strlen(path) + strlen(suffixes[i]) + 1;
        char *name = mem_zalloc(bytes, 1);
        if (name == NULL)
            return err_no_memory(err);
        stpcpy(stpcpy(name, path), suffixes[i]);
        place->files[i].path = name;
        if (stat(name, &there) != 0)
            return err_set(err, ERR_IO, "%s: was there and is no more: %s", name, strerror(errno));
        place->files[i].device = there.st_dev;
        place->files[i].inode = there.st_ino;
    }
    return ERR_NONE;
}

void sqlite_place_fini(struct sqlite_place *place)
{
    for (size_t i = 0; i < PLACE_FILES; i++)
        mem_free(place->files[i].path);
    *place = (struct sqlite_place){0};
}

enum err_code sqlite_place_check(const struct sqlite_place *place, struct err *err)
{
    for (size_t i = 0; i < PLACE_FILES; i++) {
        struct stat now;
        const char *path = place->files[i].path;
        if (path == NULL)
            return ERR_NONE;
        bool is_gone = stat(path, &now) != 0;
        if (!is_gone && now.st_dev == place->files[i].device && now.st_ino == place->files[i].inode)
            continue;
        err_set(err, ERR_BUSY, "the store's files were taken away under the server: it writes nothing");
        err_hint(err, "it was %s: put it back, or restart the server: %s", is_gone ? "removed" : "exchanged",
            path);
        return ERR_BUSY;
    }
    return ERR_NONE;
}
