// SPDX-License-Identifier: Apache-2.0
// Tells batch/first_load.h where the data is, waits for other processes that hold the store's lock, and puts
// what happened into words. On the main thread.
#include "cmd/first_load.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "batch/first_load.h"
#include "cmd/message.h"
#include "text/timestamp.h"

static void on_file(void *ctx, const char *path, enum first_load_event event, const struct report *warnings)
{
    static const struct {
        const char *before, *behind;
    } words[] = {
        [FIRST_LOAD_DONE] = {"loaded ", ""},
        [FIRST_LOAD_NO_FILE] = {"", " is not there: nothing loaded from it"},
        [FIRST_LOAD_CHANGED] = {"",
            " has changed since its first load, and is not loaded again: 'reckoner load' "
            "puts it in as one more batch, 'reckoner reset' makes the store anew"},
    };
    const bool *tells_all = ctx;
    if (!*tells_all)
        return;
    if (event == FIRST_LOAD_DONE)
        message_warnings(path, warnings);
    fprintf(stderr, "%s%s%s\n", words[event].before, path, words[event].behind);
}

static bool is_dir(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

const char *data_dir_of(const struct options *options, const struct app *app, char ret_dir[DATA_DIR_BYTES])
{
    const char *plain = NULL;
    for (size_t i = options->data.count; i-- > 0;) {
        struct span rest = span_of(options->data.texts[i]);
        bool is_for_one = memchr(rest.at, '=', rest.len) != NULL;
        if (is_for_one && span_is(span_split(&rest, '='), app->name))
            return rest.at;
        if (!is_for_one && plain == NULL)
            plain = options->data.texts[i];
    }
    if (plain == NULL || !options->several_apps)
        return plain;
    int len = snprintf(ret_dir, DATA_DIR_BYTES, "%s/%s", plain, app->name);
    return len < DATA_DIR_BYTES && is_dir(ret_dir) ? ret_dir : plain;
}

bool workspace_first_load(struct workspace *workspace, const struct options *options, bool tells_all)
{
    char now[TIMESTAMP_CHARS], app_dir[DATA_DIR_BYTES];
    timestamp_format(clock_wall_ms() * 1000, false, now);
    const char *data_dir = data_dir_of(options, workspace->app, app_dir);
    struct first_load_options load = {
        .data_dir = data_dir, .now = now, .on_file = on_file, .ctx = &tells_all};
    AUTO(report_fini) struct report report = {0};
    struct err err = {0};
    const char *path = NULL;
    unsigned tries = 0;
    do {
        if (first_load_run(workspace->app, workspace->conn, &load, &report, &path, &err) == ERR_NONE)
            return true;
    } while (path == NULL && workspace_try_again(&err, &tries)); // it could not begin
    message_report(path != NULL ? path : workspace->app->dir, &report);
    message_error(path != NULL ? path : workspace->app->dir, &err);
    fputs("the first load failed, and nothing of it was kept\n", stderr);
    return false;
}
