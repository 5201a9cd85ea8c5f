// SPDX-License-Identifier: Apache-2.0
// Makes and frees the tables; what their rows are is calendar.c's and list.c's. The connection's thread.
#include "store/sqlite/table_function.h"

#include "base/mem.h"
#include "store/sqlite/conn.h"

struct table_function {
    sqlite3_vtab base;        // first
    struct sqlite_conn *conn; // borrowed
};

int table_function_connect(sqlite3 *db, void *ctx, const char *declaration, sqlite3_vtab **ret_table)
{
    int result = sqlite3_declare_vtab(db, declaration);
    if (result != SQLITE_OK)
        return result;
    struct table_function *made = mem_zalloc(1, sizeof(*made));
    if (made == NULL)
        return SQLITE_NOMEM;
    sqlite3_vtab_config(db, SQLITE_VTAB_INNOCUOUS); // it reads nothing: views and triggers may use it
    made->conn = ctx;
    *ret_table = &made->base;
    return SQLITE_OK;
}

int table_function_disconnect(sqlite3_vtab *table)
{
    mem_free(CONTAINER_OF(table, struct table_function, base));
    return SQLITE_OK;
}

void table_function_lacks(sqlite3_vtab *table, const char *what)
{
    CONTAINER_OF(table, struct table_function, base)->conn->incomplete = what;
}
