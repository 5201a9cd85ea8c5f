// SPDX-License-Identifier: Apache-2.0
// An app's keys in its store. On the connection's thread.
//
//     reckoner_keys      a row a secret: (id, secret) and its digest, never the secret itself. What belongs
//     to
//                        the key is the same in all of its rows.
//     reckoner_key_uses  when each secret was last used, to within some seconds; written by servers.
//     reckoner_audit     who changed which key, when and how; numbered. Each change of a key is one
//                        transaction with its row here, so the last number tells whether keys have changed.
//
// All times are seconds since 1970 in UTC. Secrets and keys that have ended stay for `reckoner key show`; a
// server forgets them LIMIT_KEYS_ENDED_S after their end.
#ifndef RECKONER_ACCESS_KEY_STORE_H
#define RECKONER_ACCESS_KEY_STORE_H

#include <stdint.h>

#include "access/key_table.h"
#include "base/err.h"
#include "store/store.h"

// Makes the tables where there are none. On a STORE_WRITE connection, outside of a transaction; all other
// functions want them to be there. A server whose app asks for keys does so at its start: in SQLite a table
// that is made later is a change of the schema.
MUST_CHECK enum err_code key_store_make(struct store_conn *conn, struct err *err);

// Reads all keys into a table, of which the caller owns a reference. On any connection, outside of a
// transaction. ERR_TOO_LARGE past LIMIT_KEYS; ERR_STORE for a row that is none of ours.
MUST_CHECK enum err_code key_store_read(
    struct store_conn *conn, int64_t now_s, struct key_table **ret_table, struct err *err);

// How many keys there are that were not revoked. On any connection.
MUST_CHECK enum err_code key_store_count(struct store_conn *conn, int64_t *ret_count, struct err *err);

// Notes when keys were last used, in one statement for each LIMIT_LIST_ITEMS of them. On a STORE_WRITE
// connection, in the caller's transaction or outside of one. A use that is older than what is there changes
// nothing.
MUST_CHECK enum err_code key_store_touch(
    struct store_conn *conn, const struct key_use *uses, size_t count, struct err *err);

#endif
