// SPDX-License-Identifier: Apache-2.0
// The commands as a table: what `reckoner --help`, completions of shells and the manual page say of them.
// Which function runs a command is told in main.c, above all commands.
//
// A new command is a bit of enum command, a row here, a row in main.c, and its own file.
#ifndef RECKONER_CMD_COMMAND_H
#define RECKONER_CMD_COMMAND_H

#include <stddef.h>

// A command, or one verb of a command that has several: `key create`.
struct command_row {
    const char *name;    // "key"
    const char *verb;    // "create"; NULL: the command has none
    unsigned options;    // the bit of enum command by which rows of option.h are for it; 0: it takes none
    const char *summary; // what it does, for one line of help
};

// In the order of --help. Verbs stand behind the row of their command itself, whose options are 0.
extern const struct command_row command_rows[];
extern const size_t command_row_count;

#endif
