// SPDX-License-Identifier: Apache-2.0
// From the questions of versions.h to the driver, which knows the answers: numbers in SQLite from those who
// commit, and from the header of the shared WAL index (sqlite/versions.c), in PostgreSQL from a thread that
// asks (postgresql/watch.c).
#include "store/versions.h"

#include "base/clock.h"
#include "store/driver.h"

static uint64_t not_known(const struct version *version)
{
    (void)version;
    return 0;
}

static const struct version unknown = {.now = not_known};

const struct version *versions_of(struct store *store, const char *table)
{
    const struct version *version = store->driver->version_of(store, table);
    return version != NULL ? version : &unknown;
}

uint64_t version_now(const struct version *version)
{
    return version->now(version);
}

enum err_code versions_read(struct store_conn *conn, struct buf *vector, struct err *err)
{
    return conn->driver->versions_read != NULL ? conn->driver->versions_read(conn, vector, err) : ERR_NONE;
}

enum err_code versions_cover(struct store_stmt *stmt, bool *ret_is_covered, struct err *err)
{
    if (stmt->driver->versions_cover != NULL)
        return stmt->driver->versions_cover(stmt, ret_is_covered, err);
    *ret_is_covered = true;
    return ERR_NONE;
}

enum err_code versions_miss(struct store_stmt *stmt, struct buf *why, struct err *err)
{
    return stmt->driver->versions_miss(stmt, why, err);
}

uint64_t versions_schema(const struct store_stmt *stmt)
{
    return stmt->driver->versions_schema != NULL ? stmt->driver->versions_schema(stmt) : 0;
}

enum err_code versions_under(
    struct store_stmt *stmt, void (*on_name)(void *ctx, const char *name), void *ctx, struct err *err)
{
    if (stmt->driver->versions_under != NULL)
        return stmt->driver->versions_under(stmt, on_name, ctx, err);
    return stmt->driver->reads(stmt, on_name, ctx, err);
}

bool versions_lag(const struct store *store)
{
    return store->driver->ask != NULL;
}

void versions_ask(struct store *store, struct versions_question *question)
{
    if (store->driver->ask != NULL)
        store->driver->ask(store, question);
    else
        question->on_answer(question);
}

uint64_t versions_asked_ns(const struct store *store)
{
    return store->driver->asked_ns != NULL ? store->driver->asked_ns(store) : clock_monotonic_ns();
}

enum err_code versions_by(struct store_conn *conn, const char *table, const struct span *columns,
    size_t count, const struct version_buckets **ret_buckets, const char **ret_why, struct err *err)
{
    if (conn->driver->buckets != NULL)
        return conn->driver->buckets(conn, table, columns, count, ret_buckets, ret_why, err);
    *ret_buckets = NULL;
    *ret_why = NULL;
    return ERR_NONE;
}

const struct version *version_bucket(
    const struct version_buckets *buckets, const struct value *values, size_t count)
{
    return buckets->at(buckets, values, count);
}

enum err_code store_begin_seen(struct store_conn *conn, struct err *err)
{
    if (conn->driver->begin_seen != NULL)
        return conn->driver->begin_seen(conn, err);
    return conn->driver->begin(conn, err);
}

enum err_code store_begin_seen_at(struct store_conn *conn, struct span vector, struct err *err)
{
    return conn->driver->begin_at != NULL ? conn->driver->begin_at(conn, vector, true, err)
                                          : store_begin_seen(conn, err);
}

void versions_follow(struct store *replica, struct store *primary)
{
    if (replica->driver->follow != NULL)
        replica->driver->follow(replica, primary);
}

uint64_t version_seen(struct store_conn *conn, const struct version *version)
{
    return conn->driver->version_seen != NULL ? conn->driver->version_seen(conn, version) : 0;
}
