// SPDX-License-Identifier: Apache-2.0
// What a command wants on its command line, and its --help.
#ifndef RECKONER_CMD_HELP_H
#define RECKONER_CMD_HELP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "cmd/option.h"

// What every command that works on apps wants of its words.
#define WANTED_APPS "at least one app: a folder with SQL files"

struct usage {
    enum command command;    // its options are those rows of the table that are for it
    const char *forms;       // "check [OPTION]... APP...", a line each way to call it
    const char *about;       // what it does; whole lines of at most HELP_COLUMNS characters
    const char *notes;       // likewise, for behind the options; NULL: none
    size_t min_words;        // what is not an option: at least so many
    size_t max_words;        // and at most so many
    const char *wanted;      // what the words are, for the message when there are more or fewer
    bool takes_apps_of_file; // without words they are the apps of the configuration file
};

enum { HELP_COLUMNS = 100 };

// Prints the usage lines, what the command does, and its options with their variables and defaults.
void help_print(const struct usage *usage, FILE *out);

#endif
