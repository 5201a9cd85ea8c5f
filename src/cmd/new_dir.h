// SPDX-License-Identifier: Apache-2.0
// The folder of a new app, and its files. Nothing is ever written over. On the main thread; what is wrong is
// told on stderr.
#ifndef RECKONER_CMD_NEW_DIR_H
#define RECKONER_CMD_NEW_DIR_H

#include <stdbool.h>

#include "base/span.h"

enum { NEW_DIR_PATH_BYTES = 4096 };

// Whether an app may be named as the last part of the path. A folder such as "." has its name elsewhere.
bool new_dir_check_name(const char *dir);

// Makes the folder, or sees that it is empty.
bool new_dir_make(const char *dir);

// Writes a file of the app's, "schema/001_tables.sql", and the folder that it stands in.
bool new_dir_write(const char *dir, const char *name, struct span bytes);

// Copies the file at `from` there.
bool new_dir_copy(const char *dir, const char *name, const char *from);

#endif
