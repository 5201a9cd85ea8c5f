// SPDX-License-Identifier: Apache-2.0
// `reckoner reset`: takes away what is in the store, and does what a first start does. On the main thread,
// the only one.
#include "cmd/reset.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "access/key_store.h"
#include "cmd/cmd.h"
#include "cmd/first_load.h"
#include "cmd/help.h"
#include "cmd/message.h"
#include "cmd/workspace.h"

static const struct usage USAGE = {
    .command = COMMAND_RESET,
    .forms = "reset [OPTION]... APP",
    .about =
        "Takes away all that is in the store of APP, and makes it anew: the schema, and what app.ini names\n"
        "under [load]. What came in as batches since is lost, and so are keys and usage: so it asks first.\n"
        "A server that runs on the store answers errors meanwhile: end it before.\n",
    .min_words = 1,
    .max_words = 1,
    .wanted = "an app: a folder with SQL files",
};

static bool says_yes(void)
{
    char answer[16];
    return fgets(answer, sizeof(answer), stdin) != NULL &&
           (strcmp(answer, "y\n") == 0 || strcmp(answer, "yes\n") == 0);
}

static bool may_reset(const char *shown, const struct app *app, const struct options *options, int64_t keys)
{
    if (options->yes)
        return true;
    if (!isatty(STDIN_FILENO)) {
        fprintf(stderr,
            "reckoner: %s: a reset takes away all that is in it: say --yes where nobody can be asked\n",
            shown);
        return false;
    }
    fprintf(stderr, "All that %s holds of %s is taken away, for good", shown, app->name);
    if (keys > 0)
        fprintf(stderr, ", and with it %lld key%s that let clients in", (long long)keys, keys > 1 ? "s" : "");
    fputs(". Go on? [y/N] ", stderr);
    fflush(stderr);
    if (says_yes())
        return true;
    fputs("reckoner: nothing was taken away\n", stderr);
    return false;
}

// For the question: 0 where it cannot be told, as of a store without a table for them.
static int64_t keys_in(struct store *store)
{
    struct store_conn *conn = NULL;
    struct err ignored = {0};
    int64_t count = 0;
    if (store_connect(store, STORE_READ, &conn, &ignored) == ERR_NONE)
        (void)!key_store_count(conn, &count, &ignored);
    store_disconnect(conn);
    return count;
}

static enum err_code empty(struct store *store, struct err *err)
{
    struct store_conn *conn = NULL;
    unsigned tries = 0;
    enum err_code code;
    do {
        code = store_connect(store, STORE_WRITE, &conn, err);
        if (code == ERR_NONE)
            code = store_begin(conn, err);
        if (code == ERR_NONE)
            code = store_empty(conn, err);
        if (code == ERR_NONE)
            code = store_commit(conn, err);
        store_disconnect(conn);
        conn = NULL;
    } while (code != ERR_NONE && workspace_try_again(err, &tries));
    return code;
}

// Tries the app's files on a store of their own, so that a store goes only where another can take its place.
static bool try_files(const struct app *app, const struct options *options)
{
    struct workspace trial;
    bool done = workspace_open_scratch(app->dir, options->store, &trial);
    if (done)
        workspace_fini(&trial);
    return done;
}

bool reset_store(const struct app *app, const struct options *options)
{
    char url[STORE_URL_BYTES];
    const char *store_url = workspace_store_url(options, app, url);
    if (!workspace_store_is_there(store_url))
        return true;
    const char *shown = store_shown(options, store_url);
    if (!try_files(app, options))
        return false;
    struct err err = {0};
    struct store *store = NULL;
    enum err_code code = store_open(store_url, app->name, &store, &err);
    if (code == ERR_NONE && !may_reset(shown, app, options, options->yes ? 0 : keys_in(store))) {
        store_close(store);
        return false;
    }
    if (code == ERR_NONE)
        code = empty(store, &err);
    store_close(store);
    if (code != ERR_NONE)
        message_error(shown, &err);
    return code == ERR_NONE;
}

static bool make_anew(struct app *app, const struct options *options)
{
    struct workspace workspace;
    if (!workspace_open_store(app, options, &workspace))
        return false;
    bool done = workspace_first_load(&workspace, options, true);
    workspace_fini(&workspace);
    return done;
}

static bool reset(const struct options *options)
{
    char url[STORE_URL_BYTES];
    struct app *app = workspace_read_app(options->words[0], options->store);
    if (app == NULL)
        return false;
    const char *store_url = workspace_store_url(options, app, url);
    bool done = workspace_store_is_there(store_url);
    if (!done)
        message_print(store_shown(options, store_url),
            "there is no such store to reset; --var says in which folder it is");
    done = done && reset_store(app, options) && make_anew(app, options);
    app_unref(app);
    return done;
}

int cmd_reset(int argc, char **argv)
{
    AUTO(options_fini) struct options options = {0};
    int result;
    if (!options_read(argc, argv, &USAGE, &options, &result))
        return result;
    return reset(&options) ? EXIT_OK : EXIT_FAILED;
}
