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

#include <math.h>
#include <string.h>
#include <xxhash.h>

#include "base/mem.h"
#include "store/sqlite/conn.h"
#include "store/sqlite/grouped.h"
#include "text/sql_scan.h"

enum { FIRST_SLOTS = 64, KEPT_SLOTS = 65536 }; // what a larger batch has needed is given back

void sqlite_twice_fini(struct sqlite_twice *twice)
{
    mem_free(twice->slots);
    *twice = (struct sqlite_twice){0};
}

static bool is_upsert(struct span sql)
{
    struct sql_scan scan;
    struct sql_token token;
    bool is_do = false;
    sql_scan_init(&scan, sql, SQL_SQLITE);
    while ((token = sql_scan_next_code(&scan)).kind != SQL_END) {
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

static const double TWO_TO_63 = 9223372036854775808.0;

// A whole real counts as the integer that it may be stored as.
static uint64_t hash_value(uint64_t hash, sqlite3_value *value)
{
    int type = sqlite3_value_type(value);
    sqlite3_int64 integer = type == SQLITE_INTEGER ? sqlite3_value_int64(value) : 0;
    double real = type == SQLITE_FLOAT ? sqlite3_value_double(value) : 0;
    if (type == SQLITE_FLOAT && fabs(real) <= TWO_TO_63 && real != TWO_TO_63 &&
        (double)(sqlite3_int64)real == real) {
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

static bool hash_key(sqlite3 *db, const struct sqlite_upsert *upsert, uint64_t *ret_hash)
{
    uint64_t hash = 0;
    for (size_t i = 0; i < upsert->key_count; i++) {
        sqlite3_value *value = NULL;
        if (sqlite3_preupdate_new(db, upsert->columns[i], &value) != SQLITE_OK || value == NULL)
            return false;
        hash = hash_value(hash, value);
    }
    *ret_hash = hash;
    return true;
}

void sqlite_twice_row(
    struct sqlite_twice *twice, sqlite3 *db, int operation, sqlite3_int64 old_rowid, sqlite3_int64 new_rowid)
{
    if (sqlite3_preupdate_depth(db) > 0 || operation == SQLITE_DELETE || twice->is_met)
        return;
    uint64_t before = (uint64_t)old_rowid, behind = (uint64_t)new_rowid;
    if (twice->upsert->key_count > 0) {
        twice->out_of_memory = twice->out_of_memory || !hash_key(db, twice->upsert, &behind);
        before = behind;
    }
    if (operation == SQLITE_UPDATE && has(twice, before))
        twice->is_met = true;
    else
        add(twice, behind);
}

// --- what rows go by

static int find_key(struct sqlite_conn *conn, struct sqlite_upsert *upsert)
{
    sqlite3_stmt *columns;
    int result = sqlite3_prepare_v2(conn->db,
        "SELECT cid, (SELECT wr FROM pragma_table_list(?1) WHERE schema = 'main') FROM pragma_table_info(?1)"
        " WHERE pk > 0",
        -1, &columns, NULL);
    if (result == SQLITE_OK)
        result = sqlite3_bind_text(columns, 1, conn->inserts_into, -1, SQLITE_STATIC);
    while (result == SQLITE_OK && (result = sqlite3_step(columns)) == SQLITE_ROW) {
        result = SQLITE_OK;
        if (upsert->key_count == SQLITE_KEY_COLUMNS)
            upsert->is_upsert = false; // nobody has such a key: it is not looked at
        else if (sqlite3_column_int(columns, 1) != 0)
            upsert->columns[upsert->key_count++] = (uint16_t)sqlite3_column_int(columns, 0);
    }
    sqlite3_finalize(columns);
    return result == SQLITE_DONE ? SQLITE_OK : result;
}

int sqlite_upsert_init(struct sqlite_conn *conn, struct span sql, struct sqlite_upsert *ret_upsert)
{
    struct sqlite_upsert upsert = {.is_upsert = is_upsert(sql) && !sqlite_is_grouped(sql)};
    int result = upsert.is_upsert ? find_key(conn, &upsert) : SQLITE_OK;
    if (result == SQLITE_OK)
        *ret_upsert = upsert;
    return result;
}

// --- around a step

void sqlite_twice_begin(struct sqlite_conn *conn, const struct sqlite_upsert *upsert)
{
    struct sqlite_twice *twice = &conn->twice;
    if (twice->capacity > KEPT_SLOTS)
        sqlite_twice_fini(twice);
    else if (twice->count > 0)
        memset(twice->slots, 0, twice->capacity * sizeof(*twice->slots));
    twice->count = 0;
    twice->has_zero = twice->is_met = twice->out_of_memory = false;
    twice->upsert = upsert;
    twice->is_active = true;
}

void sqlite_twice_end(struct sqlite_conn *conn)
{
    conn->twice.is_active = false;
}
