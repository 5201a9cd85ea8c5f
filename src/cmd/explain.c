// SPDX-License-Identifier: Apache-2.0
// `reckoner explain`: runs a request's statements as the server does, on the server's store, and prints each
// run (explanation.h). A read opens the store read-only; a write is rolled back. Neither brings the schema up
// to date. On the main thread, the only one.
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "app/body_format.h"
#include "app/findings.h"
#include "app/plan.h"
#include "base/clock.h"
#include "base/limits.h"
#include "batch/load.h"
#include "batch/run.h"
#include "cmd/cmd.h"
#include "cmd/explanation.h"
#include "cmd/first_load.h"
#include "cmd/help.h"
#include "cmd/message.h"
#include "cmd/recovered.h"
#include "cmd/options.h"
#include "cmd/typed_request.h"
#include "cmd/workspace.h"

static const struct usage USAGE = {
    .command = COMMAND_EXPLAIN,
    .forms = "explain [OPTION]... APP 'GET /path?…'\n"
             "explain [OPTION]... APP 'POST /path' FILE",
    .about =
        "Runs a request on the store and tells of each statement: how the database ran it, its rows and its\n"
        "time; then what makes the request slow. A read is run twice and the second run told, as a server's\n"
        "memory is warm. A write takes its rows from FILE (" BODY_FILE_ENDINGS ") and is rolled back.\n"
        "Where there is no store yet, one in memory takes the app's first load and is used.\n"
        "No key is needed: where the SQL sees who asks, the query says so, by client=ID and the claims'\n"
        "names.\n",
    .min_words = 2,
    .max_words = 3,
    .wanted = "APP 'GET /path?…', or APP 'POST /path' FILE",
};

static const char SQLITE[] = "sqlite:";

// What a request is run with.
struct running {
    struct workspace *workspace;         // borrowed, like the rest
    const struct typed_request *request; //
    const char *file;                    // of a write's rows; NULL for a read
    struct plan *plan;                   //
    struct explanation *explanation;     // told of each run
    struct report report;                // what the rejects found; owned
    struct spool answer;                 // owned
    struct answered answered;            // what is told beside the answer
};

// --- the store

// Opens a store that is there, as it is.
static bool open_existing(const struct options *options, const char *url, const char *name,
    enum store_mode mode, struct workspace *workspace)
{
    struct err err = {0};
    enum err_code code = store_open(url, name, &workspace->store, &err);
    if (code == ERR_NONE)
        recovered_tell(workspace->store, store_shown(options, url));
    if (code == ERR_NONE)
        code = store_connect(workspace->store, mode, &workspace->conn, &err);
    if (code != ERR_NONE)
        message_error(store_shown(options, url), &err);
    return code == ERR_NONE;
}

static bool open_new(
    const char *dir, const char *url, const struct options *options, struct workspace *ret_workspace)
{
    if (!workspace_open_scratch(dir, NULL, ret_workspace))
        return false;
    if (!workspace_first_load(ret_workspace, options, false)) {
        workspace_fini(ret_workspace);
        return false;
    }
    printf("on a store in memory with the first load, as there is no %s yet\n", url + strlen(SQLITE));
    return true;
}

static bool open_for(
    const char *dir, const struct options *options, enum store_mode mode, struct workspace *ret_workspace)
{
    struct workspace workspace = {.app = workspace_read_app(dir, options->store)};
    if (workspace.app == NULL)
        return false;
    char url[STORE_URL_BYTES];
    const char *store = workspace_store_url(options, workspace.app, url);
    if (!workspace_store_is_there(store)) {
        workspace_fini(&workspace);
        return open_new(dir, store, options, ret_workspace);
    }
    if (!open_existing(options, store, workspace.app->name, mode, &workspace)) {
        workspace_fini(&workspace);
        return false;
    }
    printf("on %s\n", store_shown(options, store));
    *ret_workspace = workspace;
    return true;
}

// --- running

static enum err_code run_read(struct running *running, struct err *err)
{
    enum err_code code = findings_collect(
        running->plan, STATEMENT_REJECT, running->request->params, true, &running->report, err);
    if (code != ERR_NONE || running->report.total > 0)
        return code;
    return plan_answer(running->plan, running->request->params, running->request->format, &running->answer,
        &running->answered, err);
}

static enum err_code run_write(struct running *running, struct err *err)
{
    const struct endpoint *endpoint = running->request->endpoint;
    struct store_conn *conn = running->workspace->conn;
    AUTO(report_fini) struct report warnings = {0};
    enum err_code code = endpoint->field_count > 0 ? load_rows(endpoint, conn, running->file,
                                                         LIMIT_BATCH_ROWS, NULL, &running->report, err)
                                                   : store_batch_open(conn, endpoint->field_names, 0, err);
    const struct batch_run run = {.plan = running->plan,
        .params = running->request->params,
        .format = running->request->format,
        .report = &running->report,
        .warnings = &warnings,
        .answer = &running->answer,
        .answered = &running->answered};
    if (code == ERR_NONE)
        code = batch_run(&run, err);
    return running->report.total > 0 && code == ERR_INVALID ? ERR_NONE : code;
}

// One run in a transaction that leaves nothing.
static enum err_code run_once(struct running *running, struct err *err)
{
    struct store_conn *conn = running->workspace->conn;
    bool is_read = endpoint_is_read(running->request->endpoint);
    uint64_t ms = is_read ? LIMIT_STATEMENT_MS : LIMIT_BATCH_MS;
    explanation_start(running->explanation, conn, clock_monotonic_ns() + ms * NS_PER_MS);
    enum err_code code = store_begin(conn, err);
    if (code != ERR_NONE)
        return code;
    code = is_read ? run_read(running, err) : run_write(running, err);
    store_rollback(conn);
    return code;
}

// A read's first run, which fills the caches. What is wrong with it will be wrong again.
static void warm_up(struct running *running)
{
    struct err err = {0};
    (void)run_once(running, &err);
    report_fini(&running->report);
    running->report = (struct report){0};
    spool_reset(&running->answer);
}

static void print_result(const struct running *running, const char *name)
{
    if (running->report.total > 0) {
        printf("refused with %d: rows or parameters that do not pass: %zu\n",
            running->report.status != 0 ? running->report.status : 422, running->report.total);
        fflush(stdout);
        message_report(name, &running->report);
    } else {
        printf("answered with %d: %llu bytes\n", running->answered.status,
            (unsigned long long)spool_bytes(&running->answer));
    }
}

static int explain_plan(struct running *running, const char *name)
{
    struct err err = {0};
    spool_init(&running->answer, NULL, LIMIT_ANSWER_BYTES);
    if (endpoint_is_read(running->request->endpoint))
        warm_up(running);
    plan_observe(running->plan, explanation_run, running->explanation);
    enum err_code code = run_once(running, &err);
    explanation_skipped(running->explanation);
    putchar('\n');
    if (code == ERR_NONE)
        print_result(running, name);
    explanation_end(running->explanation);
    fflush(stdout);
    if (code != ERR_NONE)
        message_error(name, &err);
    report_fini(&running->report);
    spool_fini(&running->answer);
    return code == ERR_NONE ? EXIT_OK : EXIT_FAILED;
}

static int explain_request(
    struct workspace *workspace, const struct typed_request *request, const char *name, const char *file)
{
    struct explanation explanation = {.endpoint = request->endpoint};
    struct running running = {
        .workspace = workspace, .request = request, .file = file, .explanation = &explanation};
    struct err err = {0};
    AUTO(diags_fini) struct diags diags;
    diags_init(&diags);
    if (plan_new(request->endpoint, workspace->conn, &diags, &running.plan, &err) != ERR_NONE) {
        message_diags(name, &diags, &err);
        fputs("what is not in the store may be in a schema file that it has not had yet: "
              "'reckoner serve' brings it up to date\n",
            stderr);
        return EXIT_FAILED;
    }
    int result = explain_plan(&running, name);
    plan_free(running.plan);
    return result;
}

// A write wants rows, and a read none.
static bool check_file(const struct endpoint *endpoint, const char *file)
{
    if (endpoint->field_count > 0 && file == NULL)
        fputs("reckoner: a write needs its rows: name a " BODY_FILE_ENDINGS " file behind it\n", stderr);
    else if (endpoint->field_count == 0 && file != NULL)
        fputs("reckoner: this endpoint takes no rows: leave the file out\n", stderr);
    else
        return true;
    return false;
}

static int explain(const struct options *options)
{
    const char *name = options->words[1], *file = options->word_count > 2 ? options->words[2] : NULL;
    bool is_read = span_starts_with(span_of(name), "GET ") || span_starts_with(span_of(name), "HEAD ");
    struct workspace workspace;
    if (!open_for(options->words[0], options, is_read ? STORE_READ : STORE_WRITE, &workspace))
        return EXIT_FAILED;
    AUTO(arena_fini) struct arena arena;
    arena_init(&arena, LIMIT_REQUEST_BYTES);
    struct typed_request request;
    int result = EXIT_FAILED;
    if (typed_request_read(workspace.app, name, &arena, &request) && check_file(request.endpoint, file))
        result = explain_request(&workspace, &request, name, file);
    workspace_fini(&workspace);
    return result;
}

int cmd_explain(int argc, char **argv)
{
    AUTO(options_fini) struct options options = {0};
    int result;
    if (!options_read(argc, argv, &USAGE, &options, &result))
        return result;
    return explain(&options);
}
