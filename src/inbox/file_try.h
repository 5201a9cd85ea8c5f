// SPDX-License-Identifier: Apache-2.0
// One try of a file: its bytes become a batch, as those of a request do, and have an identity by which they
// can be known again. The receiver's thread.
#ifndef RECKONER_INBOX_FILE_TRY_H
#define RECKONER_INBOX_FILE_TRY_H

#include <stdbool.h>
#include <stdint.h>

#include "app/app.h"
#include "base/arena.h"
#include "base/err.h"
#include "batch/batch.h"
#include "batch/intake.h"
#include "inbox/held_file.h"

// What all tries share; borrowed.
struct file_try_options {
    struct batch_means means; // of all batches; max_bytes is of a file as it is, too

    // Whether the file is not to be read any further, as the server ends.
    bool (*is_over)(void *ctx);
    void *ctx; //
};

enum { FILE_IDENTITY_CHARS = 65 }; // a SHA-256 in small hexadecimal digits, and a NUL

struct file_try {
    struct batch batch;                     // lent to the writer
    const struct file_try_options *options; // borrowed; NULL: it has not begun
    struct app *app;                        // owned reference
    struct arena arena;                     // owns parameters and names
    struct intake intake;                   // owned
    struct csv_dialect dialect;             // by the file's name
    struct span shown;                      // the file's name as text; the arena's
    bool takes_repeats;                     // the identity is not of the bytes alone
    bool is_read;                           // all of it, so that there is an identity
    char identity[FILE_IDENTITY_CHARS];     // of the file, and what it is sent to
};

// Reads the file and makes a batch of it, without seals, for the endpoint of an app of which it takes the
// reference. With `takes_repeats` name, size and time are part of its identity. An error is one of the
// file (those of batch/intake.h, with bad rows in batch.report; ERR_TOO_LARGE), of reading it (ERR_IO), or
// passes (ERR_BUSY, ERR_NO_MEMORY, ERR_DISK_FULL). The caller ends it by file_try_fini in any case.
MUST_CHECK enum err_code file_try_read(struct file_try *try, const struct held_file *file,
    const struct endpoint *endpoint, struct app *app, bool takes_repeats,
    const struct file_try_options *options, struct err *err);

// Frees all but what is lent to the writer. A zeroed struct is fine.
void file_try_fini(struct file_try *try);

#endif
