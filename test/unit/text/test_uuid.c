// SPDX-License-Identifier: Apache-2.0
// UUIDs from text and back.
#include "text/uuid.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/attr.h"

static void any_case_is_read_and_small_letters_are_written(void **state)
{
    (void)state;
    static const char *const spellings[] = {"00112233-4455-6677-8899-aabbccddeeff",
        "00112233-4455-6677-8899-AABBCCDDEEFF", "{00112233-4455-6677-8899-aabbCCddeeff}"};
    for (size_t i = 0; i < ARRAY_LEN(spellings); i++) {
        unsigned char bytes[UUID_BYTES];
        char text[UUID_CHARS];
        assert_true(uuid_parse(span_of(spellings[i]), bytes));
        for (size_t k = 0; k < UUID_BYTES; k++)
            assert_int_equal(bytes[k], 0x11 * k);
        uuid_format(bytes, text);
        assert_memory_equal(text, spellings[0], UUID_CHARS);
    }
}

static void what_is_no_uuid_is_refused(void **state)
{
    (void)state;
    static const char *const wrong[] = {"", "00112233-4455-6677-8899-aabbccddeef",
        "00112233-4455-6677-8899-aabbccddeeff0", "00112233-4455-6677-8899-aabbccddeefg",
        "0011223-34455-6677-8899-aabbccddeeff", "00112233445566778899aabbccddeeff",
        "{00112233-4455-6677-8899-aabbccddeeff", "(00112233-4455-6677-8899-aabbccddeeff)",
        "00112233-4455-6677-8899-aabbccddeef\xC3"};
    unsigned char bytes[UUID_BYTES] = {7};
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++)
        assert_false(uuid_parse(span_of(wrong[i]), bytes));
    assert_int_equal(bytes[0], 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_case_is_read_and_small_letters_are_written),
        cmocka_unit_test(what_is_no_uuid_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
