// SPDX-License-Identifier: Apache-2.0
// Secrets: their form, their check sum and their digests.
#include "access/secret.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

// What another program makes of 43 zeros: "rckn_" and they have the CRC-32 1503802595.
static const char zeros[] = "rckn_00000000000000000000000000000000000000000001dlnkZ";

static void a_made_secret_is_sound_and_not_made_again(void **state)
{
    (void)state;
    char texts[100][SECRET_CHARS + 1];
    struct err err = {0};
    for (size_t i = 0; i < 100; i++) {
        assert_int_equal(secret_make(texts[i], &err), ERR_NONE);
        assert_int_equal(strlen(texts[i]), SECRET_CHARS);
        assert_true(secret_is_sound(span_of(texts[i])));
        for (size_t k = 0; k < i; k++)
            assert_string_not_equal(texts[i], texts[k]);
    }
}

static void the_check_sum_is_the_one_that_scanners_compute(void **state)
{
    (void)state;
    assert_true(secret_is_sound(span_of(zeros)));
}

static void any_other_byte_in_any_place_breaks_it(void **state)
{
    (void)state;
    char text[sizeof(zeros)];
    for (size_t i = 0; i < SECRET_CHARS; i++) {
        for (unsigned byte = 0; byte < 256; byte++) {
            memcpy(text, zeros, sizeof(zeros));
            text[i] = (char)byte;
            bool is_sound = secret_is_sound((struct span){.at = text, .len = SECRET_CHARS});
            assert_int_equal(is_sound, text[i] == zeros[i]);
        }
    }
}

static void a_part_or_more_of_it_is_none(void **state)
{
    (void)state;
    char text[SECRET_CHARS + 8];
    memset(text, '0', sizeof(text));
    memcpy(text, zeros, SECRET_CHARS);
    for (size_t len = 0; len < sizeof(text); len++)
        assert_int_equal(
            secret_is_sound((struct span){.at = len > 0 ? text : NULL, .len = len}), len == SECRET_CHARS);
}

// RFC 7693 has no vector of 256 bits: this one is of b2sum -l 256, and of Python's hashlib.
static void the_digest_is_blake2b_of_256_bits(void **state)
{
    (void)state;
    char text[SECRET_DIGEST_CHARS + 1];
    struct secret_digest digest = secret_digest(span_of("abc"));
    secret_digest_format(&digest, text);
    assert_string_equal(text, "bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319");
}

static void a_digest_comes_back_from_its_text(void **state)
{
    (void)state;
    struct secret_digest digest = secret_digest(span_of("abc"));
    struct secret_digest back = {0};
    char text[SECRET_DIGEST_CHARS + 2] = "";
    secret_digest_format(&digest, text);
    assert_true(secret_digest_parse(span_of(text), &back));
    assert_true(secret_digest_equal(&digest, &back));
    back.bytes[31] ^= 1;
    assert_false(secret_digest_equal(&digest, &back));
    text[SECRET_DIGEST_CHARS] = '0';
    assert_false(secret_digest_parse(span_of(text), &back));
    text[SECRET_DIGEST_CHARS - 1] = '\0';
    assert_false(secret_digest_parse(span_of(text), &back));
    text[SECRET_DIGEST_CHARS - 1] = 'g';
    text[SECRET_DIGEST_CHARS] = '\0';
    assert_false(secret_digest_parse(span_of(text), &back));
}

static void an_erased_secret_is_gone(void **state)
{
    (void)state;
    char text[SECRET_CHARS + 1];
    const char nothing[SECRET_CHARS + 1] = {0};
    struct err err = {0};
    assert_int_equal(secret_make(text, &err), ERR_NONE);
    secret_erase(text, sizeof(text));
    assert_memory_equal(text, nothing, sizeof(text));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_made_secret_is_sound_and_not_made_again),
        cmocka_unit_test(the_check_sum_is_the_one_that_scanners_compute),
        cmocka_unit_test(any_other_byte_in_any_place_breaks_it),
        cmocka_unit_test(a_part_or_more_of_it_is_none),
        cmocka_unit_test(the_digest_is_blake2b_of_256_bits),
        cmocka_unit_test(a_digest_comes_back_from_its_text),
        cmocka_unit_test(an_erased_secret_is_gone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
