// SPDX-License-Identifier: Apache-2.0
// `reckoner restore`: a backup becomes the store of an app. On the main thread, the only one.
#include <stdio.h>

#include "cmd/backup_work.h"
#include "cmd/cmd.h"
#include "cmd/help.h"
#include "cmd/message.h"
#include "cmd/var_dir.h"
#include "cmd/workspace.h"

static const struct usage USAGE = {
    .command = COMMAND_RESTORE,
    .forms = "restore [OPTION]... APP FILE",
    .about =
        "Makes FILE, which 'reckoner backup' has written, the store of APP: whole, or nothing is changed. It\n"
        "is checked first, as 'reckoner verify APP FILE' does. No server may have the store open. A store\n"
        "that holds something stays as it is, unless --force is given: then it is moved aside, and told\n"
        "where to; this command takes nothing away.\n",
    .min_words = 2,
    .max_words = 2,
    .wanted = "APP FILE",
};

static bool restore(const struct app *app, const struct options *options)
{
    char url[STORE_URL_BYTES];
    AUTO(buf_fini) struct buf aside;
    buf_init(&aside, STORE_URL_BYTES);
    const char *store_url = workspace_store_url(options, app, url), *file = options->words[1];
    const char *shown = store_shown(options, store_url);
    if (options->store == NULL && !var_dir_make(options->var))
        return false;
    struct err err = {0};
    struct backup_check check = backup_work_check(app, file);
    check.is_thorough = true;
    check.stop = backup_work_stop();
    const struct backup_target to = {
        .url = store_url, .name = app->name, .moves_aside = options->force, .aside = &aside};
    enum err_code code = backup_restore(&to, file, &check, &err);
    if (code != ERR_NONE)
        backup_work_fail(file, shown, &err);
    if (aside.len > 0)
        fprintf(stderr, "reckoner: %s: what was there is now %.*s\n", shown, (int)aside.len, aside.data);
    if (code != ERR_NONE)
        return false;
    printf("%s is restored to %s\n", file, shown);
    if (check.pending > 0)
        fprintf(stderr, "reckoner: %s: %zu migrations are newer than it: the next start applies them\n", file,
            check.pending);
    return true;
}

int cmd_restore(int argc, char **argv)
{
    AUTO(options_fini) struct options options = {0};
    int result;
    if (!options_read(argc, argv, &USAGE, &options, &result))
        return result;
    struct app *app = backup_work_app(options.words[0], &options);
    bool done = app != NULL && restore(app, &options);
    app_unref(app);
    return done ? EXIT_OK : EXIT_FAILED;
}
