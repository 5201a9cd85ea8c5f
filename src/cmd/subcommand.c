// SPDX-License-Identifier: Apache-2.0
// Finds the command below a command, and says what there is where it is none. What each does is its own
// file's. On the main thread.
#include "cmd/subcommand.h"

#include <stdio.h>
#include <string.h>

#include "cmd/cmd.h"
#include "text/nearest.h"

enum { NAME_BYTES = 64 };

static void print_help(const struct subcommands *commands, FILE *out)
{
    fprintf(out, "%s\ncommands:\n", commands->about);
    for (size_t i = 0; i < commands->count; i++)
        fprintf(out, "  %-8s %s\n", commands->items[i].name, commands->items[i].summary);
    fprintf(out, "\n'reckoner %s COMMAND --help' tells more about one.\n", commands->command);
}

static int refuse(const struct subcommands *commands, const char *word)
{
    const char *nearest =
        nearest_in(span_of(word), commands->items, commands->count, sizeof(commands->items[0]));
    fprintf(stderr, "reckoner: no command is called %s %s; ", commands->command, word);
    if (nearest != NULL)
        fprintf(stderr, "did you mean %s %s?\n", commands->command, nearest);
    else
        fprintf(stderr, "'reckoner %s --help' lists them\n", commands->command);
    return EXIT_USAGE;
}

int subcommands_run(const struct subcommands *commands, int argc, char **argv)
{
    if (argc < 2) {
        print_help(commands, stderr);
        return EXIT_USAGE;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
        print_help(commands, stdout);
        return EXIT_OK;
    }
    for (size_t i = 0; i < commands->count; i++) {
        char name[NAME_BYTES];
        if (strcmp(argv[1], commands->items[i].name) != 0)
            continue;
        snprintf(name, sizeof(name), "%s %s", commands->command, argv[1]);
        argv[1] = name;
        return commands->items[i].run(argc - 1, argv + 1);
    }
    return refuse(commands, argv[1]);
}
