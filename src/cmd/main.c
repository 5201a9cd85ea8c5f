// SPDX-License-Identifier: Apache-2.0
// Finds the command and runs it, on the main thread. Everything else is in the command's own file.
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/attr.h"
#include "cmd/cmd.h"
#include "text/nearest.h"

static const struct {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *summary;
} commands[] = {
    {"serve", cmd_serve, "answer HTTP requests for one or more apps"},
    {"init", cmd_init, "make a new app that runs"},
    {"check", cmd_check, "report every error in the files of apps"},
    {"test", cmd_test, "run the tests of apps"},
    {"explain", cmd_explain, "show what a request runs, and what is slow about it"},
    {"routes", cmd_routes, "list the endpoints of apps"},
    {"load", cmd_load, "put one file into a store, as one batch"},
    {"key", cmd_key, "make, list, rotate and revoke the keys that let clients in"},
    {"reset", cmd_reset, "take away what is in an app's store and make it anew"},
    {"usage", cmd_usage, "print what clients have used"},
    {"version", cmd_version, "print the version"},
};

static void print_help(FILE *out)
{
    fputs("Reckoner turns a folder of SQL files and CSV data into an HTTP API.\n"
          "\n"
          "usage: reckoner COMMAND [OPTION]... ARGUMENT...\n"
          "\n"
          "commands:\n",
        out);
    for (size_t i = 0; i < ARRAY_LEN(commands); i++)
        fprintf(out, "  %-10s %s\n", commands[i].name, commands[i].summary);
    fputs("\n"
          "'reckoner COMMAND --help' tells more about one.\n"
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
        print_help(stdout);
        return EXIT_OK;
    }
    signal(SIGXFSZ, SIG_IGN); // a file that is larger than it may be is an error like a full disk
    const char *name = strcmp(argv[1], "--version") == 0 ? "version" : argv[1];
    for (size_t i = 0; i < ARRAY_LEN(commands); i++) {
        if (strcmp(name, commands[i].name) == 0)
            return commands[i].run(argc - 1, argv + 1);
    }
    const char *nearest = nearest_in(span_of(name), commands, ARRAY_LEN(commands), sizeof(commands[0]));
    fprintf(stderr, "reckoner: no command is called %s; ", name);
    if (nearest != NULL)
        fprintf(stderr, "did you mean %s?\n", nearest);
    else
        fputs("'reckoner --help' lists them\n", stderr);
    return EXIT_USAGE;
}
