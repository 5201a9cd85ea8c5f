// SPDX-License-Identifier: Apache-2.0
// Percent-encoding and pairs: cases of test/cases/query, and what they cannot say.
#include "text/url.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/attr.h"
#include "base/buf.h"
#include "cases.h"
#include "text/json_write.h"

static void dump_part(struct span raw, struct arena *arena, struct buf *out)
{
    struct span text;
    if (url_decode(raw, true, arena, &text))
        json_write_string(out, text);
    else
        buf_append_str(out, "badly encoded");
}

// A query is not a stream: it is read whole whatever the step.
static void dump(const char *name, struct span input, size_t step, struct buf *out)
{
    (void)name;
    (void)step;
    AUTO(arena_fini) struct arena arena;
    arena_init(&arena, 65536);
    struct span pair_name, pair_value;
    while (url_next_pair(&input, &pair_name, &pair_value)) {
        assert_non_null(pair_value.at);
        dump_part(pair_name, &arena, out);
        buf_append_str(out, " = ");
        dump_part(pair_value, &arena, out);
        buf_append_byte(out, '\n');
    }
}

static void all_cases_come_out_as_expected(void **state)
{
    (void)state;
    cases_run("query", dump);
}

static void what_needs_no_decoding_is_not_copied(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, 0);
    struct span text = span_of("abc+d"), plain;
    assert_true(url_decode(text, false, &arena, &plain));
    assert_ptr_equal(plain.at, text.at);
    assert_int_equal(plain.len, 5);
    assert_true(url_decode((struct span){0}, true, &arena, &plain));
    assert_int_equal(plain.len, 0);
}

static void a_full_arena_refuses(void **state)
{
    (void)state;
    AUTO(arena_fini) struct arena arena;
    arena_init(&arena, 8);
    struct span plain = {0};
    assert_false(url_decode(span_of("%41%42%43"), true, &arena, &plain));
    assert_null(plain.at);
}

static void plus_stays_where_it_is_no_blank(void **state)
{
    (void)state;
    AUTO(arena_fini) struct arena arena;
    arena_init(&arena, 1024);
    struct span plain;
    assert_true(url_decode(span_of("%41+"), false, &arena, &plain));
    assert_true(span_is(plain, "A+"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_cases_come_out_as_expected),
        cmocka_unit_test(what_needs_no_decoding_is_not_copied),
        cmocka_unit_test(a_full_arena_refuses),
        cmocka_unit_test(plus_stays_where_it_is_no_blank),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
