// SPDX-License-Identifier: Apache-2.0
// Versions of a table's rows by some of its columns, as readers ask for them. Their numbers are set where
// commits are counted (tracks.c, versions.c). Any thread; sqlite_buckets_find that of its connection.
//
// New buckets have a number that no one has been told: a transaction that began before may have missed a
// commit that nobody has noted for them. A transaction that writes at this moment does not note for them
// either, so its commit raises all of them.
#include "store/sqlite/buckets.h"

#include "base/mem.h"
#include "store/sqlite/conn.h"
#include "store/sqlite/error.h"
#include "store/sqlite/store.h"
#include "store/sqlite/table_column.h"

// Where nothing can be said of the values: the version of the table, which is raised with each bucket.
static const struct version *at(const struct version_buckets *base, const struct value *values, size_t count)
{
    const struct sqlite_buckets *buckets = (const struct sqlite_buckets *)base;
    uint64_t hash = 0;
    for (size_t i = 0; i < count; i++) {
        if (!sqlite_bucket_add_param(&hash, buckets->columns[i].kind, &values[i]))
            return &buckets->table->base;
    }
    return &buckets->buckets[sqlite_bucket_of(hash)].base;
}

static void free_one(struct sqlite_buckets *buckets)
{
    for (size_t i = 0; i < buckets->column_count; i++)
        mem_free(buckets->columns[i].name);
    mem_free(buckets->table_name);
    mem_free(buckets);
}

void sqlite_buckets_free(struct sqlite_buckets *buckets)
{
    while (buckets != NULL) {
        struct sqlite_buckets *next = buckets->next;
        free_one(buckets);
        buckets = next;
    }
}

static bool is_for(const struct sqlite_buckets *one, const struct sqlite_buckets *other)
{
    bool is = one->table == other->table && one->column_count == other->column_count;
    for (size_t i = 0; is && i < one->column_count; i++)
        is = one->columns[i].kind == other->columns[i].kind &&
             sqlite3_stricmp(one->columns[i].name, other->columns[i].name) == 0;
    return is;
}

// The same ones that are there, or these, which then are the store's; NULL: there are too many.
static struct sqlite_buckets *publish(struct sqlite_versions *versions, struct sqlite_buckets *made)
{
    struct sqlite_buckets *first, *same;
    unsigned count = 0;
    pthread_mutex_lock(&versions->naming);
    first = atomic_load_explicit(&versions->buckets, memory_order_relaxed);
    for (same = first; same != NULL && !is_for(same, made); same = same->next)
        count++;
    if (same == NULL && count < LIMIT_BUCKET_SETS) {
        made->next = first;
        sqlite_versions_add_buckets(versions, made);
        same = made;
    }
    pthread_mutex_unlock(&versions->naming);
    return same;
}

static enum err_code look_up_columns(struct sqlite_conn *conn, struct sqlite_buckets *made,
    const struct span *columns, size_t count, const char **ret_why, struct err *err)
{
    for (size_t i = 0; i < count && *ret_why == NULL; i++) {
        struct sqlite_table_column column = {0};
        int result =
            sqlite_table_column_find(conn->db, span_of(made->table_name), columns[i], &column, ret_why);
        if (result != SQLITE_OK)
            return sqlite_fail(conn, result, err);
        made->columns[i].kind = column.kind;
        made->columns[i].name = mem_strndup(columns[i].at, columns[i].len);
        made->column_count = i + 1;
        if (made->columns[i].name == NULL)
            return err_no_memory(err);
    }
    return ERR_NONE;
}

// The table's name as the schema has it, to be freed; NULL: there is none.
static enum err_code find_name(struct sqlite_conn *conn, const char *table, char **ret_name, struct err *err)
{
    static const char sql[] =
        "SELECT name FROM main.sqlite_schema WHERE type IN ('table', 'view') AND name = ?1 COLLATE NOCASE";
    sqlite3_stmt *find = NULL;
    enum err_code code = ERR_NONE;
    *ret_name = NULL;
    int result = sqlite3_prepare_v2(conn->db, sql, -1, &find, NULL);
    if (result == SQLITE_OK)
        result = sqlite3_bind_text(find, 1, table, -1, SQLITE_STATIC);
    if (result == SQLITE_OK)
        result = sqlite3_step(find);
    if (result == SQLITE_ROW) {
        const char *name = (const char *)sqlite3_column_text(find, 0);
        *ret_name = name != NULL ? mem_strdup(name) : NULL;
        code = *ret_name != NULL ? ERR_NONE : err_no_memory(err);
    } else if (result != SQLITE_DONE) {
        code = sqlite_fail(conn, result, err);
    }
    sqlite3_finalize(find);
    return code;
}

static enum err_code make(struct sqlite_conn *conn, const char *table, const struct span *columns,
    size_t count, struct sqlite_buckets *made, const char **ret_why, struct err *err)
{
    struct sqlite_versions *versions = &conn->store->versions;
    enum err_code code = find_name(conn, table, &made->table_name, err);
    if (code == ERR_NONE && made->table_name == NULL)
        *ret_why = "there is no such table";
    if (code != ERR_NONE || *ret_why != NULL)
        return code;
    made->table = sqlite_versions_find(versions, made->table_name);
    if (made->table == NULL)
        *ret_why = "the store has too many tables";
    if (code == ERR_NONE && *ret_why == NULL)
        code = look_up_columns(conn, made, columns, count, ret_why, err);
    made->base.at = at;
    sqlite_versions_init_one(versions, NULL, &made->whole);
    for (size_t i = 0; i < LIMIT_BUCKETS; i++)
        sqlite_versions_init_one(versions, &made->whole, &made->buckets[i]);
    return code;
}

enum err_code sqlite_buckets_find(struct store_conn *base, const char *table, const struct span *columns,
    size_t count, const struct version_buckets **ret_buckets, const char **ret_why, struct err *err)
{
    struct sqlite_conn *conn = sqlite_conn(base);
    struct sqlite_buckets *found = NULL;
    enum err_code code = sqlite_check_alive(conn, err);
    if (code != ERR_NONE)
        return code;
    *ret_why = count > LIMIT_BUCKET_COLUMNS ? "there are too many columns" : NULL;
    struct sqlite_buckets *made = mem_zalloc(1, sizeof(*made));
    if (made == NULL)
        return err_no_memory(err);
    if (*ret_why == NULL)
        code = make(conn, table, columns, count, made, ret_why, err);
    if (code == ERR_NONE && *ret_why == NULL) {
        found = publish(&conn->store->versions, made);
        if (found == NULL)
            *ret_why = "the store keeps versions of rows by enough other columns";
    }
    if (found != made)
        free_one(made);
    if (code == ERR_NONE)
        *ret_buckets = found != NULL ? &found->base : NULL;
    return code;
}
