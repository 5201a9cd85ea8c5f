// SPDX-License-Identifier: Apache-2.0
#include "fixture.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <libpq-fe.h>

#include "store/versions.h"

static const char *const kinds[] = {"sqlite", "postgresql"};
static const char *kind = "sqlite"; // of the stores that are made now
static unsigned made;               // so many

static void must_be_fine(enum err_code code, const struct err *err)
{
    if (code != ERR_NONE)
        fail_msg("error %d: %s (line %u, column %u)", (int)code, err->text, err->line, err->column);
}

int fixture_set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    struct err err = {0};
    strcpy(f->dir, "/tmp/reckoner-store-XXXXXX");
    assert_non_null(mkdtemp(f->dir));
    f->is_sqlite = strcmp(kind, "sqlite") == 0;
    f->is_pooled = !f->is_sqlite && getenv("TEST_POSTGRESQL_POOLED") != NULL;
    snprintf(f->path, sizeof(f->path), "%s/test.db", f->dir);
    snprintf(f->name, sizeof(f->name), "test-%ld-%u", (long)getpid(), ++made);
    if (f->is_sqlite)
        snprintf(f->url, sizeof(f->url), "sqlite:%s", f->path);
    else
        snprintf(f->url, sizeof(f->url), "%s", getenv("TEST_POSTGRESQL"));
    must_be_fine(store_open(f->url, f->name, &f->store, &err), &err);
    must_be_fine(store_connect(f->store, STORE_WRITE, &f->writer, &err), &err);
    must_be_fine(store_connect(f->store, STORE_READ, &f->reader, &err), &err);
    *state = f;
    return 0;
}

static void drop_schema(const struct fixture *f)
{
    char sql[160];
    PGconn *link = PQconnectdb(f->url);
    snprintf(
        sql, sizeof(sql), "SET client_min_messages = error; DROP SCHEMA IF EXISTS \"%s\" CASCADE", f->name);
    PQclear(PQexec(link, sql));
    PQfinish(link);
}

int fixture_tear_down(void **state)
{
    struct fixture *f = *state;
    store_disconnect(f->reader);
    store_disconnect(f->writer);
    store_close(f->store);
    if (!f->is_sqlite)
        drop_schema(f);
    unlink(f->path);
    int left = rmdir(f->dir); // fails when the store has left a file behind
    free(f);
    return left;
}

int fixture_run_group_of(const char *one, const struct CMUnitTest *tests, size_t count)
{
    kind = one;
    if (strcmp(kind, "postgresql") == 0 && getenv("TEST_POSTGRESQL") == NULL)
        return 0;
    return _cmocka_run_group_tests(kind, tests, count, NULL, NULL);
}

int fixture_run_group(const struct CMUnitTest *tests, size_t count)
{
    int failures = 0;
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
        failures += fixture_run_group_of(kinds[i], tests, count);
    return failures;
}

void run_script(struct store_conn *conn, const char *sql)
{
    struct err err = {0};
    must_be_fine(store_exec(conn, span_of(sql), &err), &err);
}

void begin(struct store_conn *conn)
{
    struct err err = {0};
    must_be_fine(store_begin(conn, &err), &err);
}

void commit(struct store_conn *conn)
{
    struct err err = {0};
    must_be_fine(store_commit(conn, &err), &err);
}

struct store_stmt *prepare(
    struct store_conn *conn, const char *sql, const struct store_name *params, size_t count)
{
    struct err err = {0};
    struct store_stmt *stmt = NULL;
    must_be_fine(store_prepare(conn, span_of(sql), params, count, &stmt, &err), &err);
    return stmt;
}

static void print_value(FILE *out, const struct value *value)
{
    switch (value->kind) {
    case VALUE_NULL:
        fputs("NULL", out);
        break;
    case VALUE_INTEGER:
        fprintf(out, "%" PRId64, value->integer);
        break;
    case VALUE_REAL:
        fprintf(out, "%#.15g", value->real);
        break;
    case VALUE_TEXT:
        fprintf(out, "'%.*s'", (int)value->text.len, value->text.at);
        break;
    case VALUE_SCALED: // which no store gives
    case VALUE_DECIMAL:
        fprintf(out, "%.*s", (int)value->text.len, value->text.at);
        break;
    }
}

const char *rows_of_stmt(struct store_stmt *stmt, const struct value *values)
{
    static char rows[1 << 16];
    struct err err = {0};
    rows[0] = '\0';
    FILE *out = fmemopen(rows, sizeof(rows), "w");
    must_be_fine(store_bind(stmt, values, &err), &err);
    for (;;) {
        bool row;
        must_be_fine(store_step(stmt, &row, &err), &err);
        if (!row)
            break;
        for (size_t i = 0; i < store_column_count(stmt); i++) {
            struct value value;
            must_be_fine(store_column(stmt, i, &value, &err), &err);
            fputs(i > 0 ? "|" : "", out);
            print_value(out, &value);
        }
        fputc('\n', out);
    }
    store_reset(stmt);
    fclose(out);
    return rows;
}

bool is_covered(struct store_conn *conn, const char *sql, const struct store_name *params, size_t count)
{
    struct err err = {0};
    bool is_covered = false;
    struct store_stmt *stmt = prepare(conn, sql, params, count);
    if (versions_cover(stmt, &is_covered, &err) != ERR_NONE)
        fail_msg("%s", err.text);
    store_finalize(stmt);
    return is_covered;
}

uint64_t number_of(struct store *store, const char *table)
{
    const struct version *version = versions_of(store, table);
    assert_non_null(version);
    return version_now(version);
}

const char *rows_of(struct store_conn *conn, const char *sql)
{
    struct store_stmt *stmt = prepare(conn, sql, NULL, 0);
    const char *rows = rows_of_stmt(stmt, NULL);
    store_finalize(stmt);
    return rows;
}

struct err error_of_prepare(struct store_conn *conn, const char *sql)
{
    struct err err = {0};
    struct store_stmt *stmt = NULL;
    enum err_code code = store_prepare(conn, span_of(sql), NULL, 0, &stmt, &err);
    assert_int_equal(code, err.code);
    if (code != ERR_NONE)
        assert_null(stmt);
    store_finalize(stmt);
    return err;
}

struct err error_of_script(struct store_conn *conn, const char *sql)
{
    struct err err = {0};
    enum err_code code = store_exec(conn, span_of(sql), &err);
    assert_int_equal(code, err.code);
    return err;
}

struct err error_of_statement(struct store_stmt *stmt)
{
    struct err err = {0};
    bool row = true;
    enum err_code code = store_bind(stmt, NULL, &err);
    while (code == ERR_NONE && row) {
        code = store_step(stmt, &row, &err);
        struct value value;
        for (size_t i = 0; code == ERR_NONE && row && i < store_column_count(stmt); i++)
            code = store_column(stmt, i, &value, &err);
    }
    store_reset(stmt);
    store_finalize(stmt);
    assert_int_equal(code, err.code);
    return err;
}

struct err error_of_run(struct store_conn *conn, const char *sql)
{
    return error_of_statement(prepare(conn, sql, NULL, 0));
}

void assert_error(struct err err, enum err_code code, const char *text)
{
    assert_string_equal(err.text, text);
    assert_int_equal(err.code, code);
}

struct value text_of(const char *text)
{
    return (struct value){.kind = VALUE_TEXT, .text = span_of(text)};
}

struct value integer_of(int64_t integer)
{
    return (struct value){.kind = VALUE_INTEGER, .integer = integer};
}

struct value real_of(double real)
{
    return (struct value){.kind = VALUE_REAL, .real = real};
}

struct value null_value(void)
{
    return (struct value){.kind = VALUE_NULL};
}
