// SPDX-License-Identifier: Apache-2.0
// From a url to its driver, and from each function of store.h to the driver's, with what a driver need not
// have: what its table leaves out is done here in another way, or is nothing. Threads: as store.h says of
// each.
#include "store/store.h"

#include <assert.h>

#include "store/driver.h"

static const struct store_driver *find_driver(const char *url)
{
    struct span rest = span_of(url);
    struct span scheme = span_split(&rest, ':');
    const struct store_driver *driver;
    for (size_t i = 0; (driver = store_driver_at(i)) != NULL; i++) {
        bool is_its = span_is(scheme, driver->kind) ||
                      (driver->short_scheme != NULL && span_is(scheme, driver->short_scheme));
        if (is_its && scheme.len < strlen(url))
            return driver;
    }
    return NULL;
}

const char *store_kind_of(const char *url)
{
    const struct store_driver *driver = find_driver(url);
    return driver != NULL ? driver->kind : NULL;
}

bool store_url_has_secret(const char *url)
{
    const struct store_driver *driver = find_driver(url);
    if (driver == NULL)
        return strpbrk(url, "@%?=") != NULL;
    return driver->has_secret != NULL && driver->has_secret(url);
}

enum err_code store_open(const char *url, const char *name, struct store **ret_store, struct err *err)
{
    const struct store_driver *driver = find_driver(url);
    if (driver != NULL)
        return driver->open(url, name, ret_store, err);
    err_set(err, ERR_CONFIG, "\"%.200s\" is not a store", url);
    err_hint(err, "name one as sqlite:PATH or postgresql://HOST/DATABASE");
    return ERR_CONFIG;
}

enum err_code store_open_replica(const char *url, const char *name, struct store **ret_store, struct err *err)
{
    const struct store_driver *driver = find_driver(url);
    if (driver != NULL && driver->open_replica != NULL)
        return driver->open_replica(url, name, ret_store, err);
    err_set(err, ERR_CONFIG, "\"%.200s\" is not a store that has replicas", url);
    err_hint(err, "name a standby as postgresql://HOST/DATABASE");
    return ERR_CONFIG;
}

enum err_code store_scratch(struct store *like, struct store **ret_store, struct err *err)
{
    return like->driver->scratch(like, ret_store, err);
}

bool store_recovered(struct store *store, struct store_recovery *ret_recovery)
{
    return store->driver->recovered != NULL && store->driver->recovered(store, ret_recovery);
}

void store_close(struct store *store)
{
    if (store != NULL)
        store->driver->close(store);
}

const char *store_file(const struct store *store)
{
    return store->driver->file != NULL ? store->driver->file(store) : NULL;
}

const char *store_kind(const struct store *store)
{
    return store->driver->kind;
}

const char *store_kind_at(size_t number)
{
    const struct store_driver *driver = store_driver_at(number);
    return driver != NULL ? driver->kind : NULL;
}

enum sql_dialect store_dialect(const char *kind)
{
    const struct store_driver *driver;
    for (size_t i = 0; (driver = store_driver_at(i)) != NULL; i++) {
        if (strcmp(driver->kind, kind) == 0)
            return driver->dialect;
    }
    assert(false && "a kind of store");
    return SQL_SQLITE;
}

enum sql_dialect store_conn_dialect(const struct store_conn *conn)
{
    return conn->driver->dialect;
}

bool store_round_trip_is_costly(const struct store_conn *conn)
{
    return conn->driver->round_trip_is_costly;
}

bool store_nulls_are_largest(const struct store_conn *conn)
{
    return conn->driver->nulls_are_largest;
}

bool store_decimals_are_scaled(const struct store_conn *conn)
{
    return conn->driver->decimals_are_scaled;
}

enum err_code store_connect(
    struct store *store, enum store_mode mode, struct store_conn **ret_conn, struct err *err)
{
    return store->driver->connect(store, mode, ret_conn, err);
}

enum err_code store_connect_beside(struct store_conn *conn, struct store_conn **ret_conn, struct err *err)
{
    *ret_conn = NULL;
    return conn->driver->connect_beside != NULL ? conn->driver->connect_beside(conn, ret_conn, err)
                                                : ERR_NONE;
}

void store_disconnect(struct store_conn *conn)
{
    if (conn != NULL)
        conn->driver->disconnect(conn);
}

// --- keeping up

enum err_code store_watch(struct store *store, struct err *err)
{
    return store->driver->watch(store, err);
}

void store_stats(struct store *store, struct store_stats *ret_stats)
{
    *ret_stats = (struct store_stats){0};
    store->driver->stats(store, ret_stats);
}

enum err_code store_is_there(struct store *store, struct err *err)
{
    return store->driver->is_there != NULL ? store->driver->is_there(store, err) : ERR_NONE;
}

// --- transactions

enum err_code store_begin(struct store_conn *conn, struct err *err)
{
    return conn->driver->begin(conn, err);
}

enum err_code store_begin_early(struct store_conn *conn, struct err *err)
{
    return conn->driver->begin_early != NULL ? conn->driver->begin_early(conn, err) : store_begin(conn, err);
}

enum err_code store_take_turn(struct store_conn *conn, struct err *err)
{
    return conn->driver->take_turn != NULL ? conn->driver->take_turn(conn, err) : ERR_NONE;
}

enum err_code store_begin_at(struct store_conn *conn, struct span vector, struct err *err)
{
    return conn->driver->begin_at != NULL ? conn->driver->begin_at(conn, vector, false, err)
                                          : store_begin(conn, err);
}

enum err_code store_commit(struct store_conn *conn, struct err *err)
{
    return conn->driver->commit(conn, err);
}

enum err_code store_check_deferred(struct store_conn *conn, struct err *err)
{
    return conn->driver->check_deferred(conn, err);
}

void store_rollback(struct store_conn *conn)
{
    conn->driver->rollback(conn);
}

enum err_code store_savepoint(struct store_conn *conn, struct err *err)
{
    return conn->driver->savepoint(conn, err);
}

enum err_code store_release(struct store_conn *conn, struct err *err)
{
    return conn->driver->release(conn, err);
}

enum err_code store_rollback_to(struct store_conn *conn, struct err *err)
{
    return conn->driver->rollback_to(conn, err);
}

void store_deadline(struct store_conn *conn, uint64_t monotonic_ns)
{
    conn->driver->deadline(conn, monotonic_ns);
}

void store_interrupt_when(struct store_conn *conn, const atomic_bool *flag)
{
    conn->driver->interrupt_when(conn, flag);
}

// --- statements

enum err_code store_prepare(struct store_conn *conn, struct span sql, const struct store_name *params,
    size_t param_count, struct store_stmt **ret_stmt, struct err *err)
{
    return conn->driver->prepare(conn, sql, params, param_count, ret_stmt, err);
}

void store_finalize(struct store_stmt *stmt)
{
    if (stmt != NULL)
        stmt->driver->finalize(stmt);
}

bool store_writes(const struct store_stmt *stmt)
{
    return stmt->writes;
}

size_t store_column_count(const struct store_stmt *stmt)
{
    return stmt->column_count;
}

const char *store_column_name(const struct store_stmt *stmt, size_t column)
{
    return stmt->columns[column].name;
}

const char *store_column_refused(const struct store_stmt *stmt, size_t column)
{
    return stmt->columns[column].refused_type;
}

bool store_column_is_scaled_decimal(const struct store_stmt *stmt, size_t column)
{
    return stmt->columns[column].is_scaled_decimal;
}

bool store_column_is_boolean(const struct store_stmt *stmt, size_t column)
{
    return stmt->columns[column].is_boolean;
}

enum err_code store_column_not_null(
    struct store_stmt *stmt, size_t column, bool *ret_is_not_null, struct err *err)
{
    return stmt->driver->column_not_null(stmt, column, ret_is_not_null, err);
}

enum err_code store_bind(struct store_stmt *stmt, const struct value *values, struct err *err)
{
    return stmt->driver->bind(stmt, values, err);
}

enum err_code store_send(struct store_stmt *stmt, const struct value *values, struct err *err)
{
    if (stmt->driver->send != NULL)
        return stmt->driver->send(stmt, values, err);
    bool row = true;
    enum err_code code = store_bind(stmt, values, err);
    while (code == ERR_NONE && row)
        code = store_step(stmt, &row, err);
    store_reset(stmt);
    return code;
}

enum err_code store_wait_sent(struct store_conn *conn, struct err *err)
{
    return conn->driver->wait_sent != NULL ? conn->driver->wait_sent(conn, err) : ERR_NONE;
}

void store_last(struct store_conn *conn)
{
    if (conn->driver->last != NULL)
        conn->driver->last(conn);
}

enum err_code store_step(struct store_stmt *stmt, bool *ret_row, struct err *err)
{
    return stmt->driver->step(stmt, ret_row, err);
}

struct violation store_violation(struct store_conn *conn)
{
    return conn->driver->violation(conn);
}

enum err_code store_column(struct store_stmt *stmt, size_t column, struct value *ret_value, struct err *err)
{
    return stmt->driver->column(stmt, column, ret_value, err);
}

enum err_code store_column_micros(
    struct store_stmt *stmt, size_t column, struct value *ret_value, struct err *err)
{
    return stmt->driver->column_micros != NULL ? stmt->driver->column_micros(stmt, column, ret_value, err)
                                               : store_column(stmt, column, ret_value, err);
}

enum err_code store_key(struct store_stmt *stmt, size_t column, struct value *ret_value, struct err *err)
{
    return stmt->driver->key != NULL ? stmt->driver->key(stmt, column, ret_value, err)
                                     : stmt->driver->column(stmt, column, ret_value, err);
}

void store_reset(struct store_stmt *stmt)
{
    stmt->driver->reset(stmt);
}

enum err_code store_explain(struct store_stmt *stmt,
    void (*on_line)(void *ctx, const struct store_plan_line *line), void *ctx, struct err *err)
{
    return stmt->driver->explain(stmt, on_line, ctx, err);
}

enum err_code store_explain_any(struct store_stmt *stmt,
    void (*on_line)(void *ctx, const struct store_plan_line *line), void *ctx, struct err *err)
{
    return stmt->driver->explain_any != NULL ? stmt->driver->explain_any(stmt, on_line, ctx, err)
                                             : stmt->driver->explain(stmt, on_line, ctx, err);
}

enum err_code store_is_unique(
    struct store_stmt *stmt, const struct span *columns, size_t count, bool *ret_is_unique, struct err *err)
{
    return stmt->driver->is_unique(stmt, columns, count, ret_is_unique, err);
}

enum err_code store_reads(
    struct store_stmt *stmt, void (*on_table)(void *ctx, const char *table), void *ctx, struct err *err)
{
    return stmt->driver->reads(stmt, on_table, ctx, err);
}

enum err_code store_exec(struct store_conn *conn, struct span sql, struct err *err)
{
    return conn->driver->exec(conn, sql, err);
}

enum err_code store_empty(struct store_conn *conn, struct err *err)
{
    return conn->driver->empty(conn, err);
}

enum err_code store_has_own_table(
    struct store_conn *conn, const char *name, bool *ret_has_table, struct err *err)
{
    *ret_has_table = false;
    return conn->driver->has_table != NULL ? conn->driver->has_table(conn, name, ret_has_table, err)
                                           : ERR_NONE;
}

enum err_code store_make_table(struct store_conn *conn, const char *name, const char *sql, struct err *err)
{
    bool has_table;
    enum err_code code = store_has_own_table(conn, name, &has_table, err);
    return code != ERR_NONE || has_table ? code : store_exec(conn, span_of(sql), err);
}

enum err_code store_analyze(struct store_conn *conn, struct err *err)
{
    return conn->driver->analyze != NULL ? conn->driver->analyze(conn, err) : ERR_NONE;
}

// --- the table batch

enum err_code store_batch_open(
    struct store_conn *conn, const struct store_name *fields, size_t field_count, struct err *err)
{
    return conn->driver->batch_open(conn, fields, field_count, err);
}

enum err_code store_batch_close(struct store_conn *conn, struct err *err)
{
    return conn->driver->batch_close(conn, err);
}

enum err_code store_batch_add(
    struct store_conn *conn, const struct value *values, int64_t line, struct err *err)
{
    return conn->driver->batch_add(conn, values, line, err);
}
