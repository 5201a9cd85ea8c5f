// SPDX-License-Identifier: Apache-2.0
// A look-up in a full-text index is one step to SQLite's machine, however many words it merges. An R*Tree
// goes from node to node, of which SQLite is told each entry that fits. The helpers are ours and short, and
// other tables that nobody has made (json_each, say) work on one value. The connection's thread.
#include "store/sqlite/virtual.h"

#include "store/sqlite/conn.h"
#include "store/sqlite/error.h"
#include "store/sqlite/reads.h"
#include "store/sqlite/stmt.h"

static const char FIND[] = "SELECT 1 FROM main.sqlite_schema WHERE type = 'table' AND name = ?1 AND"
                           " coalesce(rootpage, 0) = 0 AND sql NOT LIKE '%USING rtree%'";

struct search {
    sqlite3_stmt *find; // owned
    int result;         // SQLite's
    bool has_found;     //
};

static void look_up(void *ctx, const char *table)
{
    struct search *search = ctx;
    if (search->result == SQLITE_OK)
        search->result = sqlite3_bind_text(search->find, 1, table, -1, SQLITE_STATIC);
    if (search->result == SQLITE_OK && sqlite3_step(search->find) == SQLITE_ROW)
        search->has_found = true;
    if (search->result == SQLITE_OK)
        search->result = sqlite3_reset(search->find);
}

enum err_code sqlite_refuse_virtual(struct store_stmt *base, struct err *err)
{
    struct sqlite_conn *conn = sqlite_stmt(base)->conn;
    struct search search = {0};
    enum err_code code = ERR_NONE;
    search.result = sqlite3_prepare_v2(conn->db, FIND, -1, &search.find, NULL);
    if (search.result == SQLITE_OK)
        code = sqlite_reads(base, look_up, &search, err);
    sqlite3_finalize(search.find);
    if (code == ERR_NONE && search.result != SQLITE_OK)
        code = sqlite_fail(conn, search.result, err);
    if (code == ERR_NONE && search.has_found)
        code = err_set(err, ERR_CONFIG, "a virtual table may take long in one step");
    return code;
}
