// SPDX-License-Identifier: Apache-2.0
// `reckoner check`: the app's files on a scratch store, with the first load, then advice on slow SQL. Which
// errors and advice there are is app's business (app/check.h, app/advice.h). On the main thread.
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "app/advice.h"
#include "app/history_advice.h"
#include "app/keep_advice.h"
#include "cmd/cmd.h"
#include "cmd/first_load.h"
#include "cmd/help.h"
#include "cmd/http_tests.h"
#include "cmd/message.h"
#include "cmd/options.h"
#include "cmd/test_files.h"
#include "cmd/workspace.h"

enum { TESTS_BYTES = 64 * 1024 * 1024 }; // of one file and what is made of it

static const struct usage USAGE = {
    .command = COMMAND_CHECK,
    .forms = "check [OPTION]... APP...",
    .about = "Reads every file of each app, applies its schema to a database in memory, prepares every\n"
             "statement, does the first load there, and reads tests/*.http. All errors are reported, as\n"
             "file:line:column. Exits with 1 when there is one. Then warns, by the data that is there, of\n"
             "statements that read big tables as a whole, of LIMITs that cut rows without a sure order, of\n"
             "writes that do not reach archived rows, and of endpoints whose answers cannot be kept.\n",
    .min_words = 1,
    .max_words = SIZE_MAX,
    .wanted = WANTED_APPS,
};

// Prints the warnings; false, after a message, when they cannot be found out.
static bool advise(const struct workspace *workspace, size_t *ret_count)
{
    AUTO(diags_fini) struct diags warnings;
    struct err err = {0};
    diags_init(&warnings);
    enum err_code code = app_advise(workspace->app, workspace->conn, &warnings, &err);
    if (code == ERR_NONE)
        code = keep_advise(workspace->app, workspace->store, workspace->conn, &warnings, &err);
    if (code != ERR_NONE)
        message_error(workspace->app->dir, &err);
    history_advise(workspace->app, &warnings);
    diags_sort(&warnings);
    diags_print(&warnings, stderr);
    *ret_count = diags_total(&warnings);
    return code == ERR_NONE;
}

// Reads one of tests/*.http; what is wrong with it goes to the diags.
static void read_tests(void *ctx, const char *path)
{
    AUTO(arena_fini) struct arena arena;
    struct http_tests tests;
    struct err err = {0};
    arena_init(&arena, TESTS_BYTES);
    if (http_tests_read(path, &arena, ctx, &tests, &err) != ERR_NONE)
        diags_add(ctx, path, 0, 0, "%s", err.text);
}

static bool check_tests(const char *dir)
{
    AUTO(diags_fini) struct diags diags;
    diags_init(&diags);
    int failed = test_files_each(dir, read_tests, &diags);
    if (failed != 0)
        diags_add(&diags, dir, 0, 0, "the folder tests cannot be read: %s", strerror(failed));
    diags_sort(&diags);
    diags_print(&diags, stderr);
    return diags_total(&diags) == 0;
}

static bool check(const char *dir, const char *url)
{
    struct workspace workspace;
    size_t warnings = 0;
    bool good = check_tests(dir);
    if (!workspace_open_scratch(dir, url, &workspace))
        return false;
    good = workspace_first_load(&workspace, &(struct options){0}, false) && advise(&workspace, &warnings) &&
           good;
    if (good) {
        fprintf(stderr, "%s: %zu endpoints, %zu schema files, no errors", dir, workspace.app->endpoint_count,
            workspace.app->migration_count);
        if (warnings > 0)
            fprintf(stderr, ", %zu warning%s", warnings, warnings == 1 ? "" : "s");
        fputc('\n', stderr);
    }
    workspace_fini(&workspace);
    return good;
}

int cmd_check(int argc, char **argv)
{
    AUTO(options_fini) struct options options = {0};
    int result;
    if (!options_read(argc, argv, &USAGE, &options, &result))
        return result;
    result = EXIT_OK;
    for (size_t i = 0; i < options.word_count; i++) {
        if (!check(options.words[i], options.store))
            result = EXIT_FAILED;
    }
    return result;
}
