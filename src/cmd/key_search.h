// SPDX-License-Identifier: Apache-2.0
// Which two or three columns of a table together tell its rows apart, where no single one does: a place and a
// day, say. On the main thread.
#ifndef RECKONER_CMD_KEY_SEARCH_H
#define RECKONER_CMD_KEY_SEARCH_H

#include "base/attr.h"
#include "base/err.h"
#include "cmd/new_table.h"

// Reads the rows of the file once more and gives the table its key, if there is one. It takes up to some
// 70 MiB of memory; a file too large for that may have a key that is not found. Errors as survey_file has
// them.
MUST_CHECK enum err_code key_search(
    const struct survey *survey, const char *path, struct new_table *table, struct err *err);

#endif
