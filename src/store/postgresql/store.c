// SPDX-License-Identifier: Apache-2.0
// Stores on PostgreSQL: what "postgresql://…" names, and the driver's table of functions. Any thread.
//
// The url is libpq's (PostgreSQL 34.1.1.2): several hosts, target_session_attrs and all else are its
// business, and so are the environment (PGPASSWORD …) and the password file.
#include "store/postgresql/store.h"

#include <inttypes.h>
#include <stdio.h>
#include <sys/random.h>

#include "base/mem.h"
#include "store/postgresql/batch.h"
#include "store/postgresql/buckets.h"
#include "store/postgresql/breaker.h"
#include "store/postgresql/calls.h"
#include "store/postgresql/conn.h"
#include "store/postgresql/dump.h"
#include "store/postgresql/errand.h"
#include "store/postgresql/error.h"
#include "store/postgresql/exec.h"
#include "store/postgresql/explain.h"
#include "store/postgresql/keys.h"
#include "store/postgresql/queue.h"
#include "store/postgresql/reads.h"
#include "store/postgresql/restore.h"
#include "store/postgresql/schema.h"
#include "store/postgresql/session.h"
#include "store/postgresql/step.h"
#include "store/postgresql/stmt.h"
#include "store/postgresql/tx.h"
#include "store/postgresql/url.h"
#include "store/postgresql/versions.h"
#include "store/postgresql/watch.h"
#include "store/version_slots.h"

// Stores that are not closed yet, in the process.
static atomic_size_t open_stores;

static void close_store(struct store *base)
{
    struct pg_store *store = pg_store(base);
    pg_watch_end(store->watch);
    pg_bucket_sets_fini(&store->bucket_sets);
    version_slots_fini(&store->versions);
    if (atomic_fetch_sub(&open_stores, 1) == 1)
        pg_errand_wait_pings(); // a store that is tried while others are served waits for none of their
                                // servers
    pg_breaker_fini(&store->breaker);
    mem_free(store->url);
    mem_free(store->name);
    mem_free(store);
}

// Schemas are named by NAMEDATALEN - 1 bytes at most; a longer name would be cut, and two apps could meet.
static enum err_code check_name(const char *name, struct err *err)
{
    enum { NAME_BYTES = 63 };
    bool is_taken = strcmp(name, "reckoner") == 0 || strcmp(name, "information_schema") == 0;
    if (is_taken || span_starts_with(span_of(name), "pg_") || strlen(name) > NAME_BYTES) {
        err_set(err, ERR_CONFIG, "the app %.80s cannot have a schema of that name in PostgreSQL", name);
        err_hint(err, "give its folder another name, of %d bytes at most", NAME_BYTES);
        return ERR_CONFIG;
    }
    return ERR_NONE;
}

static enum err_code make_store(
    const char *url, const char *name, bool is_scratch, struct store **ret_store, struct err *err)
{
    struct pg_store *store = mem_zalloc(1, sizeof(*store));
    if (store == NULL)
        return err_no_memory(err);
    atomic_fetch_add(&open_stores, 1);
    store->base.driver = &postgresql_driver;
    store->is_scratch = is_scratch;
    pg_breaker_init(&store->breaker);
    version_slots_init(&store->versions);
    pg_bucket_sets_init(&store->bucket_sets);
    store->views = pg_views(store);
    store->followed = store;
    store->url = mem_strdup(url);
    store->name = mem_strdup(name);
    if (store->url == NULL || store->name == NULL) {
        close_store(&store->base);
        return err_no_memory(err);
    }
    *ret_store = &store->base;
    return ERR_NONE;
}

static enum err_code open_store(const char *url, const char *name, struct store **ret_store, struct err *err)
{
    enum err_code code = pg_url_check(url, err);
    if (code == ERR_NONE)
        code = check_name(name, err);
    return code == ERR_NONE ? make_store(url, name, false, ret_store, err) : code;
}

static enum err_code open_replica(
    const char *url, const char *name, struct store **ret_store, struct err *err)
{
    enum err_code code = open_store(url, name, ret_store, err);
    if (code == ERR_NONE)
        pg_store(*ret_store)->is_replica = true;
    return code;
}

static enum err_code open_scratch(struct store *like, struct store **ret_store, struct err *err)
{
    uint64_t random;
    char name[48];
    if (getrandom(&random, sizeof(random), 0) != sizeof(random))
        return err_set(err, ERR_IO, "there are no random bytes");
    snprintf(name, sizeof(name), "scratch of reckoner %016" PRIx64, random);
    return make_store(pg_store(like)->url, name, true, ret_store, err);
}

// --- connections

static void disconnect(struct store_conn *base)
{
    struct pg_conn *conn = pg_conn(base);
    if (conn->store->is_scratch && conn->mode == STORE_WRITE && !conn->is_beside && conn->link != NULL)
        pg_schema_drop(conn);
    pg_lose(conn); // which rolls back
    while (base->stmts != NULL)
        pg_finalize(base->stmts);
    pg_batch_fini(&conn->batch);
    buf_fini(&conn->detail);
    PQclear(conn->seen);
    atomic_fetch_sub_explicit(&conn->store->connections[conn->mode], 1, memory_order_relaxed);
    mem_free(conn);
}

static enum err_code make_conn(
    struct store *base, enum store_mode mode, bool is_beside, struct store_conn **ret_conn, struct err *err)
{
    struct pg_conn *conn = mem_zalloc(1, sizeof(*conn));
    if (conn == NULL)
        return err_no_memory(err);
    conn->base.driver = base->driver;
    conn->store = pg_store(base);
    conn->mode = mode;
    conn->is_beside = is_beside;
    atomic_fetch_add_explicit(&conn->store->connections[mode], 1, memory_order_relaxed);
    pg_batch_init(&conn->batch);
    buf_init(&conn->detail, PG_DETAIL_BYTES);
    enum err_code code = pg_session_make(conn, ERR_IO, err);
    if (code == ERR_NONE && mode == STORE_WRITE && !is_beside)
        code = pg_schema_make(conn, err);
    if (code != ERR_NONE) {
        disconnect(&conn->base);
        return code;
    }
    *ret_conn = &conn->base;
    return ERR_NONE;
}

static enum err_code connect_store(
    struct store *base, enum store_mode mode, struct store_conn **ret_conn, struct err *err)
{
    return make_conn(base, mode, false, ret_conn, err);
}

static enum err_code connect_beside(struct store_conn *base, struct store_conn **ret_conn, struct err *err)
{
    struct pg_conn *conn = pg_conn(base);
    return make_conn(&conn->store->base, conn->mode, true, ret_conn, err);
}

static void read_stats(struct store *base, struct store_stats *ret_stats)
{
    const struct pg_store *store = pg_store(base);
    ret_stats->has_connections = true;
    ret_stats->readers = atomic_load_explicit(&store->connections[STORE_READ], memory_order_relaxed);
    ret_stats->writers = atomic_load_explicit(&store->connections[STORE_WRITE], memory_order_relaxed);
    ret_stats->asked_ns = pg_versions_asked_ns(base);
}

static const struct store_backup_driver backup_driver = {
    .magic = "PGDMP",
    .write = pg_dump_write,
    .check_file = pg_dump_check,
    .check_store = pg_dump_check_store,
    .restore = pg_restore,
};

const struct store_driver postgresql_driver = {
    .kind = "postgresql",
    .short_scheme = "postgres",
    .dialect = SQL_POSTGRESQL,
    .nulls_are_largest = true,
    .round_trip_is_costly = true,
    .has_secret = pg_url_has_secret,
    .open = open_store,
    .open_replica = open_replica,
    .scratch = open_scratch,
    .close = close_store,
    .watch = pg_watch,
    .version_of = pg_version_of,
    .is_there = pg_is_there,
    .stats = read_stats,
    .connect = connect_store,
    .connect_beside = connect_beside,
    .disconnect = disconnect,
    .backup = &backup_driver,
    .begin = pg_begin,
    .begin_early = pg_begin_early,
    .take_turn = pg_take_turn,
    .versions_read = pg_versions_read,
    .begin_at = pg_begin_at,
    .follow = pg_follow,
    .ask = pg_versions_ask,
    .asked_ns = pg_versions_asked_ns,
    .buckets = pg_buckets_find,
    .begin_seen = pg_begin_seen,
    .version_seen = pg_version_seen,
    .commit = pg_commit,
    .check_deferred = pg_check_deferred,
    .rollback = pg_rollback,
    .savepoint = pg_savepoint,
    .release = pg_release,
    .rollback_to = pg_rollback_to,
    .deadline = pg_deadline,
    .interrupt_when = pg_interrupt_when,
    .prepare = pg_prepare,
    .finalize = pg_finalize,
    .column_not_null = pg_column_not_null,
    .bind = pg_bind,
    .last = pg_last,
    .step = pg_step,
    .send = pg_send,
    .wait_sent = pg_wait_sent,
    .violation = pg_violation,
    .column = pg_column,
    .column_micros = pg_column_micros,
    .key = pg_key,
    .reset = pg_reset,
    .explain = pg_explain,
    .explain_any = pg_explain_any,
    .is_unique = pg_is_unique,
    .reads = pg_reads,
    .versions_under = pg_versions_under,
    .versions_cover = pg_versions_cover,
    .versions_miss = pg_versions_miss,
    .versions_schema = pg_versions_schema,
    .has_table = pg_has_table,
    .exec = pg_exec,
    .empty = pg_schema_empty,
    .analyze = pg_analyze,
    .batch_open = pg_batch_open,
    .batch_close = pg_batch_close,
    .batch_add = pg_batch_add,
};
