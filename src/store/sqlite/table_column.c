// SPDX-License-Identifier: Apache-2.0
// A column of a table, by what SQLite tells of the schema. The connection's thread.
#include "store/sqlite/table_column.h"

#include <string.h>

static const char FIND[] = "SELECT x.cid, upper(x.type), x.dflt_value IS NOT NULL, l.type = 'table',"
                           " EXISTS (SELECT 1 FROM pragma_table_xinfo(?1, 'main') WHERE hidden <> 0)"
                           " FROM pragma_table_list(?1) AS l, pragma_table_xinfo(?1, 'main') AS x"
                           " WHERE l.schema = 'main' AND x.name = ?2 COLLATE NOCASE";

static bool has(const char *type, const char *part)
{
    return strstr(type, part) != NULL;
}

// By the rules for the affinity of a declared type (sqlite.org/datatype3.html, section 3.1), in their order.
static enum sqlite_bucket_kind kind_of(const char *type)
{
    if (has(type, "INT"))
        return BUCKET_NUMBER;
    if (has(type, "CHAR") || has(type, "CLOB") || has(type, "TEXT"))
        return BUCKET_TEXT;
    return type[0] == '\0' || has(type, "BLOB") ? BUCKET_AS_IS : BUCKET_NUMBER;
}

static const char *take(sqlite3_stmt *find, struct sqlite_table_column *ret_column)
{
    const char *type = (const char *)sqlite3_column_text(find, 1);
    if (sqlite3_column_int(find, 3) == 0)
        return "only the rows of tables have versions, not those of views and of virtual tables";
    if (sqlite3_column_int(find, 4) != 0) // of which the hook for rows (tracks.c) does not tell all values
        return "the table has generated columns";
    if (type != NULL && strcmp(type, "ANY") == 0) // which is another thing in a STRICT table
        return "the column has the type ANY";
    *ret_column = (struct sqlite_table_column){.number = sqlite3_column_int(find, 0),
        .kind = kind_of(type != NULL ? type : ""),
        .has_default = sqlite3_column_int(find, 2) != 0};
    return NULL;
}

int sqlite_table_column_find(sqlite3 *db, struct span table, struct span name,
    struct sqlite_table_column *ret_column, const char **ret_why)
{
    sqlite3_stmt *find = NULL;
    int result = sqlite3_prepare_v2(db, FIND, -1, &find, NULL);
    if (result == SQLITE_OK)
        result = sqlite3_bind_text(find, 1, table.at, (int)table.len, SQLITE_STATIC);
    if (result == SQLITE_OK)
        result = sqlite3_bind_text(find, 2, name.at, (int)name.len, SQLITE_STATIC);
    if (result == SQLITE_OK)
        result = sqlite3_step(find);
    *ret_why = result == SQLITE_ROW ? take(find, ret_column) : "the table has no such column";
    sqlite3_finalize(find);
    return result == SQLITE_ROW || result == SQLITE_DONE ? SQLITE_OK : result;
}
