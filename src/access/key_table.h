// SPDX-License-Identifier: Apache-2.0
// All keys of an app at one moment, found by the digest of a secret. Made whole from the rows of a store
// (key_store.h), then immutable but for what client.h says; counted, so that it is exchanged as editions are.
//
// Who holds a reference may use the clients in it, and no longer.
#ifndef RECKONER_ACCESS_KEY_TABLE_H
#define RECKONER_ACCESS_KEY_TABLE_H

#include <stdint.h>

#include "access/client.h"
#include "access/secret.h"
#include "base/attr.h"
#include "base/err.h"

struct key_table;

// One secret of a key, as the store has it. Texts are borrowed for the call.
struct key_row {
    struct secret_digest digest;
    struct span id;     // of the key
    uint32_t secret;    // its number among the key's, from 1
    struct span label;  // may be empty
    struct span plan;   // likewise
    struct span scopes; // a line each
    struct span claims; // "name=text" a line
    int64_t ends_s;     // of the secret, or CLIENT_NEVER_ENDS
    int64_t revoked_s;  // of the key; 0: it is not
};

enum key_state {
    KEY_FOUND,
    KEY_UNKNOWN, // nobody has a key with this digest
    KEY_EXPIRED, // the holder has a key whose time is over, or a secret that was replaced
    KEY_REVOKED, // the holder has a key that was revoked
};

// When a key was last used.
struct key_use {
    struct span id;        // borrowed from the table
    uint32_t secret;       //
    struct client *client; // of the table; key_store_touch does without
    int64_t used_s;        // seconds since 1970
};

// Makes a table of the rows; `generation` is the one that they were read at. The caller owns a reference.
// ERR_STORE for rows of which two have the same digest, or one has more than LIMIT_SCOPES, LIMIT_CLAIMS, or
// LIMIT_SCOPES_BYTES of either; ERR_NO_MEMORY.
MUST_CHECK enum err_code key_table_new(const struct key_row *rows, size_t count, uint64_t generation,
    struct key_table **ret_table, struct err *err);

// One more reference; returns table. Any thread.
struct key_table *key_table_ref(struct key_table *table);

// Drops a reference; the last one frees. NULL is fine. Any thread.
void key_table_unref(struct key_table *table);

// Looks for the secret with that digest, at a moment of the wall clock. *ret_client is set when one is there
// at all, for what is written of it; it may ask when the result is KEY_FOUND. Any thread.
MUST_CHECK enum key_state key_table_find(const struct key_table *table, const struct secret_digest *digest,
    int64_t now_s, struct client **ret_client);

// The generation that the table was made of.
uint64_t key_table_generation(const struct key_table *table);

// All its clients, one a secret, those that have ended too: for who sets their accounts before the table is
// published.
struct client *key_table_clients(struct key_table *table, size_t *ret_count);

// Takes up to `max` of the uses that client_use has noted since they were taken last, and returns how many.
// One thread at a time.
size_t key_table_take_uses(struct key_table *table, struct key_use *ret_uses, size_t max);

// Gives back uses that were taken and could not be written, to their table.
void key_table_give_uses(const struct key_use *uses, size_t count);

// Notes the uses of `before`, which `table` takes the place of, as uses of the same secrets in `table`. Any
// thread; nobody may use `table` yet.
void key_table_carry_uses(struct key_table *table, const struct key_table *before);

#endif
