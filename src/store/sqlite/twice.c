// SPDX-License-Identifier: Apache-2.0
// SQLite tells of each row that a statement inserts or updates, before it does (the preupdate hook); triggers
// and the actions of foreign keys are told of as deeper, and do not count. A second row that the upsert's own
// WHERE leaves alone is told of by nobody. What becomes of the statement is stmt.c's. The connection's
// thread.
//
// A table WITHOUT ROWID has no number for a row, and the hook does not tell which columns are its key: there
// a row is known again by a hash of all that the statement has left in it.
#define SQLITE_ENABLE_PREUPDATE_HOOK // what Debian's library is built with; it declares the functions
#include "store/sqlite/twice.h"

#include <string.h>
#include <xxhash.h>

#include "base/mem.h"
#include "store/sqlite/conn.h"
#include "text/sql_scan.h"

enum { FIRST_SLOTS = 64, KEPT_SLOTS = 65536 }; // what a larger batch has needed is given back

void sqlite_twice_fini(struct sqlite_twice *twice)
{
    mem_free(twice->slots);
    *twice = (struct sqlite_twice){0};
}

bool sqlite_is_upsert(struct span sql)
{
    struct sql_scan scan;
    struct sql_token token;
    bool is_do = false;
    sql_scan_init(&scan, sql, SQL_SQLITE);
    while ((token = sql_scan_next(&scan)).kind != SQL_END) {
        if (token.kind == SQL_LINE_COMMENT || token.kind == SQL_BLOCK_COMMENT)
            continue;
        if (is_do && span_is_nocase(token.text, "update"))
            return true;
        is_do = span_is_nocase(token.text, "do");
    }
    return false;
}

// --- the set

static size_t place_of(const uint64_t *slots, size_t capacity, uint64_t key)
{
    size_t at = (size_t)(key * UINT64_C(0x9e3779b97f4a7c15) >> 32) & (capacity - 1);
    while (slots[at] != 0 && slots[at] != key)
        at = (at + 1) & (capacity - 1);
    return at;
}

static bool grow(struct sqlite_twice *twice)
{
    size_t capacity = twice->capacity == 0 ? FIRST_SLOTS : 2 * twice->capacity;
    uint64_t *slots = mem_zalloc(capacity, sizeof(*slots));
    if (slots == NULL)
        return false;
    for (size_t i = 0; i < twice->capacity; i++) {
        if (twice->slots[i] != 0)
            slots[place_of(slots, capacity, twice->slots[i])] = twice->slots[i];
    }
    mem_free(twice->slots);
    twice->slots = slots;
    twice->capacity = capacity;
    return true;
}

static bool has(const struct sqlite_twice *twice, uint64_t key)
{
    if (key == 0)
        return twice->has_zero;
    return twice->capacity > 0 && twice->slots[place_of(twice->slots, twice->capacity, key)] == key;
}

static void add(struct sqlite_twice *twice, uint64_t key)
{
    if (key == 0) {
        twice->has_zero = true;
        return;
    }
    if (2 * twice->count >= twice->capacity && !grow(twice)) {
        twice->out_of_memory = true;
        return;
    }
    uint64_t *slot = &twice->slots[place_of(twice->slots, twice->capacity, key)];
    twice->count += *slot == 0;
    *slot = key;
}

// --- rows

// A whole real counts as the integer that it may be stored as.
static uint64_t hash_value(uint64_t hash, sqlite3_value *value)
{
    int type = sqlite3_value_type(value);
    sqlite3_int64 integer = type == SQLITE_INTEGER ? sqlite3_value_int64(value) : 0;
    double real = type == SQLITE_FLOAT ? sqlite3_value_double(value) : 0;
    if (type == SQLITE_FLOAT && real >= -0x1p63 && real < 0x1p63 && (double)(sqlite3_int64)real == real) {
        type = SQLITE_INTEGER;
        integer = (sqlite3_int64)real;
    }
    const void *bytes = type == SQLITE_INTEGER ? (const void *)&integer : (const void *)&real;
    int len = sizeof(integer);
    if (type == SQLITE_TEXT || type == SQLITE_BLOB || type == SQLITE_NULL) {
        bytes = type == SQLITE_NULL ? NULL : sqlite3_value_blob(value);
        len = type == SQLITE_NULL ? 0 : sqlite3_value_bytes(value);
    }
    int head[] = {type, len};
    hash = XXH64(head, sizeof(head), hash);
    return len > 0 && bytes != NULL ? XXH64(bytes, (size_t)len, hash) : hash;
}

// The hash of the row as it was, or as it will be.
static uint64_t hash_row(
    sqlite3 *db, int (*get)(sqlite3 *db, int column, sqlite3_value **ret_value), bool *ret_is_known)
{
    uint64_t hash = 0;
    *ret_is_known = true;
    for (int i = 0; i < sqlite3_preupdate_count(db); i++) {
        sqlite3_value *value = NULL;
        if (get(db, i, &value) != SQLITE_OK || value == NULL) {
            *ret_is_known = false;
            return 0;
        }
        hash = hash_value(hash, value);
    }
    return hash;
}

static bool find_rowid(sqlite3 *db, const char *schema, const char *table)
{
    return sqlite3_table_column_metadata(db, schema, table, "_rowid_", NULL, NULL, NULL, NULL, NULL) ==
           SQLITE_OK;
}

static void on_row(void *ctx, sqlite3 *db, int operation, const char *schema, const char *table,
    sqlite3_int64 old_rowid, sqlite3_int64 new_rowid)
{
    struct sqlite_twice *twice = &((struct sqlite_conn *)ctx)->twice;
    if (sqlite3_preupdate_depth(db) > 0 || operation == SQLITE_DELETE || twice->is_met)
        return;
    if (!twice->knows_table) {
        twice->has_rowid = find_rowid(db, schema, table);
        twice->knows_table = true;
    }
    uint64_t before = (uint64_t)old_rowid, behind = (uint64_t)new_rowid;
    bool knows_before = true, knows_behind = true;
    if (!twice->has_rowid && operation == SQLITE_UPDATE)
        before = hash_row(db, sqlite3_preupdate_old, &knows_before);
    if (!twice->has_rowid)
        behind = hash_row(db, sqlite3_preupdate_new, &knows_behind);
    if (!knows_before || !knows_behind)
        twice->out_of_memory = true;
    else if (operation == SQLITE_UPDATE && has(twice, before))
        twice->is_met = true;
    else
        add(twice, behind);
}

// --- around a step

void sqlite_twice_begin(struct sqlite_conn *conn)
{
    struct sqlite_twice *twice = &conn->twice;
    if (twice->capacity > KEPT_SLOTS)
        sqlite_twice_fini(twice);
    else if (twice->count > 0)
        memset(twice->slots, 0, twice->capacity * sizeof(*twice->slots));
    twice->count = 0;
    twice->has_zero = twice->knows_table = twice->is_met = twice->out_of_memory = false;
    sqlite3_preupdate_hook(conn->db, on_row, conn);
}

void sqlite_twice_end(struct sqlite_conn *conn)
{
    sqlite3_preupdate_hook(conn->db, NULL, NULL);
}
