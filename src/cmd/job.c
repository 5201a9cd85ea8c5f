// SPDX-License-Identifier: Apache-2.0
// `reckoner job`: looks at the jobs in an app's store, and moves them by hand. It works on the store itself,
// so no server has to run; one that runs sees what was done within a second. On the main thread.
#include "cmd/cmd.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/limits.h"
#include "batch/desk.h"
#include "cmd/help.h"
#include "cmd/message.h"
#include "cmd/options.h"
#include "cmd/store_site.h"
#include "cmd/subcommand.h"
#include "jobs/job_store.h"
#include "serve/job_json.h"
#include "text/timestamp.h"

enum { LIST_MOST = 100000, JOB_BYTES = 16 * 1024 * 1024 };

static const struct usage LIST = {
    .command = COMMAND_JOB_LIST,
    .forms = "job list [OPTION]... APP",
    .about =
        "Lists the jobs in APP's store, the newest first: id, state, when it was accepted, how often it was\n"
        "tried, its endpoint.\n",
    .min_words = 1,
    .max_words = 1,
    .wanted = "APP",
};

static const struct usage SHOW_ONE = {
    .command = COMMAND_JOB_SHOW,
    .forms = "job show [OPTION]... APP ID",
    .about = "Prints what is known of the job ID, as JSON: its state, its times, and its answer or report.\n",
    .min_words = 2,
    .max_words = 2,
    .wanted = "APP ID",
};

static const struct usage RETRY = {
    .command = COMMAND_JOB_RETRY,
    .forms = "job retry [OPTION]... APP ID",
    .about = "Has the job ID, which was refused or has failed, tried again, before all that came after it.\n",
    .min_words = 2,
    .max_words = 2,
    .wanted = "APP ID",
};

static const struct usage CANCEL = {
    .command = COMMAND_JOB_CANCEL,
    .forms = "job cancel [OPTION]... APP ID",
    .about = "Cancels the job ID, which waits: nothing of it is written. One that runs goes on.\n",
    .min_words = 2,
    .max_words = 2,
    .wanted = "APP ID",
};

// --- the store

// What a command works on.
struct job_site {
    struct store_site *store; // borrowed
    struct span id;           // of the job that is meant; empty: none is
};

// --- what commands do; false after a message

static enum err_code print_line(void *ctx, const struct job *job, struct err *err)
{
    char created[TIMESTAMP_CHARS];
    (void)ctx, (void)err;
    timestamp_format_seconds(job->created_ms / 1000, created);
    printf("%.*s  %-9s  %s  %2" PRId64 "  %.*s\n", (int)job->id.len, job->id.at, job_state_word(job->state),
        created, job->attempts, (int)job->asked.endpoint.len, job->asked.endpoint.at);
    return ERR_NONE;
}

static bool list(struct job_site *site, struct err *err)
{
    const struct job_filter all = {.limit = LIST_MOST};
    return job_store_list(&site->store->own, &all, print_line, NULL, err) == ERR_NONE;
}

static bool show(struct job_site *site, struct err *err)
{
    AUTO(arena_fini) struct arena arena;
    AUTO(buf_fini) struct buf out;
    struct job job;
    int64_t ahead = 0;
    bool is_found = false;
    arena_init(&arena, JOB_BYTES);
    buf_init(&out, LIMIT_ANSWER_BYTES);
    if (job_store_find(&site->store->own, site->id, &arena, &job, &ahead, &is_found, err) != ERR_NONE)
        return false;
    if (!is_found) {
        (void)err_set(err, ERR_UNKNOWN, "there is no such job");
        return false;
    }
    job_json_write(
        &(struct job_shown){.job = &job, .app = span_of(site->store->app->name), .ahead = ahead}, &out);
    if (buf_status(&out) != ERR_NONE) {
        (void)err_no_memory(err);
        return false;
    }
    printf("%.*s\n", (int)out.len, out.data);
    return true;
}

// A move, and whether it was one.
struct moving {
    struct job_site *site;
    bool is_moved;
};

static enum err_code retry_in(void *ctx, struct own_statements *own, struct err *err)
{
    struct moving *moving = ctx;
    return job_store_retry(own, moving->site->id, &moving->is_moved, err);
}

static enum err_code cancel_in(void *ctx, struct own_statements *own, struct err *err)
{
    struct moving *moving = ctx;
    int64_t now_ms;
    enum err_code code = own_now_ms(own, &now_ms, err);
    return code == ERR_NONE ? job_store_cancel(own, moving->site->id, now_ms, &moving->is_moved, err) : code;
}

static bool move(struct job_site *site,
    enum err_code (*make)(void *ctx, struct own_statements *own, struct err *err), const char *refusal,
    struct err *err)
{
    struct moving moving = {.site = site};
    if (desk_transact(&site->store->own, make, &moving, err) != ERR_NONE)
        return false;
    if (!moving.is_moved)
        (void)err_set(err, ERR_UNKNOWN, "%s", refusal);
    return moving.is_moved;
}

static bool retry(struct job_site *site, struct err *err)
{
    return move(site, retry_in,
        "there is no such job that was refused or has failed, and still has its body; 'reckoner job list' "
        "shows their states",
        err);
}

static bool cancel(struct job_site *site, struct err *err)
{
    return move(
        site, cancel_in, "there is no such job that waits; 'reckoner job list' shows their states", err);
}

// --- the commands

static int run(
    const struct usage *usage, bool (*work)(struct job_site *site, struct err *err), int argc, char **argv)
{
    AUTO(options_fini) struct options options = {0};
    AUTO(store_site_fini) struct store_site store = {0};
    struct err err = {0};
    struct span id = {0};
    int result;
    if (!options_read(argc, argv, usage, &options, &result))
        return result;
    if (options.word_count > 1)
        id = span_of(options.words[1]);
    if (options.word_count > 1 && !job_id_is_sound(id)) {
        message_print(options.words[1], "this is no id of a job: 'reckoner job list' shows them");
        return EXIT_USAGE;
    }
    if (!store_site_open(&store, &options, "jobs", job_store_make))
        return EXIT_FAILED;
    if (work(&(struct job_site){.store = &store, .id = id}, &err))
        return EXIT_OK;
    message_error(options.word_count > 1 ? options.words[1] : store.app->name, &err);
    return EXIT_FAILED;
}

static int run_list(int argc, char **argv)
{
    return run(&LIST, list, argc, argv);
}

static int run_show(int argc, char **argv)
{
    return run(&SHOW_ONE, show, argc, argv);
}

static int run_retry(int argc, char **argv)
{
    return run(&RETRY, retry, argc, argv);
}

static int run_cancel(int argc, char **argv)
{
    return run(&CANCEL, cancel, argc, argv);
}

int cmd_job(int argc, char **argv)
{
    static const struct subcommand items[] = {
        {"list", run_list, "list the jobs of an app"},
        {"show", run_show, "print what is known of a job"},
        {"retry", run_retry, "have a job that was refused or has failed tried again"},
        {"cancel", run_cancel, "cancel a job that waits"},
    };
    static const struct subcommands commands = {.command = "job",
        .about =
            "usage: reckoner job COMMAND [OPTION]... APP [ID]\n"
            "\n"
            "Jobs are batches that were accepted for later: 'Prefer: respond-async'. They are in the app's store,\n"
            "whether a server runs or not.\n",
        .items = items,
        .count = ARRAY_LEN(items)};
    return subcommands_run(&commands, argc, argv);
}
