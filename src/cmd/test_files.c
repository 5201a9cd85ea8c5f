// SPDX-License-Identifier: Apache-2.0
// Lists the folder tests/ of an app; names that start with a dot are the author's own business. The main
// thread.
#include "cmd/test_files.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/span.h"

enum { PATH_BYTES = 4096 }; // an app with a longer path is not opened

static int is_test_file(const struct dirent *item)
{
    return item->d_name[0] != '.' && span_ends_with(span_of(item->d_name), ".http");
}

int test_files_each(const char *app_dir, void (*on_file)(void *ctx, const char *path), void *ctx)
{
    char dir[PATH_BYTES], path[PATH_BYTES + 256 + 1];
    struct dirent **items;
    snprintf(dir, sizeof(dir), "%s/tests", app_dir);
    int count = scandir(dir, &items, is_test_file, alphasort);
    if (count < 0) // that the app is no folder is told by others
        return errno != ENOENT && errno != ENOTDIR ? errno : 0;
    for (int i = 0; i < count; i++) {
        snprintf(path, sizeof(path), "%s/%s", dir, items[i]->d_name);
        on_file(ctx, path);
        free(items[i]);
    }
    free(items);
    return 0;
}
