// SPDX-License-Identifier: Apache-2.0
// A constraint that a batch ran into (ERR_CONFLICT, ERR_CONSTRAINT), told by the fields of the endpoint. On
// the thread of the connection.
#ifndef RECKONER_BATCH_VIOLATED_H
#define RECKONER_BATCH_VIOLATED_H

#include "app/endpoint.h"
#include "base/buf.h"
#include "base/limits.h"
#include "batch/rows.h"
#include "batch/suspect.h"
#include "store/store.h"

// The fields that a constraint is about, as the names of its columns say. A statement may have stored other
// fields in these columns.
struct violated {
    enum violation_kind kind;    //
    size_t fields[LIMIT_FIELDS]; // numbers of fields of the endpoint, in the order of the columns
    size_t count;                // of fields; 0: the store tells no columns, or one is no field
};

// Those of the failure before this call, and of no other later.
struct violated violated_read(struct store_conn *conn, const struct endpoint *endpoint);

// Appends what a row has in these fields as the store tells the values of a key: with ", " between them.
void violated_write(const struct violated *violated, const struct endpoint *endpoint, const struct value *row,
    struct buf *out);

// Where all columns of the constraint are fields, puts their names, as clients know them, into err's text.
// Other errors stay as they are. Right after the failure.
void violated_words(struct store_conn *conn, const struct endpoint *endpoint, struct err *err);

// Which rows may have run into it: those that have the key that the store tells, where it does, or by their
// values. False where nobody is suspected, for want of memory too. Right after the failure.
bool violated_suspects(struct store_conn *conn, const struct endpoint *endpoint, const struct rows *rows,
    struct suspects *ret_suspects);

// The code of a fault: "conflict", "key_twice" or "constraint".
struct span violated_code(enum violation_kind kind);

#endif
