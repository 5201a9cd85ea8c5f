// SPDX-License-Identifier: Apache-2.0
// The keys of the requests in tests/*.http. Where a target or a field has
//
//     {{key}}    {{key: scope=reports, scope=GET /rates, plan=gold, tenant=acme}}
//
// `reckoner test` puts a key that has these scopes, this plan and, of all other names, these claims. The same
// words mean the same key. Its id, which the SQL sees as :client, is k_test000001 for the first one of a
// file, k_test000002 for the next. One thread at a time.
#ifndef RECKONER_CMD_TEST_KEYS_H
#define RECKONER_CMD_TEST_KEYS_H

#include <stddef.h>

#include "access/key_table.h"
#include "app/app.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/span.h"
#include "store/store.h"

struct test_key {
    struct span words;             // behind "{{key:"; empty: there are none
    struct key_row row;            // but for the digest, which comes with the secret
    char secret[SECRET_CHARS + 1]; // of the last store that it was put into
};

struct test_keys {
    struct test_key *items; // in the arena, with all texts
    size_t count;           //
    size_t room;            //
};

// Adds those that a text asks for, and that are not there yet. The text stays in place as long as the keys.
// ERR_INVALID for one that is badly written; ERR_NO_MEMORY.
MUST_CHECK enum err_code test_keys_add(
    struct test_keys *keys, struct span text, struct arena *arena, struct err *err);

// Makes secrets for all of them, and puts them into the store of the app, on which no server runs. A
// STORE_WRITE connection's, outside of a transaction. ERR_INVALID for a plan that the app has not.
MUST_CHECK enum err_code test_keys_store(
    struct test_keys *keys, const struct app *app, struct store_conn *conn, struct err *err);

// Appends a text that was added before, with secrets where it asks for keys.
void test_keys_fill(const struct test_keys *keys, struct span text, struct buf *out);

#endif
