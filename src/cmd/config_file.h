// SPDX-License-Identifier: Apache-2.0
// The configuration file, an ini file:
//
//   [server]
//   listen = 127.0.0.1:8080      ; a key of the table in option.c; keys of lists may stand several times
//
//   [store]
//   url_file = secrets/store     ; a file that holds the value, of an option that may be a secret
//
//   [app rates]                  ; an app to serve: its folder, and where its first load finds its files
//   path = apps/rates
//   data = /srv/data/rates
//
// Paths are relative to the folder of the file. It is read whole before anything of it holds. Any thread.
#ifndef RECKONER_CMD_CONFIG_FILE_H
#define RECKONER_CMD_CONFIG_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "cmd/option.h"

struct config_value {
    const struct option_row *row; // whose key it is
    const char *text;             // the value, or the path of the file that holds it
    bool is_in_file;              // the latter
    uint32_t line;                // from 1
};

struct config_app {
    const char *name; // of its section, and of its folder
    const char *path; // its folder
    const char *data; // NULL: none
    uint32_t line;    // of the first key of its section
};

struct config_file {
    const char *path;            // as it was given; NULL: there is no file
    const char *dir;             // its folder
    bool is_open;                // users that are neither its owner nor of its group may read it
    struct config_value *values; // in the arena, as all here; in the order of the file
    size_t value_count, value_room;
    struct config_app *apps; // likewise
    size_t app_count, app_room;
};

// ERR_CONFIG with the file and the line in the text, ERR_NO_MEMORY.
MUST_CHECK enum err_code config_file_read(
    const char *path, struct arena *arena, struct config_file *ret_file, struct err *err);

#endif
