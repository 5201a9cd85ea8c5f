// SPDX-License-Identifier: Apache-2.0
// A new file in a folder that others may write to, too: it is made and named by the folder's descriptor, so
// no link that somebody puts into a path leads it elsewhere. The receiver's thread.
#ifndef RECKONER_INBOX_OUTLET_FILE_H
#define RECKONER_INBOX_OUTLET_FILE_H

#include <stdbool.h>

#include "base/attr.h"

enum { OUTLET_NAME_CHARS = 40 }; // ".reckoner-", random digits, ".part" and a NUL

struct outlet_file {
    int folder;                     // borrowed
    int fd;                         // owned; -1: not begun
    char beside[OUTLET_NAME_CHARS]; // the name that it has, which begins with a dot; "": none
};

// Writes a name that nobody else has, and that is not looked at.
void outlet_file_name(char ret_name[OUTLET_NAME_CHARS]);

// Makes an empty file, for its owner alone. 0, or an errno.
MUST_CHECK int outlet_file_begin(struct outlet_file *file, int folder);

// Syncs it, gives it its name, in place of another file with `replaces`, and syncs the folder. 0, or an
// errno: EEXIST where the name is taken. A file whose folder could not be synced is removed again.
MUST_CHECK int outlet_file_commit(struct outlet_file *file, const char *name, bool replaces);

// Removes what was not committed, and closes.
void outlet_file_fini(struct outlet_file *file);

#endif
