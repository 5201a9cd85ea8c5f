// SPDX-License-Identifier: Apache-2.0
// The files of an app's folder public/, as a table that is made when the app is read. Requests are answered
// from the table alone, so no request's path ever reaches the file system. Any thread.
#ifndef RECKONER_APP_PUBLIC_H
#define RECKONER_APP_PUBLIC_H

#include <stddef.h>

#include "app/app.h"
#include "app/diag.h"
#include "base/arena.h"
#include "base/err.h"

// Lists the files in and below `dir`, sorted by path; a missing folder has none. Names that start with a dot
// are passed over. Reports in `diags`: symbolic links, anything else that is neither file nor folder, names
// that no client can send, files where the server's own pages are (/-/), and more than LIMIT_PUBLIC_FILES
// files. ERR_NO_MEMORY.
MUST_CHECK enum err_code public_list(const char *dir, struct arena *arena, struct diags *diags,
    struct public_file **ret_files, size_t *ret_count, struct err *err);

// Reports files whose path is also that of an endpoint with GET. An index.html also answers for its folder,
// with and without the slash at its end.
void public_check(const struct app *app, struct diags *diags);

// The media type of a file, by the ending of its name; application/octet-stream for an unknown ending.
const char *public_media_type(struct span path);

// Whether files of that name are worth compressing: not what is compressed already, and not what is unknown.
bool public_shrinks(struct span path);

#endif
