// SPDX-License-Identifier: Apache-2.0
// Finds the command and runs it, on the main thread. What is said of commands is in command.c, all else in
// the command's own file.
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/attr.h"
#include "cmd/cmd.h"
#include "cmd/command.h"
#include "cmd/manual.h"
#include "text/nearest.h"

static const struct {
    const char *name;
    int (*run)(int argc, char **argv);
} runs[] = {
    {"serve", cmd_serve},
    {"init", cmd_init},
    {"check", cmd_check},
    {"test", cmd_test},
    {"explain", cmd_explain},
    {"routes", cmd_routes},
    {"load", cmd_load},
    {"key", cmd_key},
    {"job", cmd_job},
    {"hook", cmd_hook},
    {"reset", cmd_reset},
    {"backup", cmd_backup},
    {"restore", cmd_restore},
    {"verify", cmd_verify},
    {"config", cmd_config},
    {"usage", cmd_usage},
    {"health", cmd_health},
    {"complete", cmd_complete},
    {"top", cmd_top},
    {"version", cmd_version},
};

static void print_help(FILE *out)
{
    fputs("Reckoner turns a folder of SQL files and CSV data into an HTTP API.\n"
          "\n"
          "usage: reckoner COMMAND [OPTION]... ARGUMENT...\n"
          "\n"
          "commands:\n",
        out);
    for (size_t i = 0; i < command_row_count; i++) {
        if (command_rows[i].verb == NULL)
            fprintf(out, "  %-10s %s\n", command_rows[i].name, command_rows[i].summary);
    }
    fputs(
        "\n"
        "'reckoner COMMAND --help' tells more about one, 'reckoner help --man | man -l -' of all together.\n"
        "Exit codes: 0 done, 1 failed, 2 the command line is wrong.\n",
        out);
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        print_help(stderr);
        return EXIT_USAGE;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "help") == 0) {
        if (argc == 3 && strcmp(argv[2], "--man") == 0)
            manual_print(stdout);
        else
            print_help(stdout);
        return EXIT_OK;
    }
    signal(SIGXFSZ, SIG_IGN); // a file that is larger than it may be is an error like a full disk
    const char *name = strcmp(argv[1], "--version") == 0 ? "version" : argv[1];
    for (size_t i = 0; i < ARRAY_LEN(runs); i++) {
        if (strcmp(name, runs[i].name) == 0)
            return runs[i].run(argc - 1, argv + 1);
    }
    const char *nearest = nearest_in(span_of(name), runs, ARRAY_LEN(runs), sizeof(runs[0]));
    fprintf(stderr, "reckoner: no command is called %s; ", name);
    if (nearest != NULL)
        fprintf(stderr, "did you mean %s?\n", nearest);
    else
        fputs("'reckoner --help' lists them\n", stderr);
    return EXIT_USAGE;
}
