// SPDX-License-Identifier: Apache-2.0
// list(text): the items between the commas of a text, or between its LIST_SEPARATORs where it has any, in
// order, as a table that exists without being made; see table_function.h. The connection's thread.
#include "store/sqlite/list.h"

#include "base/mem.h"
#include "store/sqlite/conn.h"
#include "store/sqlite/table_function.h"

enum column {
    COLUMN_VALUE,
    COLUMN_TEXT,
};

struct list_cursor {
    sqlite3_vtab_cursor base; // first
    char *text;               // owned; the argument, or NULL
    size_t text_len;          // bytes of it
    char separator;           // between its items
    struct span rest;         // of `text`, behind the item
    struct span item;         // where the scan is; empty at its end
    sqlite3_int64 number;     // of the item, from 1
};

static int on_connect(sqlite3 *db, void *ctx, int argument_count, const char *const *arguments,
    sqlite3_vtab **ret_table, char **ret_message)
{
    (void)argument_count;
    (void)arguments;
    (void)ret_message;
    return table_function_connect(db, ctx, "CREATE TABLE list(value TEXT, list_text TEXT HIDDEN)", ret_table);
}

static int on_best_index(sqlite3_vtab *table, sqlite3_index_info *info)
{
    bool is_named = false;
    for (int i = 0; i < info->nConstraint; i++) {
        if (info->aConstraint[i].iColumn != COLUMN_TEXT ||
            info->aConstraint[i].op != SQLITE_INDEX_CONSTRAINT_EQ)
            continue;
        is_named = true;
        if (!info->aConstraint[i].usable)
            continue;
        info->aConstraintUsage[i].argvIndex = 1;
        info->aConstraintUsage[i].omit = 1;
        info->estimatedRows = 10;
        info->estimatedCost = 10;
        return SQLITE_OK;
    }
    if (!is_named)
        table_function_lacks(table, "list(text) needs its text");
    return SQLITE_CONSTRAINT; // in this plan
}

static int on_open(sqlite3_vtab *table, sqlite3_vtab_cursor **ret_cursor)
{
    (void)table;
    struct list_cursor *cursor = mem_zalloc(1, sizeof(*cursor));
    if (cursor == NULL)
        return SQLITE_NOMEM;
    *ret_cursor = &cursor->base;
    return SQLITE_OK;
}

static int on_close(sqlite3_vtab_cursor *base)
{
    struct list_cursor *cursor = CONTAINER_OF(base, struct list_cursor, base);
    mem_free(cursor->text);
    mem_free(cursor);
    return SQLITE_OK;
}

static int on_next(sqlite3_vtab_cursor *base)
{
    struct list_cursor *cursor = CONTAINER_OF(base, struct list_cursor, base);
    cursor->number++;
    do
        cursor->item = span_trim(span_split(&cursor->rest, cursor->separator));
    while (cursor->item.len == 0 && cursor->rest.len > 0);
    return SQLITE_OK;
}

static int on_filter(
    sqlite3_vtab_cursor *base, int unused, const char *unused_too, int value_count, sqlite3_value **values)
{
    (void)unused;
    (void)unused_too;
    (void)value_count;
    struct list_cursor *cursor = CONTAINER_OF(base, struct list_cursor, base);
    mem_free(cursor->text);
    cursor->text = NULL;
    cursor->text_len = 0;
    cursor->number = 0;
    if (sqlite3_value_type(values[0]) != SQLITE_NULL) {
        const void *text = sqlite3_value_text(values[0]);
        size_t len = (size_t)sqlite3_value_bytes(values[0]);
        cursor->text = text != NULL ? mem_strndup(text, len) : NULL;
        if (cursor->text == NULL)
            return SQLITE_NOMEM;
        cursor->text_len = len;
        cursor->separator = memchr(cursor->text, LIST_SEPARATOR, len) != NULL ? LIST_SEPARATOR : ',';
    }
    cursor->rest = (struct span){.at = cursor->text, .len = cursor->text_len};
    return on_next(base);
}

static int on_eof(sqlite3_vtab_cursor *base)
{
    return CONTAINER_OF(base, struct list_cursor, base)->item.len == 0;
}

static int on_column(sqlite3_vtab_cursor *base, sqlite3_context *context, int column)
{
    const struct list_cursor *cursor = CONTAINER_OF(base, struct list_cursor, base);
    struct span text =
        column == COLUMN_VALUE ? cursor->item : (struct span){.at = cursor->text, .len = cursor->text_len};
    sqlite3_result_text64(context, text.at, text.len, SQLITE_TRANSIENT, SQLITE_UTF8);
    return SQLITE_OK;
}

static int on_rowid(sqlite3_vtab_cursor *base, sqlite3_int64 *ret_rowid)
{
    *ret_rowid = CONTAINER_OF(base, struct list_cursor, base)->number;
    return SQLITE_OK;
}

static const sqlite3_module module = {
    .xConnect = on_connect, // without xCreate, so that SQL cannot make another one
    .xDisconnect = table_function_disconnect,
    .xBestIndex = on_best_index,
    .xOpen = on_open,
    .xClose = on_close,
    .xFilter = on_filter,
    .xNext = on_next,
    .xEof = on_eof,
    .xColumn = on_column,
    .xRowid = on_rowid,
};

int sqlite_list_install(struct sqlite_conn *conn)
{
    return sqlite3_create_module(conn->db, "list", &module, conn);
}
