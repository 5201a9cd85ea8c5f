// SPDX-License-Identifier: Apache-2.0
// One small table, in SQL that every store understands. What notes there are is their writers' business. On
// the connection's thread.
#include "store/notes.h"

#include <stdio.h>

#include "base/attr.h"
#include "store/own_sql.h"

static enum err_code on_text(void *ctx, struct store_stmt *stmt, struct err *err)
{
    char *text = ctx;
    struct value value = {0};
    enum err_code code = store_column(stmt, 0, &value, err);
    if (code == ERR_NONE && value.kind == VALUE_TEXT)
        snprintf(text, NOTE_BYTES, "%.*s", (int)value.text.len, value.text.at);
    return code;
}

enum err_code notes_make(struct store_conn *conn, struct err *err)
{
    return store_make_table(conn, "reckoner_notes",
        "CREATE TABLE IF NOT EXISTS reckoner_notes (name text NOT NULL PRIMARY KEY, text text NOT NULL)",
        err);
}

enum err_code note_read(struct store_conn *conn, const char *name, char ret_text[NOTE_BYTES], struct err *err)
{
    const struct own_param wanted = own_text("name", span_of(name));
    ret_text[0] = '\0';
    return own_run(
        conn, "SELECT text FROM reckoner_notes WHERE name = :name", &wanted, 1, on_text, ret_text, err);
}

enum err_code note_write(struct store_conn *conn, const char *name, const char *text, struct err *err)
{
    const struct own_param params[] = {own_text("name", span_of(name)), own_text("text", span_of(text))};
    enum err_code code =
        own_run(conn, "DELETE FROM reckoner_notes WHERE name = :name", params, 1, NULL, NULL, err);
    if (code != ERR_NONE || text[0] == '\0')
        return code;
    return own_run(conn, "INSERT INTO reckoner_notes (name, text) VALUES (:name, :text)", params,
        ARRAY_LEN(params), NULL, NULL, err);
}
