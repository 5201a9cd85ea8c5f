// SPDX-License-Identifier: Apache-2.0
// Asks the server's catalogs for unique keys and for columns without nulls. The connection's thread; not for
// requests.
#include "store/postgresql/keys.h"

#include <stdio.h>

#include "base/limits.h"
#include "store/postgresql/conn.h"
#include "store/postgresql/pipe.h"
#include "store/postgresql/prepared.h"
#include "store/postgresql/session.h"
#include "store/postgresql/stmt.h"
#include "store/postgresql/store.h"
#include "store/postgresql/text_array.h"
#include "store/postgresql/tx.h"

enum err_code pg_is_unique(
    struct store_stmt *base, const struct span *columns, size_t count, bool *ret_is_unique, struct err *err)
{
    struct pg_stmt *stmt = pg_stmt(base);
    AUTO(buf_fini) struct buf words;
    AUTO(buf_fini) struct buf names;
    PGresult *result = NULL;
    buf_init(&words, 4 * LIMIT_APP_FILE_BYTES);
    buf_init(&names, 4 * LIMIT_APP_FILE_BYTES);
    pg_append_words(stmt->prepared->sql, &words);
    for (size_t i = 0; i < count; i++)
        pg_append_item(&names, columns[i]);
    pg_end_array(&names);
    if (buf_status(&words) != ERR_NONE || buf_status(&names) != ERR_NONE)
        return err_no_memory(err);
    const char *const params[] = {words.data, names.data, stmt->conn->store->name};
    enum err_code code = pg_check_alive(stmt->conn, err);
    if (code == ERR_NONE)
        code = pg_tx_query(stmt->conn,
            "SELECT EXISTS (SELECT FROM pg_catalog.pg_index i"
            " JOIN pg_catalog.pg_class c ON c.oid = i.indrelid"
            " JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
            " WHERE n.nspname = $3 AND c.relname = ANY ($1::text[])"
            " AND i.indisunique AND i.indisvalid AND i.indpred IS NULL AND i.indexprs IS NULL"
            " AND NOT EXISTS (SELECT FROM pg_catalog.pg_attribute a"
            " WHERE a.attrelid = c.oid AND a.attnum = ANY ((i.indkey::int2[])[0:i.indnkeyatts - 1])"
            " AND NOT (a.attnotnull AND a.attname = ANY ($2::text[]))))",
            3, params, &result, err);
    if (code == ERR_NONE)
        *ret_is_unique = PQgetvalue(result, 0, 0)[0] == 't';
    PQclear(result);
    return code;
}

enum err_code pg_column_not_null(
    struct store_stmt *base, size_t column, bool *ret_is_not_null, struct err *err)
{
    struct pg_stmt *stmt = pg_stmt(base);
    const struct pg_column *of = &stmt->columns[column];
    char table[12], number[12];
    const char *const params[] = {table, number};
    PGresult *result = NULL;
    bool is_not_null = false;
    snprintf(table, sizeof(table), "%u", (unsigned)of->table);
    snprintf(number, sizeof(number), "%d", of->number);
    enum err_code code = pg_check_alive(stmt->conn, err);
    if (code == ERR_NONE && of->table != InvalidOid) {
        code = pg_tx_query(stmt->conn,
            "SELECT attnotnull FROM pg_catalog.pg_attribute WHERE attrelid = $1::oid AND attnum = $2::int2",
            2, params, &result, err);
        is_not_null = code == ERR_NONE && PQntuples(result) == 1 && PQgetvalue(result, 0, 0)[0] == 't';
    }
    PQclear(result);
    if (code == ERR_NONE)
        *ret_is_not_null = is_not_null;
    return code;
}
