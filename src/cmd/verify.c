// SPDX-License-Identifier: Apache-2.0
// `reckoner verify`: whether a store, or a backup, is whole. It only reads. On the main thread, the only one.
#include <stdio.h>
#include <sys/stat.h>

#include "cmd/backup_work.h"
#include "cmd/cmd.h"
#include "cmd/help.h"
#include "cmd/message.h"
#include "cmd/recovered.h"
#include "cmd/workspace.h"

static const struct usage USAGE = {
    .command = COMMAND_VERIFY,
    .forms = "verify [OPTION]... APP\n"
             "verify [OPTION]... APP FILE\n"
             "verify [OPTION]... FILE",
    .about =
        "Checks the store of APP, also while a server runs, or a backup: that all of it can be read, that\n"
        "indexes and references fit, that Reckoner has made it, and, with APP, that the migrations in it are\n"
        "those of APP. Each fault is a line on standard error, and the exit code is 1.\n",
    .min_words = 1,
    .max_words = 2,
    .wanted = "APP, FILE, or APP FILE",
};

static bool tell(const char *subject, const struct backup_check *check, enum err_code code, struct err *err)
{
    if (code != ERR_NONE) {
        message_error(subject, err);
        return false;
    }
    if (check->faults == 0) {
        printf("%s: is whole\n", subject);
        return true;
    }
    fprintf(stderr, "reckoner: %s: %zu fault%s\n  hint: %s\n", subject, check->faults,
        check->faults == 1 ? "" : "s",
        "'reckoner restore APP FILE' brings the last backup back that 'reckoner verify FILE' finds whole");
    return false;
}

static bool verify_file(const struct app *app, const char *path)
{
    struct err err = {0};
    struct backup_check check = backup_work_check(app, path);
    check.is_thorough = true;
    enum err_code code = backup_check_file(path, &check, &err);
    return tell(path, &check, code, &err);
}

static bool verify_store(const struct app *app, const struct options *options)
{
    char url[STORE_URL_BYTES];
    const char *store_url = workspace_store_url(options, app, url);
    const char *shown = store_shown(options, store_url);
    struct store *store = NULL;
    struct err err = {0};
    if (!workspace_store_is_there(store_url)) {
        message_print(shown, "there is no such store; --var says in which folder it is");
        return false;
    }
    struct backup_check check = backup_work_check(app, shown);
    check.is_thorough = true;
    enum err_code code = store_open(store_url, app->name, &store, &err);
    if (code == ERR_NONE) {
        recovered_tell(store, shown);
        code = backup_check_store(store, &check, &err);
    }
    store_close(store);
    return tell(shown, &check, code, &err);
}

static bool is_file(const char *path)
{
    struct stat there;
    return stat(path, &there) == 0 && S_ISREG(there.st_mode);
}

int cmd_verify(int argc, char **argv)
{
    AUTO(options_fini) struct options options = {0};
    int result;
    if (!options_read(argc, argv, &USAGE, &options, &result))
        return result;
    if (options.word_count == 1 && is_file(options.words[0]))
        return verify_file(NULL, options.words[0]) ? EXIT_OK : EXIT_FAILED;
    struct app *app = backup_work_app(options.words[0], &options);
    bool done = app != NULL &&
                (options.word_count == 2 ? verify_file(app, options.words[1]) : verify_store(app, &options));
    app_unref(app);
    return done ? EXIT_OK : EXIT_FAILED;
}
