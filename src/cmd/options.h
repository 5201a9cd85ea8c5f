// SPDX-License-Identifier: Apache-2.0
// Command lines: flags over environment over defaults, and the words that are left. getopt_long(3) does the
// parsing.
#ifndef RECKONER_CMD_OPTIONS_H
#define RECKONER_CMD_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

enum { MAX_DATA = 64 }; // --data options

struct options {
    const char *listen;     // --listen, RECKONER_LISTEN; default 127.0.0.1:8080
    const char *store;      // --store, RECKONER_STORE, one that some driver knows; NULL: sqlite:VAR/APP.db
    const char *read_store; // serve's --read-store, RECKONER_READ_STORE, a copy of `store`; NULL: none
    const char *var;        // --var, RECKONER_VAR; default ./var
    const char *data[MAX_DATA]; // --data, RECKONER_DATA: "DIR" or "APP=DIR"; none: each app's own data/
    size_t data_count;          //
    bool has_data_flag;         // they are from --data
    bool several_apps;          // the words are several apps; set by the command
    size_t loops;               // --loops, RECKONER_LOOPS; default: one a core
    size_t workers;             // --workers, RECKONER_WORKERS; default: one a core
    bool quiet;                 // --quiet: no access log
    bool watch;                 // --watch: edited files take effect
    size_t timeout_s;           // --timeout: of one request of a test, in seconds
    bool help;                  // --help was given; options_read has dealt with it
    char **words;               // what is not an option
    size_t word_count;          //
};

enum option_set {
    OPTIONS_NONE,  // --help alone
    OPTIONS_FILES, // --help, and --store for those that only look at an app's files
    OPTIONS_STORE, // these and --var
    OPTIONS_DATA,  // these and --data
    OPTIONS_SERVE, // these and what a server needs
    OPTIONS_TEST,  // --help, --store and --timeout
};

// Where a text of the options comes from, for messages: the variable's name if it is the variable's own text,
// else the flag.
const char *option_source(const char *text, const char *flag, const char *variable);

// Whether the store is SQLite's: of a url that some driver knows, or NULL, the default.
bool is_sqlite(const char *url);

// Reads argv and answers --help. False when the command is over: *ret_exit is its exit code, after `help` on
// stdout, or a line on stderr where argv is wrong or has fewer than min_words or more than max_words words
// ("check wants `wanted`"). Texts borrow argv and the environment.
bool options_read(int argc, char **argv, enum option_set set, const char *help, size_t min_words,
    size_t max_words, const char *wanted, struct options *ret_options, int *ret_exit);

#endif
