// SPDX-License-Identifier: Apache-2.0
// A file that is there whole or not at all: it is written under a name of its own, in the folder that it is
// for, synced, and given its name then. Whoever makes one does so on one thread, and may wait for the disk.
#ifndef RECKONER_BASE_NEW_FILE_H
#define RECKONER_BASE_NEW_FILE_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

// Zeroed, it is one that was never begun.
struct new_file {
    char path[PATH_MAX];   // the name that it gets
    char beside[PATH_MAX]; // the one that it has; "": there is none
    int fd;                // owned while there is one; open for reading and writing
    bool replaces;         // takes the place of a file that is there
};

// Makes an empty file beside `path`, for its owner alone (mode 0600). ERR_CONFIG where a file of that name is
// there and it does not replace one, where the folder is not there or may not be written to; ERR_DISK_FULL,
// ERR_IO.
MUST_CHECK enum err_code new_file_begin(
    struct new_file *file, const char *path, bool replaces, struct err *err);

// Syncs it, gives it its name, and syncs the folder: it is on disk then. ERR_CONFIG when a file of that name
// has come meanwhile; ERR_DISK_FULL, ERR_IO, after which nothing of it is there. Only a folder that fails to
// sync leaves it, as a crash may still take its name: ERR_IO too.
MUST_CHECK enum err_code new_file_commit(struct new_file *file, struct err *err);

// Removes what was not committed. Fine when there is nothing.
void new_file_fini(struct new_file *file);

// Gives a file another name, perhaps in another folder, unless that is taken: 0, or an errno, EEXIST then.
// `from` and `to` are names in the folders whose descriptors stand before them, or paths from AT_FDCWD.
MUST_CHECK int new_file_rename(int from_folder, const char *from, int to_folder, const char *to);

// Syncs the folder that `path` lies in, so that the names in it are on disk. ERR_IO.
MUST_CHECK enum err_code new_file_sync_folder(const char *path, struct err *err);

#endif
