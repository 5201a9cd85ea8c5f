// SPDX-License-Identifier: Apache-2.0
// Which patterns repeat a repetition.
#include "text/pattern_nest.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/attr.h"

static void expect(const char *const *patterns, size_t count, bool is_nested)
{
    for (size_t i = 0; i < count; i++) {
        if (pattern_is_nested(span_of(patterns[i])) != is_nested)
            fail_msg("%s", patterns[i]);
    }
}

static void a_repetition_that_fills_the_round_of_another_is_found(void **state)
{
    (void)state;
    static const char *const nested[] = {
        "(a+)+b",
        "(?:a*)*",
        "(a+){2,}",
        "(a+){2,40}",
        "(a{2,})+",
        "(a{1,3})*?",
        "(a+?)+",
        "(?:\\p{L}+ ?)*",
        "(\\pL+ ?)*",
        "(\\w+\\s*)+",
        "(x?[a-z]+)*",
        "([]a]+)*",
        "([[:alpha:]_]+)*",
        "([\\]a]+)*",
        "(ab|[0-9]+)*",
        "((a+)b?)+",
        "((ab)+)+",
        "(?<name>a+)*",
        "(?P<name>a+)*",
        "(?'name'a+)*",
        "(?i:a+)*",
        "(?i)(a+)*",
        "(?|a+|b)*",
        "(\\b\\w+)*",
        "(a+(?=b))*",
        "(?#(a))(a+)*",
        "x(y(z+)*)?",
        "(\\x{61}+)*",
        "(x+x+)+y",
    };
    expect(nested, ARRAY_LEN(nested), true);
}

static void rounds_that_are_told_apart_are_fine(void **state)
{
    (void)state;
    static const char *const plain[] = {
        "",
        "a+b*c",
        "(x|y|z)*w?",
        "[a-z0-9]+(-[a-z0-9]+)*",
        "([a-z]+,)*",
        "(\\d{1,3}\\.){3}\\d{1,3}",
        "([A-Z]{2,3} ?){1,4}",
        "(a{3})*",
        "(a?)*",
        "(a++)+",
        "(a+)++",
        "(?>a+)*",
        "(a+)?",
        "(a+){3}",
        "(\\(a+)*",
        "([(]a+\\))*",
        "[(a+)]+",
        "[^]+(]+",
        "(a\\+)+",
        "(a{b,c})+",
        "(?=a+)*b",
        "(*ANYCRLF)a+",
        "\\",
        "[",
        "(",
        "a)+",
    };
    expect(plain, ARRAY_LEN(plain), false);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_repetition_that_fills_the_round_of_another_is_found),
        cmocka_unit_test(rounds_that_are_told_apart_are_fine),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
