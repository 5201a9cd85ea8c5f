// SPDX-License-Identifier: Apache-2.0
// `reckoner check`: the app's files on a scratch store, with the first load, then advice on slow SQL. Which
// errors and advice there are is app's business (app/check.h, app/advice.h). On the main thread.
#include <stdint.h>
#include <stdio.h>

#include "app/advice.h"
#include "cmd/cmd.h"
#include "cmd/first_load.h"
#include "cmd/help.h"
#include "cmd/message.h"
#include "cmd/options.h"
#include "cmd/workspace.h"

static const struct usage USAGE = {
    .command = COMMAND_CHECK,
    .forms = "check [OPTION]... APP...",
    .about = "Reads every file of each app, applies its schema to a database in memory, prepares every\n"
             "statement, and does the first load there. All errors are reported, as file:line:column. Exits\n"
             "with 1 when there is one. Then warns, by the data that is there, of statements that read big\n"
             "tables as a whole, and of LIMITs that cut rows without a sure order.\n",
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
    if (code != ERR_NONE)
        message_error(workspace->app->dir, &err);
    diags_sort(&warnings);
    diags_print(&warnings, stderr);
    *ret_count = diags_total(&warnings);
    return code == ERR_NONE;
}

static bool check(const char *dir, const char *url)
{
    struct workspace workspace;
    size_t warnings = 0;
    if (!workspace_open_scratch(dir, url, &workspace))
        return false;
    bool good =
        workspace_first_load(&workspace, &(struct options){0}, false) && advise(&workspace, &warnings);
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
    struct options options;
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
