// SPDX-License-Identifier: Apache-2.0
// Commands below a command, as `reckoner key create`. On the main thread.
#ifndef RECKONER_CMD_SUBCOMMAND_H
#define RECKONER_CMD_SUBCOMMAND_H

#include <stddef.h>

struct subcommand {
    const char *name;
    int (*run)(int argc, char **argv); // argv[0] is "key create", as messages call it
    const char *summary;
};

struct subcommands {
    const char *command; // "key"
    const char *about;   // what --help says above them, from "usage:" on
    const struct subcommand *items;
    size_t count;
};

// Runs the one that argv[1] names, or prints help; an exit_code.
int subcommands_run(const struct subcommands *commands, int argc, char **argv);

#endif
