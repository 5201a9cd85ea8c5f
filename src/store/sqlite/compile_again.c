// SPDX-License-Identifier: Apache-2.0
// One compilation beside the one that is run. The connection's thread.
#include "store/sqlite/compile_again.h"

#include "store/sqlite/conn.h"
#include "store/sqlite/error.h"
#include "store/sqlite/stmt.h"

enum err_code sqlite_compile_again(struct sqlite_stmt *stmt, struct err *err)
{
    sqlite3_stmt *again = NULL;
    int result = sqlite3_prepare_v2(stmt->conn->db, sqlite3_sql(stmt->handle), -1, &again, NULL);
    sqlite3_finalize(again);
    return result == SQLITE_OK ? ERR_NONE : sqlite_fail(stmt->conn, result, err);
}
