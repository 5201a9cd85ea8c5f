// SPDX-License-Identifier: Apache-2.0
// From the questions of backup.h to the driver; and what is the same for all: the file that a backup goes to.
// One thread.
#include "store/backup.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/new_file.h"
#include "store/driver.h"

enum { MAGIC_BYTES = 16 }; // of the longest one

// --- which kind

static enum err_code find_driver(const char *path, const struct store_driver **ret_driver, struct err *err)
{
    char magic[MAGIC_BYTES] = "";
    struct stat there;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return err_set(err, errno == ENOENT ? ERR_CONFIG : ERR_IO, "%.300s: could not be opened: %s", path,
            strerror(errno));
    ssize_t count = fstat(fd, &there) == 0 && S_ISREG(there.st_mode) ? read(fd, magic, sizeof(magic)) : 0;
    int cause = errno;
    close(fd); // of a file that this process has not opened as a store
    if (count < 0)
        return err_set(err, ERR_IO, "%.300s: could not be read: %s", path, strerror(cause));
    const struct store_driver *driver;
    for (size_t i = 0; (driver = store_driver_at(i)) != NULL; i++) {
        size_t len = strlen(driver->backup->magic);
        if ((size_t)count >= len && memcmp(magic, driver->backup->magic, len) == 0) {
            *ret_driver = driver;
            return ERR_NONE;
        }
    }
    err_set(err, ERR_CONFIG, "%.300s: is no backup of Reckoner%s", path, count == 0 ? ": it is empty" : "");
    err_hint(err, "'reckoner backup APP FILE' makes one; this file is damaged, or is something else");
    return ERR_CONFIG;
}

// --- migrations

static enum err_code fits(struct store_conn *conn, struct backup_check *check, struct err *err)
{
    struct err unfit = {0};
    enum err_code code =
        migrations_fit(conn, check->files, check->file_count, &check->applied, &check->pending, &unfit);
    if (code != ERR_CONFIG)
        return code == ERR_NONE ? ERR_NONE : err_pass(err, &unfit);
    backup_fault(check, "%s", unfit.text);
    return ERR_NONE;
}

static void fits_record(
    struct backup_check *check, struct span name, struct span checksum, struct span applied_at)
{
    struct err unfit = {0};
    if (migration_fits(check->files, check->file_count, name, checksum, applied_at, &unfit) == ERR_NONE) {
        check->applied++;
        check->pending--;
    } else {
        backup_fault(check, "%s", unfit.text);
    }
}

static void know_migrations(struct backup_check *check)
{
    check->fits = fits;
    check->fits_record = fits_record;
    check->pending = check->file_count;
}

// --- writing

// A copy of a damaged store is as damaged; it must not take the place of one that is whole.
static enum err_code check_copy(
    const struct store_driver *driver, const char *path, const atomic_bool *stop, struct err *err)
{
    struct backup_check check = {.stop = stop};
    know_migrations(&check);
    enum err_code code = driver->backup->check_file(driver, path, &check, err);
    if (code != ERR_NONE || check.faults == 0)
        return code;
    err_set(err, ERR_STORE, "the store is damaged, and was not copied");
    err_hint(
        err, "'reckoner verify APP' tells what is wrong; 'reckoner restore APP FILE' brings a backup back");
    return ERR_STORE;
}

static enum err_code write_new(
    struct store *store, struct new_file *file, const atomic_bool *stop, uint64_t *ret_bytes, struct err *err)
{
    struct stat written;
    enum err_code code = store->driver->backup->write(store, file->beside, stop, err);
    if (code == ERR_NONE)
        code = check_copy(store->driver, file->beside, stop, err);
    if (code != ERR_NONE)
        return code;
    if (fstat(file->fd, &written) != 0)
        return err_set(err, ERR_IO, "%.300s: could not be written: %s", file->path, strerror(errno));
    *ret_bytes = (uint64_t)written.st_size;
    return new_file_commit(file, err);
}

enum err_code backup_write(struct store *store, const char *path, bool replaces, const atomic_bool *stop,
    uint64_t *ret_bytes, struct err *err)
{
    AUTO(new_file_fini) struct new_file file = {0};
    enum err_code code = new_file_begin(&file, path, replaces, err);
    return code == ERR_NONE ? write_new(store, &file, stop, ret_bytes, err) : code;
}

// --- the rest

enum err_code backup_check_file(const char *path, struct backup_check *check, struct err *err)
{
    const struct store_driver *driver = NULL;
    know_migrations(check);
    enum err_code code = find_driver(path, &driver, err);
    if (code != ERR_NONE)
        return code;
    assert(driver != NULL);
    return driver->backup->check_file(driver, path, check, err);
}

enum err_code backup_check_store(struct store *store, struct backup_check *check, struct err *err)
{
    know_migrations(check);
    return store->driver->backup->check_store(store, check, err);
}

enum err_code backup_restore(
    const struct backup_target *to, const char *path, struct backup_check *check, struct err *err)
{
    const struct store_driver *driver = NULL;
    enum err_code code = find_driver(path, &driver, err);
    if (code != ERR_NONE)
        return code;
    assert(driver != NULL);
    const char *kind = store_kind_of(to->url);
    if (kind == NULL || strcmp(kind, driver->kind) != 0) {
        err_set(err, ERR_CONFIG, "%.300s: is a backup of a store of %s, and this one is of %s", path,
            driver->kind, kind != NULL ? kind : "no kind that is known");
        err_hint(err, "--store names the store that it goes to");
        return ERR_CONFIG;
    }
    know_migrations(check);
    return driver->backup->restore(driver, to, path, check, err);
}
