// SPDX-License-Identifier: Apache-2.0
#include <stdint.h>
#include <stdio.h>

#include "app/advice.h"
#include "cmd/cmd.h"
#include "cmd/first_load.h"
#include "cmd/help.h"

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
static bool advise(const struct opened *opened, size_t *ret_count)
{
    AUTO(diags_fini) struct diags warnings;
    struct err err = {0};
    diags_init(&warnings);
    enum err_code code = app_advise(opened->app, opened->conn, &warnings, &err);
    if (code != ERR_NONE)
        show_error(opened->app->dir, &err);
    diags_sort(&warnings);
    diags_print(&warnings, stderr);
    *ret_count = diags_total(&warnings);
    return code == ERR_NONE;
}

static bool check(const char *dir, const char *url)
{
    struct opened opened;
    size_t warnings = 0;
    if (!open_app_scratch(dir, url, &opened))
        return false;
    bool good = first_load(&opened, &(struct options){0}, false) && advise(&opened, &warnings);
    if (good) {
        fprintf(stderr, "%s: %zu endpoints, %zu schema files, no errors", dir, opened.app->endpoint_count,
            opened.app->migration_count);
        if (warnings > 0)
            fprintf(stderr, ", %zu warning%s", warnings, warnings == 1 ? "" : "s");
        fputc('\n', stderr);
    }
    opened_fini(&opened);
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
