// SPDX-License-Identifier: Apache-2.0
// PostgreSQL's own programs, run by name and without a shell. What they connect to is told them by their
// environment, so that no password is on a command line, where all users of a machine see it.
#ifndef RECKONER_STORE_POSTGRESQL_TOOL_H
#define RECKONER_STORE_POSTGRESQL_TOOL_H

#include <stdatomic.h>

#include "base/buf.h"
#include "base/err.h"

enum { PG_TOOL_ARGS = 16 };

struct pg_tool {
    const char *program;            // "pg_dump"
    const char *args[PG_TOOL_ARGS]; // behind it, up to the first NULL; borrowed
    const char *url;                // of the database, which pg_url_check has let pass; NULL: none is asked
    struct buf *out;                // gets what it prints; NULL: that is dropped
    const atomic_bool *stop;        // borrowed; set when it is to end; NULL: never
};

// Runs it to its end. ERR_CONFIG: it is not installed, or the url has what it cannot be told; ERR_STORE: it
// failed, with its own words; ERR_TIMEOUT: it was stopped; ERR_IO, ERR_NO_MEMORY. On one thread, which waits.
MUST_CHECK enum err_code pg_tool_run(const struct pg_tool *tool, struct err *err);

#endif
