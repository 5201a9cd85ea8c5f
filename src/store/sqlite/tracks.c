// SPDX-License-Identifier: Apache-2.0
// Notes the buckets of the rows that a transaction changes, by SQLite's preupdate hook, which tells of each
// row with its old and new values: those that triggers, foreign keys and REPLACE change, too. It is set while
// a statement runs that may write a table with buckets (rows.c). The connection's thread.
//
// What the hook does not tell raises all buckets of the table:
//
// - buckets that a reader has asked for since the transaction began, which has no track for them;
// - a statement that turned out to write the table only while it ran, as SQLite compiled it anew;
// - a column of which SQLite tells no value: there was no memory, or the column is another one by now;
// - a null in a column with a default, as the row may be older than the column: an old row, or one that an
//   INSERT copies whole from another table (vdbeapi.c: sqlite3_preupdate_old and sqlite3_preupdate_new do not
//   put the default in its place).
//
// A DELETE without a condition tells of no row if it was compiled without the hook (delete.c). So statements
// are compiled anew when a table gets buckets, and the authorizer (permit.c) says no to this short cut from
// then on. What changes the schema raises all tables. ROLLBACK TO takes the notes back to what they were at
// the savepoint, as it does with the rows.
#define SQLITE_ENABLE_PREUPDATE_HOOK // what Debian's library is built with; it declares the functions
#include "store/sqlite/tracks.h"

#include "base/mem.h"
#include "store/sqlite/bucket_hash.h"
#include "store/sqlite/buckets.h"
#include "store/sqlite/conn.h"
#include "store/sqlite/store.h"
#include "store/sqlite/table_column.h"

enum { WORD_BITS = 64, WORDS = LIMIT_BUCKETS / WORD_BITS, UNKNOWN_SCHEMA = -1 };

struct sqlite_track {
    struct sqlite_buckets *buckets;                           // borrowed
    struct sqlite_table_column columns[LIMIT_BUCKET_COLUMNS]; // as the schema has them
    bool is_lost;                                             // it has others: rows are not noted
    bool has_all;                                             // the transaction raises all buckets
    uint64_t raised[WORDS];                                   // a bit for each that it raises
    bool had_all;                                             // has_all at the savepoint
    uint64_t kept[WORDS];                                     // `raised` likewise
};

void sqlite_tracks_fini(struct sqlite_tracks *tracks)
{
    for (size_t i = 0; i < tracks->count; i++)
        mem_free(tracks->items[i]);
    mem_free(tracks->items);
    sqlite3_finalize(tracks->schema_number);
    *tracks = (struct sqlite_tracks){0};
}

// --- at the begin of a transaction

static struct sqlite_track *find(const struct sqlite_tracks *tracks, const struct sqlite_buckets *buckets)
{
    for (size_t i = 0; i < tracks->count; i++) {
        if (tracks->items[i]->buckets == buckets)
            return tracks->items[i];
    }
    return NULL;
}

static bool add(struct sqlite_tracks *tracks, struct sqlite_buckets *buckets)
{
    struct sqlite_track **items =
        mem_grow(tracks->items, tracks->count, &tracks->room, sizeof(struct sqlite_track *));
    struct sqlite_track *track = items != NULL ? mem_zalloc(1, sizeof(*track)) : NULL;
    if (items != NULL)
        tracks->items = items;
    if (track == NULL)
        return false;
    track->buckets = buckets;
    tracks->items[tracks->count++] = track;
    return true;
}

// Those for which there is no memory are left to the next transaction.
static void add_missing(struct sqlite_tracks *tracks, struct sqlite_buckets *newest)
{
    bool has_all = true;
    for (struct sqlite_buckets *buckets = newest; buckets != NULL; buckets = buckets->next)
        has_all &= find(tracks, buckets) != NULL || add(tracks, buckets);
    tracks->newest = has_all ? newest : NULL;
    tracks->schema = UNKNOWN_SCHEMA;
}

// UNKNOWN_SCHEMA: SQLite does not tell.
static int read_schema(struct sqlite_conn *conn)
{
    struct sqlite_tracks *tracks = &conn->tracks;
    int schema = UNKNOWN_SCHEMA;
    if (tracks->schema_number == NULL &&
        sqlite3_prepare_v3(conn->db, "PRAGMA main.schema_version", -1, SQLITE_PREPARE_PERSISTENT,
            &tracks->schema_number, NULL) != SQLITE_OK)
        return schema;
    if (sqlite3_step(tracks->schema_number) == SQLITE_ROW)
        schema = sqlite3_column_int(tracks->schema_number, 0);
    sqlite3_reset(tracks->schema_number);
    return schema;
}

static bool look_up(sqlite3 *db, struct sqlite_track *track)
{
    const struct sqlite_buckets *buckets = track->buckets;
    const char *why = NULL;
    for (size_t i = 0; i < buckets->column_count; i++) {
        int result = sqlite_table_column_find(
            db, span_of(buckets->table_name), span_of(buckets->columns[i].name), &track->columns[i], &why);
        if (result != SQLITE_OK || why != NULL || track->columns[i].kind != buckets->columns[i].kind)
            return false;
    }
    return true;
}

static void clear(struct sqlite_track *track)
{
    track->has_all = track->is_lost;
    memset(track->raised, 0, sizeof(track->raised));
}

bool sqlite_tracks_begin(struct sqlite_conn *conn)
{
    struct sqlite_tracks *tracks = &conn->tracks;
    struct sqlite_buckets *newest =
        atomic_load_explicit(&conn->store->versions.buckets, memory_order_acquire);
    if (newest == NULL)
        return false;
    size_t count = tracks->count;
    if (newest != tracks->newest)
        add_missing(tracks, newest);
    int schema = read_schema(conn);
    bool is_same = schema == tracks->schema && schema != UNKNOWN_SCHEMA;
    for (size_t i = 0; i < tracks->count; i++) {
        if (!is_same)
            tracks->items[i]->is_lost = !look_up(conn->db, tracks->items[i]);
        clear(tracks->items[i]);
    }
    tracks->schema = schema;
    return tracks->count > count;
}

// --- while it writes

bool sqlite_tracks_has(const struct sqlite_tracks *tracks, const struct sqlite_version *table)
{
    for (size_t i = 0; i < tracks->count; i++) {
        if (tracks->items[i]->buckets->table == table)
            return true;
    }
    return false;
}

bool sqlite_tracks_start(struct sqlite_tracks *tracks, const struct sqlite_writes *writes)
{
    for (size_t i = 0; i < writes->count && !tracks->is_active; i++)
        tracks->is_active = sqlite_tracks_has(tracks, writes->tables[i]);
    return tracks->is_active;
}

void sqlite_tracks_stop(struct sqlite_tracks *tracks, const struct sqlite_writes *writes)
{
    for (size_t i = 0; i < writes->count && !tracks->is_active; i++) {
        for (size_t j = 0; j < tracks->count; j++)
            tracks->items[j]->has_all |= tracks->items[j]->buckets->table == writes->tables[i];
    }
    tracks->is_active = false;
}

typedef int tell_value(sqlite3 *db, int column, sqlite3_value **ret_value);

static void note(struct sqlite_track *track, sqlite3 *db, tell_value *tell, bool may_be_short)
{
    uint64_t hash = 0;
    for (size_t i = 0; i < track->buckets->column_count && !track->has_all; i++) {
        const struct sqlite_table_column *column = &track->columns[i];
        sqlite3_value *value = NULL;
        if (tell(db, column->number, &value) != SQLITE_OK || value == NULL ||
            (may_be_short && column->has_default && sqlite3_value_type(value) == SQLITE_NULL) ||
            !sqlite_bucket_add(&hash, column->kind, value))
            track->has_all = true;
    }
    uint32_t bucket = sqlite_bucket_of(hash);
    track->raised[bucket / WORD_BITS] |= UINT64_C(1) << bucket % WORD_BITS;
}

void sqlite_tracks_row(
    struct sqlite_tracks *tracks, sqlite3 *db, int operation, const char *schema, const char *table)
{
    for (size_t i = 0; i < tracks->count; i++) {
        struct sqlite_track *track = tracks->items[i];
        if (track->has_all || strcmp(table, track->buckets->table_name) != 0 || strcmp(schema, "main") != 0)
            continue;
        if (operation != SQLITE_INSERT)
            note(track, db, sqlite3_preupdate_old, true);
        if (operation != SQLITE_DELETE)
            note(track, db, sqlite3_preupdate_new, operation == SQLITE_INSERT);
    }
}

// --- at a savepoint

void sqlite_tracks_keep(struct sqlite_tracks *tracks)
{
    for (size_t i = 0; i < tracks->count; i++) {
        struct sqlite_track *track = tracks->items[i];
        track->had_all = track->has_all;
        memcpy(track->kept, track->raised, sizeof(track->kept));
    }
}

void sqlite_tracks_take_back(struct sqlite_tracks *tracks)
{
    for (size_t i = 0; i < tracks->count; i++) {
        struct sqlite_track *track = tracks->items[i];
        track->has_all = track->had_all;
        memcpy(track->raised, track->kept, sizeof(track->raised));
    }
}

// --- at the commit

static void set_number(struct sqlite_version *version, uint64_t number)
{
    atomic_store_explicit(&version->number, number, memory_order_release);
}

static void raise_some(const struct sqlite_track *track, uint64_t number)
{
    for (unsigned word = 0; word < WORDS; word++) {
        for (uint64_t bits = track->raised[word]; bits != 0; bits &= bits - 1)
            set_number(&track->buckets->buckets[word * WORD_BITS + (unsigned)__builtin_ctzll(bits)], number);
    }
}

void sqlite_tracks_raise(const struct sqlite_tracks *tracks, struct sqlite_versions *versions,
    const struct sqlite_version *table, uint64_t number)
{
    struct sqlite_buckets *buckets = atomic_load_explicit(&versions->buckets, memory_order_acquire);
    for (; buckets != NULL; buckets = buckets->next) {
        const struct sqlite_track *track = buckets->table == table ? find(tracks, buckets) : NULL;
        if (track != NULL && !track->has_all)
            raise_some(track, number);
        else if (buckets->table == table)
            set_number(&buckets->whole, number);
    }
}
