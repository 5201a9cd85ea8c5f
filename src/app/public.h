// SPDX-License-Identifier: Apache-2.0
// The files of an app's folder public/, as a table made when the app is loaded: since every path that exists
// is in it, no request's path ever reaches the file system. Any thread.
#ifndef RECKONER_APP_PUBLIC_H
#define RECKONER_APP_PUBLIC_H

#include <stddef.h>

#include "app/app.h"
#include "app/diag.h"
#include "base/arena.h"
#include "base/err.h"

// Lists the files in and below `dir`, sorted by path; a missing folder has none. Names that start with a dot
// are passed over. Symbolic links, whatever else is neither file nor folder, names that no client can send,
// files where the server's own pages are (/-/), and more than LIMIT_PUBLIC_FILES go into `diags`.
// ERR_NO_MEMORY.
MUST_CHECK enum err_code public_list(const char *dir, struct arena *arena, struct diags *diags,
    struct public_file **ret_files, size_t *ret_count, struct err *err);

// Reports files that are where an endpoint answers a GET: an index.html also answers for its folder, with and
// without the slash at its end.
void public_check(const struct app *app, struct diags *diags);

// The media type of a file, by the ending of its name; application/octet-stream for one that is not known.
const char *public_media_type(struct span path);

#endif
