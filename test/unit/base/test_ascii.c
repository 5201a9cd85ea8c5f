// SPDX-License-Identifier: Apache-2.0
// Classes of bytes, tried on all 256 of them.
#include "base/ascii.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

static void digits_are_0_to_9(void **state)
{
    (void)state;
    for (int byte = 0; byte < 256; byte++)
        assert_int_equal(ascii_is_digit((char)byte), byte != 0 && strchr("0123456789", byte) != NULL);
}

static void letters_are_a_to_z_in_both_cases(void **state)
{
    (void)state;
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    for (int byte = 0; byte < 256; byte++)
        assert_int_equal(ascii_is_letter((char)byte), byte != 0 && strchr(letters, byte) != NULL);
}

static void only_capital_letters_become_lower(void **state)
{
    (void)state;
    for (int byte = 0; byte < 256; byte++) {
        int lower = byte >= 'A' && byte <= 'Z' ? byte + 'a' - 'A' : byte;
        assert_int_equal((unsigned char)ascii_lower((char)byte), lower);
    }
}

static void hexadecimal_digits_have_their_value(void **state)
{
    (void)state;
    static const char lower[] = "0123456789abcdef", upper[] = "0123456789ABCDEF";
    for (int byte = 0; byte < 256; byte++) {
        const char *at = byte == 0 ? NULL : strchr(lower, byte);
        const char *upper_at = byte == 0 ? NULL : strchr(upper, byte);
        int value = at != NULL ? (int)(at - lower) : upper_at != NULL ? (int)(upper_at - upper) : -1;
        assert_int_equal(ascii_hex((char)byte), value);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(digits_are_0_to_9),
        cmocka_unit_test(letters_are_a_to_z_in_both_cases),
        cmocka_unit_test(only_capital_letters_become_lower),
        cmocka_unit_test(hexadecimal_digits_have_their_value),
    };
    return cmocka_run_group_tests_name("base/ascii", tests, NULL, NULL);
}
