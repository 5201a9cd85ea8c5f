// SPDX-License-Identifier: Apache-2.0
// `reckoner load`: one file as one batch in one transaction. How bytes become rows and rows a batch is
// batch's business (batch/load.h). On the main thread, the only one.
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "app/body_format.h"
#include "app/csv_options.h"
#include "base/clock.h"
#include "base/limits.h"
#include "batch/load.h"
#include "batch/record.h"
#include "cmd/cmd.h"
#include "cmd/first_load.h"
#include "cmd/help.h"
#include "cmd/message.h"
#include "cmd/options.h"
#include "cmd/workspace.h"

static const struct usage USAGE = {
    .command = COMMAND_LOAD,
    .forms = "load [OPTION]... APP 'POST /path' FILE",
    .about =
        "Puts FILE (" BODY_FILE_ENDINGS ") through a write endpoint of APP as one batch: whole or\n"
        "not at all. It works on the store itself, beside a running server or without one, and prints\n"
        "the endpoint's answer and its warnings. A file may be larger than a request body. What app.ini\n"
        "names under [load] goes in before it, if the store does not have it yet.\n",
    .min_words = 3,
    .max_words = 3,
    .wanted = "APP 'POST /path' FILE",
};

enum { BAR_CELLS = 40, BAR_EVERY_MS = 100 };

struct bar {
    uint64_t drawn_ns; // when it was last drawn; monotonic
    bool drawn;        // something is on the line
};

static void draw_bar(void *ctx, uint64_t done, uint64_t total)
{
    struct bar *bar = ctx;
    uint64_t now_ns = clock_monotonic_ns();
    if (total == 0 || (done < total && now_ns - bar->drawn_ns < BAR_EVERY_MS * NS_PER_MS))
        return;
    bar->drawn_ns = now_ns;
    bar->drawn = true;
    int cells = (int)((double)done / (double)total * BAR_CELLS);
    fprintf(stderr, "\r[%-*.*s] %3d%%", BAR_CELLS, cells, "########################################",
        (int)((double)done / (double)total * 100.0));
    if (done >= total)
        fputs(" writing …", stderr);
    fflush(stderr);
}

static void end_bar(const struct bar *bar)
{
    if (bar->drawn)
        fputs("\r\033[K", stderr);
}

// "POST /prices" to its endpoint; NULL, after a message, for anything that the app does not write.
static const struct endpoint *find_endpoint(const struct app *app, const char *text)
{
    struct span path = span_of(text);
    struct span method = span_split(&path, ' ');
    path = span_trim(path);
    for (int i = 0; i < HTTP_METHODS; i++) {
        if (i == HTTP_GET || !span_is(method, http_method_name((enum http_method)i)))
            continue;
        const struct endpoint *endpoint = app_find(app, (enum http_method)i, path);
        if (endpoint != NULL)
            return endpoint;
    }
    const struct endpoint *near = app_nearest(app, span_of(text));
    if (near != NULL && !endpoint_is_read(near)) {
        fprintf(stderr, "reckoner: %s writes nothing under '%s'; did you mean '%s %.*s'?\n", app->dir, text,
            http_method_name(near->method), (int)near->path.len, near->path.at);
        return NULL;
    }
    fprintf(stderr, "reckoner: %s writes nothing under '%s'; 'reckoner routes %s' lists its endpoints\n",
        app->dir, text, app->dir);
    return NULL;
}

// `file` is without its options.
static enum err_code load_in_transaction(
    const struct load *file, const struct csv_dialect *csv, struct err *err)
{
    struct bar bar = {0};
    struct store_conn *conn = plan_conn(file->plan);
    const struct load_options options = {
        .csv = csv, .on_bytes = isatty(STDERR_FILENO) ? draw_bar : NULL, .ctx = &bar};
    struct load load = *file;
    load.options = &options;
    uint64_t start_ns = clock_monotonic_ns();
    enum err_code code = store_begin_early(conn, err);
    if (code != ERR_NONE)
        return code;
    code = load_file(&load, err);
    if (code == ERR_NONE)
        code = store_commit(conn, err);
    if (code != ERR_NONE)
        store_rollback(conn);
    if (code != ERR_NONE && load.report->total == 0)
        load_find_culprit(&load, clock_monotonic_ns() - start_ns, err);
    end_bar(&bar);
    return code;
}

static int load(struct workspace *workspace, const struct endpoint *endpoint, const char *path,
    const struct csv_dialect *csv)
{
    AUTO(diags_fini) struct diags diags;
    AUTO(report_fini) struct report report = {0}, warnings = {0};
    AUTO(spool_fini) struct spool answer;
    struct err err = {0};
    struct plan *plan = NULL;
    diags_init(&diags);
    spool_init(&answer, NULL, LIMIT_ANSWER_BYTES);
    enum err_code code = plan_new(endpoint, workspace->conn, &diags, &plan, &err);
    if (code == ERR_NONE)
        code = plan_find_early(plan, &err);
    if (code == ERR_NONE)
        code = record_make_table(workspace->conn, &err);
    const struct load file = {
        .plan = plan, .path = path, .report = &report, .warnings = &warnings, .answer = &answer};
    if (code == ERR_NONE)
        code = load_in_transaction(&file, csv, &err);
    plan_free(plan);
    if (code == ERR_NONE) {
        message_warnings(path, &warnings);
        printf("%.*s\n", (int)answer.buf.len, answer.buf.data);
        return EXIT_OK;
    }
    message_report(path, &report);
    message_error(path, &err);
    fputs("nothing was loaded\n", stderr);
    return EXIT_FAILED;
}

// Reads --csv over what the endpoint says; false after a message.
static bool read_dialect(
    const struct options *options, const struct endpoint *endpoint, struct csv_dialect *ret_dialect)
{
    AUTO(diags_fini) struct diags diags;
    struct csv_options csv;
    csv_options_init(&csv, endpoint->csv);
    diags_init(&diags);
    if (options->csv != NULL) {
        struct words words = {
            .rest = span_of(options->csv), .file = "--csv", .line = 1, .column = 1, .diags = &diags};
        const char *problem = csv_options_read(&csv, &words) ? csv_options_problem(&csv) : NULL;
        if (problem != NULL)
            diags_add(&diags, "--csv", 1, 1, "%s", problem);
    }
    diags_print(&diags, stderr);
    *ret_dialect = csv.dialect;
    return diags_total(&diags) == 0;
}

// What is wrong with the file already; load_file looks closer.
static bool is_loadable(const char *path)
{
    enum body_format format;
    if (!body_format_of_file(span_of(path), &format))
        fprintf(stderr, "reckoner: %s: the file's name must end in " BODY_FILE_ENDINGS "\n", path);
    else if (access(path, R_OK) != 0)
        fprintf(stderr, "reckoner: %s: could not be opened: %s\n", path, strerror(errno));
    else
        return true;
    return false;
}

// The command line is right before the store is touched, which this may make.
static int load_into(struct app *app, const struct options *options)
{
    struct workspace workspace;
    char url[STORE_URL_BYTES];
    const struct endpoint *endpoint = find_endpoint(app, options->words[1]);
    struct csv_dialect csv;
    if (endpoint == NULL || !is_loadable(options->words[2]) || !read_dialect(options, endpoint, &csv))
        return EXIT_FAILED;
    const char *store = workspace_store_url(options, app, url);
    bool is_new = !workspace_store_is_there(store);
    if (!workspace_open_store(app, options, &workspace))
        return EXIT_FAILED;
    if (is_new)
        fprintf(stderr, "reckoner: %s: this store was not there, and is made\n", store_shown(options, store));
    int result = workspace_first_load(&workspace, options, true)
                     ? load(&workspace, endpoint, options->words[2], options->csv != NULL ? &csv : NULL)
                     : EXIT_FAILED;
    workspace_fini(&workspace);
    return result;
}

int cmd_load(int argc, char **argv)
{
    AUTO(options_fini) struct options options = {0};
    int result;
    if (!options_read(argc, argv, &USAGE, &options, &result))
        return result;
    struct app *app = workspace_read_app(options.words[0], options.store);
    result = app != NULL ? load_into(app, &options) : EXIT_FAILED;
    app_unref(app);
    return result;
}
