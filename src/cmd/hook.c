// SPDX-License-Identifier: Apache-2.0
// `reckoner hook`: looks at what an app's store has to tell others, and moves it by hand. It works on the
// store itself, so no server has to run; one that runs sees what was done within a second. On the main
// thread.
#include "cmd/cmd.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "batch/desk.h"
#include "batch/outbox.h"
#include "cmd/help.h"
#include "cmd/message.h"
#include "cmd/options.h"
#include "cmd/store_site.h"
#include "cmd/subcommand.h"
#include "hooks/hook_store.h"
#include "store/own_sql.h"
#include "text/timestamp.h"

enum { LIST_MOST = 100000 };

#define ALL "all"

static const struct usage LIST = {
    .command = COMMAND_HOOK_LIST,
    .forms = "hook list [OPTION]... APP",
    .about =
        "Lists the hooks in APP's store that are not delivered, the newest first: id, state, when its batch went\n"
        "in, how often it was tried, the batch, its endpoint, and what was wrong at the last try.\n",
    .min_words = 1,
    .max_words = 1,
    .wanted = "APP",
};

static const struct usage RETRY = {
    .command = COMMAND_HOOK_RETRY,
    .forms = "hook retry [OPTION]... APP ID",
    .about = "Has the hook ID sent now, also when it was given up; 'all' means all of them.\n",
    .min_words = 2,
    .max_words = 2,
    .wanted = "APP ID",
};

static const struct usage DROP = {
    .command = COMMAND_HOOK_DROP,
    .forms = "hook drop [OPTION]... APP ID",
    .about =
        "Takes the hook ID away: nobody is told of that batch. 'all' means all of them, as after 'reckoner\n"
        "restore', when others were told before.\n",
    .min_words = 2,
    .max_words = 2,
    .wanted = "APP ID",
};

// --- what commands do

static enum err_code print_line(void *ctx, const struct hook *hook, struct err *err)
{
    char created[TIMESTAMP_CHARS];
    const char *state = hook->token != 0 ? "sending" : "waiting";
    (void)ctx, (void)err;
    timestamp_format_seconds(hook->created_ms / 1000, created);
    printf("%.*s  %-8s  %s  %2" PRId64 "  %" PRId64 "  %.*s  %.*s\n", (int)hook->id.len, hook->id.at,
        hook->ended_ms > 0 ? "given-up" : state, created, hook->attempts, hook->batch,
        (int)hook->endpoint.len, hook->endpoint.at, (int)hook->result.len, hook->result.at);
    return ERR_NONE;
}

// A move of one hook or all.
struct moving {
    struct span id; // empty: all
    size_t count;   // out: that were moved
};

static enum err_code retry_in(void *ctx, struct own_statements *own, struct err *err)
{
    struct moving *moving = ctx;
    int64_t now_ms;
    enum err_code code = own_now_ms(own, &now_ms, err);
    return code == ERR_NONE ? hook_store_retry(own, moving->id, now_ms, &moving->count, err) : code;
}

static enum err_code drop_in(void *ctx, struct own_statements *own, struct err *err)
{
    struct moving *moving = ctx;
    return hook_store_drop(own, moving->id, &moving->count, err);
}

// --- the commands

static int run_list(int argc, char **argv)
{
    AUTO(options_fini) struct options options = {0};
    AUTO(store_site_fini) struct store_site site = {0};
    struct err err = {0};
    int result;
    if (!options_read(argc, argv, &LIST, &options, &result))
        return result;
    if (!store_site_open(&site, &options, "hooks", outbox_make_table))
        return EXIT_FAILED;
    if (hook_store_list(&site.own, LIST_MOST, print_line, NULL, &err) == ERR_NONE)
        return EXIT_OK;
    message_error(site.app->name, &err);
    return EXIT_FAILED;
}

static int run_move(const struct usage *usage,
    enum err_code (*make)(void *ctx, struct own_statements *own, struct err *err), const char *done, int argc,
    char **argv)
{
    AUTO(options_fini) struct options options = {0};
    AUTO(store_site_fini) struct store_site site = {0};
    struct moving moving = {0};
    struct err err = {0};
    int result;
    if (!options_read(argc, argv, usage, &options, &result))
        return result;
    bool is_all = strcmp(options.words[1], ALL) == 0;
    moving.id = span_of(is_all ? "" : options.words[1]);
    if (!store_site_open(&site, &options, "hooks", outbox_make_table))
        return EXIT_FAILED;
    if (desk_transact(&site.own, make, &moving, &err) == ERR_NONE && moving.count == 0 && !is_all)
        (void)err_set(&err, ERR_UNKNOWN,
            "there is no such hook, or it is just being sent; 'reckoner hook list' shows those that are there");
    if (err.code == ERR_NONE) {
        printf("%s: %zu\n", done, moving.count);
        return EXIT_OK;
    }
    message_error(options.words[1], &err);
    return EXIT_FAILED;
}

static int run_retry(int argc, char **argv)
{
    return run_move(&RETRY, retry_in, "to be sent now", argc, argv);
}

static int run_drop(int argc, char **argv)
{
    return run_move(&DROP, drop_in, "dropped", argc, argv);
}

int cmd_hook(int argc, char **argv)
{
    static const struct subcommand items[] = {
        {"list", run_list, "list the hooks of an app that are not delivered"},
        {"retry", run_retry, "have a hook sent now, or all"},
        {"drop", run_drop, "take a hook away, or all"},
    };
    static const struct subcommands commands = {.command = "hook",
        .about =
            "usage: reckoner hook COMMAND [OPTION]... APP [ID|all]\n"
            "\n"
            "Hooks tell others of batches that are in: '[hook]' in app.ini. What is to be told waits in the app's\n"
            "store, whether a server runs or not.\n",
        .items = items,
        .count = ARRAY_LEN(items)};
    return subcommands_run(&commands, argc, argv);
}
