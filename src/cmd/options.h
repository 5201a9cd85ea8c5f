// SPDX-License-Identifier: Apache-2.0
// Command lines: flags over environment over defaults, and the words that are left. getopt_long(3) does the
// parsing.
#ifndef RECKONER_CMD_OPTIONS_H
#define RECKONER_CMD_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

struct options {
    const char *listen; // --listen, RECKONER_LISTEN; default 127.0.0.1:8080
    const char *store;  // --store, RECKONER_STORE; NULL: sqlite:VAR/APP.db
    const char *var;    // --var, RECKONER_VAR; default ./var
    const char *data;   // --data, RECKONER_DATA; NULL: each app's own data/
    size_t loops;       // --loops, RECKONER_LOOPS; default: one a core
    size_t workers;     // --workers, RECKONER_WORKERS; default: one a core
    bool quiet;         // --quiet: no access log
    bool help;          // --help was given
    char **words;       // what is not an option
    size_t word_count;  //
};

enum option_set {
    OPTIONS_NONE,  // --help alone
    OPTIONS_STORE, // --store and --var too
    OPTIONS_SERVE, // all of them
};

// Reads argv; false, after a line on stderr, when it is wrong. Texts borrow argv and the environment.
bool options_read(int argc, char **argv, enum option_set set, struct options *ret_options);

#endif
