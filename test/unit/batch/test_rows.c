// SPDX-License-Identifier: Apache-2.0
#include "batch/rows.h"

#include <setjmp.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/limits.h"
#include "base/mem.h"

#define TEXT(literal)                                                                                        \
    {                                                                                                        \
        .kind = VALUE_TEXT, .text = {.at = literal, .len = sizeof(literal) - 1 }                             \
    }

static void assert_same(const struct value *a, const struct value *b)
{
    assert_int_equal(a->kind, b->kind);
    if (a->kind == VALUE_INTEGER)
        assert_int_equal(a->integer, b->integer);
    else if (a->kind == VALUE_REAL)
        assert_true(a->real == b->real);
    else if (a->kind == VALUE_TEXT)
        assert_true(span_equal(a->text, b->text));
}

static void what_goes_in_comes_out(void **state)
{
    (void)state;
    const struct value table[][2] = {
        {{.kind = VALUE_NULL}, TEXT("")},
        {{.kind = VALUE_INTEGER, .integer = INT64_MIN}, TEXT("a")},
        {{.kind = VALUE_INTEGER, .integer = INT64_MAX}, TEXT("\0\xff")},
        {{.kind = VALUE_INTEGER, .integer = 0}, {.kind = VALUE_REAL, .real = -0.1}},
        {{.kind = VALUE_INTEGER, .integer = -1}, {.kind = VALUE_REAL, .real = 1e308}},
        {{.kind = VALUE_INTEGER, .integer = 127}, {.kind = VALUE_NULL}},
        {{.kind = VALUE_INTEGER, .integer = 128}, {.kind = VALUE_NULL}},
    };
    const int64_t lines[] = {1, 1, 2, 300, 1000000, 1000000, INT64_MAX};
    AUTO(rows_fini) struct rows rows;
    rows_init(&rows, 2, NULL);
    for (size_t i = 0; i < ARRAY_LEN(table); i++)
        assert_int_equal(rows_add(&rows, lines[i], table[i], NULL), ERR_NONE);
    assert_int_equal(rows.count, ARRAY_LEN(table));

    for (int walk = 0; walk < 2; walk++) {
        struct rows_cursor cursor;
        struct value values[2];
        int64_t line;
        rows_start(&rows, &cursor);
        for (size_t i = 0; i < ARRAY_LEN(table); i++) {
            assert_true(rows_next(&cursor, &line, values));
            assert_int_equal(line, lines[i]);
            assert_same(&values[0], &table[i][0]);
            assert_same(&values[1], &table[i][1]);
        }
        assert_false(rows_next(&cursor, &line, values));
    }
}

// The lines of a walk.
static void assert_lines(const struct rows *rows, const int64_t *expected, size_t count)
{
    struct rows_cursor cursor;
    struct value value;
    int64_t line;
    assert_int_equal(rows->count, count);
    rows_start(rows, &cursor);
    for (size_t i = 0; i < count; i++) {
        assert_true(rows_next(&cursor, &line, &value));
        assert_int_equal(line, expected[i]);
    }
    assert_false(rows_next(&cursor, &line, &value));
    assert_int_equal(rows_stop(&cursor, NULL), ERR_NONE);
}

static void rows_that_are_left_out_are_passed_over_until_they_are_put_back(void **state)
{
    (void)state;
    AUTO(rows_fini) struct rows rows;
    struct value value = {.kind = VALUE_INTEGER, .integer = 5};
    const int64_t lines[] = {2, 3, 3, 5, 9}, first[] = {3, 3, 5}, then[] = {5};
    struct line_set some, more;
    struct err err = {0};
    rows_init(&rows, 1, NULL);
    for (size_t i = 0; i < ARRAY_LEN(lines); i++)
        assert_int_equal(rows_add(&rows, lines[i], &value, NULL), ERR_NONE);
    assert_int_equal(line_set_init(&some, rows.last_line, NULL, &err), ERR_NONE);
    assert_int_equal(line_set_init(&more, rows.last_line, NULL, &err), ERR_NONE);
    assert_true(line_set_add(&some, 2) && line_set_add(&some, 4) && line_set_add(&some, 9));
    assert_true(line_set_add(&more, 3));
    size_t found;
    assert_int_equal(rows_leave_out(&rows, &some, &found, &err), ERR_NONE);
    assert_int_equal(found, 2); // 4 has no row
    assert_lines(&rows, first, ARRAY_LEN(first));
    assert_int_equal(rows_leave_out(&rows, &more, &found, &err), ERR_NONE);
    assert_int_equal(found, 1); // of two rows
    assert_lines(&rows, then, ARRAY_LEN(then));
    rows_put_back(&rows);
    assert_lines(&rows, lines, ARRAY_LEN(lines));
    line_set_fini(&some);
    line_set_fini(&more);
}

static void cleared_rows_start_again(void **state)
{
    (void)state;
    AUTO(rows_fini) struct rows rows;
    struct value value = {.kind = VALUE_INTEGER, .integer = 5};
    rows_init(&rows, 1, NULL);
    assert_int_equal(rows_add(&rows, 70, &value, NULL), ERR_NONE);
    rows_clear(&rows);
    assert_int_equal(rows.count, 0);
    assert_int_equal(rows_add(&rows, 3, &value, NULL), ERR_NONE);
    struct rows_cursor cursor;
    int64_t line;
    rows_start(&rows, &cursor);
    assert_true(rows_next(&cursor, &line, &value));
    assert_int_equal(line, 3);
}

static void rows_over_the_limit_are_refused(void **state)
{
    (void)state;
    AUTO(rows_fini) struct rows rows;
    struct value value = TEXT("0123456789");
    rows_init(&rows, 1, NULL);
    rows.packed.max = 30;
    assert_int_equal(rows_add(&rows, 1, &value, NULL), ERR_NONE);
    assert_int_equal(rows_add(&rows, 2, &value, NULL), ERR_NONE);
    assert_int_equal(rows_add(&rows, 3, &value, NULL), ERR_TOO_LARGE);
}

static void growth_is_charged_until_the_rows_are_freed(void **state)
{
    (void)state;
    struct budget budget = {.max_bytes = 1000};
    struct value value = TEXT("0123456789");
    struct rows one, other;
    rows_init(&one, 1, &budget);
    rows_init(&other, 1, &budget);
    assert_int_equal(atomic_load(&budget.used_bytes), 0);
    for (int64_t line = 1; line < 40; line++)
        assert_int_equal(rows_add(&one, line, &value, NULL), ERR_NONE);
    assert_int_equal(atomic_load(&budget.used_bytes), one.packed.cap);
    rows_clear(&one); // keeps its memory
    assert_int_equal(atomic_load(&budget.used_bytes), one.packed.cap);
    enum err_code code = ERR_NONE;
    int64_t line = 1;
    while (code == ERR_NONE && line < 1000)
        code = rows_add(&other, line++, &value, NULL);
    assert_int_equal(code, ERR_BUSY);
    assert_true(atomic_load(&budget.used_bytes) <= budget.max_bytes);
    rows_fini(&other);
    assert_int_equal(atomic_load(&budget.used_bytes), one.packed.cap);
    rows_fini(&one);
    assert_int_equal(atomic_load(&budget.used_bytes), 0);
}

static void missing_memory_is_told(void **state)
{
    (void)state;
    AUTO(rows_fini) struct rows rows;
    struct value value = TEXT("x");
    rows_init(&rows, 1, NULL);
    mem_fail_after(0);
    assert_int_equal(rows_add(&rows, 1, &value, NULL), ERR_NO_MEMORY);
    mem_fail_after(-1);
}

// --- rows in a file

enum { ROOM = 64 * 1024 * 1024, MANY = 200000, LARGE_EACH = 50000 };

static struct temp_space new_space(void)
{
    return (struct temp_space){.dir = "/tmp", .what = "batch", .whats = "batches", .max_bytes = ROOM};
}

// Some 7 MB: row i has its number and a text, of which one in LARGE_EACH is as large as a value may be.
static enum err_code add_many(struct rows *rows, struct err *err)
{
    static char text[LIMIT_VALUE_BYTES];
    enum err_code code = ERR_NONE;
    memset(text, 'x', sizeof(text));
    for (int64_t i = 0; i < MANY && code == ERR_NONE; i++) {
        size_t len = i % LARGE_EACH == 0 ? sizeof(text) : (size_t)(i % 20);
        const struct value values[] = {
            {.kind = VALUE_INTEGER, .integer = i}, {.kind = VALUE_TEXT, .text = {.at = text, .len = len}}};
        code = rows_add(rows, i / 2 + 1, values, err);
    }
    return code;
}

static void expect_many(const struct rows *rows, int64_t count)
{
    struct rows_cursor cursor;
    struct value values[2];
    struct err err = {0};
    int64_t line, at = 0;
    rows_start(rows, &cursor);
    while (at < count && rows_next(&cursor, &line, values)) {
        size_t len = at % LARGE_EACH == 0 ? LIMIT_VALUE_BYTES : (size_t)(at % 20);
        if (values[0].integer != at || line != at / 2 + 1 || values[1].text.len != len)
            fail_msg("row %lld is wrong", (long long)at);
        at++;
    }
    assert_int_equal(at, count);
    if (count == (int64_t)rows->count)
        assert_false(rows_next(&cursor, &line, values));
    assert_int_equal(rows_stop(&cursor, &err), ERR_NONE);
}

static void what_is_more_than_a_piece_goes_to_a_file_and_comes_out_in_order(void **state)
{
    (void)state;
    struct temp_space space = new_space();
    struct budget budget = {.max_bytes = 2 * LIMIT_ROWS_PIECE_BYTES};
    struct err err = {0};
    struct rows rows;
    rows_init(&rows, 2, &budget);
    rows_spill_to(&rows, &space, ROOM);
    assert_int_equal(add_many(&rows, &err), ERR_NONE);
    assert_int_equal(rows.count, MANY);
    assert_true(rows.packed.len > 0 && rows.file.bytes > 2 * LIMIT_ROWS_PIECE_BYTES);
    expect_many(&rows, MANY); // the last ones out of memory
    assert_int_equal(rows_end(&rows, &err), ERR_NONE);
    assert_int_equal(atomic_load(&budget.used_bytes), 0);
    assert_int_equal(atomic_load(&space.used_bytes), rows.file.bytes);
    expect_many(&rows, MANY);
    expect_many(&rows, 150001); // a walk may stop anywhere
    rows_fini(&rows);
    assert_int_equal(atomic_load(&space.used_bytes), 0);
}

static void few_rows_need_no_file(void **state)
{
    (void)state;
    struct temp_space space = new_space();
    struct value value = TEXT("a");
    AUTO(rows_fini) struct rows rows;
    rows_init(&rows, 1, NULL);
    space.dir = "/tmp/no/such/folder";
    rows_spill_to(&rows, &space, ROOM);
    assert_int_equal(rows_add(&rows, 1, &value, NULL), ERR_NONE);
    assert_int_equal(rows_end(&rows, NULL), ERR_NONE);
    assert_true(rows.packed.len > 0);
    struct temp_space none = {0};
    struct rows in_memory;
    rows_init(&in_memory, 2, NULL);
    rows_spill_to(&in_memory, &none, 0);
    assert_int_equal(add_many(&in_memory, NULL), ERR_NONE);
    assert_int_equal(rows_end(&in_memory, NULL), ERR_NONE);
    expect_many(&in_memory, MANY);
    rows_fini(&in_memory);
}

static void a_file_is_bounded_by_its_own_size_that_of_all_and_the_disk(void **state)
{
    (void)state;
    struct rlimit before, limit;
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    for (int i = 0; i < 3; i++) {
        struct temp_space space = new_space();
        struct budget budget = {.max_bytes = ROOM};
        struct err err = {0};
        struct rows rows;
        rows_init(&rows, 2, &budget);
        if (i == 1)
            space.max_bytes = 5000000;
        limit = (struct rlimit){.rlim_cur = i == 2 ? 5000000 : before.rlim_cur, .rlim_max = before.rlim_max};
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
        rows_spill_to(&rows, &space, i == 0 ? 5000000 : ROOM);
        enum err_code code = add_many(&rows, &err);
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
        static const enum err_code codes[] = {ERR_TOO_LARGE, ERR_BUSY, ERR_DISK_FULL};
        static const char *const texts[] = {
            "the rows of the batch take more than 5000000 bytes: send them in several requests",
            "large batches take up all of the 5000000 bytes that they may have on disk",
            "there is no room for a large batch"};
        assert_int_equal(code, codes[i]);
        assert_string_equal(err.text, texts[i]);
        rows_fini(&rows);
        assert_int_equal(atomic_load(&space.used_bytes), 0);
        assert_int_equal(atomic_load(&budget.used_bytes), 0);
    }
    signal(SIGXFSZ, SIG_DFL);
}

static void a_file_that_cannot_be_read_ends_the_walk_with_an_error(void **state)
{
    (void)state;
    struct temp_space space = new_space();
    struct rows_cursor cursor;
    struct value values[2];
    struct err err = {0};
    int64_t line, count = 0;
    AUTO(rows_fini) struct rows rows;
    rows_init(&rows, 2, NULL);
    rows_spill_to(&rows, &space, ROOM);
    assert_int_equal(add_many(&rows, &err), ERR_NONE);
    assert_int_equal(rows_end(&rows, &err), ERR_NONE);
    assert_int_equal(ftruncate(rows.file.fd, (off_t)rows.file.bytes - 1), 0);
    rows_start(&rows, &cursor);
    while (rows_next(&cursor, &line, values))
        count++;
    assert_true(count > 0 && count < MANY);
    assert_int_equal(rows_stop(&cursor, &err), ERR_IO);
    assert_string_equal(err.text, "the temporary file of a large batch failed");
    mem_fail_after(0);
    err = (struct err){0};
    rows_start(&rows, &cursor);
    assert_false(rows_next(&cursor, &line, values));
    mem_fail_after(-1);
    assert_int_equal(rows_stop(&cursor, &err), ERR_NO_MEMORY);
}

// The kernel drops pages that it could not write, and gives what the disk has: the call below stands in for
// that of libc, and says so once, as the kernel does.
static int lost_at = -1; // calls until the one that tells; -1: none does

int sync_file_range(int fd, off64_t offset, off64_t bytes, unsigned flags)
{
    (void)fd, (void)offset, (void)bytes, (void)flags;
    if (lost_at < 0 || lost_at-- > 0)
        return 0;
    errno = EIO;
    return -1;
}

static void rows_whose_pages_the_kernel_has_dropped_are_not_used(void **state)
{
    (void)state;
    struct temp_space space = new_space();
    struct rows_cursor cursor;
    struct value values[2];
    struct err err = {0};
    int64_t line;
    AUTO(rows_fini) struct rows rows;
    rows_init(&rows, 2, NULL);
    rows_spill_to(&rows, &space, ROOM);
    assert_int_equal(add_many(&rows, &err), ERR_NONE);
    assert_int_equal(rows_end(&rows, &err), ERR_NONE);
    for (int tries = 0; tries < 2; tries++) { // what was dropped does not come back
        err = (struct err){0};
        lost_at = tries == 0 ? 2 : -1;
        rows_start(&rows, &cursor);
        while (rows_next(&cursor, &line, values))
            ;
        assert_int_equal(rows_stop(&cursor, &err), ERR_IO);
        assert_string_equal(err.text, "the temporary file of a large batch failed");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_goes_in_comes_out),
        cmocka_unit_test(rows_that_are_left_out_are_passed_over_until_they_are_put_back),
        cmocka_unit_test(cleared_rows_start_again),
        cmocka_unit_test(rows_over_the_limit_are_refused),
        cmocka_unit_test(growth_is_charged_until_the_rows_are_freed),
        cmocka_unit_test(missing_memory_is_told),
        cmocka_unit_test(what_is_more_than_a_piece_goes_to_a_file_and_comes_out_in_order),
        cmocka_unit_test(few_rows_need_no_file),
        cmocka_unit_test(a_file_is_bounded_by_its_own_size_that_of_all_and_the_disk),
        cmocka_unit_test(a_file_that_cannot_be_read_ends_the_walk_with_an_error),
        cmocka_unit_test(rows_whose_pages_the_kernel_has_dropped_are_not_used),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
