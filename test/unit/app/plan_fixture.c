// SPDX-License-Identifier: Apache-2.0
#include "plan_fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/directives.h"
#include "base/mem.h"

enum { ARENA_BYTES = 16 * 1024 * 1024 };

const char THREE_ROWS[] = "CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT NOT NULL, price REAL);\n"
                          "INSERT INTO t VALUES (1, 'one', 1.5), (2, 'two \"2\"', 2), (3, 'three', NULL);\n";

const char CHECKED_WRITE[] =
    "-- @endpoint POST /t\n-- @param price number default 2.5\n-- @field id integer required\n-- @field name text required\n"
    "-- @reject 422 empty name\nSELECT line, 'name' AS field, name AS value FROM batch WHERE name = '';\n"
    "-- @warn id exists\nSELECT line, 'id' AS field, id AS value FROM batch WHERE id IN (SELECT id FROM t);\n"
    "-- @write\nDELETE FROM t WHERE id IN (SELECT id FROM batch);\n"
    "-- @write\nINSERT INTO t SELECT id, name, :price FROM batch RETURNING id;\n"
    "-- @answer\nSELECT count(*) AS rows FROM batch;\n";

void must_be_fine(enum err_code code, const struct err *err)
{
    if (code != ERR_NONE)
        fail_msg("error %d: %s", (int)code, err->text);
}

int fixture_set_up(void **state, const char *schema)
{
    struct fixture *f = calloc(1, sizeof(*f));
    struct err err = {0};
    must_be_fine(store_open("sqlite::memory:", "test", &f->store, &err), &err);
    must_be_fine(store_connect(f->store, STORE_WRITE, &f->conn, &err), &err);
    run_script(f, schema);
    arena_init(&f->arena, ARENA_BYTES);
    diags_init(&f->diags);
    spool_init(&f->out, NULL, OUT_BYTES);
    *state = f;
    return 0;
}

int fixture_tear_down(void **state)
{
    struct fixture *f = *state;
    plan_free(f->plan);
    store_disconnect(f->conn);
    store_close(f->store);
    spool_fini(&f->out);
    diags_fini(&f->diags);
    arena_fini(&f->arena);
    free(f);
    return 0;
}

void run_script(struct fixture *f, const char *sql)
{
    struct err err = {0};
    must_be_fine(store_exec(f->conn, span_of(sql), &err), &err);
}

void parse(struct fixture *f, const char *text)
{
    struct err err = {0};
    enum err_code code =
        directives_parse("x.sql", span_of(text), SQL_SQLITE, &f->arena, &f->diags, &f->endpoint, &err);
    diags_print(&f->diags, stderr);
    must_be_fine(code, &err);
}

void plan_file(struct fixture *f, const char *text)
{
    struct err err = {0};
    plan_free(f->plan);
    f->plan = NULL;
    parse(f, text);
    enum err_code code = plan_new(&f->endpoint, f->conn, &f->diags, &f->plan, &err);
    diags_print(&f->diags, stderr);
    must_be_fine(code, &err);
}

static void expect_diags(struct fixture *f, const char *expected)
{
    char *text = NULL;
    size_t len = 0;
    FILE *file = open_memstream(&text, &len);
    assert_non_null(file);
    diags_sort(&f->diags);
    diags_print(&f->diags, file);
    fclose(file);
    assert_string_equal(text, expected);
    free(text);
}

void expect_refused(struct fixture *f, const char *text, const char *expected)
{
    struct err err = {0};
    parse(f, text);
    assert_int_equal(plan_new(&f->endpoint, f->conn, &f->diags, &f->plan, &err), ERR_CONFIG);
    assert_string_equal(err.text, "x.sql has errors");
    assert_null(f->plan);
    expect_diags(f, expected);
    diags_fini(&f->diags);
    diags_init(&f->diags);
}

enum err_code answer(struct fixture *f, enum answer_format format, const struct value *params,
    struct answered *ret_answered, struct err *err)
{
    struct answered answered = {0};
    spool_reset(&f->out);
    f->cursor[0] = '\0';
    enum err_code code = plan_answer(f->plan, params, format, &f->out, &answered, err);
    if (code != ERR_NONE)
        return code;
    assert_int_equal(buf_append_byte(&f->out.buf, '\0'), ERR_NONE);
    if (answered.cursor.len > 0)
        snprintf(f->cursor, sizeof(f->cursor), "%.*s", (int)answered.cursor.len, answered.cursor.at);
    *ret_answered = answered;
    return ERR_NONE;
}

struct answered answer_as(struct fixture *f, enum answer_format format, const struct value *params)
{
    struct answered answered = {0};
    struct err err = {0};
    must_be_fine(answer(f, format, params, &answered, &err), &err);
    return answered;
}

void expect_answer_as(
    struct fixture *f, enum answer_format format, const struct value *params, const char *expected)
{
    struct answered answered = answer_as(f, format, params);
    assert_int_equal(answered.status, 200);
    assert_string_equal(f->cursor, "");
    assert_string_equal(f->out.buf.data, expected);
    uint64_t lines = 0;
    for (const char *c = expected; *c != '\0'; c++)
        lines += *c == '\n';
    if (format == FORMAT_NDJSON) // a row a line
        assert_int_equal(answered.rows, lines);
}

void expect_answer(struct fixture *f, const struct value *params, const char *expected)
{
    expect_answer_as(f, FORMAT_JSON, params, expected);
}

void plan_get(struct fixture *f, const char *lines)
{
    char file[4000];
    snprintf(file, sizeof(file), "-- @endpoint GET /a\n%s\n", lines);
    plan_file(f, file);
}

void expect_answer_fails(struct fixture *f, const char *lines, enum err_code code, const char *text)
{
    struct err err = {0};
    struct answered answered = {.status = 7};
    plan_get(f, lines);
    assert_int_equal(answer(f, FORMAT_JSON, NULL, &answered, &err), code);
    assert_string_equal(err.text, text);
    assert_int_equal(answered.status, 7);
}

void expect_memory_faults_of_planning(struct fixture *f, const char *text, int least)
{
    bool done = false;
    int failures = 0;
    parse(f, text);
    for (long n = 0; !done; n++) {
        struct err err = {0};
        mem_fail_after(n);
        enum err_code code = plan_new(&f->endpoint, f->conn, &f->diags, &f->plan, &err);
        mem_fail_after(-1);
        done = code == ERR_NONE;
        if (!done) {
            assert_int_equal(code, ERR_NO_MEMORY);
            assert_null(f->plan);
            failures++;
        }
    }
    assert_true(failures >= least);
    assert_int_equal(diags_total(&f->diags), 0);
}
