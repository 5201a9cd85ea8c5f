// SPDX-License-Identifier: Apache-2.0
// The files of a new app: those of the folder new_app/, put into the program by meson and embed.py. Constant.
#ifndef RECKONER_CMD_INIT_FILES_H
#define RECKONER_CMD_INIT_FILES_H

#include <stddef.h>

struct init_file {
    const char *path;  // in the app: "schema/001_tables.sql"
    const char *bytes; //
    size_t len;        // of bytes
};

extern const struct init_file init_files[];
extern const size_t init_file_count;

#endif
