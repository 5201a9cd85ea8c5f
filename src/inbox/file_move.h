// SPDX-License-Identifier: Apache-2.0
// Where a file goes when it was taken: a folder in its own folder, WATCH_DONE or WATCH_REJECTED. The
// receiver's thread.
#ifndef RECKONER_INBOX_FILE_MOVE_H
#define RECKONER_INBOX_FILE_MOVE_H

#include <limits.h>

#include "base/err.h"
#include "base/span.h"
#include "inbox/held_file.h"

enum { FILE_NAME_BYTES = NAME_MAX + 1 }; // with its NUL

// Looks whether files can be moved out of the folder of that descriptor, and makes the folders that they go
// to. ERR_CONFIG where it has not the rights, or a name is taken by something else; ERR_DISK_FULL, ERR_IO.
MUST_CHECK enum err_code file_move_prepare(int folder, struct err *err);

enum file_moved {
    FILE_MOVED,
    FILE_GONE,    // somebody else has moved or removed it
    FILE_CHANGED, // it has other bytes than when it was opened, and stays
    FILE_STAYS,   // it could not be moved

    FILE_NAME_TAKEN, // file_move.c's own: it is tried under another name
};

// Moves a file whose rows are in to WATCH_DONE. Nothing is overwritten: where its name is taken, it gets a
// number. *ret_name is the new name of one that was moved, as bytes. `err` is set with FILE_STAYS:
// ERR_CONFIG, ERR_IO, ERR_DISK_FULL; and where another file that has come in its place lies elsewhere now.
MUST_CHECK enum file_moved file_move_to_done(
    const struct held_file *file, char ret_name[FILE_NAME_BYTES], struct err *err);

// Writes a report, whose name is that of the file and WATCH_REPORT_ENDING, into WATCH_REJECTED, and moves the
// file beside it then. The same as above.
MUST_CHECK enum file_moved file_move_to_rejected(
    const struct held_file *file, struct span report, char ret_name[FILE_NAME_BYTES], struct err *err);

// Writes the name that a file gets when `number` - 1 names like it are taken, from 1 on: "prices.2.csv". It
// is cut where it would have more than `most` bytes. Pure.
void file_move_name(const char *name, unsigned number, size_t most, char ret_name[FILE_NAME_BYTES]);

#endif
