// SPDX-License-Identifier: Apache-2.0
#include <stdint.h>
#include <stdio.h>

#include "cmd/cmd.h"
#include "cmd/open.h"

static const char HELP[] =
    "usage: reckoner check APP...\n"
    "\n"
    "Reads every file of each app, applies its schema to a database in memory, and prepares every\n"
    "statement. All errors are reported, as file:line:column. Exits with 1 when there is one.\n";

int cmd_check(int argc, char **argv)
{
    struct options options;
    int result;
    if (!options_read(argc, argv, OPTIONS_NONE, HELP, 1, SIZE_MAX,
            "at least one app: a folder with SQL files", &options, &result))
        return result;
    result = EXIT_OK;
    for (size_t i = 0; i < options.word_count; i++) {
        struct opened opened;
        if (!open_app_in_memory(options.words[i], &opened)) {
            result = EXIT_FAILED;
            continue;
        }
        fprintf(stderr, "%s: %zu endpoints, %zu schema files, no errors\n", options.words[i],
            opened.app->endpoint_count, opened.app->migration_count);
        opened_fini(&opened);
    }
    return result;
}
