// SPDX-License-Identifier: Apache-2.0
// What the database quotes in its messages, and a client may see of it.
#include "app/wording.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

static bool is_part(void *ctx, struct span quoted)
{
    const char *sent = ctx;
    return quoted.len == 0 || memmem(sent, strlen(sent), quoted.at, quoted.len) != NULL;
}

static void only_what_was_sent_is_quoted(void **state)
{
    (void)state;
    static const struct {
        const char *sent, *text, *shown;
    } cases[] = {
        {"don't", "fts5: syntax error near \"'\"", "fts5: syntax error near \"'\""},
        {"x", "division by zero", "division by zero"},
        {"1", "invalid input syntax for type integer: \"pin-4711\"",
            "invalid input syntax for type integer: \"…\""},
        {"abc", "invalid input syntax for type integer: \"abc\"",
            "invalid input syntax for type integer: \"abc\""},
        {"abc", "invalid value \"abc\" for \"YYYY\"", "invalid value \"…\""}, // YYYY is of the statement
        {"a\"b", "no \"a\"b\" here", "no \"a\"b\" here"},                     // quotes in what was sent
        {"a, b", "no \"a\"secret\"b\" here", "no \"…\" here"},                // and in what is stored
        {"x", "cut in \"the middle of a secr", "cut in \"…"},
        {"x", "it isn't 'secret', is it", "it isn'…', is it"},
        {"x", "JSON path error near 'ab'", "JSON path error near '..'"},
        {"", "syntax error near \"\"", "syntax error near \"\""},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char text[100], sent[20];
        snprintf(text, sizeof(text), "%s", cases[i].text);
        snprintf(sent, sizeof(sent), "%s", cases[i].sent);
        wording_hide(text, is_part, sent);
        assert_string_equal(text, cases[i].shown);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_what_was_sent_is_quoted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
