// SPDX-License-Identifier: Apache-2.0
// The logs of a server: its access log on standard output, its error log on standard error. On the main
// thread.
#ifndef RECKONER_CMD_LOGS_H
#define RECKONER_CMD_LOGS_H

#include "base/err.h"
#include "base/log.h"

struct options;

struct logs {
    struct log *access; // owned; NULL: none, as --quiet says
    struct log *error;  // owned
};

// Opens them as --quiet and --log say. What the program prints to stderr from here on is in the form of the
// log, too. ERR_NO_MEMORY, ERR_IO; then none is open.
MUST_CHECK enum err_code logs_open(const struct options *options, struct logs *ret_logs, struct err *err);

// Takes another --log: lines from here on are written so.
void logs_follow(const struct logs *logs, const struct options *options);

// Writes what waits, and closes them. Zeroed ones are fine.
void logs_close(struct logs *logs);

#endif
