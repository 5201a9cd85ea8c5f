// SPDX-License-Identifier: Apache-2.0
// Rows of reckoner_keys as they are read, with the last use of each. On the connection's thread.
#ifndef RECKONER_ACCESS_KEY_RECORDS_H
#define RECKONER_ACCESS_KEY_RECORDS_H

#include <stdint.h>

#include "access/key_table.h"
#include "base/arena.h"
#include "base/err.h"
#include "store/store.h"

// One secret of a key, and what the key is.
struct key_record {
    struct key_row row;     //
    int64_t created_s;      // when the secret was made; seconds since 1970
    struct span created_by; // the actor who made it
    int64_t last_used_s;    // likewise; 0: never, as far as servers have written it down
};

struct key_records {
    struct arena arena;       // owns all of it
    struct key_record *items; // by id, then by the number of the secret
    size_t count;             //
    size_t room;              // of `items`
};

// Reads the secrets of the key `id`, or of all keys when that is empty; of them those that had not ended
// before `since_s`. On any connection, in a transaction or outside; ret_records is to be ended by
// key_records_fini whatever comes back. ERR_TOO_LARGE past `max` of them; ERR_STORE for a row that no
// Reckoner has written.
MUST_CHECK enum err_code key_records_read(struct store_conn *conn, struct span id, int64_t since_s,
    size_t max, struct key_records *ret_records, struct err *err);

// Reads the newest secret of the key: one record, or none when there is no such key. The rest as above, but
// for ERR_TOO_LARGE.
MUST_CHECK enum err_code key_records_read_newest(
    struct store_conn *conn, struct span id, struct key_records *ret_records, struct err *err);

// A zeroed struct is fine.
void key_records_fini(struct key_records *records);

#endif
