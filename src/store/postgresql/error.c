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
    {"54000", ERR_TOO_LARGE},  // program_limit_exceeded
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

// Of values that a column's type has no room or form for: to rows that are written that is a constraint like
// another one. A read has no rows.
static const char *const unfit[] = {"22001", // string_data_right_truncation
    "22003",                                 // numeric_value_out_of_range
    "22007",                                 // invalid_datetime_format
    "22008",                                 // datetime_field_overflow
    "22P02",                                 // invalid_text_representation
    "22P05"};                                // untranslatable_character: a jsonb with u0000

static const char *field(const PGresult *result, int code)
{
    const char *text = result != NULL ? PQresultErrorField(result, code) : NULL;
    return text != NULL ? text : "";
}

static enum err_code code_of(const char *state, enum store_mode mode)
{
    for (size_t i = 0; mode == STORE_WRITE && i < ARRAY_LEN(unfit); i++) {
        if (has_state(state, unfit[i]))
            return ERR_CONSTRAINT;
    }
    for (size_t i = 0; i < ARRAY_LEN(codes); i++) {
        if (has_state(state, codes[i].state))
            return codes[i].code;
    }
    return ERR_STORE;
}

// What the server says, without the full stop of its details.
static void write_text(const PGresult *result, bool has_detail, char *out, size_t size)
{
    const char *text = field(result, PG_DIAG_MESSAGE_PRIMARY),
               *detail = field(result, PG_DIAG_MESSAGE_DETAIL);
    has_detail = has_detail && detail[0] != '\0';
    int len = snprintf(out, size, "%s%s%s", text, has_detail ? ": " : "", has_detail ? detail : "");
    if (len > 0 && (size_t)len < size && out[len - 1] == '.')
        out[len - 1] = '\0';
    for (char *at = out; *at != '\0'; at++) {
        if (*at == '\n')
            *at = ' ';
    }
}

// --- keys

static void keep_detail(struct pg_conn *conn, const PGresult *result)
{
    const char *detail = field(result, PG_DIAG_MESSAGE_DETAIL);
    buf_clear(&conn->detail);
    if (strlen(detail) < PG_DETAIL_BYTES) // else it stays empty: it would be of no use without its end
        buf_append_str(&conn->detail, detail);
}

// The details of unique and foreign keys are "Key (COLUMNS)=(VALUES) …", with nothing quoted: the values are
// what stands between the first ")=(" and the last ") ", as the words that follow hold none.
bool pg_violated_key(struct store_conn *base, struct span *ret_columns, struct span *ret_values)
{
    static const char start[] = "Key (", middle[] = ")=(", end[] = ") ";
    struct span detail = buf_span(&pg_conn(base)->detail);
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

enum err_code pg_fail(struct pg_conn *conn, const PGresult *result, struct err *err)
{
    const char *state = field(result, PG_DIAG_SQLSTATE);
    if (state[0] == '\0') // libpq's own: the link, or its memory
        return pg_fail_link(conn->link, ERR_BUSY, err);
    enum err_code code = code_of(state, conn->mode);
    char text[sizeof(err->text)];
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
        keep_detail(conn, result);
        write_text(result, true, text, sizeof(text));
        break;
    default:
        if (has_state(state, "25006"))
            return err_set(err, code, "this connection to the store is for reading only");
        if (has_state(state, "55P03"))
            return err_set(err, code, "the store is locked by somebody else: try again");
        write_text(result, false, text, sizeof(text));
        break;
    }
    return err_set(err, code, "%s", text);
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
        write_text(result, false, cause.text, sizeof(cause.text));
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

enum err_code pg_fail_link(PGconn *link, enum err_code code, struct err *err)
{
    const char *message = link != NULL ? PQerrorMessage(link) : "";
    size_t len = strcspn(message, "\n"); // the lines behind it guess at reasons
    if (len == 0)
        return err_set(err, code, "the connection to the store was lost: try again");
    return err_set(err, code, "%.*s", (int)(len < 300 ? len : 300), message);
}

enum err_code pg_fail_check(struct pg_conn *conn, const PGresult *result, struct err *err)
{
    // Division by zero; and where the schema or the table is not there yet.
    static const char *const behind[] = {"22012", "3F000", "42P01"};
    const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    if (state == NULL || strcmp(state, behind[0]) != 0)
        conn->check.session = 0;
    for (size_t i = 0; state != NULL && i < ARRAY_LEN(behind); i++) {
        if (strcmp(state, behind[i]) == 0)
            return err_set(err, ERR_BEHIND, "the store has not caught up yet: try again");
    }
    return pg_fail(conn, result, err);
}
