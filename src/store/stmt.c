// SPDX-License-Identifier: Apache-2.0
// What the statements of all drivers have in common: their place in the list of their connection, and the
// names of their columns. The connection's thread.
#include "base/mem.h"
#include "store/driver.h"

void store_stmt_init(struct store_stmt *stmt, struct store_conn *conn)
{
    stmt->driver = conn->driver;
    stmt->next = conn->stmts;
    stmt->link = &conn->stmts;
    if (stmt->next != NULL)
        stmt->next->link = &stmt->next;
    conn->stmts = stmt;
}

void store_stmt_fini(struct store_stmt *stmt)
{
    *stmt->link = stmt->next;
    if (stmt->next != NULL)
        stmt->next->link = stmt->link;
    for (size_t i = 0; i < stmt->column_count; i++)
        mem_free(stmt->columns[i].name);
    mem_free(stmt->columns);
}
