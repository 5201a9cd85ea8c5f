// SPDX-License-Identifier: Apache-2.0
// inotify tells of edits (serve/file_watch.h). A folder that is not there is looked for now and then. On the
// main thread; a signal ends the process, as before.
#include "cmd/mending.h"

#include <poll.h>
#include <stdbool.h>
#include <stdio.h>

#include "base/limits.h"
#include "base/mem.h"
#include "cmd/message.h"
#include "serve/file_watch.h"

enum { LOOK_MS = 1000 };

struct mending {
    struct file_watch *watch; // owned
    size_t count;             // of apps
    bool changed[];           // of each app
};

struct mending *mending_new(const char *const *dirs, size_t count)
{
    struct err err = {0};
    struct mending *mending = mem_zalloc(1, sizeof(*mending) + count * sizeof(mending->changed[0]));
    if (mending == NULL) {
        (void)err_no_memory(&err);
        message_error("--watch", &err);
        return NULL;
    }
    enum err_code code = file_watch_new(dirs, count, &mending->watch, &err);
    for (size_t i = 0; code == ERR_NONE && i < count; i++)
        code = file_watch_app(mending->watch, i, &err);
    if (code == ERR_NONE) {
        mending->count = count;
        return mending;
    }
    message_error("--watch", &err);
    mending_free(mending);
    return NULL;
}

// Folders that have come are watched from here on.
static bool look(struct mending *mending)
{
    struct err ignored = {0}; // what cannot be watched was told by mending_new
    bool any = file_watch_read(mending->watch, mending->changed);
    for (size_t i = 0; any && i < mending->count; i++)
        (void)!file_watch_app(mending->watch, i, &ignored);
    return any;
}

void mending_wait(struct mending *mending)
{
    struct pollfd watched = {.fd = file_watch_fd(mending->watch), .events = POLLIN};
    while (!look(mending))
        (void)poll(&watched, 1, LOOK_MS);
    do
        (void)poll(&watched, 1, LIMIT_RELOAD_QUIET_MS);
    while (look(mending));
}

void mending_free(struct mending *mending)
{
    if (mending == NULL)
        return;
    file_watch_free(mending->watch);
    mem_free(mending);
}
