// SPDX-License-Identifier: Apache-2.0
// The tables that a statement may read. The statement is compiled once more, and SQLite names to the
// authorizer (permit.c) each table of which it takes a column. By then SQLite has replaced views, aliases and
// parts of WITH by the tables that they stand for. The connection's thread.
#include "store/sqlite/reads.h"

#include "base/mem.h"
#include "store/sqlite/conn.h"
#include "store/sqlite/error.h"
#include "store/sqlite/stmt.h"

// The names, each once and in order.
struct sqlite_reads {
    char **names; // owned, as are the names
    size_t count; // of them
    size_t room;  // for so many
    bool is_part; // names are missing, as there was no memory for them
};

static void reads_fini(struct sqlite_reads *reads)
{
    for (size_t i = 0; i < reads->count; i++)
        mem_free(reads->names[i]);
    mem_free(reads->names);
}

static bool make_room(struct sqlite_reads *reads)
{
    char **names = mem_grow(reads->names, reads->count, &reads->room, sizeof(*names));
    if (names == NULL)
        return false;
    reads->names = names;
    return true;
}

void sqlite_note_read(struct sqlite_reads *reads, const char *table)
{
    size_t at = 0;
    if (table == NULL) {
        reads->is_part = true;
        return;
    }
    while (at < reads->count && strcmp(reads->names[at], table) < 0)
        at++;
    if (at < reads->count && strcmp(reads->names[at], table) == 0)
        return;
    char *name = make_room(reads) ? mem_strdup(table) : NULL;
    if (name == NULL) {
        reads->is_part = true;
        return;
    }
    memmove(&reads->names[at + 1], &reads->names[at], (reads->count - at) * sizeof(*reads->names));
    reads->names[at] = name;
    reads->count++;
}

static enum err_code collect(struct sqlite_stmt *stmt, struct sqlite_reads *reads, struct err *err)
{
    struct sqlite_conn *conn = stmt->conn;
    sqlite3_stmt *again = NULL;
    conn->reads = reads;
    int result = sqlite3_prepare_v2(conn->db, sqlite3_sql(stmt->handle), -1, &again, NULL);
    conn->reads = NULL;
    sqlite3_finalize(again);
    if (reads->is_part)
        return err_no_memory(err);
    return result == SQLITE_OK ? ERR_NONE : sqlite_fail(conn, result, err);
}

// The table of that name in the file, without views, the helpers and what belongs to SQLite or to us.
static const char FIND[] =
    "SELECT name FROM pragma_table_list WHERE schema = 'main' AND name = ?1 COLLATE NOCASE"
    " AND type IN ('table', 'virtual')"
    " AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND name NOT LIKE 'reckoner\\_%' ESCAPE '\\'";

static enum err_code find_tables(
    struct sqlite_conn *conn, const struct sqlite_reads *names, struct sqlite_reads *tables, struct err *err)
{
    sqlite3_stmt *find = NULL;
    int result = sqlite3_prepare_v2(conn->db, FIND, -1, &find, NULL);
    for (size_t i = 0; i < names->count && result == SQLITE_OK; i++) {
        result = sqlite3_bind_text(find, 1, names->names[i], -1, SQLITE_STATIC);
        if (result == SQLITE_OK && sqlite3_step(find) == SQLITE_ROW)
            sqlite_note_read(tables, (const char *)sqlite3_column_text(find, 0));
        if (result == SQLITE_OK)
            result = sqlite3_reset(find);
    }
    enum err_code code = result == SQLITE_OK ? ERR_NONE : sqlite_fail(conn, result, err);
    sqlite3_finalize(find);
    return tables->is_part ? err_no_memory(err) : code;
}

enum err_code sqlite_reads(
    struct store_stmt *base, void (*on_table)(void *ctx, const char *table), void *ctx, struct err *err)
{
    struct sqlite_stmt *stmt = sqlite_stmt(base);
    AUTO(reads_fini) struct sqlite_reads names = {0};
    AUTO(reads_fini) struct sqlite_reads tables = {0};
    enum err_code code = sqlite_check_alive(stmt->conn, err);
    if (code == ERR_NONE)
        code = collect(stmt, &names, err);
    if (code == ERR_NONE)
        code = find_tables(stmt->conn, &names, &tables, err);
    for (size_t i = 0; code == ERR_NONE && i < tables.count; i++)
        on_table(ctx, tables.names[i]);
    return code;
}
