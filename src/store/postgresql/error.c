// SPDX-License-Identifier: Apache-2.0
// PostgreSQL's errors in the words of store.h, by SQLSTATE (its appendix A). Its texts are kept, as they say
// what is wrong with SQL and rows. The connection's thread.
#include "store/postgresql/error.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/attr.h"
#include "base/clock.h"
#include "store/postgresql/conn.h"
#include "text/sql_scan.h"

enum { STATE_CHARS = 5 };

// The first match decides; a state of fewer characters is the beginning of one.
static const struct {
    const char *state;
    enum err_code code;
} codes[] = {
    {"23505", ERR_CONFLICT},   // unique_violation
    {"23P01", ERR_CONFLICT},   // exclusion_violation
    {"23", ERR_CONSTRAINT},    // integrity constraint violation
    {"44", ERR_CONSTRAINT},    // with check option violation
    {"P0001", ERR_CONSTRAINT}, // raise_exception: a trigger's own
    {"53100", ERR_DISK_FULL},  // disk_full
    {"53200", ERR_NO_MEMORY},  // out_of_memory
    {"53", ERR_BUSY},          // insufficient resources: too many connections
    {"57014", ERR_TIMEOUT},    // query_canceled
    {"57", ERR_BUSY},          // operator intervention: a shutdown, a crash, a start
    {"08", ERR_BUSY},          // connection exception
    {"40", ERR_ABORTED},       // transaction rollback: serialization, deadlock
    {"55P03", ERR_BUSY},       // lock_not_available
    {"55006", ERR_BUSY},       // object_in_use
    {"25P02", ERR_BUSY},       // in_failed_sql_transaction
    {"25P03", ERR_BUSY},       // idle_in_transaction_session_timeout
    {"25006", ERR_STORE},      // read_only_sql_transaction
};

// That make a statement wrong when it is prepared, whatever is in the tables.
static const char *const wrong[] = {"42", "22", "0A", "26", "3D", "3F", "54001", "54011", "54023", "25006"};

static bool has_state(const char *state, const char *start)
{
    return span_starts_with(span_of(state), start);
}

// What the run of an endpoint's statement ends with when it cannot work with a value, whose ever it is: class
// 22 and 21, and what casts and functions say of a text that is a name, a query or a path.
static const char *const of_values[] = {"22", "21", "42", "54", "0A", "3F", "38", "39", "P0"};

// Likewise, but never a value's fault: permission denied, and an object that is not in a state for it.
static const char *const never_of_values[] = {"42501", "2200H"};

static const char *field(const PGresult *result, int code)
{
    const char *text = result != NULL ? PQresultErrorField(result, code) : NULL;
    return text != NULL ? text : "";
}

static bool is_any_of(const char *state, const char *const *states, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (has_state(state, states[i]))
            return true;
    }
    return false;
}

static enum err_code code_of(const char *state, enum store_mode mode)
{
    // To rows that are copied or committed a value without room or form is a constraint like another one.
    if (mode == STORE_WRITE && has_state(state, "22"))
        return ERR_CONSTRAINT;
    for (size_t i = 0; i < ARRAY_LEN(codes); i++) {
        if (has_state(state, codes[i].state))
            return codes[i].code;
    }
    return ERR_STORE;
}

// What the server says, in one line. Its CONTEXT and most of its DETAILs quote rows and statements.
static void write_text(const PGresult *result, char *out, size_t size)
{
    snprintf(out, size, "%s", field(result, PG_DIAG_MESSAGE_PRIMARY));
    for (char *at = out; *at != '\0'; at++) {
        if (*at == '\n')
            *at = ' ';
    }
}

// --- constraints

static enum violation_kind kind_of(const PGresult *result)
{
    const char *state = field(result, PG_DIAG_SQLSTATE);
    if (has_state(state, "23505"))
        return VIOLATION_KEY;
    if (has_state(state, "23502"))
        return VIOLATION_NULL;
    if (has_state(state, "23503") || has_state(state, "23001"))
        return VIOLATION_REFERENCE;
    if (has_state(state, "23P01"))
        return VIOLATION_EXCLUSION;
    bool is_check = has_state(state, "23514") || has_state(state, "44");
    return is_check ? VIOLATION_CHECK : VIOLATION_OTHER;
}

// Keeps what the columns of a key, and the one that must not be null, are read from.
static void keep_violation(struct pg_conn *conn, enum violation_kind kind, const PGresult *result)
{
    const char *detail = field(result, kind == VIOLATION_NULL ? PG_DIAG_COLUMN_NAME : PG_DIAG_MESSAGE_DETAIL);
    conn->violated = kind;
    buf_clear(&conn->detail);
    if (strlen(detail) < PG_DETAIL_BYTES) // else it stays empty: it would be of no use without its end
        buf_append_str(&conn->detail, detail);
}

// The details of unique and foreign keys are "Key (COLUMNS)=(VALUES) …", with nothing quoted: the values are
// what stands between the first ")=(" and the last ") ", as the words that follow hold none.
static bool read_key(struct span detail, struct span *ret_columns, struct span *ret_values)
{
    static const char start[] = "Key (", middle[] = ")=(", end[] = ") ";
    if (detail.len < strlen(start) || memcmp(detail.at, start, strlen(start)) != 0)
        return false;
    struct span columns = {.at = detail.at + strlen(start), .len = detail.len - strlen(start)};
    const char *values = memmem(columns.at, columns.len, middle, strlen(middle));
    if (values == NULL)
        return false;
    columns.len = (size_t)(values - columns.at);
    values += strlen(middle);
    const char *last = NULL;
    for (const char *at = values; at != NULL;) {
        at = memmem(at, (size_t)(detail.at + detail.len - at), end, strlen(end));
        last = at != NULL ? at++ : last;
    }
    if (last == NULL)
        return false;
    *ret_columns = columns;
    *ret_values = (struct span){.at = values, .len = (size_t)(last - values)};
    return true;
}

struct violation pg_violation(struct store_conn *base)
{
    const struct pg_conn *conn = pg_conn(base);
    struct violation violation = {.kind = conn->violated};
    if (violation.kind == VIOLATION_NULL)
        violation.columns = buf_span(&conn->detail);
    else if (violation.kind == VIOLATION_KEY || violation.kind == VIOLATION_REFERENCE)
        (void)read_key(buf_span(&conn->detail), &violation.columns, &violation.values);
    return violation;
}

// The name that the author has given a constraint; NULL for "TABLE_COLUMN_check", which PostgreSQL gives.
static const char *constraint_name(const PGresult *result)
{
    const char *name = field(result, PG_DIAG_CONSTRAINT_NAME), *table = field(result, PG_DIAG_TABLE_NAME);
    size_t len = strlen(table);
    bool is_given = len > 0 && span_starts_with(span_of(name), table) && name[len] == '_';
    return name[0] != '\0' && !is_given ? name : NULL;
}

static enum err_code fail_constraint(
    struct pg_conn *conn, const PGresult *result, enum err_code code, struct err *err)
{
    enum violation_kind kind = kind_of(result);
    const char *words = violation_text(kind), *name = constraint_name(result);
    char text[sizeof(err->text)];
    keep_violation(conn, kind, result);
    if (kind == VIOLATION_CHECK && name != NULL)
        return err_set(err, code, "a row violates check constraint %s", name);
    if (kind == VIOLATION_EXCLUSION && name != NULL)
        return err_set(err, code, "a row and another one exclude each other by constraint %s", name);
    write_text(result, text, sizeof(text));
    bool is_own = has_state(field(result, PG_DIAG_SQLSTATE), "P0001");
    if (words == NULL)
        words = is_own ? text : "a row violates a constraint of the store";
    err_set(err, code, "%s", words);
    if (words != text)
        err_hint(err, "%s", text); // for the author who loads a file: it names tables and columns
    return code;
}

// --- all states

enum err_code pg_fail(struct pg_conn *conn, const PGresult *result, struct err *err)
{
    const char *state = field(result, PG_DIAG_SQLSTATE);
    if (state[0] == '\0') // libpq's own: the link, or its memory
        return pg_fail_link(conn->link, ERR_BUSY, err);
    enum err_code code = code_of(state, conn->mode);
    char text[sizeof(err->text)];
    write_text(result, text, sizeof(text));
    switch (code) {
    case ERR_TIMEOUT:
        if (!conn->was_cancelled && (conn->deadline_ns == 0 || clock_monotonic_ns() < conn->deadline_ns))
            return err_set(err, ERR_BUSY, "the statement was ended by somebody else: try again");
        return err_set(err, ERR_TIMEOUT, "the statement was ended at its time limit");
    case ERR_DISK_FULL:
        return err_set(err, code, "the store has no room left");
    case ERR_NO_MEMORY:
        return err_set(err, code, "the store has no memory left");
    case ERR_CONFLICT:
    case ERR_CONSTRAINT:
        return fail_constraint(conn, result, code, err);
    case ERR_BUSY:
        if (has_state(state, "55P03"))
            return err_set(err, code, "the store is locked by somebody else: try again");
        err_set(err, code, "the store cannot do it at the moment: try again");
        err_hint(err, "%s", text); // for the log: it may name databases and roles
        return code;
    default:
        if (has_state(state, "25006"))
            return err_set(err, code, "this connection to the store is for reading only");
        err_set(err, code, "%s", text);
        if (has_state(state, "42501")) // insufficient_privilege
            err_hint(err,
                "let its owner grant it, such as GRANT SELECT, INSERT ON ALL TABLES IN SCHEMA %s TO %s",
                conn->store->name, PQuser(conn->link));
        return code;
    }
}

// Whether a RAISE of PL/pgSQL has made the error, with whatever state its author likes.
static bool is_raised(const PGresult *result)
{
    return strcmp(field(result, PG_DIAG_SOURCE_FUNCTION), "exec_stmt_raise") == 0;
}

// Whether a row was to be changed twice by one upsert or MERGE; a subquery with several rows has the same
// state.
static bool is_twice(const PGresult *result)
{
    const char *function = field(result, PG_DIAG_SOURCE_FUNCTION);
    return has_state(field(result, PG_DIAG_SQLSTATE), "21000") &&
           (strcmp(function, "ExecOnConflictUpdate") == 0 || strcmp(function, "ExecMergeMatched") == 0);
}

// Of a value without room or form the DETAIL is about that value alone. It ends with a full stop.
static void add_detail(const PGresult *result, char *text, size_t size)
{
    const char *detail = field(result, PG_DIAG_MESSAGE_DETAIL);
    size_t len = strlen(text), more = strcspn(detail, "\n");
    if (more == 0 || !has_state(field(result, PG_DIAG_SQLSTATE), "22"))
        return;
    more -= detail[more - 1] == '.';
    snprintf(text + len, size - len, ": %.*s", (int)more, detail);
}

enum err_code pg_fail_run(struct pg_conn *conn, const PGresult *result, struct err *err)
{
    static const char no_memory[] = "invalid memory alloc request size"; // has the state of any inner error
    const char *state = field(result, PG_DIAG_SQLSTATE);
    char text[sizeof(err->text)];
    write_text(result, text, sizeof(text));
    bool is_of_value = is_any_of(state, of_values, ARRAY_LEN(of_values)) &&
                       !is_any_of(state, never_of_values, ARRAY_LEN(never_of_values));
    if (is_twice(result)) {
        keep_violation(conn, VIOLATION_TWICE, result);
        return err_set(err, ERR_CONSTRAINT, "%s", violation_text(VIOLATION_TWICE));
    }
    if (is_raised(result) && (is_of_value || code_of(state, STORE_READ) == ERR_STORE)) {
        keep_violation(conn, VIOLATION_OTHER, result);
        return err_set(err, ERR_CONSTRAINT, "%s", text);
    }
    if (is_of_value) {
        add_detail(result, text, sizeof(text));
        return err_set(err, ERR_VALUE, "%s", text);
    }
    if (has_state(state, "XX000") && span_starts_with(span_of(text), no_memory))
        return err_set(err, ERR_VALUE, "a value is larger than the store can hold");
    return pg_fail(conn, result, err);
}

// The byte offset of a 1-based count of characters in UTF-8 text.
static size_t byte_offset(struct span text, unsigned long characters)
{
    size_t offset = 0;
    for (; offset < text.len && characters > 1; characters--) {
        do
            offset++;
        while (offset < text.len && ((unsigned char)text.at[offset] & 0xc0) == 0x80);
    }
    return offset;
}

enum err_code pg_fail_statement(struct pg_conn *conn, const PGresult *result, struct span sql, size_t offset,
    bool is_prepare, struct err *err)
{
    const char *state = field(result, PG_DIAG_SQLSTATE);
    bool is_wrong = false;
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++)
        is_wrong = is_wrong || (state[0] != '\0' && has_state(state, wrong[i]));
    // A value that does not fit is wrong SQL in a prepared text, and the rows' fault in a script that runs.
    if (!is_prepare && (has_state(state, "22") || has_state(state, "54")))
        is_wrong = false;
    unsigned long at = strtoul(field(result, PG_DIAG_STATEMENT_POSITION), NULL, 10);
    if (at > 0)
        offset += byte_offset((struct span){.at = sql.at + offset, .len = sql.len - offset}, at);
    uint32_t line, column;
    sql_place(sql, offset, &line, &column);
    struct err cause = {0};
    enum err_code code = pg_fail(conn, result, &cause);
    if (is_wrong) {
        code = ERR_CONFIG;
        write_text(result, cause.text, sizeof(cause.text));
    }
    err_set_at(err, code, line, column, "%s", cause.text);
    if (is_wrong && field(result, PG_DIAG_MESSAGE_HINT)[0] != '\0') {
        char hint[sizeof(err->hint)];
        snprintf(hint, sizeof(hint), "%s", field(result, PG_DIAG_MESSAGE_HINT));
        size_t len = strlen(hint);
        if (len > 0 && hint[len - 1] == '.')
            hint[len - 1] = '\0';
        err_hint(err, "%s", hint);
    }
    return code;
}

enum err_code pg_fail_connect(PGconn *link, enum err_code code, struct err *err)
{
    const char *message = PQerrorMessage(link);
    size_t len = strcspn(message, "\n"); // the lines behind it guess at reasons
    if (len == 0)
        return err_set(err, code, "the connection to the store was lost");
    return err_set(err, code, "%.*s", (int)(len < 300 ? len : 300), message);
}

enum err_code pg_fail_link(PGconn *link, enum err_code code, struct err *err)
{
    const char *message = link != NULL ? PQerrorMessage(link) : "";
    err_set(err, code, "the connection to the store was lost: try again");
    err_hint(err, "%.*s", (int)strcspn(message, "\n"), message);
    return code;
}

enum err_code pg_fail_check(struct pg_conn *conn, const PGresult *result, struct err *err)
{
    // Division by zero; and where the schema, the table or its column is not there yet.
    static const char *const behind[] = {"22012", "3F000", "42P01", "42703"};
    const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    if (state == NULL || strcmp(state, behind[0]) != 0)
        conn->check.session = 0;
    for (size_t i = 0; state != NULL && i < ARRAY_LEN(behind); i++) {
        if (strcmp(state, behind[i]) == 0)
            return err_set(err, ERR_BEHIND, "the store has not caught up yet: try again");
    }
    return pg_fail(conn, result, err);
}
