// SPDX-License-Identifier: Apache-2.0
// Tokens of JSON and their places. What is wrong in a token is tested with the rows (test_json_rows.c).
#include "text/json_lexer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/mem.h"
#include "cases.h"

static void write_token(struct buf *out, const struct json_lexer *lexer, const struct json_token *token)
{
    static const char *kinds[] = {"punctuation", "line end", "string", "word"};
    buf_printf(out, "%lld:%lld %s ", (long long)lexer->line,
        (long long)(lexer->token - lexer->line_start + 1), kinds[token->kind]);
    if (token->kind != JSON_TOKEN_LINE_END)
        buf_append(out, token->text.at, token->text.len);
    buf_append_byte(out, '\n');
}

// What comes of `input`, fed in steps; true when it ends inside of a string.
static bool lex(struct span input, size_t step, struct buf *out)
{
    struct json_lexer lexer;
    struct json_token token;
    struct span part;
    json_lexer_init(&lexer);
    while (lexer.failure.code == ERR_NONE && cases_next_step(&input, step, &part)) {
        while (lexer.failure.code == ERR_NONE && json_lexer_next(&lexer, &part, &token))
            write_token(out, &lexer, &token);
    }
    bool is_in_string = lexer.failure.code == ERR_NONE && json_lexer_is_in_string(&lexer);
    const struct err *failure = &lexer.failure;
    if (failure->code != ERR_NONE)
        buf_printf(out, "%u:%u %s\n", failure->line, failure->column, failure->text);
    json_lexer_fini(&lexer);
    return is_in_string;
}

static void assert_tokens(const char *input, bool is_in_string, const char *expected)
{
    for (size_t step = 1; step <= strlen(input); step++) {
        AUTO(buf_fini) struct buf out;
        buf_init(&out, 65536);
        assert_int_equal(lex(span_of(input), step, &out), is_in_string);
        buf_append_byte(&out, '\0');
        assert_string_equal(out.data, expected);
    }
}

static void tokens_come_with_their_places_however_they_are_cut(void **state)
{
    (void)state;
    assert_tokens("[{\"a\\u00e9\": -1.5e+3,\r\n  \"\" :null}]\n", false,
        "1:1 punctuation [\n"
        "1:2 punctuation {\n"
        "1:3 string aé\n"
        "1:12 punctuation :\n"
        "1:14 word -1.5e+3\n"
        "1:21 punctuation ,\n"
        "1:23 line end \n"
        "2:3 string \n"
        "2:6 punctuation :\n"
        "2:7 word null\n"
        "2:11 punctuation }\n"
        "2:12 punctuation ]\n"
        "2:13 line end \n");
}

static void a_word_is_told_when_its_end_has_come(void **state)
{
    (void)state;
    assert_tokens("tru", false, "");
    assert_tokens("tru ", false, "1:1 word tru\n");
    assert_tokens("1\"x\"", false, "1:1 word 1\n1:1 string x\n");
}

static void the_end_may_be_in_a_string(void **state)
{
    (void)state;
    assert_tokens("\"", true, "");
    assert_tokens("1 \"a\\", true, "1:1 word 1\n");
    assert_tokens("\n\"a\\ud83d\\ude0", true, "1:1 line end \n");
    assert_tokens("\"a\\ud83d\\x", true, "1:10 broken JSON: half of a surrogate pair in a string\n");
}

static void every_failed_allocation_is_told(void **state)
{
    (void)state;
    AUTO(buf_fini) struct buf out;
    buf_init(&out, 65536);
    assert_int_equal(buf_reserve(&out, 1000), ERR_NONE);
    int failures = 0;
    for (bool failed = true; failed; failures += failed) {
        buf_clear(&out);
        mem_fail_after(failures);
        (void)lex(span_of("\"x\\n\" "), 3, &out);
        mem_fail_after(-1);
        failed = out.data[0] == '0';
        if (failed)
            assert_memory_equal(out.data, "0:0 out of memory\n", out.len);
    }
    assert_int_equal(failures, 2); // the tail, the string without its escape
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tokens_come_with_their_places_however_they_are_cut),
        cmocka_unit_test(a_word_is_told_when_its_end_has_come),
        cmocka_unit_test(the_end_may_be_in_a_string),
        cmocka_unit_test(every_failed_allocation_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
