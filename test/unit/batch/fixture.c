// SPDX-License-Identifier: Apache-2.0
#include "fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "app/app_read.h"

enum { PATH_BYTES = 300 };

void must_be_fine(enum err_code code, const struct err *err)
{
    if (code != ERR_NONE)
        fail_msg("error %d: %s", (int)code, err->text);
}

int fixture_set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    struct err err = {0};
    char url[PATH_BYTES];
    strcpy(f->dir, "/tmp/test_batch_XXXXXX");
    assert_non_null(mkdtemp(f->dir));
    strcat(f->dir, "/app");
    assert_int_equal(mkdir(f->dir, 0700), 0);
    snprintf(url, sizeof(url), "sqlite:%s/../store.db", f->dir);
    must_be_fine(store_open(url, "test", &f->store, &err), &err);
    must_be_fine(store_connect(f->store, STORE_WRITE, &f->conn, &err), &err);
    *state = f;
    return 0;
}

int fixture_tear_down(void **state)
{
    struct fixture *f = *state;
    char command[PATH_BYTES];
    app_unref(f->app);
    store_disconnect(f->conn);
    store_close(f->store);
    snprintf(command, sizeof(command), "rm -rf %.*s", (int)(strrchr(f->dir, '/') - f->dir), f->dir);
    free(f);
    return system(command);
}

void write_text(const struct fixture *f, const char *name, const char *text)
{
    char path[PATH_BYTES];
    snprintf(path, sizeof(path), "%s/%s", f->dir, name);
    for (char *at = path + strlen(f->dir) + 1; (at = strchr(at, '/')) != NULL; at++) {
        *at = '\0';
        (void)mkdir(path, 0700); // it may be there
        *at = '/';
    }
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

struct app *load_app(const struct fixture *f)
{
    struct diags diags;
    struct app *app = NULL;
    struct err err = {0};
    diags_init(&diags);
    enum err_code code = app_read(f->dir, "sqlite", &diags, &app, &err);
    diags_print(&diags, stderr);
    diags_fini(&diags);
    must_be_fine(code, &err);
    return app;
}

const struct endpoint *post(const struct app *app, const char *path)
{
    const struct endpoint *endpoint = app_find(app, HTTP_POST, span_of(path));
    assert_non_null(endpoint);
    return endpoint;
}

void run_script(struct store_conn *conn, const char *sql)
{
    struct err err = {0};
    must_be_fine(store_exec(conn, span_of(sql), &err), &err);
}

int64_t committed(struct fixture *f, const char *sql)
{
    struct store_conn *conn;
    struct store_stmt *stmt;
    struct err err = {0};
    struct value value = {.kind = VALUE_NULL};
    bool has_row;
    must_be_fine(store_connect(f->store, STORE_READ, &conn, &err), &err);
    must_be_fine(store_prepare(conn, span_of(sql), NULL, 0, &stmt, &err), &err);
    must_be_fine(store_bind(stmt, NULL, &err), &err);
    must_be_fine(store_step(stmt, &has_row, &err), &err);
    assert_true(has_row);
    must_be_fine(store_column(stmt, 0, &value, &err), &err);
    assert_int_equal(value.kind, VALUE_INTEGER);
    store_reset(stmt);
    store_finalize(stmt);
    store_disconnect(conn);
    return value.integer;
}

void assert_report(const struct report *report, const char *expected)
{
    struct buf text;
    buf_init(&text, 1 << 20);
    report_write(report, &text);
    assert_int_equal(buf_append_byte(&text, '\0'), ERR_NONE);
    assert_string_equal(text.data, expected);
    buf_fini(&text);
}
