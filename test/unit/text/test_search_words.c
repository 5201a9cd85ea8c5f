// SPDX-License-Identifier: Apache-2.0
#include "text/search_words.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "base/buf.h"

static void assert_words(struct span text, const char *expected)
{
    AUTO(buf_fini) struct buf out;
    struct span word;
    buf_init(&out, 4096);
    while (search_word_next(&text, &word))
        buf_printf(&out, "<%.*s>", (int)word.len, word.at);
    buf_append_byte(&out, '\0');
    assert_string_equal(out.data, expected);
}

static void words_stand_between_blanks_and_marks(void **state)
{
    (void)state;
    assert_words(span_of("new york"), "<new><york>");
    assert_words(span_of("  C++, O'Hara-Smith_2 \"AND\" NEAR(a*, ^b:c)\t\n"),
        "<C><O><Hara><Smith><2><AND><NEAR><a><b><c>");
    assert_words((struct span){.at = "a\0b", .len = 3}, "<a><b>");
}

static void other_scripts_are_words_and_their_marks_are_not(void **state)
{
    (void)state;
    assert_words(span_of("Åkerström – „Grüße“… x²"), "<Åkerström><Grüße><x²>");
    assert_words(span_of("東京、大阪。「京都」"), "<東京><大阪><京都>");
    assert_words(span_of("السلام، عليكم؟"), "<السلام><عليكم>");
    assert_words(span_of("한국어·Ελλάδα हिन्दी। 𐍈🚢😀 5€"), "<한국어><Ελλάδα><हिन्दी><𐍈><5>");
}

static void without_a_word_there_is_none(void **state)
{
    (void)state;
    assert_words(span_of(""), "");
    assert_words(span_of(" \t-\"*():^'&|!<>\\ –—“”…、。🚢"), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_stand_between_blanks_and_marks),
        cmocka_unit_test(other_scripts_are_words_and_their_marks_are_not),
        cmocka_unit_test(without_a_word_there_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
