// SPDX-License-Identifier: Apache-2.0
// The versions of a store's tables. Numbers come from one counter that only grows. A table's number is raised
// by each commit of this store's connections that may have written to it (writes.h), and `floor`, which
// stands for all tables, by each other commit: by another program, or by one of ours that does not tell what
// it writes (a change of the schema). What a table's version is now is the larger of the two.
//
//          the lock for writing is got         COMMIT writes the header     the lock is let go
//     known ─────────────────────────► held ────────────────────────► not known ─────────────► known
//       ▲                                                                  (counted)
//       └── anybody counts what another program has committed ── not known
//
// `known` names the state that is counted, by the hash of the WAL index's header (index_header.h). A number
// is told only while the header is the known one: else somebody has committed, and it is not counted yet.
//
// - No commit goes uncounted. All that write the header have SQLite's lock for writing (wal.c asserts it in
//   walIndexWriteHdr). When a connection of ours gets it, what others have committed before is counted. So
//   what differs when it lets go of it (vfs.c tells both) is its own. Nobody else can write the header before
//   `known` is set, so `known` never names a state that is not counted.
// - What a transaction of ours writes is known from its BEGIN on, which compares the header once more: what
//   SQLite did before (it may have repaired the index) counts as a commit to all tables. A COMMIT that fails
//   after the header was written is counted as well, as only the header is asked.
// - A header that is another one although iChange is the same was written when the log began again, which
//   is no commit: this is sure while a transaction of ours is under way, as nobody can repair the index then.
// - The number that version_now tells is one of the present. The header is the known one, so all that is
//   committed at this moment is counted. Whoever set `known` had raised the numbers before (release), so
//   those that are read next are of that state or of a later one, whose header is in place.
// - `version_seen`: a number that was given out before the transaction began belongs to a commit that its
//   snapshot has, as numbers are given out when the header is in place. If it is still the table's number
//   now, no commit to the table came since. So it is the number of the snapshot.
//
// Those who count have a mutex for some loads and stores. The connection that writes waits for it; others, a
// loop too, only try to get it, and tell 0 where they do not. Any thread.
#include "store/sqlite/versions.h"

#include "base/limits.h"
#include "base/mem.h"
#include "store/sqlite/buckets.h"
#include "store/sqlite/calls.h"
#include "store/sqlite/conn.h"
#include "store/sqlite/error.h"
#include "store/sqlite/store.h"

enum { TRIES = 4 }; // of telling a number while others count

// --- counting; under the mutex

static uint64_t next_number(struct sqlite_versions *versions)
{
    return atomic_load_explicit(&versions->last, memory_order_relaxed) + 1;
}

// Gives the number out, once it is where it belongs, and names the state that is counted with it.
static void finish(struct sqlite_versions *versions, uint64_t number, uint64_t state)
{
    atomic_store_explicit(&versions->whole.number, number, memory_order_release);
    atomic_store_explicit(&versions->last, number, memory_order_release);
    atomic_store_explicit(&versions->known, state, memory_order_release);
}

static void count_all(struct sqlite_versions *versions, uint64_t state)
{
    uint64_t number = next_number(versions);
    atomic_store_explicit(&versions->floor, number, memory_order_release);
    finish(versions, number, state);
}

static void count_writes(struct sqlite_versions *versions, const struct sqlite_conn *conn, uint64_t state)
{
    const struct sqlite_writes *writes = &conn->writes;
    uint64_t number = next_number(versions);
    for (size_t i = 0; i < writes->count; i++) {
        sqlite_tracks_raise(&conn->tracks, versions, writes->tables[i], number);
        atomic_store_explicit(&writes->tables[i]->number, number, memory_order_release);
    }
    finish(versions, number, state);
}

// No transaction that has begun before has seen their number.
void sqlite_versions_add_buckets(struct sqlite_versions *versions, struct sqlite_buckets *buckets)
{
    pthread_mutex_lock(&versions->counting);
    uint64_t number = next_number(versions);
    atomic_store_explicit(&buckets->whole.number, number, memory_order_release);
    atomic_store_explicit(&versions->last, number, memory_order_release);
    atomic_store_explicit(&versions->buckets, buckets, memory_order_release);
    pthread_mutex_unlock(&versions->counting);
}

static struct sqlite_index_header read_header(const struct sqlite_versions *versions)
{
    sqlite_wal_word *header = atomic_load_explicit(&versions->header, memory_order_acquire);
    return header != NULL ? sqlite_index_header_read(header) : (struct sqlite_index_header){0};
}

static bool is_known(const struct sqlite_versions *versions, struct sqlite_index_header header)
{
    return header.hash != 0 && header.hash == atomic_load_explicit(&versions->known, memory_order_relaxed);
}

// Whether it differs from the known one only because the log began again.
static bool is_restart(const struct sqlite_versions *versions, struct sqlite_index_header header)
{
    return versions->is_held && versions->is_ours && header.hash != 0 &&
           header.changes == versions->held.changes;
}

// Counts what others have committed.
static void count_others(struct sqlite_versions *versions)
{
    if (pthread_mutex_trylock(&versions->counting) != 0)
        return;
    struct sqlite_index_header header = read_header(versions);
    if (is_known(versions, header) || header.hash == 0) {
        // It was counted meanwhile, or somebody writes it.
    } else if (is_restart(versions, header)) {
        atomic_store_explicit(&versions->known, header.hash, memory_order_release);
    } else if (!versions->is_held) {
        count_all(versions, header.hash);
    }
    pthread_mutex_unlock(&versions->counting);
}

void sqlite_versions_on_lock(void *ctx, bool is_got)
{
    struct sqlite_conn *conn = ctx;
    struct sqlite_versions *versions = &conn->store->versions;
    pthread_mutex_lock(&versions->counting);
    struct sqlite_index_header header = read_header(versions);
    bool is_told = !is_got && versions->is_ours && !conn->writes.has_all && header.hash != 0;
    if (!is_known(versions, header)) {
        if (!is_got && is_restart(versions, header))
            atomic_store_explicit(&versions->known, header.hash, memory_order_release);
        else if (is_told)
            count_writes(versions, conn, header.hash);
        else
            count_all(versions, header.hash);
    }
    versions->is_held = is_got;
    versions->is_ours = false;
    versions->held = header;
    pthread_mutex_unlock(&versions->counting);
    conn->writes.has_all = true;
}

void sqlite_versions_begin(struct sqlite_conn *conn)
{
    struct sqlite_versions *versions = &conn->store->versions;
    pthread_mutex_lock(&versions->counting);
    versions->is_ours = versions->is_held && is_known(versions, read_header(versions));
    pthread_mutex_unlock(&versions->counting);
    sqlite_writes_clear(&conn->writes);
}

// --- what the numbers are

static uint64_t larger(uint64_t number, const _Atomic(uint64_t) *other)
{
    uint64_t floor = atomic_load_explicit(other, memory_order_acquire);
    return number > floor ? number : floor;
}

static uint64_t number_of(const struct sqlite_version *version)
{
    uint64_t number = atomic_load_explicit(&version->number, memory_order_acquire);
    if (version->of != NULL)
        number = larger(number, &version->of->number);
    return larger(number, &version->versions->floor);
}

static uint64_t now(const struct version *base)
{
    const struct sqlite_version *version = (const struct sqlite_version *)base;
    struct sqlite_versions *versions = version->versions;
    sqlite_wal_word *header = atomic_load_explicit(&versions->header, memory_order_acquire);
    for (unsigned tries = 0; header != NULL && tries < TRIES; tries++) {
        uint64_t known = atomic_load_explicit(&versions->known, memory_order_acquire);
        if (sqlite_index_header_is(header, known)) {
            return number_of(version);
        }
        count_others(versions);
    }
    return 0;
}

uint64_t sqlite_state_now(const struct sqlite_store *store)
{
    return read_header(&store->versions).hash;
}

uint64_t sqlite_versions_last(struct sqlite_versions *versions)
{
    now(&versions->whole.base); // counts
    return atomic_load_explicit(&versions->last, memory_order_acquire);
}

uint64_t sqlite_version_seen(struct store_conn *base, const struct version *version)
{
    uint64_t number = version_now(version); // which need not be one of ours: versions_of
    const struct sqlite_conn *conn = sqlite_conn(base);
    return number <= conn->begun_at && !sqlite_has_asked_time(conn) ? number : 0;
}

// --- the tables

void sqlite_versions_init_one(
    struct sqlite_versions *versions, struct sqlite_version *of, struct sqlite_version *version)
{
    version->base.now = now;
    version->versions = versions;
    version->of = of;
}

// Under the mutex of the names.
static struct sqlite_version *find(struct sqlite_versions *versions, const char *name)
{
    struct sqlite_version *version = name_table_find(&versions->names, name);
    if (version != NULL)
        return version;
    version = name_table_add(&versions->names, name);
    if (version != NULL)
        sqlite_versions_init_one(versions, NULL, version);
    return version;
}

struct sqlite_version *sqlite_versions_find(struct sqlite_versions *versions, const char *table)
{
    if (sqlite3_strnicmp(table, "sqlite_", 7) == 0)
        return &versions->whole;
    pthread_mutex_lock(&versions->naming);
    struct sqlite_version *version = find(versions, table);
    pthread_mutex_unlock(&versions->naming);
    return version;
}

const struct version *sqlite_version_of(struct store *base, const char *table)
{
    struct sqlite_version *version = sqlite_versions_find(&sqlite_store(base)->versions, table);
    return version != NULL ? &version->base : NULL;
}

// --- a store's

void sqlite_versions_init(struct sqlite_versions *versions)
{
    *versions = (struct sqlite_versions){.header = NULL};
    name_table_init(&versions->names, sizeof(struct sqlite_version), LIMIT_VERSIONS);
    sqlite_versions_init_one(versions, NULL, &versions->whole);
    pthread_mutex_init(&versions->counting, NULL);
    pthread_mutex_init(&versions->naming, NULL);
}

void sqlite_versions_fini(struct sqlite_versions *versions)
{
    name_table_fini(&versions->names);
    pthread_mutex_destroy(&versions->counting);
    pthread_mutex_destroy(&versions->naming);
}

// A transaction that is under way counts as a commit to all tables.
static void begin_to_count(struct sqlite_versions *versions, sqlite_wal_word *header)
{
    pthread_mutex_lock(&versions->counting);
    atomic_store_explicit(&versions->header, header, memory_order_release);
    versions->is_ours = false;
    count_all(versions, versions->is_held ? 0 : read_header(versions).hash);
    pthread_mutex_unlock(&versions->counting);
}

enum err_code sqlite_watch(struct store *base, struct err *err)
{
    struct sqlite_store *store = sqlite_store(base);
    sqlite_wal_word *header = NULL;
    if (store->last == NULL) // in memory: its one connection is its only reader
        return ERR_NONE;
    struct sqlite_conn *conn = sqlite_conn(store->last);
    int result = sqlite_index_header_find(conn->db, &header);
    if (result != SQLITE_OK)
        return sqlite_fail(conn, result, err);
    if (header == NULL)
        return ERR_NONE;
    sqlite_resident_open(&store->resident, &store->place);
    begin_to_count(&store->versions, header);
    return ERR_NONE;
}
