// SPDX-License-Identifier: Apache-2.0
// The byte order mark at the start of a stream.
#include "text/bom.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/buf.h"
#include "cases.h"

static void assert_passes(const char *input, const char *expected)
{
    for (size_t step = 1; step <= 8; step++) {
        AUTO(buf_fini) struct buf out;
        buf_init(&out, 100);
        struct bom bom = {0};
        struct span rest = span_of(input), part;
        while (cases_next_step(&rest, step, &part)) {
            struct span held = bom_skip(&bom, &part);
            buf_append(&out, held.at, held.len);
            buf_append(&out, part.at, part.len);
        }
        struct span held = bom_finish(&bom);
        buf_append(&out, held.at, held.len);
        assert_true(span_is(buf_span(&out), expected));
    }
}

static void a_mark_is_skipped_at_the_start_only(void **state)
{
    (void)state;
    assert_passes("\xEF\xBB\xBF"
                  "abc",
        "abc");
    assert_passes("\xEF\xBB\xBF", "");
    assert_passes("\xEF\xBB\xBF\xEF\xBB\xBF", "\xEF\xBB\xBF");
    assert_passes("a\xEF\xBB\xBF", "a\xEF\xBB\xBF");
}

static void what_turns_out_to_be_no_mark_is_kept(void **state)
{
    (void)state;
    assert_passes("", "");
    assert_passes("\xEF", "\xEF");
    assert_passes("\xEF\xBB", "\xEF\xBB");
    assert_passes("\xEF"
                  "abc",
        "\xEF"
        "abc");
    assert_passes("\xEF\xBB"
                  "abc",
        "\xEF\xBB"
        "abc");
    assert_passes("\xEF\xEF\xBB\xBF", "\xEF\xEF\xBB\xBF");
}

static void a_text_that_is_there_as_a_whole_has_a_mark_or_none(void **state)
{
    (void)state;
    assert_int_equal(bom_length(span_of("\xEF\xBB\xBF")), 3);
    assert_int_equal(bom_length(span_of("\xEF\xBB\xBF\xEF\xBB\xBF")), 3);
    assert_int_equal(bom_length(span_of("\xEF\xBB")), 0);
    assert_int_equal(bom_length(span_of("x\xEF\xBB\xBF")), 0);
    assert_int_equal(bom_length((struct span){0}), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_mark_is_skipped_at_the_start_only),
        cmocka_unit_test(what_turns_out_to_be_no_mark_is_kept),
        cmocka_unit_test(a_text_that_is_there_as_a_whole_has_a_mark_or_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
