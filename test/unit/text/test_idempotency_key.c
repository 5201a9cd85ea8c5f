// SPDX-License-Identifier: Apache-2.0
#include "text/idempotency_key.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

// NULL: it is none.
static const char *key_of(const char *field)
{
    static char key[IDEMPOTENCY_KEY_CHARS];
    size_t len = 0;
    if (!idempotency_key_read(span_of(field), key, &len))
        return NULL;
    assert_int_equal(strlen(key), len);
    return key;
}

static void a_key_is_the_same_with_and_without_quotes(void **state)
{
    (void)state;
    assert_string_equal(
        key_of("\"8e03978e-40d5-43dd-bc93-6894a57f9324\""), "8e03978e-40d5-43dd-bc93-6894a57f9324");
    assert_string_equal(
        key_of("8e03978e-40d5-43dd-bc93-6894a57f9324"), "8e03978e-40d5-43dd-bc93-6894a57f9324");
    assert_string_equal(key_of("\"a\\\"b\\\\c,d\""), "a\"b\\c,d");
    assert_string_equal(key_of("!~;="), "!~;=");
}

static void what_is_no_key_is_refused(void **state)
{
    static const char *const fields[] = {"", "\"\"", "\"", "\"a", "a\"", "a\"b", "\"a\"b", "\"a\";p=1", "a b",
        "\"a b\"", "a,b", "\"a\", \"b\"", "\"a\\b\"", "\"a\\", "a\\b", "caf\xc3\xa9", "\"\x7f\"", "a\tb"};
    (void)state;
    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
        if (key_of(fields[i]) != NULL)
            fail_msg("%s is taken for a key", fields[i]);
    }
}

static void a_key_has_255_characters_at_most(void **state)
{
    char field[300];
    (void)state;
    memset(field, 'k', sizeof(field));
    field[255] = '\0';
    assert_int_equal(strlen(key_of(field)), 255);
    field[255] = 'k';
    field[256] = '\0';
    assert_null(key_of(field));
    field[0] = field[256] = '"';
    field[257] = '\0';
    assert_int_equal(strlen(key_of(field)), 255);
    field[256] = 'k';
    field[257] = '"';
    field[258] = '\0';
    assert_null(key_of(field));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_key_is_the_same_with_and_without_quotes),
        cmocka_unit_test(what_is_no_key_is_refused),
        cmocka_unit_test(a_key_has_255_characters_at_most),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
