// SPDX-License-Identifier: Apache-2.0
// SQL that every store understands. Rows go in by the table batch: the fastest way that each store has, and
// one statement whatever their number. On PostgreSQL several nodes add to the same rows; they do so in one
// order, so that none of them waits in a circle. On the connection's thread.
#include "access/usage_store.h"

#include <stdio.h>

#include "store/own_sql.h"
#include "base/attr.h"
#include "base/limits.h"
#include "text/date.h"

enum {
    FORGET_DAYS = 30, // a process that slept so long may count twice
    TEXT_FIELDS = 3,
    COUNT_FIELDS = 6,
    FIELDS = TEXT_FIELDS + COUNT_FIELDS,
};

static const char MAKE_USAGE[] =
    "CREATE TABLE IF NOT EXISTS reckoner_usage (day text NOT NULL, client text NOT NULL, endpoint text NOT NULL, "
    "requests bigint NOT NULL, cached bigint NOT NULL, failed bigint NOT NULL, rows bigint NOT NULL, "
    "bytes bigint NOT NULL, batch_rows bigint NOT NULL, PRIMARY KEY (day, client, endpoint))";

static const char MAKE_NODES[] =
    "CREATE TABLE IF NOT EXISTS reckoner_usage_nodes (node text NOT NULL PRIMARY KEY, "
    "number bigint NOT NULL, day text NOT NULL)";

// The row's lock makes it wait for a transaction of this number that has not ended yet.
static const char GUARD[] =
    "INSERT INTO reckoner_usage_nodes (node, number, day) VALUES (:node, :number, :day) "
    "ON CONFLICT (node) DO UPDATE SET number = excluded.number, day = excluded.day "
    "WHERE reckoner_usage_nodes.number < excluded.number RETURNING number";

static const char ADD[] =
    "INSERT INTO reckoner_usage (day, client, endpoint, requests, cached, failed, rows, bytes, batch_rows) "
    "SELECT day, client, endpoint, requests, cached, failed, rows, bytes, batch_rows FROM batch WHERE true "
    "ORDER BY line "
    "ON CONFLICT (day, client, endpoint) DO UPDATE SET requests = reckoner_usage.requests + excluded.requests, "
    "cached = reckoner_usage.cached + excluded.cached, failed = reckoner_usage.failed + excluded.failed, "
    "rows = reckoner_usage.rows + excluded.rows, bytes = reckoner_usage.bytes + excluded.bytes, "
    "batch_rows = reckoner_usage.batch_rows + excluded.batch_rows";

static const char READ[] =
    "SELECT day, client, endpoint, requests, cached, failed, rows, bytes, batch_rows FROM reckoner_usage "
    "WHERE day >= :first AND day <= :last";

static const struct store_name batch_fields[FIELDS] = {
    {.name = {.at = "day", .len = 3}, .type = TYPE_TEXT},
    {.name = {.at = "client", .len = 6}, .type = TYPE_TEXT},
    {.name = {.at = "endpoint", .len = 8}, .type = TYPE_TEXT},
    {.name = {.at = "requests", .len = 8}, .type = TYPE_INTEGER},
    {.name = {.at = "cached", .len = 6}, .type = TYPE_INTEGER},
    {.name = {.at = "failed", .len = 6}, .type = TYPE_INTEGER},
    {.name = {.at = "rows", .len = 4}, .type = TYPE_INTEGER},
    {.name = {.at = "bytes", .len = 5}, .type = TYPE_INTEGER},
    {.name = {.at = "batch_rows", .len = 10}, .type = TYPE_INTEGER},
};

static const struct store_name guard_params[] = {
    {.name = {.at = "node", .len = 4}, .type = TYPE_TEXT},
    {.name = {.at = "number", .len = 6}, .type = TYPE_INTEGER},
    {.name = {.at = "day", .len = 3}, .type = TYPE_TEXT},
};

static struct value text_value(struct span text)
{
    return (struct value){.kind = VALUE_TEXT, .text = text};
}

static struct value integer_value(uint64_t number)
{
    return (struct value){.kind = VALUE_INTEGER, .integer = (int64_t)number};
}

static struct value day_value(int32_t day, char text[DATE_CHARS])
{
    date_format(date_from_days(day), text);
    return text_value(span_of(text));
}

enum err_code usage_store_make(struct store_conn *conn, struct err *err)
{
    enum err_code code = store_make_table(conn, "reckoner_usage", MAKE_USAGE, err);
    return code == ERR_NONE ? store_make_table(conn, "reckoner_usage_nodes", MAKE_NODES, err) : code;
}

// --- adding

// Of statements without rows.
static enum err_code run_once(
    struct store_stmt *stmt, const struct value *values, bool *ret_row, struct err *err)
{
    enum err_code code = store_bind(stmt, values, err);
    if (code == ERR_NONE)
        code = store_step(stmt, ret_row, err);
    store_reset(stmt);
    return code;
}

static enum err_code forget_nodes(struct store_conn *conn, int32_t today, struct err *err)
{
    char text[DATE_CHARS];
    const struct own_param day = {.name = "day", .value = day_value(today - FORGET_DAYS, text)};
    return own_run(conn, "DELETE FROM reckoner_usage_nodes WHERE day < :day", &day, 1, NULL, NULL, err);
}

enum err_code usage_writer_init(
    struct usage_writer *writer, struct store_conn *conn, const char *node, int32_t today, struct err *err)
{
    *writer = (struct usage_writer){.conn = conn, .node = node};
    enum err_code code = usage_store_make(conn, err);
    if (code == ERR_NONE)
        code = forget_nodes(conn, today, err);
    if (code == ERR_NONE)
        code = store_batch_open(conn, batch_fields, FIELDS, err);
    if (code == ERR_NONE)
        code =
            store_prepare(conn, span_of(GUARD), guard_params, ARRAY_LEN(guard_params), &writer->guard, err);
    if (code == ERR_NONE)
        code = store_prepare(conn, span_of(ADD), NULL, 0, &writer->add, err);
    return code;
}

void usage_writer_fini(struct usage_writer *writer)
{
    store_finalize(writer->guard);
    store_finalize(writer->add);
    *writer = (struct usage_writer){0};
}

static enum err_code add_to_batch(
    struct store_conn *conn, const struct usage_entry *entry, int64_t line, struct err *err)
{
    char day[DATE_CHARS], endpoint[USAGE_ENDPOINT_CHARS];
    const struct usage_key *key = &entry->key;
    const struct usage_counts *counts = &entry->counts;
    usage_endpoint(key, endpoint);
    const struct value values[FIELDS] = {
        day_value(key->day, day),
        text_value(key->client),
        text_value(span_of(endpoint)),
        integer_value(counts->requests),
        integer_value(counts->cached),
        integer_value(counts->failed),
        integer_value(counts->rows),
        integer_value(counts->bytes),
        integer_value(counts->batch_rows),
    };
    return store_batch_add(conn, values, line, err);
}

static enum err_code add_entries(
    struct usage_writer *writer, struct usage_entry *const *entries, size_t count, struct err *err)
{
    bool row;
    enum err_code code = store_batch_open(writer->conn, batch_fields, FIELDS, err);
    for (size_t i = 0; code == ERR_NONE && i < count; i++)
        code = add_to_batch(writer->conn, entries[i], (int64_t)i + 1, err);
    return code == ERR_NONE ? run_once(writer->add, NULL, &row, err) : code;
}

enum err_code usage_writer_add(struct usage_writer *writer, uint64_t number, int32_t today,
    struct usage_entry *const *entries, size_t count, struct err *err)
{
    char day[DATE_CHARS];
    const struct value guard[] = {
        text_value(span_of(writer->node)), integer_value(number), day_value(today, day)};
    bool is_new = false;
    enum err_code code = store_begin_early(writer->conn, err);
    if (code != ERR_NONE)
        return code;
    code = run_once(writer->guard, guard, &is_new, err);
    if (code == ERR_NONE && is_new)
        code = add_entries(writer, entries, count, err);
    if (code == ERR_NONE && is_new)
        code = store_commit(writer->conn, err);
    if (code != ERR_NONE || !is_new)
        store_rollback(writer->conn);
    return code;
}

// --- reading

static enum err_code read_row(void *ctx, struct store_stmt *stmt, struct err *err)
{
    struct usage_table *table = ctx;
    struct value values[FIELDS];
    struct date day;
    enum err_code code = ERR_NONE;
    for (size_t i = 0; code == ERR_NONE && i < FIELDS; i++) {
        code = store_column(stmt, i, &values[i], err);
        enum value_kind kind = i < TEXT_FIELDS ? VALUE_TEXT : VALUE_INTEGER;
        if (code == ERR_NONE && values[i].kind != kind)
            code = err_set(err, ERR_STORE, "reckoner_usage: %s is not what the server writes there",
                store_column_name(stmt, i));
    }
    if (code != ERR_NONE)
        return code;
    struct usage_key key = {.client = values[1].text, .path = values[2].text};
    struct span method = span_split(&key.path, ' ');
    if (!date_parse(values[0].text, &day) || !http_method_from_name(method, &key.method))
        return err_set(err, ERR_STORE, "reckoner_usage: day or endpoint is not what the server writes there");
    key.day = date_to_days(day);
    const struct usage_counts counts = {
        .requests = (uint64_t)values[3].integer,
        .cached = (uint64_t)values[4].integer,
        .failed = (uint64_t)values[5].integer,
        .rows = (uint64_t)values[6].integer,
        .bytes = (uint64_t)values[7].integer,
        .batch_rows = (uint64_t)values[8].integer,
    };
    code = usage_table_add(table, &key, &counts);
    if (code == ERR_BUSY)
        return err_set(err, code, "the usage has more rows than are read at a time: ask for fewer days");
    return code == ERR_NONE ? code : err_no_memory(err);
}

// No table is no use. One that is there and cannot be read is an error: else a bill would be empty.
static enum err_code is_missing(struct store_conn *conn, const struct err *failure, struct err *err)
{
    bool has_table;
    enum err_code code = store_has_own_table(conn, "reckoner_usage", &has_table, err);
    if (code != ERR_NONE || !has_table)
        return code;
    code = err_set(err, ERR_CONFIG, "%s", failure->text);
    err_hint(err, "give the role USAGE of the schema, and SELECT of its table reckoner_usage");
    return code;
}

enum err_code usage_store_read(struct store_conn *conn, struct usage_period period, const struct span *client,
    struct usage_table *table, struct err *err)
{
    char sql[sizeof(READ) + 32], first[DATE_CHARS], last[DATE_CHARS];
    bool is_of_one = client != NULL;
    snprintf(sql, sizeof(sql), "%s%s", READ, is_of_one ? " AND client = :client" : "");
    const struct own_param params[] = {
        {.name = "first", .value = day_value(period.first_day, first)},
        {.name = "last", .value = day_value(period.last_day, last)},
        own_text("client", is_of_one ? *client : span_of("")),
    };
    struct err failure = {0};
    enum err_code code = own_run(conn, sql, params, is_of_one ? 3 : 2, read_row, table, &failure);
    if (code == ERR_CONFIG) // the statement is right: there is no such table, or none for this role
        return is_missing(conn, &failure, err);
    if (code != ERR_NONE)
        *err = failure;
    return code;
}
