// SPDX-License-Identifier: Apache-2.0
// What `reckoner key` changes of an app's keys. Each function is all that its transaction does first: a
// STORE_WRITE connection's, which the caller has begun, without a turn too, and commits. ERR_CONFLICT and
// ERR_ABORTED mean that somebody else changed keys at the same time: roll back, and try again. On the
// connection's thread.
#ifndef RECKONER_ACCESS_KEY_CHANGE_H
#define RECKONER_ACCESS_KEY_CHANGE_H

#include "access/audit.h"
#include "access/key_table.h"
#include "base/err.h"
#include "store/store.h"

#define KEY_LIVES_AS_LONG 0 // in place of an end: as long as the secret that is replaced was to

// Makes a key of the row, with its first secret. The store is no draft any more (store/notes.h), whose tables
// of notes and keys are there. ERR_TOO_LARGE when the app has LIMIT_KEYS already.
MUST_CHECK enum err_code key_create(
    struct store_conn *conn, const struct audit_who *who, const struct key_row *row, struct err *err);

// Gives the key a new secret, which ends at `ends_s`; its others end at `overlap_end_s` at the latest.
// ERR_UNKNOWN for a key that is not there, ERR_INVALID for one that was revoked, ERR_TOO_LARGE as above.
MUST_CHECK enum err_code key_rotate(struct store_conn *conn, const struct audit_who *who, struct span id,
    const struct secret_digest *digest, int64_t ends_s, int64_t overlap_end_s, struct err *err);

// Ends the key with all its secrets. ERR_UNKNOWN; ERR_INVALID for one that was revoked already.
MUST_CHECK enum err_code key_revoke(
    struct store_conn *conn, const struct audit_who *who, struct span id, struct err *err);

#endif
