// SPDX-License-Identifier: Apache-2.0
// The options of all commands as one table. A row says everything about an option; parsing of the command
// line, the environment and the configuration file (options.h), each command's --help (help.h), the manual
// page and the messages come from it.
//
// A new option is a field of struct options, a row here, a row in docs/reference.md, and the code that uses
// it.
#ifndef RECKONER_CMD_OPTION_H
#define RECKONER_CMD_OPTION_H

#include <stdbool.h>
#include <stddef.h>

#include "base/span.h"

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
    COMMAND_HEALTH = 1 << 16,
    COMMAND_CONFIG = 1 << 14, // which takes those of serve as well
    COMMAND_TOP = 1 << 15,
    COMMAND_BACKUP = 1 << 17,
    COMMAND_RESTORE = 1 << 18,
    COMMAND_JOB_LIST = 1 << 20,
    COMMAND_JOB_SHOW = 1 << 21,
    COMMAND_JOB_RETRY = 1 << 22,
    COMMAND_JOB_CANCEL = 1 << 23,
    COMMAND_HOOK_LIST = 1 << 24,
    COMMAND_HOOK_RETRY = 1 << 25,
    COMMAND_HOOK_DROP = 1 << 26,
    COMMAND_VERIFY = 1 << 19,
};

// What a value may be, and the type of its field in struct options.
enum option_type {
    OPTION_SWITCH, // bool; has no value: true when the flag is given
    OPTION_TEXT,   // const char *
    OPTION_PATH,   // const char *; one of the configuration file is relative to the file's folder;
                   // credential:NAME is that file of systemd's $CREDENTIALS_DIRECTORY
    OPTION_COUNT,  // size_t, from `min` to `max`
    OPTION_BYTES,  // size_t, likewise; the text may have a unit: 64MiB
    OPTION_TIME, // size_t in milliseconds, likewise; the text may have a unit: 500ms, 5s, 15min, 2h; none: s
    OPTION_CHOICE,  // const char *; one of the row's `choices`
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

enum { OPTION_HELPS = 4, MAX_OPTION_ROWS = 128 };

struct option_row {
    const char *flag;                      // "--listen"
    const char *variable;                  // of the environment; NULL: none
    const char *key;                       // of the configuration file, "server.listen"; NULL: none
    enum option_type type;                 //
    bool is_reloadable;                    // a server takes a new value of the file at SIGHUP
    bool is_secret;                        // the value may hold one: it may come from a file of its own
    size_t field;                          // its offset in struct options
    size_t min, max;                       // of a count, bytes or a time in milliseconds
    const char *choices;                   // of a choice, "text|json"
    const char *standard;                  // the value without a flag or a variable, as text; NULL: none
    struct option_help help[OPTION_HELPS]; // a command takes the option when one of them is for it
};

// In the order of --help.
extern const struct option_row option_rows[];
extern const size_t option_row_count;

// The row of a flag; NULL: there is no such flag.
const struct option_row *option_row_of(struct span flag);

// What --help says of the option to a set of commands, the first thing of several; NULL: none of them takes
// it.
const struct option_help *option_help_for(const struct option_row *row, unsigned commands);

// Whether the option has a key in that section of the configuration file.
bool option_is_in(const struct option_row *row, struct span section);

// Of a row that has a key: its section, and what the key is called in it.
struct span option_section(const struct option_row *row);
const char *option_key_name(const struct option_row *row);

// Whether the row, one of option_rows, is the first that has a key of its section.
bool option_begins_section(const struct option_row *row);

// Whether `command` takes the option.
bool option_is_of(const struct option_row *row, enum command command);

#endif
