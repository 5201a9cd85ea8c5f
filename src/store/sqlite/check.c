// SPDX-License-Identifier: Apache-2.0
// Asks SQLite whether pages, rows and references fit (PRAGMA quick_check, integrity_check,
// foreign_key_check), and whether Reckoner has made the database: then its migrations are on record. All of
// one snapshot. One thread.
#include "store/sqlite/check.h"

#include <string.h>

#include "store/sqlite/conn.h"
#include "store/sqlite/error.h"
#include "store/sqlite/still.h"
#include "store/sqlite/tx.h"
#include "store/sqlite/vfs.h"

// A damaged page may end a question at any step: a fault, and not an error of the check.
static void note_failure(struct sqlite_conn *conn, int result, struct backup_check *check)
{
    if ((result & 0xff) == SQLITE_INTERRUPT)
        return;
    if ((result & 0xff) == SQLITE_IOERR)
        backup_fault(check, "%s: %s", sqlite3_errmsg(conn->db), strerror(sqlite_vfs_errno()));
    else
        backup_fault(check, "%s", sqlite3_errmsg(conn->db));
}

// SQLite's first line names what it looks at: "*** in database main ***".
static void note_lines(struct backup_check *check, const char *lines)
{
    while (*lines != '\0') {
        size_t len = strcspn(lines, "\n");
        if (strncmp(lines, "***", 3) != 0)
            backup_fault(check, "%.*s", (int)len, lines);
        lines += len + (lines[len] == '\n');
    }
}

static void check_pages(struct sqlite_conn *conn, struct backup_check *check)
{
    sqlite3_stmt *pragma = NULL;
    const char *sql = check->is_thorough ? "PRAGMA integrity_check" : "PRAGMA quick_check";
    int result = sqlite3_prepare_v2(conn->db, sql, -1, &pragma, NULL);
    while (result == SQLITE_OK || result == SQLITE_ROW) {
        result = sqlite3_step(pragma);
        const char *lines = result == SQLITE_ROW ? (const char *)sqlite3_column_text(pragma, 0) : NULL;
        if (lines != NULL && strcmp(lines, "ok") != 0)
            note_lines(check, lines);
    }
    if (result != SQLITE_DONE)
        note_failure(conn, result, check);
    sqlite3_finalize(pragma);
}

static const char *text_at(sqlite3_stmt *stmt, int column)
{
    const char *text = (const char *)sqlite3_column_text(stmt, column);
    return text != NULL ? text : "?";
}

static void check_references(struct sqlite_conn *conn, struct backup_check *check)
{
    sqlite3_stmt *pragma = NULL;
    int result = sqlite3_prepare_v2(conn->db, "PRAGMA foreign_key_check", -1, &pragma, NULL);
    while (result == SQLITE_OK || result == SQLITE_ROW) {
        result = sqlite3_step(pragma);
        if (result == SQLITE_ROW)
            backup_fault(check, "a row of %s (rowid %s) refers to a row of %s that is not there",
                text_at(pragma, 0), text_at(pragma, 1), text_at(pragma, 2));
    }
    if (result != SQLITE_DONE)
        note_failure(conn, result, check);
    sqlite3_finalize(pragma);
}

static bool has_records(struct sqlite_conn *conn, struct backup_check *check)
{
    sqlite3_stmt *stmt = NULL;
    const char *sql = "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'reckoner_migrations'";
    int result = sqlite3_prepare_v2(conn->db, sql, -1, &stmt, NULL);
    if (result == SQLITE_OK)
        result = sqlite3_step(stmt);
    bool is_there = result == SQLITE_ROW;
    if (result == SQLITE_DONE)
        backup_fault(check, "it has no records of Reckoner: it is another program's database");
    else if (!is_there)
        note_failure(conn, result, check);
    sqlite3_finalize(stmt);
    return is_there;
}

static enum err_code check_snapshot(struct sqlite_conn *conn, struct backup_check *check, struct err *err)
{
    check_pages(conn, check);
    if (check->faults == 0)
        check_references(conn, check);
    if (check->faults > 0 || !has_records(conn, check) || check->files == NULL)
        return ERR_NONE;
    return check->fits(&conn->base, check, err);
}

// A connection that cannot even begin, as the first page is damaged, tells of a fault.
static enum err_code check_conn(struct store *store, struct backup_check *check, struct err *err)
{
    struct store_conn *conn = NULL;
    struct err cause = {0};
    enum err_code code = sqlite_connect(store, STORE_READ, &conn, &cause);
    if (code == ERR_NONE)
        code = sqlite_begin(conn, &cause);
    if (code == ERR_NONE) {
        sqlite_interrupt_when(conn, check->stop);
        sqlite_deadline(conn, UINT64_MAX); // so that it looks whether it is to end
        code = check_snapshot(sqlite_conn(conn), check, err);
        if (code == ERR_NONE && sqlite_is_interrupted(sqlite_conn(conn))) // not all was looked at
            code = err_set(err, ERR_TIMEOUT, "it was ended by a signal");
        sqlite_rollback(conn);
    } else if (code == ERR_STORE || code == ERR_CONFIG) {
        backup_fault(check, "%s", cause.text);
        code = ERR_NONE;
    } else {
        code = err_pass(err, &cause);
    }
    if (conn != NULL)
        sqlite_disconnect(conn);
    return code;
}

enum err_code sqlite_check_store(struct store *store, struct backup_check *check, struct err *err)
{
    return check_conn(store, check, err);
}

enum err_code sqlite_check_file(
    const struct store_driver *driver, const char *path, struct backup_check *check, struct err *err)
{
    struct sqlite_store still;
    enum err_code code = sqlite_still_check(path, err);
    if (code != ERR_NONE)
        return code;
    code = sqlite_still_init(&still, driver, path, err);
    if (code == ERR_NONE)
        code = check_conn(&still.base, check, err);
    sqlite_still_fini(&still);
    return code;
}
