// SPDX-License-Identifier: Apache-2.0
#include "http/body.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/limits.h"
#include "base/mem.h"

static char bytes[3 * LIMIT_BLOCK_BYTES];

static int set_up(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (char)(i * 7 + i / 256);
    return 0;
}

static void append(struct http_body *body, size_t from, size_t len)
{
    assert_int_equal(http_body_append(body, (struct span){.at = bytes + from, .len = len}), ERR_NONE);
}

static size_t used(struct budget *budget)
{
    return atomic_load(&budget->used_bytes);
}

static void bytes_come_out_as_they_went_in(void **state)
{
    (void)state;
    static const uint64_t expected[] = {0, 100, sizeof(bytes), 10 * sizeof(bytes)};
    for (size_t i = 0; i < ARRAY_LEN(expected); i++) {
        struct http_body body;
        http_body_init(&body, NULL, expected[i]);
        size_t at = 0;
        for (size_t len = 1; at + len < sizeof(bytes); len += 1000) {
            append(&body, at, len);
            at += len;
        }
        append(&body, at, sizeof(bytes) - at);
        assert_int_equal(body.len, sizeof(bytes));
        struct span block;
        size_t out = 0;
        while (http_body_next(&body, &block)) {
            assert_memory_equal(block.at, bytes + out, block.len);
            out += block.len;
        }
        assert_int_equal(out, sizeof(bytes));
        assert_int_equal(body.len, sizeof(bytes));
        assert_false(http_body_next(&body, &block));
        http_body_fini(&body);
    }
}

static void an_empty_body_has_no_block(void **state)
{
    (void)state;
    struct budget budget = {.max_bytes = 10};
    struct http_body body;
    http_body_init(&body, &budget, 0);
    struct span block;
    append(&body, 0, 0);
    assert_false(http_body_next(&body, &block));
    assert_int_equal(body.len, 0);
    http_body_fini(&body);
    http_body_fini(&body); // zeroed
    http_body_fini(NULL);
}

static void a_body_of_known_size_takes_little_more(void **state)
{
    (void)state;
    struct budget budget = {.max_bytes = SIZE_MAX};
    struct http_body body;
    http_body_init(&body, &budget, 100);
    append(&body, 0, 10);
    append(&body, 10, 90);
    assert_in_range(used(&budget), 100, 200);
    http_body_fini(&body);
    assert_int_equal(used(&budget), 0);
}

static void the_budget_is_given_back_block_by_block(void **state)
{
    (void)state;
    struct budget budget = {.max_bytes = SIZE_MAX};
    struct http_body body;
    http_body_init(&body, &budget, sizeof(bytes));
    append(&body, 0, sizeof(bytes));
    size_t all = used(&budget);
    assert_true(all >= sizeof(bytes));
    struct span block;
    for (size_t left = 3; left > 0; left--) {
        assert_true(http_body_next(&body, &block));
        assert_int_equal(used(&budget), all / 3 * left); // the block handed out is still there
    }
    assert_false(http_body_next(&body, &block));
    assert_int_equal(used(&budget), 0);
    http_body_fini(&body);
}

static void bodies_share_a_budget(void **state)
{
    (void)state;
    struct budget budget = {.max_bytes = 3 * LIMIT_BLOCK_BYTES};
    struct http_body one;
    http_body_init(&one, &budget, 2 * LIMIT_BLOCK_BYTES);
    struct http_body other;
    http_body_init(&other, &budget, LIMIT_BLOCK_BYTES);
    append(&one, 0, 2 * LIMIT_BLOCK_BYTES);
    struct span span = {.at = bytes, .len = LIMIT_BLOCK_BYTES};
    assert_int_equal(http_body_append(&other, span), ERR_BUSY);
    http_body_fini(&one);
    assert_int_equal(http_body_append(&other, span), ERR_NONE);
    http_body_fini(&other);
    assert_int_equal(used(&budget), 0);
}

static void without_memory_nothing_is_charged(void **state)
{
    (void)state;
    struct budget budget = {.max_bytes = SIZE_MAX};
    struct http_body body;
    http_body_init(&body, &budget, 0);
    mem_fail_after(0);
    assert_int_equal(http_body_append(&body, (struct span){.at = bytes, .len = 10}), ERR_NO_MEMORY);
    mem_fail_after(-1);
    assert_int_equal(used(&budget), 0);
    append(&body, 0, 10);
    http_body_fini(&body);
    assert_int_equal(used(&budget), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_come_out_as_they_went_in),
        cmocka_unit_test(an_empty_body_has_no_block),
        cmocka_unit_test(a_body_of_known_size_takes_little_more),
        cmocka_unit_test(the_budget_is_given_back_block_by_block),
        cmocka_unit_test(bodies_share_a_budget),
        cmocka_unit_test(without_memory_nothing_is_charged),
    };
    return cmocka_run_group_tests(tests, set_up, NULL);
}
