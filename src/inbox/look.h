// SPDX-License-Identifier: Apache-2.0
// What lies in the watched folders of an app at one moment. The receiver's thread.
#ifndef RECKONER_INBOX_LOOK_H
#define RECKONER_INBOX_LOOK_H

#include <stdbool.h>
#include <stddef.h>

#include "app/app.h"
#include "base/arena.h"
#include "base/err.h"
#include "inbox/held_file.h"

// A file that a line of [watch] means.
struct listed_file {
    const struct watch_line *line; // the first one that means it; borrowed from the app
    const char *name;              // the look's
    struct file_stamp stamp;       //
};

// What is to be told of a folder.
struct folder_report {
    const char *path;     // borrowed
    const char *stranger; // a name that is no file by itself, but a folder, a link, a fifo, say; "": none
    int why;              // an errno: it could not be read; 0: it could
    bool is_cut;          // it has more files than are looked at
};

struct look {
    struct arena arena;        // owns the names and the array
    struct listed_file *files; // those that were written first in front, then by their names' bytes
    size_t count;              //
    size_t room;               // of the array
};

// Lists the folders of all lines; on_folder is called for each. Names that begin with a dot, or end in .part,
// .tmp or WATCH_REPORT_ENDING, do not count, and only files by themselves are listed. Of more than
// LIMIT_INBOX_NAMES, shared out among the folders, some are left out. ERR_NO_MEMORY.
MUST_CHECK enum err_code look_read(struct look *look, const struct app *app,
    void (*on_folder)(void *ctx, const struct folder_report *folder), void *ctx, struct err *err);

// A zeroed one is fine.
void look_fini(struct look *look);

#endif
