// SPDX-License-Identifier: Apache-2.0
// SQLite's result codes in the words of store.h. Texts of SQLite that explain an error in SQL or in rows are
// kept; those that speak of the library are replaced. The connection's thread.
#include "store/sqlite/error.h"

#include <errno.h>
#include <stdio.h>

#include "base/ascii.h"
#include "base/limits.h"
#include "store/sqlite/conn.h"
#include "store/sqlite/sql_hint.h"
#include "store/sqlite/vfs.h"
#include "text/sql_scan.h"

enum { FIRST_BYTE = 0xff }; // of an extended result code: the primary code

// Who reads it finds the words at night.
static const char restore_hint[] =
    "'reckoner restore --force APP FILE' brings a backup back, and keeps this file beside it";

// --- constraints

static enum violation_kind kind_of(int result)
{
    switch (result) {
    case SQLITE_CONSTRAINT_UNIQUE:
    case SQLITE_CONSTRAINT_PRIMARYKEY:
    case SQLITE_CONSTRAINT_ROWID:
        return VIOLATION_KEY;
    case SQLITE_CONSTRAINT_NOTNULL:
        return VIOLATION_NULL;
    case SQLITE_CONSTRAINT_CHECK:
        return VIOLATION_CHECK;
    case SQLITE_CONSTRAINT_FOREIGNKEY:
        return VIOLATION_REFERENCE;
    case SQLITE_CONSTRAINT_DATATYPE:
        return VIOLATION_TYPE;
    default:
        return VIOLATION_OTHER;
    }
}

// Keeps the columns that SQLite's message ends with, without their table: "UNIQUE constraint failed: t.a,
// t.b", "cannot store TEXT value in INTEGER column t.a". An index on an expression is told by its name, and
// left out.
static void keep_columns(struct sqlite_conn *conn, const char *message)
{
    static const char column[] = " column ", failed[] = " failed: ";
    const char *names = strstr(message, conn->violated == VIOLATION_TYPE ? column : failed);
    conn->violated_columns[0] = '\0';
    if (names == NULL)
        return;
    struct span rest = span_of(names + (conn->violated == VIOLATION_TYPE ? strlen(column) : strlen(failed)));
    size_t len = 0;
    while (rest.len > 0) {
        struct span name = span_trim(span_split(&rest, ','));
        (void)span_split(&name, '.');
        int written = snprintf(conn->violated_columns + len, sizeof(conn->violated_columns) - len, "%s%.*s",
            len > 0 ? ", " : "", (int)name.len, name.len > 0 ? name.at : "");
        len += written > 0 ? (size_t)written : 0;
        if (name.len == 0 || len >= sizeof(conn->violated_columns)) {
            conn->violated_columns[0] = '\0';
            return;
        }
    }
}

// The name that the author has given a check: one word behind "CHECK constraint failed: ". Without a name
// SQLite tells the expression there, which names columns: NULL then.
static const char *check_name(const char *message)
{
    const char *name = strstr(message, ": ");
    name = name != NULL ? name + strlen(": ") : "";
    for (const char *at = name; *at != '\0'; at++) {
        if (!ascii_is_letter(*at) && !ascii_is_digit(*at) && *at != '_')
            return NULL;
    }
    return name[0] != '\0' ? name : NULL;
}

// A trigger's own text is left as it is.
static enum err_code fail_constraint(struct sqlite_conn *conn, int result, struct err *err)
{
    const char *message = sqlite3_errmsg(conn->db), *name;
    conn->violated = kind_of(result);
    conn->violated_columns[0] = '\0';
    if (conn->violated == VIOLATION_CHECK && (name = check_name(message)) != NULL)
        return err_set(err, ERR_CONSTRAINT, "a row violates check constraint %s", name);
    if (conn->violated == VIOLATION_KEY || conn->violated == VIOLATION_NULL ||
        conn->violated == VIOLATION_TYPE)
        keep_columns(conn, message);
    const char *text = violation_text(conn->violated);
    enum err_code code = conn->violated == VIOLATION_KEY ? ERR_CONFLICT : ERR_CONSTRAINT;
    err_set(err, code, "%s", text != NULL ? text : message);
    if (text != NULL)
        err_hint(err, "%s", message); // for the author who loads a file: it names tables and columns
    return code;
}

// One of which SQLite tells no columns.
static enum err_code fail_without_columns(struct sqlite_conn *conn, enum violation_kind kind, struct err *err)
{
    conn->violated = kind;
    conn->violated_columns[0] = '\0';
    return err_set(err, ERR_CONSTRAINT, "%s", violation_text(kind));
}

enum err_code sqlite_fail_twice(struct sqlite_conn *conn, struct err *err)
{
    return fail_without_columns(conn, VIOLATION_TWICE, err);
}

enum err_code sqlite_fail_reference(struct sqlite_conn *conn, struct err *err)
{
    return fail_without_columns(conn, VIOLATION_REFERENCE, err);
}

struct violation sqlite_violation(struct store_conn *base)
{
    const struct sqlite_conn *conn = sqlite_conn(base);
    return (struct violation){.kind = conn->violated, .columns = span_of(conn->violated_columns)};
}

// --- all codes

// Too many files are open, by the process or the system.
static bool lacks_descriptors(void)
{
    int cause = sqlite_vfs_errno();
    return cause == EMFILE || cause == ENFILE;
}

static enum err_code map(struct sqlite_conn *conn, int result, struct err *err)
{
    sqlite3 *db = conn->db;
    switch (result & FIRST_BYTE) {
    case SQLITE_CONSTRAINT:
        return fail_constraint(conn, result, err);
    case SQLITE_MISMATCH:
        return err_set(err, ERR_VALUE, "a value that must be an integer is something else");
    case SQLITE_NOMEM:
        return err_no_memory(err);
    case SQLITE_INTERRUPT:
        return err_set(err, ERR_TIMEOUT, "the statement was ended at its time limit");
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return err_set(err, ERR_BUSY, "the store is locked by somebody else: try again");
    case SQLITE_TOOBIG:
        return err_set(err, ERR_VALUE, "a value or row is larger than %d bytes", LIMIT_ANSWER_BYTES);
    case SQLITE_FULL:
        return err_set(err, ERR_DISK_FULL, "the store has no room left");
    case SQLITE_READONLY:
        return err_set(err, ERR_STORE, "this connection to the store is for reading only");
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        err_set(err, ERR_STORE, "the store's file is damaged: %s", sqlite3_errmsg(db));
        err_hint(err, "%s", restore_hint);
        return ERR_STORE;
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
        if (lacks_descriptors())
            return err_set(err, ERR_BUSY, "too many files are open for the store's: try again");
        return err_set(err, ERR_STORE, "the store's file failed: %s: %s", sqlite3_errmsg(db),
            strerror(sqlite_vfs_errno()));
    default:
        break;
    }
    if (strcmp(sqlite3_errmsg(db), "LIKE or GLOB pattern too complex") == 0) // it has no code of its own
        return err_set(
            err, ERR_VALUE, "a pattern of LIKE or GLOB is longer than %d bytes", SQLITE_PATTERN_BYTES);
    return err_set(err, ERR_STORE, "%s", sqlite3_errmsg(db));
}

enum err_code sqlite_fail(struct sqlite_conn *conn, int result, struct err *err)
{
    struct err cause = {0};
    enum err_code code = map(conn, result, &cause);
    if (conn->tx != SQLITE_TX_NONE && sqlite3_get_autocommit(conn->db)) {
        sqlite_tx_move(conn, SQLITE_TX_LOST);
        conn->lost = code;
    }
    return err_pass(err, &cause);
}

// What a statement of an endpoint cannot work out has no code of its own in SQLite: the functions and modules
// that refuse a value all say SQLITE_ERROR.
enum err_code sqlite_fail_run(struct sqlite_conn *conn, int result, struct err *err)
{
    struct err cause = {0};
    (void)sqlite_fail(conn, result, &cause);
    if ((result & FIRST_BYTE) == SQLITE_ERROR)
        cause.code = ERR_VALUE;
    return err_pass(err, &cause);
}

enum err_code sqlite_check_alive(const struct sqlite_conn *conn, struct err *err)
{
    if (conn->tx != SQLITE_TX_LOST)
        return ERR_NONE;
    switch (conn->lost) {
    case ERR_TIMEOUT: // the fault of one statement: what else was in the transaction may be tried again
    case ERR_CONFLICT:
    case ERR_CONSTRAINT:
    case ERR_VALUE:
        return err_set(err, ERR_BUSY, "the transaction was rolled back with a statement that failed in it");
    default:
        return err_set(err, conn->lost, "the transaction was rolled back after an error of the store");
    }
}

// Where the name stands that the message ends with ("no such table: main.ports"), in the statement that
// begins at `start`; `otherwise` when there is none.
static size_t find_name(const char *message, struct span sql, size_t start, size_t otherwise)
{
    const char *name = strrchr(message, ' ');
    if (name == NULL || name == message || name[-1] != ':')
        return otherwise;
    const char *dot = strrchr(name, '.');
    name = dot != NULL ? dot + 1 : name + 1;
    struct sql_scan scan;
    sql_scan_init(&scan, (struct span){.at = sql.at + start, .len = sql.len - start}, SQL_SQLITE);
    for (;;) {
        struct sql_token token = sql_scan_next(&scan);
        if (token.kind == SQL_END)
            return otherwise;
        if (token.kind == SQL_CODE && span_is_nocase(token.text, name))
            return start + token.offset;
    }
}

enum err_code sqlite_fail_compile(
    struct sqlite_conn *conn, int result, struct span sql, size_t start, size_t offset, struct err *err)
{
    int primary = result & FIRST_BYTE;
    if (primary != SQLITE_ERROR && primary != SQLITE_AUTH && primary != SQLITE_TOOBIG)
        return sqlite_fail(conn, result, err);
    const char *text = sqlite3_errmsg(conn->db);
    if (conn->refusal[0] != '\0')
        text = conn->refusal;
    else if (conn->incomplete != NULL && strcmp(text, "no query solution") == 0)
        text = conn->incomplete;
    int at = sqlite3_error_offset(conn->db); // from the statement's start; -1: SQLite does not know
    offset = at >= 0 ? start + (size_t)at : find_name(text, sql, start, offset);
    uint32_t line, column;
    sql_place(sql, offset, &line, &column);
    err_set_at(err, ERR_CONFIG, line, column, "%s", text);
    const char *hint = sql_hint(text, sql, start, offset);
    if (hint != NULL)
        err_hint(err, "%s", hint);
    return ERR_CONFIG;
}

enum err_code sqlite_fail_open(sqlite3 *db, int result, const char *path, struct err *err)
{
    int cause = db != NULL ? sqlite_vfs_errno() : 0;
    switch (result & FIRST_BYTE) {
    case SQLITE_NOTADB:
        err_set(err, ERR_CONFIG, "%s: is not an SQLite database, or is damaged", path);
        err_hint(err, "%s", restore_hint);
        return ERR_CONFIG;
    case SQLITE_CORRUPT:
        err_set(err, ERR_CONFIG, "%s: is damaged: %s", path,
            db != NULL ? sqlite3_errmsg(db) : sqlite3_errstr(result));
        err_hint(err, "%s", restore_hint);
        return ERR_CONFIG;
    case SQLITE_CANTOPEN:
        if (lacks_descriptors())
            return err_set(err, ERR_BUSY, "too many files are open for the store's: try again");
        return err_set(err, ERR_CONFIG, "%s: cannot be opened%s%s", path, cause != 0 ? ": " : "",
            cause != 0 ? strerror(cause) : "");
    case SQLITE_READONLY:
        return err_set(err, ERR_CONFIG, "%s: cannot be written: it is read-only", path);
    case SQLITE_NOMEM:
        return err_no_memory(err);
    case SQLITE_BUSY:
        return err_set(err, ERR_BUSY, "%s: is locked by somebody else: try again", path);
    case SQLITE_FULL:
        return err_set(err, ERR_DISK_FULL, "%s: there is no room left", path);
    default:
        return err_set(err, ERR_IO, "%s: could not be opened: %s%s%s", path,
            db != NULL ? sqlite3_errmsg(db) : sqlite3_errstr(result), cause != 0 ? ": " : "",
            cause != 0 ? strerror(cause) : "");
    }
}
