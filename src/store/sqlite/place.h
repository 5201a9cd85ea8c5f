// SPDX-License-Identifier: Apache-2.0
// Where a store's files are: the database, its log (-wal) and the log's index (-shm).
#ifndef RECKONER_STORE_SQLITE_PLACE_H
#define RECKONER_STORE_SQLITE_PLACE_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/err.h"

enum { PLACE_FILES = 3 }; // the three above

struct sqlite_place {
    struct {
        char *path;   // owned
        dev_t device; //
        ino_t inode;  //
    } files[PLACE_FILES];
};

// Makes an empty file at `path` that only its owner may read and write, whatever the umask; one that is there
// stays as it is. ERR_CONFIG when it cannot be made or written, and for a link that leads nowhere.
MUST_CHECK enum err_code sqlite_place_make(const char *path, struct err *err);

// Notes which files lie at the place now, all of which are open. ERR_IO, ERR_NO_MEMORY.
MUST_CHECK enum err_code sqlite_place_note(struct sqlite_place *place, const char *path, struct err *err);

// Frees. A zeroed struct is fine.
void sqlite_place_fini(struct sqlite_place *place);

// ERR_BUSY when those files do not lie there any more: what is written to them is lost. The hint, for the
// log, has the path. Without files noted it is ERR_NONE. Any thread.
MUST_CHECK enum err_code sqlite_place_check(const struct sqlite_place *place, struct err *err);

#endif
