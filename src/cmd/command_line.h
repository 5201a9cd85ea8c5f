// SPDX-License-Identifier: Apache-2.0
// The command line, split into flags with their texts, and words. What the texts mean is options.c's. On the
// main thread, as getopt keeps its place in globals.
#ifndef RECKONER_CMD_COMMAND_LINE_H
#define RECKONER_CMD_COMMAND_LINE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/err.h"
#include "cmd/help.h"
#include "cmd/option.h"

struct given_flag {
    const struct option_row *row; //
    const char *text;             // of argv; "yes" of a switch
};

struct command_line {
    struct given_flag *flags; // in the arena; in their order
    size_t flag_count;        //
    char **words;             // what is not a flag; in argv
    size_t word_count;        //
};

// Reads argv, whose words it moves behind the flags; it can be read again. ERR_CONFIG for a flag that the
// command does not have, or one without its value; ERR_NO_MEMORY.
MUST_CHECK enum err_code command_line_read(int argc, char **argv, const struct usage *usage,
    struct arena *arena, struct command_line *ret_line, struct err *err);

// The text of a flag, the last one; NULL: it is not given.
const char *command_line_text(const struct command_line *line, const char *flag);

#endif
