// SPDX-License-Identifier: Apache-2.0
// SQLite is told that the file does not change (sqlite.org/uri.html, "immutable"), which only a URI can say.
// One thread.
#include "store/sqlite/still.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/mem.h"
#include "store/sqlite/hold.h"
#include "store/sqlite/library.h"

// Who only reads a database that may have a log leaves an empty one beside it.
enum err_code sqlite_still_check(const char *path, struct err *err)
{
    struct sqlite_hold hold = {0};
    struct stat there;
    char log[PATH_MAX];
    if (snprintf(log, sizeof(log), "%s-wal", path) >= PATH_MAX || stat(log, &there) != 0)
        return ERR_NONE;
    bool is_still = there.st_size == 0 && sqlite_hold_take(&hold, path, NULL) == ERR_NONE;
    sqlite_hold_fini(&hold);
    if (is_still)
        return ERR_NONE;
    err_set(err, ERR_CONFIG, "%.300s: is no backup by itself: it has a log beside it, FILE-wal", path);
    err_hint(err, "it is a store that is served, or was not closed: 'reckoner verify APP' looks at that one");
    return ERR_CONFIG;
}

// In which no character of the path has a meaning of its own (RFC 3986).
static char *uri_of(const char *path)
{
    static const char digits[] = "0123456789ABCDEF", behind[] = "?immutable=1";
    char *uri = mem_zalloc(strlen("file:") + 3 * strlen(path) + sizeof(behind), 1);
    if (uri == NULL)
        return NULL;
    char *to = stpcpy(uri, "file:");
    for (; *path != '\0'; path++) {
        unsigned char byte = (unsigned char)*path;
        if (strchr("?#%", byte) == NULL) {
            *to++ = (char)byte;
            continue;
        }
        *to++ = '%';
        *to++ = digits[byte >> 4];
        *to++ = digits[byte & 15];
    }
    memcpy(to, behind, strlen(behind) + 1);
    return uri;
}

enum err_code sqlite_still_init(
    struct sqlite_store *store, const struct store_driver *driver, const char *path, struct err *err)
{
    char real[PATH_MAX];
    *store = (struct sqlite_store){.base.driver = driver, .resident = SQLITE_RESIDENT_NONE};
    sqlite_library_use();
    sqlite_versions_init(&store->versions);
    if (realpath(path, real) == NULL)
        return err_set(err, ERR_IO, "%.300s: could not be opened: %s", path, strerror(errno));
    store->path = mem_strdup(path);
    store->still_uri = uri_of(real);
    return store->path != NULL && store->still_uri != NULL ? ERR_NONE : err_no_memory(err);
}

void sqlite_still_fini(struct sqlite_store *store)
{
    sqlite_versions_fini(&store->versions);
    mem_free(store->path);
    mem_free(store->still_uri);
}
