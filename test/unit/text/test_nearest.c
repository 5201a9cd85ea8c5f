// SPDX-License-Identifier: Apache-2.0
#include "text/nearest.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/attr.h"

static size_t edits(const char *from, const char *to)
{
    return nearest_edits(span_of(from), span_of(to));
}

static void letters_that_differ_are_counted(void **state)
{
    (void)state;
    assert_int_equal(edits("required", "required"), 0);
    assert_int_equal(edits("Required", "rEQUIRED"), 0);
    assert_int_equal(edits("requried", "required"), 1);
    assert_int_equal(edits("reqired", "required"), 1);
    assert_int_equal(edits("requirred", "required"), 1);
    assert_int_equal(edits("raquired", "required"), 1);
    assert_int_equal(edits("", "max"), 3);
    assert_int_equal(edits("max", ""), 3);
    assert_int_equal(edits("kitten", "sitting"), 3);
    assert_int_equal(edits("this is far longer than any known word", "max"), NEAREST_FAR);
}

static void the_nearest_known_word_is_found(void **state)
{
    (void)state;
    static const char *const known[] = {"@param", "@page", "@answer"};
    assert_string_equal(nearest_of(span_of("@parm"), known, ARRAY_LEN(known)), "@param");
    assert_string_equal(nearest_of(span_of("@ANSWER"), known, ARRAY_LEN(known)), "@answer");
    assert_string_equal(nearest_of(span_of("@pgae"), known, ARRAY_LEN(known)), "@page");
    assert_null(nearest_of(span_of("@query"), known, ARRAY_LEN(known)));
    assert_null(nearest_of(span_of(""), known, ARRAY_LEN(known)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(letters_that_differ_are_counted),
        cmocka_unit_test(the_nearest_known_word_is_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
