// SPDX-License-Identifier: Apache-2.0
// Statements on Reckoner's own tables, on every store.
#include "store/own_sql.h"

#include "base/attr.h"
#include "fixture.h"

static const char INSERT[] = "INSERT INTO t (id, word) VALUES (:id, :word)";
static const char SELECT[] = "SELECT word FROM t WHERE id >= :id ORDER BY id";

static void make_table(struct fixture *f)
{
    run_script(f->writer, "CREATE TABLE t (id integer PRIMARY KEY, word text NOT NULL)");
}

static enum err_code insert(struct own_statements *own, int64_t id, const char *word, struct err *err)
{
    const struct own_param params[] = {own_integer("id", id), own_text("word", span_of(word))};
    return own_send_kept(own, INSERT, params, ARRAY_LEN(params), err);
}

static enum err_code count_row(void *ctx, struct store_stmt *stmt, struct err *err)
{
    int *count = ctx;
    struct value word = {0};
    ++*count;
    return store_column(stmt, 0, &word, err);
}

static int count_from(struct own_statements *own, int64_t id)
{
    const struct own_param params[] = {own_integer("id", id)};
    struct err err = {0};
    int count = 0;
    assert_int_equal(own_run_kept(own, SELECT, params, 1, count_row, &count, &err), ERR_NONE);
    return count;
}

static void a_statement_that_is_kept_runs_again_and_again(void **state)
{
    struct fixture *f = *state;
    struct err err = {0};
    make_table(f);
    struct own_statements own = {.conn = f->writer};
    begin(f->writer);
    for (int i = 1; i <= 3; i++)
        assert_int_equal(insert(&own, i, "x", &err), ERR_NONE);
    const struct own_kept *kept = own.kept;
    assert_int_equal(count_from(&own, 2), 2);
    assert_int_equal(count_from(&own, 3), 1);
    assert_int_equal(insert(&own, 4, "y", &err), ERR_NONE);
    assert_int_equal(count_from(&own, 1), 4);
    commit(f->writer);
    assert_ptr_not_equal(own.kept, kept); // the second statement
    begin(f->writer);
    kept = own.kept;
    assert_int_equal(count_from(&own, 1), 4);
    assert_ptr_equal(own.kept, kept); // neither is prepared again
    commit(f->writer);
    own_statements_fini(&own);
    assert_null(own.kept);
    assert_int_equal(count_from(&own, 1), 4);
    own_statements_fini(&own);
}

static void a_statement_is_asked_first_and_read_later(void **state)
{
    struct fixture *f = *state;
    struct err err = {0};
    make_table(f);
    struct own_statements own = {.conn = f->writer};
    struct store_stmt *stmt = NULL;
    const struct own_param params[] = {own_integer("id", 1)};
    bool row = false;
    begin(f->writer);
    assert_int_equal(insert(&own, 1, "x", &err), ERR_NONE);
    assert_int_equal(own_ask_kept(&own, SELECT, params, 1, &stmt, &err), ERR_NONE);
    assert_int_equal(insert(&own, 2, "y", &err), ERR_NONE);
    assert_int_equal(store_step(stmt, &row, &err), ERR_NONE);
    assert_true(row);
    store_reset(stmt);
    assert_int_equal(count_from(&own, 1), 2);
    commit(f->writer);
    own_statements_fini(&own);
}

static void a_statement_that_cannot_be_prepared_is_not_kept(void **state)
{
    struct fixture *f = *state;
    struct err err = {0};
    struct own_statements own = {.conn = f->writer};
    assert_int_equal(insert(&own, 1, "x", &err), ERR_CONFIG);
    assert_null(own.kept);
    make_table(f);
    err = (struct err){0};
    begin(f->writer);
    assert_int_equal(insert(&own, 1, "x", &err), ERR_NONE);
    commit(f->writer);
    own_statements_fini(&own);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORE_TEST(a_statement_that_is_kept_runs_again_and_again),
        STORE_TEST(a_statement_is_asked_first_and_read_later),
        STORE_TEST(a_statement_that_cannot_be_prepared_is_not_kept),
    };
    return fixture_run(tests);
}
