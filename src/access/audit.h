// SPDX-License-Identifier: Apache-2.0
// The audit: who changed which key, when and how, in reckoner_audit (key_store.h makes it). Rows are numbered
// without gaps, and never changed. On the connection's thread.
#ifndef RECKONER_ACCESS_AUDIT_H
#define RECKONER_ACCESS_AUDIT_H

#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/span.h"
#include "store/store.h"

// Who does something, and when.
struct audit_who {
    struct span actor; // "anna@build-1"
    int64_t now_s;     // seconds since 1970
};

struct audit_entry {
    int64_t at_s;       // seconds since 1970
    struct span actor;  //
    struct span action; // "created", "rotated", "revoked"
    struct span key_id; //
    struct span detail; // may be empty
};

// Adds a row, before the caller's transaction reads or changes what the change depends on: so one that
// changes keys at the same time either sees all that this one does, or fails at its own row, with
// ERR_CONFLICT, and is to be tried again. On a STORE_WRITE connection.
MUST_CHECK enum err_code audit_add(struct store_conn *conn, const struct audit_who *who, const char *action,
    struct span key_id, struct span detail, struct err *err);

// Reads the rows of one key, in their order; all is the arena's. On any connection.
MUST_CHECK enum err_code audit_read(struct store_conn *conn, struct span key_id, struct arena *arena,
    struct audit_entry **ret_entries, size_t *ret_count, struct err *err);

// A number that is another one after each row: 0 while there is none. It is not the same for a store that was
// emptied and filled again. On any connection.
MUST_CHECK enum err_code audit_generation(struct store_conn *conn, uint64_t *ret_generation, struct err *err);

#endif
