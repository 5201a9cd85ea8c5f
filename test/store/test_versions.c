// SPDX-License-Identifier: Apache-2.0
// What every store does with vectors.
#include "fixture.h"

#include "base/buf.h"
#include "store/versions.h"

static struct buf vector_of(struct fixture *f)
{
    struct err err = {0};
    struct buf vector;
    buf_init(&vector, 10000);
    assert_int_equal(versions_read(f->reader, &vector, &err), ERR_NONE);
    assert_string_equal(err.text, "");
    return vector;
}

static void what_a_vector_holds_is_seen_by_a_transaction_that_begins_at_it(void **state)
{
    struct fixture *f = *state;
    struct err err = {0};
    run_script(f->writer, "CREATE TABLE t (a integer)");
    for (int i = 0; i < 3; i++) {
        assert_rows(f->writer, "INSERT INTO t VALUES (1)", "");
        struct buf vector = vector_of(f);
        assert_int_equal(store_begin_at(f->reader, buf_span(&vector), &err), ERR_NONE);
        const char *const counts[] = {"1\n", "2\n", "3\n"};
        assert_rows(f->reader, "SELECT count(*) FROM t", counts[i]);
        commit(f->reader);
        buf_fini(&vector);
    }
}

static void the_empty_vector_is_seen_everywhere(void **state)
{
    struct fixture *f = *state;
    struct err err = {0};
    assert_int_equal(store_begin_at(f->reader, (struct span){0}, &err), ERR_NONE);
    assert_rows(f->reader, "SELECT 1", "1\n");
    store_rollback(f->reader);
}

static void a_transaction_at_a_vector_may_end_before_anything_ran(void **state)
{
    struct fixture *f = *state;
    struct err err = {0};
    struct buf vector = vector_of(f);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(store_begin_at(f->reader, buf_span(&vector), &err), ERR_NONE);
        store_rollback(f->reader);
        assert_int_equal(store_begin_at(f->reader, buf_span(&vector), &err), ERR_NONE);
        commit(f->reader);
    }
    assert_rows(f->reader, "SELECT 1", "1\n");
    buf_fini(&vector);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORE_TEST(what_a_vector_holds_is_seen_by_a_transaction_that_begins_at_it),
        STORE_TEST(the_empty_vector_is_seen_everywhere),
        STORE_TEST(a_transaction_at_a_vector_may_end_before_anything_ran),
    };
    return fixture_run(tests);
}
