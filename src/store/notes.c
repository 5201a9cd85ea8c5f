// SPDX-License-Identifier: Apache-2.0
// One small table, in SQL that every store understands. What notes there are is their writers' business. On
// the connection's thread.
#include "store/notes.h"

#include <stdio.h>

// Runs `sql`, of which :name is a parameter, and :text one where `text` is not NULL. Copies the first column
// of its row, if any, to `ret_text`.
static enum err_code run(struct store_conn *conn, const char *sql, const char *name, const char *text,
    char ret_text[NOTE_BYTES], struct err *err)
{
    const struct store_name params[] = {
        {.name = span_of("name"), .type = TYPE_TEXT},
        {.name = span_of("text"), .type = TYPE_TEXT},
    };
    const struct value values[] = {
        {.kind = VALUE_TEXT, .text = span_of(name)},
        {.kind = VALUE_TEXT, .text = span_of(text != NULL ? text : "")},
    };
    struct store_stmt *stmt;
    struct value value = {0};
    bool row = false;
    enum err_code code = store_prepare(conn, span_of(sql), params, text != NULL ? 2 : 1, &stmt, err);
    if (code != ERR_NONE)
        return code;
    code = store_bind(stmt, values, err);
    if (code == ERR_NONE)
        code = store_step(stmt, &row, err);
    if (code == ERR_NONE && row)
        code = store_column(stmt, 0, &value, err);
    if (code == ERR_NONE && value.kind == VALUE_TEXT)
        snprintf(ret_text, NOTE_BYTES, "%.*s", (int)value.text.len, value.text.at);
    store_finalize(stmt);
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
    ret_text[0] = '\0';
    return run(conn, "SELECT text FROM reckoner_notes WHERE name = :name", name, NULL, ret_text, err);
}

enum err_code note_write(struct store_conn *conn, const char *name, const char *text, struct err *err)
{
    char ignored[NOTE_BYTES];
    enum err_code code = run(conn, "DELETE FROM reckoner_notes WHERE name = :name", name, NULL, ignored, err);
    if (code != ERR_NONE || text[0] == '\0')
        return code;
    return run(
        conn, "INSERT INTO reckoner_notes (name, text) VALUES (:name, :text)", name, text, ignored, err);
}
