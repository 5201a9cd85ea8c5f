// SPDX-License-Identifier: Apache-2.0
// `reckoner backup`: all that is committed in an app's store, in one file, while a server runs. On the main
// thread, the only one.
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "cmd/backup_work.h"
#include "cmd/cmd.h"
#include "cmd/help.h"
#include "cmd/message.h"
#include "cmd/recovered.h"
#include "cmd/workspace.h"

static const struct usage USAGE = {
    .command = COMMAND_BACKUP,
    .forms = "backup [OPTION]... APP FILE",
    .about =
        "Writes all that is committed in the store of APP to FILE, also while a server runs: batches go on,\n"
        "and each is in FILE as a whole or not at all. FILE is there, checked and on disk when this ends, or\n"
        "it is not there. Of SQLite it is a database, of PostgreSQL an archive of pg_dump.\n",
    .min_words = 2,
    .max_words = 2,
    .wanted = "APP FILE",
};

static enum err_code write_backup(const struct app *app, const char *url, const char *shown,
    const struct options *options, uint64_t *ret_bytes, struct err *err)
{
    struct store *store;
    enum err_code code = store_open(url, app->name, &store, err);
    if (code != ERR_NONE)
        return code;
    recovered_tell(store, shown);
    code = backup_write(store, options->words[1], options->force, backup_work_stop(), ret_bytes, err);
    store_close(store);
    return code;
}

static bool back_up(const struct app *app, const struct options *options)
{
    char url[STORE_URL_BYTES];
    const char *store_url = workspace_store_url(options, app, url);
    const char *shown = store_shown(options, store_url), *file = options->words[1];
    if (!workspace_store_is_there(store_url)) {
        message_print(shown, "there is no such store to back up; --var says in which folder it is");
        return false;
    }
    struct err err = {0};
    uint64_t bytes;
    enum err_code code = write_backup(app, store_url, shown, options, &bytes, &err);
    if (code == ERR_CONFIG && !options->force && access(file, F_OK) == 0)
        err_hint(&err, "--force has it replaced, once the new one is whole");
    if (code != ERR_NONE) {
        backup_work_fail(file, shown, &err);
        fputs("reckoner: there is no new backup\n", stderr);
        return false;
    }
    printf("%s: %" PRIu64 " bytes, checked\n", file, bytes);
    return true;
}

int cmd_backup(int argc, char **argv)
{
    AUTO(options_fini) struct options options = {0};
    int result;
    if (!options_read(argc, argv, &USAGE, &options, &result))
        return result;
    struct app *app = backup_work_app(options.words[0], &options);
    bool done = app != NULL && back_up(app, &options);
    app_unref(app);
    return done ? EXIT_OK : EXIT_FAILED;
}
