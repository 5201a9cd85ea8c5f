// SPDX-License-Identifier: Apache-2.0
// The options of all commands as one table. A row says everything about an option; parsing of the command
// line and the environment (options.h), each command's --help (help.h) and the messages come from it.
//
// A new option is a field of struct options, a row here, a row in docs/reference.md, and the code that uses
// it.
#ifndef RECKONER_CMD_OPTION_H
#define RECKONER_CMD_OPTION_H

#include <stdbool.h>
#include <stddef.h>

// The commands that take options; bits, so that several make a set.
enum command {
    COMMAND_SERVE = 1 << 0,
    COMMAND_INIT = 1 << 1,
    COMMAND_CHECK = 1 << 2,
    COMMAND_TEST = 1 << 3,
    COMMAND_EXPLAIN = 1 << 4,
    COMMAND_ROUTES = 1 << 5,
    COMMAND_LOAD = 1 << 6,
    COMMAND_RESET = 1 << 7,
    COMMAND_KEY_CREATE = 1 << 8,
    COMMAND_KEY_LIST = 1 << 9,
    COMMAND_KEY_SHOW = 1 << 10,
    COMMAND_KEY_ROTATE = 1 << 11,
    COMMAND_KEY_REVOKE = 1 << 12,
    COMMAND_USAGE = 1 << 13,
};

// What a value may be, and the type of its field in struct options.
enum option_type {
    OPTION_SWITCH,  // bool; has no value: true when the flag is given
    OPTION_TEXT,    // const char *
    OPTION_COUNT,   // size_t, from `min` to `max`
    OPTION_BYTES,   // size_t, likewise; the text may have a unit: 64MiB
    OPTION_THREADS, // size_t, from `min` to `max`; one a core unless it is given
    OPTION_STORE,   // const char *; the url of a store that some driver knows, as a flag without a password
    OPTION_LIST,    // struct option_list
};

// What --help says about an option: to one command this, to another one that.
struct option_help {
    unsigned commands; // the set that is told so; 0: an unused entry
    const char *value; // what stands behind the flag, "DIR"; NULL for a switch
    const char *text;  // what it does; of any length
};

enum { OPTION_HELPS = 3 };

struct option_row {
    const char *flag;                      // "--listen"
    const char *variable;                  // of the environment; NULL: none
    enum option_type type;                 //
    size_t field;                          // its offset in struct options
    size_t min, max;                       // of a count or bytes
    const char *standard;                  // the value without a flag or a variable, as text; NULL: none
    struct option_help help[OPTION_HELPS]; // a command takes the option when one of them is for it
};

// In the order of --help.
extern const struct option_row option_rows[];
extern const size_t option_row_count;

// Whether `command` takes the option.
bool option_is_of(const struct option_row *row, enum command command);

#endif
