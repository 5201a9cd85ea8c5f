// SPDX-License-Identifier: Apache-2.0
// What every store does with marks.
#include "fixture.h"

#include "base/buf.h"

static struct buf mark_of(struct fixture *f)
{
    struct err err = {0};
    struct buf mark;
    buf_init(&mark, 10000);
    assert_int_equal(store_mark(f->reader, &mark, &err), ERR_NONE);
    assert_string_equal(err.text, "");
    return mark;
}

static void what_is_marked_is_seen_by_a_transaction_that_begins_at_the_mark(void **state)
{
    struct fixture *f = *state;
    struct err err = {0};
    run_script(f->writer, "CREATE TABLE t (a integer)");
    for (int i = 0; i < 3; i++) {
        assert_rows(f->writer, "INSERT INTO t VALUES (1)", "");
        struct buf mark = mark_of(f);
        assert_int_equal(store_begin_at(f->reader, buf_span(&mark), &err), ERR_NONE);
        const char *const counts[] = {"1\n", "2\n", "3\n"};
        assert_rows(f->reader, "SELECT count(*) FROM t", counts[i]);
        commit(f->reader);
        buf_fini(&mark);
    }
}

static void the_empty_mark_is_seen_everywhere(void **state)
{
    struct fixture *f = *state;
    struct err err = {0};
    assert_int_equal(store_begin_at(f->reader, (struct span){0}, &err), ERR_NONE);
    assert_rows(f->reader, "SELECT 1", "1\n");
    store_rollback(f->reader);
}

static void a_transaction_at_a_mark_may_end_before_anything_ran(void **state)
{
    struct fixture *f = *state;
    struct err err = {0};
    struct buf mark = mark_of(f);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(store_begin_at(f->reader, buf_span(&mark), &err), ERR_NONE);
        store_rollback(f->reader);
        assert_int_equal(store_begin_at(f->reader, buf_span(&mark), &err), ERR_NONE);
        commit(f->reader);
    }
    assert_rows(f->reader, "SELECT 1", "1\n");
    buf_fini(&mark);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORE_TEST(what_is_marked_is_seen_by_a_transaction_that_begins_at_the_mark),
        STORE_TEST(the_empty_mark_is_seen_everywhere),
        STORE_TEST(a_transaction_at_a_mark_may_end_before_anything_ran),
    };
    return fixture_run(tests);
}
