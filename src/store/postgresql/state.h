// SPDX-License-Identifier: Apache-2.0
// The answer to the question for the state of the database (known.h): rows of these columns, found by the
// name in the first of them.
#ifndef RECKONER_STORE_POSTGRESQL_STATE_H
#define RECKONER_STORE_POSTGRESQL_STATE_H

#include <libpq-fe.h>
#include <stdint.h>

enum {
    PG_STATE_NAME,  // of a table; or it begins with one of the bytes below; empty: the history
    PG_STATE_ROWS,  // what has been written, as a number; of a set of buckets: what its triggers are; of the
                    // server: its start
    PG_STATE_SHAPE, // what it is, as a number
    PG_STATE_TEXT, // of a set: what has been raised; of the server: the snapshot; of a partitioned table: how
                   // many parts readers see, itself among them
};

enum {
    PG_STATE_SET = 2,    // a set of buckets: its table and its columns, with PG_STATE_SEPARATOR between them
    PG_STATE_SERVER = 3, // the server that answers
    PG_STATE_SEPARATOR = 31, //
};

// A number of the answer, and the row of a name in it, or -1.
uint64_t pg_number_at(const PGresult *state, int row, int column);
int pg_find_row(const PGresult *state, const char *name);

#endif
