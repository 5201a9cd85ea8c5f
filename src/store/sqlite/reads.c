// SPDX-License-Identifier: Apache-2.0
// The tables that a statement may read. The statement is compiled once more, and SQLite names to the
// authorizer (permit.c) each table of which it takes a column. By then SQLite has replaced views, aliases and
// parts of WITH by the tables that they stand for. The connection's thread.
//
// What a virtual table reads beside itself, nobody names (module.c); and SQLite writes tables of its own, and
// modules theirs, without a word. All these hang on the whole store, which is told as "sqlite_schema", a name
// that no table of an app has.
#include "store/sqlite/reads.h"

#include "base/mem.h"
#include "store/sqlite/compile_again.h"
#include "store/sqlite/conn.h"
#include "store/sqlite/error.h"
#include "store/sqlite/module.h"
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
    stmt->conn->reads = reads;
    enum err_code code = sqlite_compile_again(stmt, err);
    stmt->conn->reads = NULL;
    return reads->is_part ? err_no_memory(err) : code;
}

// --- from names to tables

// What is found of a name: the table itself, and what it hangs on beside it.
struct search {
    struct sqlite_conn *conn;    // borrowed
    sqlite3_stmt *table;         // owned; FIND_TABLE
    sqlite3_stmt *content;       // owned; another FIND_TABLE
    sqlite3_stmt *module;        // owned; FIND_MODULE
    struct sqlite_reads *tables; // borrowed; the tables to tell
    bool is_covered;             // versions tell of all that was found
};

static const char FIND_TABLE[] =
    "SELECT t.name, t.type, s.sql FROM pragma_table_list AS t LEFT JOIN main.sqlite_schema AS s"
    " ON s.type = 'table' AND s.name = t.name WHERE t.schema = 'main' AND t.name = ?1 COLLATE NOCASE";

// A table that nobody has made and that is named after its module. Those here go by their arguments alone;
// others tell of the connection or the file.
static const char FIND_MODULE[] = "SELECT 1 FROM pragma_module_list WHERE name = ?1 COLLATE NOCASE"
                                  " AND name NOT IN ('json_each', 'json_tree', 'calendar', 'list')";

// The name that stands for the whole store (sqlite_versions_find).
static void note_whole(struct search *search)
{
    sqlite_note_read(search->tables, "sqlite_schema");
}

static bool is_of(const char *name, const char *prefix)
{
    return sqlite3_strnicmp(name, prefix, (int)strlen(prefix)) == 0;
}

static int look_up(sqlite3_stmt *find, struct span name, bool *ret_is_found)
{
    int result = sqlite3_bind_text(find, 1, name.at, (int)name.len, SQLITE_TRANSIENT);
    *ret_is_found = result == SQLITE_OK && (result = sqlite3_step(find)) == SQLITE_ROW;
    return result == SQLITE_ROW || result == SQLITE_DONE ? SQLITE_OK : result;
}

// The table whose rows a full-text index is of; a view's rows may be anybody's.
static int note_content(struct search *search, struct span name)
{
    bool is_found;
    int result = look_up(search->content, name, &is_found);
    const char *type = is_found ? (const char *)sqlite3_column_text(search->content, 1) : NULL;
    if (type != NULL && strcmp(type, "table") == 0)
        sqlite_note_read(search->tables, (const char *)sqlite3_column_text(search->content, 0));
    else
        note_whole(search);
    return result;
}

static int note_virtual(struct search *search, const char *sql)
{
    struct span content = {0};
    switch (sqlite_module_reads(span_of(sql != NULL ? sql : ""), &content)) {
    case MODULE_READS_ITSELF:
        return SQLITE_OK;
    case MODULE_READS_CONTENT:
        return note_content(search, content);
    case MODULE_READS_ANYTHING:
        note_whole(search);
        break;
    }
    return SQLITE_OK;
}

// Notes the table that a row of FIND_TABLE tells of.
static int note_table(struct search *search)
{
    const char *name = (const char *)sqlite3_column_text(search->table, 0);
    const char *type = (const char *)sqlite3_column_text(search->table, 1);
    if (name == NULL || type == NULL)
        return SQLITE_NOMEM;
    if (is_of(name, "reckoner_")) { // Reckoner's own
        search->is_covered = false;
    } else if (strcmp(type, "table") == 0) {
        sqlite_note_read(search->tables, name);
    } else if (strcmp(type, "virtual") == 0) {
        sqlite_note_read(search->tables, name);
        return note_virtual(search, (const char *)sqlite3_column_text(search->table, 2));
    } else if (strcmp(type, "shadow") == 0) { // a part of a virtual table, which is written by its module
        note_whole(search);
    }
    return SQLITE_OK; // of a view the tables behind it are named, too
}

static int find_one(struct search *search, const char *name)
{
    bool is_found;
    if (is_of(name, "sqlite_")) {
        note_whole(search);
        return SQLITE_OK;
    }
    int result = look_up(search->table, span_of(name), &is_found);
    if (is_found) {
        result = note_table(search);
    } else if (result == SQLITE_OK) { // a part of WITH, perhaps
        result = look_up(search->module, span_of(name), &is_found);
        search->is_covered &= !is_found;
    }
    sqlite3_reset(search->table);
    sqlite3_reset(search->content);
    sqlite3_reset(search->module);
    return result;
}

static enum err_code find_tables(struct search *search, const struct sqlite_reads *names, struct err *err)
{
    sqlite3 *db = search->conn->db;
    int result = sqlite3_prepare_v2(db, FIND_TABLE, -1, &search->table, NULL);
    if (result == SQLITE_OK)
        result = sqlite3_prepare_v2(db, FIND_TABLE, -1, &search->content, NULL);
    if (result == SQLITE_OK)
        result = sqlite3_prepare_v2(db, FIND_MODULE, -1, &search->module, NULL);
    for (size_t i = 0; i < names->count && result == SQLITE_OK; i++)
        result = find_one(search, names->names[i]);
    enum err_code code = result == SQLITE_OK ? ERR_NONE : sqlite_fail(search->conn, result, err);
    sqlite3_finalize(search->table);
    sqlite3_finalize(search->content);
    sqlite3_finalize(search->module);
    return code == ERR_NONE && search->tables->is_part ? err_no_memory(err) : code;
}

static enum err_code find(
    struct sqlite_stmt *stmt, struct sqlite_reads *tables, bool *ret_is_covered, struct err *err)
{
    AUTO(reads_fini) struct sqlite_reads names = {0};
    struct search search = {.conn = stmt->conn, .tables = tables, .is_covered = true};
    enum err_code code = sqlite_check_alive(stmt->conn, err);
    if (code == ERR_NONE)
        code = collect(stmt, &names, err);
    if (code == ERR_NONE)
        code = find_tables(&search, &names, err);
    if (code == ERR_NONE)
        *ret_is_covered = search.is_covered;
    return code;
}

enum err_code sqlite_reads(
    struct store_stmt *base, void (*on_table)(void *ctx, const char *table), void *ctx, struct err *err)
{
    AUTO(reads_fini) struct sqlite_reads tables = {0};
    bool is_covered;
    enum err_code code = find(sqlite_stmt(base), &tables, &is_covered, err);
    for (size_t i = 0; code == ERR_NONE && i < tables.count; i++)
        on_table(ctx, tables.names[i]);
    return code;
}

enum err_code sqlite_versions_cover(struct store_stmt *base, bool *ret_is_covered, struct err *err)
{
    AUTO(reads_fini) struct sqlite_reads tables = {0};
    return find(sqlite_stmt(base), &tables, ret_is_covered, err);
}
