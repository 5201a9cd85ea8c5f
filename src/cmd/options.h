// SPDX-License-Identifier: Apache-2.0
// A command's options and words: flags go over the environment, which goes over the defaults. The table in
// option.c says which there are. On the main thread.
#ifndef RECKONER_CMD_OPTIONS_H
#define RECKONER_CMD_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

struct usage;

enum { MAX_OPTION_TEXTS = 64 };

// The values of a flag that may be given several times.
struct option_list {
    const char *texts[MAX_OPTION_TEXTS]; // borrowed from argv or the environment
    size_t count;                        //
    bool is_from_flags;                  // else the only one is the variable's
};

// Texts borrow argv and the environment. What the flags mean is told in option.c.
struct options {
    const char *listen;        // "127.0.0.1:8080"
    const char *store;         // of a kind that some driver knows; NULL: sqlite:VAR/APP.db
    const char *read_store;    // likewise; NULL: none
    const char *var;           // a folder
    const char *csv;           // words of csv_options.h; NULL: none
    struct option_list data;   // "DIR" or "APP=DIR"; none: each app's own data/
    bool several_apps;         // no option: the words are several apps; set by the command
    size_t loops;              // from 1
    size_t workers;            // from 1
    size_t max_body_bytes;     // from 1 KiB
    size_t cache_mib;          // from 0
    size_t drain_s;            // from 1
    bool quiet;                //
    bool watch;                //
    bool reset;                //
    bool yes;                  //
    const char *from;          // a file; NULL: none
    const char *month;         // not read yet, as the next two; NULL: this one
    const char *day;           // NULL: a month
    const char *client;        // an id, or "-"; NULL: all
    const char *format;        // "text", "csv" or "json", if it is right
    size_t timeout_s;          // from 1; of one request of a test
    struct option_list scopes; // "GET /rates", or a name
    struct option_list claims; // "tenant=acme"
    const char *label;         // NULL: none
    const char *plan;          // of app.ini; NULL: none
    const char *expires;       // "90d", or a day; NULL: never
    const char *overlap;       // "7d", or "0"
    bool help;                 // options_read has dealt with it
    char **words;              // what is not an option; in argv
    size_t word_count;         //
};

// Where an option's text comes from, for messages: the name of the variable that it is the text of, or else
// the flag, which is in the table.
const char *option_source(const char *flag, const char *text);

// Whether the store is SQLite's: of a url that some driver knows, or NULL, the default.
bool is_sqlite(const char *url);

// A store's url, which is SQLite's or an option's own text, as messages may show it: where it comes from
// ("--store", "RECKONER_STORE") for one that may hold a password.
const char *store_shown(const char *url);

// Reads argv and answers --help. False when the command is over: *ret_exit is its exit code, after the help
// on stdout, or a line on stderr where an option or the number of words is wrong.
bool options_read(
    int argc, char **argv, const struct usage *usage, struct options *ret_options, int *ret_exit);

#endif
