// SPDX-License-Identifier: Apache-2.0
// UTF-8: what RFC 3629 allows and what it does not.
#include "text/utf8.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/attr.h"

static void text_of_all_lengths_of_sequences_is_valid(void **state)
{
    (void)state;
    static const char *valid[] = {"", "a", "plain text of more than eight bytes", "\x7F", "\xC2\x80",
        "\xDF\xBF", "\xE0\xA0\x80", "\xED\x9F\xBF", "\xEE\x80\x80", "\xEF\xBF\xBF", "\xF0\x90\x80\x80",
        "\xF4\x8F\xBF\xBF", "twelve bytes\xC3\xA9twelve bytes"};
    for (size_t i = 0; i < ARRAY_LEN(valid); i++)
        assert_true(utf8_valid(span_of(valid[i])));
    assert_true(utf8_valid((struct span){.at = "a\0b", .len = 3}));
}

static void what_rfc_3629_forbids_is_invalid(void **state)
{
    (void)state;
    static const char *invalid[] = {"\x80", "\xBF", "\xC0\x80", "\xC1\xBF", "\xC3", "\xC3\x28",
        "\xE0\x80\x80", "\xE0\x9F\xBF", "\xE2\x82", "\xE2\x28\xA1", "\xED\xA0\x80", "\xED\xBF\xBF",
        "\xF0\x80\x80\x80", "\xF0\x8F\xBF\xBF", "\xF0\x90\x80", "\xF0\x90\x28\xBC", "\xF4\x90\x80\x80",
        "\xF5\x80\x80\x80", "\xFE", "\xFF", "eight by\xFF", "eight bytes and\xC3"};
    for (size_t i = 0; i < ARRAY_LEN(invalid); i++)
        assert_false(utf8_valid(span_of(invalid[i])));
}

// Decodes the way that the RFC's bit patterns say, without its table.
static bool is_valid_by_bits(const unsigned char *at, size_t len)
{
    if (len == 1)
        return at[0] < 0x80;
    uint32_t code = at[0] & (0xFFu >> (len + 1));
    if (len > 4 || ((unsigned)at[0] >> (7 - len)) != (2u << len) - 2)
        return false;
    for (size_t i = 1; i < len; i++) {
        if ((at[i] & 0xC0) != 0x80)
            return false;
        code = code << 6 | (at[i] & 0x3F);
    }
    static const uint32_t lowest[] = {0, 0, 0x80, 0x800, 0x10000};
    return code >= lowest[len] && code <= 0x10FFFF && (code < 0xD800 || code > 0xDFFF);
}

static void every_pair_and_triple_is_judged_as_its_bits_say(void **state)
{
    (void)state;
    for (unsigned a = 0x80; a < 0x100; a++) {
        for (unsigned b = 0; b < 0x100; b++) {
            char bytes[4] = {(char)a, (char)b, (char)0x80, (char)0xBF};
            for (size_t len = 2; len <= 4; len++) {
                bool expected = is_valid_by_bits((const unsigned char *)bytes, len);
                size_t got = utf8_sequence((struct span){.at = bytes, .len = len});
                assert_int_equal(got == len, expected);
            }
        }
    }
}

static void code_points_are_counted(void **state)
{
    (void)state;
    assert_int_equal(utf8_count(span_of("")), 0);
    assert_int_equal(utf8_count(span_of("abc")), 3);
    assert_int_equal(utf8_count(span_of("\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80!")), 4);
}

static void a_text_for_a_store_is_valid_and_has_no_nul(void **state)
{
    (void)state;
    assert_true(utf8_is_text((struct span){0}));
    assert_true(utf8_is_text(span_of("a\xE2\x82\xAC")));
    assert_false(utf8_is_text(span_of("a\xFF")));
    assert_false(utf8_is_text((struct span){.at = "a\0b", .len = 3}));
    assert_false(utf8_is_text((struct span){.at = "\0", .len = 1}));
}

static void a_cut_falls_between_code_points(void **state)
{
    (void)state;
    struct span text = span_of("a\xE2\x82\xAC\xF0\x9F\x98\x80");
    static const size_t expected[] = {0, 1, 1, 1, 4, 4, 4, 4, 8, 8};
    for (size_t max = 0; max < ARRAY_LEN(expected); max++)
        assert_int_equal(utf8_cut(text, max), expected[max]);
    assert_int_equal(utf8_cut(span_of("\x80\x80\x80\x80\x80\x80"), 5), 2);
}

static void every_code_point_is_encoded_as_its_bits_say(void **state)
{
    (void)state;
    char bytes[UTF8_MAX_BYTES];
    assert_int_equal(utf8_encode(0, bytes), 1);
    assert_int_equal(bytes[0], 0);
    assert_int_equal(utf8_encode(0x20AC, bytes), 3);
    assert_memory_equal(bytes, "\xE2\x82\xAC", 3);
    for (uint32_t code = 0; code <= 0x10FFFF; code++) {
        if (code >= 0xD800 && code <= 0xDFFF)
            continue;
        size_t len = utf8_encode(code, bytes);
        assert_true(is_valid_by_bits((const unsigned char *)bytes, len));
        uint32_t read = (unsigned char)bytes[0] & (len == 1 ? 0x7Fu : 0xFFu >> (len + 1));
        for (size_t i = 1; i < len; i++)
            read = read << 6 | (bytes[i] & 0x3F);
        assert_int_equal(read, code);
    }
}

static void capitals_are_small_letters_where_case_does_not_matter(void **state)
{
    (void)state;
    static const struct {
        const char *a, *b;
        bool is_equal;
    } pairs[] = {{"", "", true}, {"Name", "nAME", true}, {"GRÖẞE", "größe", false},
        {"PREIS (€)", "preis (€)", true}, {"ÀÞ", "àþ", true}, {"×", "÷", false}, {"ŁÓDŹ", "łódź", true},
        {"Žluťoučký", "žLUŤOUČKÝ", true}, {"ЁЖЯ", "ёжя", true}, {"ΑΩ", "αω", true}, {"a", "ab", false},
        {"\xff", "\xff", true}, {"\xff", "\xfe", false}, {"É", "é", true}, {"\xc3", "\xc3", true},
        {"Å", "Ä", false}};
    for (size_t i = 0; i < ARRAY_LEN(pairs); i++)
        assert_int_equal(utf8_equal_nocase(span_of(pairs[i].a), span_of(pairs[i].b)), pairs[i].is_equal);
}

static void a_prefix_ends_where_text_is_broken(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t bytes;
    } cases[] = {{"", 0}, {"größe", 7}, {"\xff", 0}, {"abcdefghij\xff", 10}, {"größe\xc3", 7}, {"é\x80é", 2}};
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        assert_int_equal(utf8_prefix(span_of(cases[i].text)), cases[i].bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_of_all_lengths_of_sequences_is_valid),
        cmocka_unit_test(what_rfc_3629_forbids_is_invalid),
        cmocka_unit_test(every_pair_and_triple_is_judged_as_its_bits_say),
        cmocka_unit_test(every_code_point_is_encoded_as_its_bits_say),
        cmocka_unit_test(a_prefix_ends_where_text_is_broken),
        cmocka_unit_test(code_points_are_counted),
        cmocka_unit_test(a_text_for_a_store_is_valid_and_has_no_nul),
        cmocka_unit_test(a_cut_falls_between_code_points),
        cmocka_unit_test(capitals_are_small_letters_where_case_does_not_matter),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
