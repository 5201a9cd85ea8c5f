// SPDX-License-Identifier: Apache-2.0
// Buckets, as readers ask for them. A reader writes nothing: it looks whether the columns are such that the
// database and this side work out the same bucket, and leaves the set in the store's list. The watch finds it
// there and has the triggers made (reckoner_by), while answers go by the table. The connection's thread.
#include "store/postgresql/buckets.h"

#include <assert.h>
#include <stdlib.h>

#include "base/mem.h"
#include "store/postgresql/bucket_hash.h"
#include "store/postgresql/bucket_sets.h"
#include "store/postgresql/conn.h"
#include "store/postgresql/pipe.h"
#include "store/postgresql/store.h"
#include "store/postgresql/tx.h"
#include "store/postgresql/watch.h"

#define EXAMPLE "is it the same hash?"

static const char ask_sql[] =
    "SELECT reckoner_kinds($1, pg_catalog.array_remove(ARRAY[$2, $3, $4, $5, $6, $7, $8, $9], NULL)),"
    " pg_catalog.hashtext('" EXAMPLE "' COLLATE \"C\")";
static_assert(LIMIT_BUCKET_COLUMNS == 8, "each has a parameter");

static const char *why_not(const char *kinds, const char *hash)
{
    if (strchr(kinds, '-') != NULL)
        return "there is no such table or column";
    if (strchr(kinds, 'c') != NULL)
        return "the collation of a column takes different texts for equal";
    if (strchr(kinds, '?') != NULL)
        return "a column is none of text, integers, date, uuid and boolean";
    if ((uint32_t)strtol(hash, NULL, 10) != pg_hash_text(span_of(EXAMPLE)))
        return "this server's hash of texts is another one than elsewhere";
    return NULL;
}

static enum err_code add(struct pg_store *store, const char *table, const struct span *columns, size_t count,
    const char *kinds, const struct version_buckets **ret_buckets, const char **ret_why, struct err *err)
{
    const struct version *version = version_slots_find(&store->versions, table);
    struct pg_bucket_set *set =
        version != NULL ? pg_bucket_set_new(version, table, columns, count, kinds) : NULL;
    if (set == NULL)
        return err_no_memory(err);
    set = pg_bucket_sets_add(&store->bucket_sets, set);
    if (set == NULL)
        *ret_why = "the store keeps versions of rows by enough other columns";
    else
        pg_watch_look(store->watch);
    *ret_buckets = set != NULL ? &set->base : NULL;
    return ERR_NONE;
}

static enum err_code ask(struct pg_conn *conn, const char *table, const struct span *columns, size_t count,
    PGresult **ret_result, struct err *err)
{
    const char *params[1 + LIMIT_BUCKET_COLUMNS] = {table};
    char *names[LIMIT_BUCKET_COLUMNS] = {0};
    bool has_all = true;
    for (size_t i = 0; i < count; i++) {
        params[1 + i] = names[i] = mem_strndup(columns[i].at, columns[i].len);
        has_all &= names[i] != NULL;
    }
    enum err_code code = has_all ? pg_begin(&conn->base, err) : err_no_memory(err); // for a pooler's sake
    if (code == ERR_NONE) {
        pg_tx_sent(conn);
        code = pg_query(conn, ask_sql, ARRAY_LEN(params), params, ret_result, err);
        pg_rollback(&conn->base);
    }
    for (size_t i = 0; i < count; i++)
        mem_free(names[i]);
    return code;
}

enum err_code pg_buckets_find(struct store_conn *base, const char *table, const struct span *columns,
    size_t count, const struct version_buckets **ret_buckets, const char **ret_why, struct err *err)
{
    struct pg_conn *conn = pg_conn(base);
    PGresult *result = NULL;
    *ret_buckets = NULL;
    *ret_why = count > LIMIT_BUCKET_COLUMNS ? "there are too many columns" : NULL;
    if (*ret_why != NULL)
        return ERR_NONE;
    enum err_code code = ask(conn, table, columns, count, &result, err);
    if (code == ERR_NONE)
        *ret_why = why_not(PQgetvalue(result, 0, 0), PQgetvalue(result, 0, 1));
    if (code == ERR_NONE && *ret_why == NULL)
        code = add(conn->store, table, columns, count, PQgetvalue(result, 0, 0), ret_buckets, ret_why, err);
    PQclear(result);
    return code;
}
