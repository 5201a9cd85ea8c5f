// SPDX-License-Identifier: Apache-2.0
// Lists the .sql files of a folder that are meant for one kind of store. Any thread.
#ifndef RECKONER_APP_FOLDER_H
#define RECKONER_APP_FOLDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "app/diag.h"
#include "base/arena.h"
#include "base/err.h"
#include "base/span.h"

// A file stem.sql or stem.kind.sql
struct folder_file {
    const char *path; // the folder's path, a slash, and the name
    const char *name; // in path
    struct span stem; // in name
    struct span kind; // in name; empty when the file is for every store
    uint32_t number;  // for the lister's caller; 0
};

struct folder {
    struct folder_file *files; // sorted by stem; in the arena
    size_t count;              //
    bool has_others;           // there are also files for other kinds of store
    bool is_open;              // the folder is there and could be read
};

// Lists `dir`. Where it has stem.sql and stem.<store_kind>.sql, it takes the second one; it leaves out files
// of other kinds of store, hidden files, and those that editors leave behind. A kind that no store has, and a
// folder that cannot be read, are reported in `diags`; with `is_optional` a missing folder is an empty one.
// ERR_NO_MEMORY only.
MUST_CHECK enum err_code folder_list(const char *dir, const char *store_kind, bool is_optional,
    struct arena *arena, struct diags *diags, struct folder *ret_folder, struct err *err);

// "dir/name", in the arena; NULL without memory.
MUST_CHECK char *folder_join(struct arena *arena, const char *dir, const char *name);

#endif
