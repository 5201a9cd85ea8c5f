// SPDX-License-Identifier: Apache-2.0
// Old rows of a table in an archive beside it, in the same store. What the table T has of it: T_archive,
// which holds the rows that were moved; the view T_all over both; and triggers on T, so that a row whose
// unique key is in the archive meets it there, whoever inserts it. What is made stands in reckoner_history.
//
// A move is one transaction, so a row is in one of the two at any moment, and no question over T_all sees it
// twice or misses it.
#ifndef RECKONER_STORE_HISTORY_H
#define RECKONER_STORE_HISTORY_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/span.h"
#include "store/migrate.h"
#include "store/store.h"

// What an app says of a table, by a line of its [history].
struct history_rule {
    struct span table;  // [a-z_][a-z0-9_]*; borrowed, like the rest
    struct span column; // a date or a timestamp; likewise
    unsigned days;      // rows of earlier days than so many before today, in UTC, are old; 1 or more
    const char *file;   // app.ini's path, for messages
    uint32_t line;      // in it
};

// Makes what the tables need, or brings it up to date with them after a migration; what is there stays
// untouched. A transaction for each table, on a STORE_WRITE connection with none open. ERR_CONFIG, with file
// and line in its text, for a table that can have no history; errors of store_exec.
MUST_CHECK enum err_code history_make(
    struct store_conn *conn, const struct history_rule *rules, size_t count, struct err *err);

// migrate, and history_make in the transaction of each file that it applies: so a table that has an archive
// is at no moment without what goes with it, and a file that it cannot follow is taken back. A table whose
// archive is yet to be made has to fit behind the last file. Then history_make, for lines that are new.
MUST_CHECK enum err_code history_migrate(struct store_conn *conn, const struct migration_file *files,
    size_t file_count, const struct history_rule *rules, size_t count, struct err *err);

// What one step has done.
struct history_step {
    uint64_t rows;       // that were moved
    bool has_more;       // it took as many as it may
    int64_t oldest_days; // age of the oldest row that the table has now; -1: it has none, or it is not known
};

// Moves the oldest of the old rows, LIMIT_HISTORY_ROWS at most, in a transaction of its own; where none is
// old it writes nothing. On a STORE_WRITE connection with no transaction open, after history_make. Errors of
// store_begin, and of statements.
MUST_CHECK enum err_code history_move(
    struct store_conn *conn, const struct history_rule *rule, struct history_step *ret_step, struct err *err);

#endif
