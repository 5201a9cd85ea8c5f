// SPDX-License-Identifier: Apache-2.0
// The error struct.
#include "base/err.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

static void the_first_error_wins(void **state)
{
    (void)state;
    struct err err = {0};
    assert_int_equal(err_set_at(&err, ERR_INVALID, 3, 7, "bad %s", "day"), ERR_INVALID);
    assert_int_equal(err_set(&err, ERR_IO, "later"), ERR_INVALID);
    assert_int_equal(err_set_at(&err, ERR_IO, 1, 1, "later"), ERR_INVALID);
    assert_int_equal(err_no_memory(&err), ERR_INVALID);
    assert_string_equal(err.text, "bad day");
    assert_int_equal(err.line, 3);
    assert_int_equal(err.column, 7);
}

static void an_error_without_a_struct_is_its_code(void **state)
{
    (void)state;
    assert_int_equal(err_set(NULL, ERR_IO, "x"), ERR_IO);
    assert_int_equal(err_set_at(NULL, ERR_BUSY, 1, 1, "x"), ERR_BUSY);
    assert_int_equal(err_no_memory(NULL), ERR_NO_MEMORY);
    err_prefix(NULL, "x");
    err_hint(NULL, "x");
}

static void a_lack_of_memory_has_its_text(void **state)
{
    (void)state;
    struct err err = {0};
    assert_int_equal(err_no_memory(&err), ERR_NO_MEMORY);
    assert_string_equal(err.text, "out of memory");
}

static void prefixes_are_put_in_front(void **state)
{
    (void)state;
    struct err err = {0};
    err_prefix(&err, "nothing yet");
    assert_string_equal(err.text, "");
    err_set(&err, ERR_CONFIG, "no such file");
    err_prefix(&err, "app %s", "rates");
    err_prefix(&err, "check");
    assert_string_equal(err.text, "check: app rates: no such file");
    assert_int_equal(err.code, ERR_CONFIG);
}

static void long_texts_are_cut(void **state)
{
    (void)state;
    struct err err = {0};
    char text[2000];
    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    err_set(&err, ERR_IO, "%s", text);
    assert_int_equal(strlen(err.text), sizeof(err.text) - 1);
    err_prefix(&err, "ab");
    assert_int_equal(strlen(err.text), sizeof(err.text) - 1);
    assert_memory_equal(err.text, "ab: xx", 6);
    err_prefix(&err, "%s", text + 1490);
    assert_int_equal(strlen(err.text), sizeof(err.text) - 1);
    assert_string_equal(err.text + 507, "xx: "); // room for the separator, not for more
    err_prefix(&err, "%s", text);
    assert_int_equal(strlen(err.text), sizeof(err.text) - 1);
    err_hint(&err, "%s", text);
    assert_int_equal(strlen(err.hint), sizeof(err.hint) - 1);
}

static void the_first_hint_wins_and_needs_an_error(void **state)
{
    (void)state;
    struct err err = {0};
    err_hint(&err, "too early");
    assert_string_equal(err.hint, "");
    err_set(&err, ERR_IO, "x");
    err_hint(&err, "run %s", "check");
    err_hint(&err, "later");
    assert_string_equal(err.hint, "run check");
}

static void an_error_is_handed_on_with_its_hint(void **state)
{
    (void)state;
    struct err err = {0}, cause = {0};
    err_set_at(&cause, ERR_BUSY, 3, 4, "it is away");
    err_hint(&cause, "start it");
    assert_int_equal(err_pass(&err, &cause), ERR_BUSY);
    assert_int_equal(err.code, ERR_BUSY);
    assert_string_equal(err.text, "it is away");
    assert_string_equal(err.hint, "start it");
    assert_int_equal(err.line + err.column, 0);
    assert_int_equal(err_pass(NULL, &cause), ERR_BUSY);
    struct err other = {0};
    err_set(&other, ERR_IO, "no hint");
    assert_int_equal(err_pass(&other, &cause), ERR_IO);
    assert_string_equal(other.text, "no hint");
    assert_string_equal(other.hint, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_error_wins),
        cmocka_unit_test(an_error_without_a_struct_is_its_code),
        cmocka_unit_test(a_lack_of_memory_has_its_text),
        cmocka_unit_test(prefixes_are_put_in_front),
        cmocka_unit_test(long_texts_are_cut),
        cmocka_unit_test(the_first_hint_wins_and_needs_an_error),
        cmocka_unit_test(an_error_is_handed_on_with_its_hint),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
