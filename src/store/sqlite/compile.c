// SPDX-License-Identifier: Apache-2.0
// SQL becomes SQLite's statements, as far as it is permitted (permit.c). The connection's thread.
#include "store/sqlite/compile.h"

#include <string.h>

#include "base/mem.h"
#include "store/sqlite/conn.h"
#include "store/sqlite/error.h"

struct sql_token sqlite_first_token(struct span sql, size_t start)
{
    struct sql_scan scan;
    sql_scan_init(&scan, (struct span){.at = sql.at + start, .len = sql.len - start}, SQL_SQLITE);
    struct sql_token token;
    do
        token = sql_scan_next(&scan);
    while (token.kind == SQL_LINE_COMMENT || token.kind == SQL_BLOCK_COMMENT || token.kind == SQL_SEMICOLON);
    token.offset += start;
    return token;
}

enum err_code sqlite_fail_at(struct span sql, size_t offset, struct err *err, const char *text)
{
    uint32_t line, column;
    sql_place(sql, offset, &line, &column);
    return err_set_at(err, ERR_CONFIG, line, column, "%s", text);
}

enum err_code sqlite_copy_text(struct span sql, char **ret_copy, struct err *err)
{
    const char *nul = sql.len > 0 ? memchr(sql.at, '\0', sql.len) : NULL;
    if (nul != NULL)
        return sqlite_fail_at(sql, (size_t)(nul - sql.at), err, "SQL cannot hold a NUL byte");
    char *copy = mem_strndup(sql.at, sql.len);
    if (copy == NULL)
        return err_no_memory(err);
    *ret_copy = copy;
    return ERR_NONE;
}

enum err_code sqlite_compile(struct sqlite_conn *conn, enum sqlite_origin origin, struct span sql,
    size_t *start, sqlite3_stmt **ret_handle, struct err *err)
{
    struct sql_token first = sqlite_first_token(sql, *start);
    *ret_handle = NULL;
    if (first.kind == SQL_END) {
        *start = sql.len;
        return ERR_NONE;
    }
    conn->refusal[0] = '\0';
    conn->incomplete = NULL;
    if (!sqlite_permits(conn, origin, first.text))
        return sqlite_fail_at(sql, first.offset, err, conn->refusal);
    const char *end = NULL;
    unsigned flags = origin == ORIGIN_ENDPOINT ? SQLITE_PREPARE_PERSISTENT : 0;
    conn->origin = origin;
    int result = sqlite3_prepare_v3(conn->db, sql.at + *start, -1, flags, ret_handle, &end);
    conn->origin = ORIGIN_DRIVER;
    if (result != SQLITE_OK)
        return sqlite_fail_compile(conn, result, sql, *start, first.offset, err);
    *start = (size_t)(end - sql.at);
    return ERR_NONE;
}
