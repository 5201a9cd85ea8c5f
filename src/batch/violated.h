// SPDX-License-Identifier: Apache-2.0
// A constraint that a batch ran into (ERR_CONFLICT, ERR_CONSTRAINT), told by the fields of the endpoint. On
// the thread of the connection.
#ifndef RECKONER_BATCH_VIOLATED_H
#define RECKONER_BATCH_VIOLATED_H

#include "app/endpoint.h"
#include "app/report.h"
#include "batch/rows.h"
#include "batch/suspect.h"
#include "store/store.h"

// Where all columns of the constraint are fields, puts their names, as clients know them, into err's text.
// Other errors stay as they are. Right after the failure.
void violated_words(struct store_conn *conn, const struct endpoint *endpoint, struct err *err);

// Where the store tells the key that the constraint was about, adds the row of the batch with that key to
// `report`, if its columns are fields. False, and the report stays as it is, where there is no such row, and
// without memory. Right after the failure.
bool violated_find(struct store_conn *conn, const struct endpoint *endpoint, const struct rows *rows,
    const struct err *err, struct report *report);

// What rows may have run into it, by their values. Right after the failure.
void violated_suspect(
    struct store_conn *conn, const struct endpoint *endpoint, struct suspect_case *ret_suspected);

// The code of a fault: "conflict", "key_twice" or "constraint".
struct span violated_code(enum violation_kind kind);

// The only field of the constraint that was met last, index in endpoint->fields; -1: there are others, or
// none.
int violated_field(struct store_conn *conn, const struct endpoint *endpoint);

#endif
