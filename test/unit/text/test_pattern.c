// SPDX-License-Identifier: Apache-2.0
// Patterns: what they match, what they cost, and what happens without memory.
#include "text/pattern.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>
#include <pthread.h>
#include <string.h>

#include "base/mem.h"

enum { ARENA_BYTES = 1024 * 1024 };

static const struct pattern *compile(const char *text, struct arena *arena)
{
    const struct pattern *pattern = NULL;
    struct pattern_error error;
    assert_int_equal(pattern_compile(span_of(text), arena, &pattern, &error), ERR_NONE);
    return pattern;
}

static void expect(const char *pattern, const char *text, enum pattern_result result)
{
    struct arena arena;
    arena_init(&arena, ARENA_BYTES);
    assert_int_equal(
        pattern_match(compile(pattern, &arena), span_of(text), &(struct pattern_budget){.steps = 1000000}),
        result);
    arena_fini(&arena);
}

static void the_whole_text_has_to_match(void **state)
{
    (void)state;
    expect("[a-z]{2}", "ab", PATTERN_MATCHES);
    expect("[a-z]{2}", "abc", PATTERN_DIFFERS);
    expect("[a-z]{2}", "1ab", PATTERN_DIFFERS);
    expect("a|ab", "ab", PATTERN_MATCHES); // by the second one
    expect("^a$", "a", PATTERN_MATCHES);
    expect("a$", "a\n", PATTERN_DIFFERS);
    expect("(?m)^a$", "b\na", PATTERN_DIFFERS);
    expect("", "", PATTERN_MATCHES);
    expect("", "a", PATTERN_DIFFERS);
    expect("a*?", "aaa", PATTERN_MATCHES);
}

static void a_character_is_a_code_point(void **state)
{
    (void)state;
    expect(".", "\xc3\xa9", PATTERN_MATCHES);
    expect("..", "\xc3\xa9", PATTERN_DIFFERS);
    expect("\\p{Lu}\\p{Ll}+", "\xc3\x89t\xc3\xa9", PATTERN_MATCHES);
    expect("\xc3\xa9+", "\xc3\xa9\xc3\xa9", PATTERN_MATCHES);
    expect("\\d", "\xd9\xa3", PATTERN_DIFFERS); // an Arabic three
    expect(".*", "\xff", PATTERN_DIFFERS);
    expect(".*", "a\xc3", PATTERN_DIFFERS);
}

static void what_is_no_pattern_is_told_with_its_place(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t offset;
        const char *error;
    } wrong[] = {
        {"[a-z", 4, "missing terminating ] for character class"},
        {"a(b", 3, "missing closing parenthesis"},
        {"*a", 0, "quantifier does not follow a repeatable item"},
        {"\\C", 2, "using \\C is disabled by the application"},
        {"a\xff", 1, "UTF-8 error: illegal byte (0xfe or 0xff)"},
    };
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        struct arena arena;
        const struct pattern *pattern = NULL;
        struct pattern_error error;
        arena_init(&arena, ARENA_BYTES);
        assert_int_equal(pattern_compile(span_of(wrong[i].text), &arena, &pattern, &error), ERR_CONFIG);
        assert_null(pattern);
        assert_int_equal(error.offset, wrong[i].offset);
        assert_string_equal(error.text, wrong[i].error);
        arena_fini(&arena);
    }
}

static void a_pattern_that_is_too_large_is_refused(void **state)
{
    (void)state;
    struct arena arena;
    const struct pattern *pattern;
    struct pattern_error error;
    char text[PATTERN_MAX_BYTES + 1];
    memset(text, 'x', sizeof(text));
    arena_init(&arena, ARENA_BYTES);
    struct span longest = {.at = text, .len = PATTERN_MAX_BYTES}, longer = {.at = text, .len = sizeof(text)};
    assert_int_equal(pattern_compile(longest, &arena, &pattern, &error), ERR_NONE);
    assert_int_equal(pattern_compile(longer, &arena, &pattern, &error), ERR_CONFIG);
    assert_string_equal(error.text, "it is longer than 1024 bytes");
    assert_int_equal(
        pattern_compile(span_of("((a{1,1000}){1,1000}){1,1000}"), &arena, &pattern, &error), ERR_CONFIG);
    assert_string_equal(error.text, "regular expression is too large");
    arena_fini(&arena);
}

static void work_that_doubles_with_each_character_is_given_up(void **state)
{
    (void)state;
    expect("(a+)+b", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaac", PATTERN_DIFFERS);
    expect("(a+)+[bc]d*", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaace", PATTERN_TOO_HARD);
    expect("(*LIMIT_MATCH=4000000000)(a|aa)+[bc]d*", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaace",
        PATTERN_TOO_HARD);
}

// Takes from a budget of a hundred thousand steps as long as it lasts; returns how many texts were matched.
static int match_until_it_is_spent(const char *pattern, const char *text)
{
    struct arena arena;
    struct pattern_budget budget = {.steps = 100000};
    int count = 0;
    arena_init(&arena, ARENA_BYTES);
    const struct pattern *compiled = compile(pattern, &arena);
    while (count < 1000 && budget.steps > 0) {
        enum pattern_result result = pattern_match(compiled, span_of(text), &budget);
        assert_int_equal(result, PATTERN_TOO_HARD);
        count++;
    }
    arena_fini(&arena);
    return count;
}

static void a_budget_is_for_all_matches_together(void **state)
{
    (void)state;
    static const char hard[] =
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaace"; // 41 bytes: 4,050 steps, 289 of its own
    assert_int_equal(match_until_it_is_spent("(a+)+[bc]d*", hard), 100000 / (4050 - 289) + 1);
    struct arena arena;
    struct pattern_budget spent = {0};
    arena_init(&arena, ARENA_BYTES);
    const struct pattern *easy = compile("[A-Z]{5}-[0-9]+", &arena), *nested = compile("(a+)+[bc]d*", &arena);
    assert_int_equal(pattern_match(easy, span_of("ABCDE-123456789"), &spent), PATTERN_MATCHES);
    assert_int_equal(pattern_match(nested, span_of(hard), &spent), PATTERN_TOO_HARD);
    arena_fini(&arena);
}

// A round of this costs few returns to a place and the reading of all the rest.
static void what_is_passed_over_counts_too(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, ARENA_BYTES);
    static char text[20001];
    memset(text, 'a', sizeof(text) - 1);
    const struct pattern *pattern = compile("(?:a|.*+[bd])*[ce]f*", &arena);
    assert_int_equal(pattern_match(pattern, span_of(text), &(struct pattern_budget){.steps = UINT32_MAX}),
        PATTERN_TOO_HARD);
    arena_fini(&arena);
}

static void a_long_text_is_no_trouble(void **state)
{
    (void)state;
    size_t len = 1024 * 1024;
    char *text = malloc(len);
    struct arena arena;
    assert_non_null(text);
    memset(text, 'a', len);
    arena_init(&arena, ARENA_BYTES);
    struct span whole = {.at = text, .len = len};
    assert_int_equal(
        pattern_match(compile("[a-z]+", &arena), whole, &(struct pattern_budget){.steps = 1000000}),
        PATTERN_MATCHES);
    struct span part = {.at = text, .len = 65536};
    assert_int_equal(
        pattern_match(compile("(?:[a-z]{4} ?)+", &arena), part, &(struct pattern_budget){.steps = 1000000}),
        PATTERN_MATCHES);
    // Each of a million repetitions is a place to return to: over the bound of memory, and no crash.
    assert_int_equal(
        pattern_match(compile("(a|b)*[ac]", &arena), whole, &(struct pattern_budget){.steps = 1000000}),
        PATTERN_TOO_HARD);
    arena_fini(&arena);
    free(text);
}

static void without_memory_nothing_is_leaked(void **state)
{
    (void)state;
    bool compiled = false;
    for (long n = 0; !compiled; n++) {
        struct arena arena;
        const struct pattern *pattern;
        struct pattern_error error;
        arena_init(&arena, ARENA_BYTES);
        mem_fail_after(n);
        enum err_code code = pattern_compile(span_of("(a|b){3}"), &arena, &pattern, &error);
        mem_fail_after(-1);
        assert_true(code == ERR_NONE || code == ERR_NO_MEMORY);
        compiled = code == ERR_NONE;
        assert_true(compiled || n < 10);
        arena_fini(&arena);
    }
    struct arena arena;
    arena_init(&arena, ARENA_BYTES);
    const struct pattern *pattern = compile("(a|b){3}", &arena);
    long failures = 0;
    enum pattern_result result = PATTERN_NO_MEMORY;
    for (; result == PATTERN_NO_MEMORY; failures++) {
        mem_fail_after(failures);
        result = pattern_match(pattern, span_of("aba"), &(struct pattern_budget){.steps = 1000000});
        mem_fail_after(-1);
    }
    assert_int_equal(result, PATTERN_MATCHES);
    assert_true(failures > 3);
    arena_fini(&arena);
}

static void a_full_arena_is_no_crash(void **state)
{
    (void)state;
    static const char text[] = "(?<name>a|b){3}(?:[\\p{L}x-z]+)*";
    enum err_code code = ERR_NO_MEMORY;
    for (size_t max = 0; code == ERR_NO_MEMORY; max += 8) {
        struct arena arena;
        const struct pattern *pattern;
        struct pattern_error error;
        arena_init(&arena, max);
        code = pattern_compile(span_of(text), &arena, &pattern, &error);
        assert_true(code == ERR_NONE || code == ERR_NO_MEMORY);
        arena_fini(&arena);
    }
}

static void *match_often(void *pattern)
{
    intptr_t good = 0;
    for (int i = 0; i < 1000; i++)
        good += pattern_match(pattern, span_of("abc-123"), &(struct pattern_budget){.steps = 1000000}) ==
                PATTERN_MATCHES;
    return (void *)good;
}

static void threads_share_a_pattern(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, ARENA_BYTES);
    union {
        const struct pattern *pattern;
        void *shared;
    } both = {.pattern = compile("([a-z]+)-([0-9]+)", &arena)};
    pthread_t threads[4];
    for (size_t i = 0; i < ARRAY_LEN(threads); i++)
        assert_int_equal(pthread_create(&threads[i], NULL, match_often, both.shared), 0);
    for (size_t i = 0; i < ARRAY_LEN(threads); i++) {
        void *good;
        assert_int_equal(pthread_join(threads[i], &good), 0);
        assert_int_equal((intptr_t)good, 1000);
    }
    arena_fini(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_whole_text_has_to_match),
        cmocka_unit_test(a_character_is_a_code_point),
        cmocka_unit_test(what_is_no_pattern_is_told_with_its_place),
        cmocka_unit_test(a_pattern_that_is_too_large_is_refused),
        cmocka_unit_test(work_that_doubles_with_each_character_is_given_up),
        cmocka_unit_test(a_budget_is_for_all_matches_together),
        cmocka_unit_test(what_is_passed_over_counts_too),
        cmocka_unit_test(a_long_text_is_no_trouble),
        cmocka_unit_test(without_memory_nothing_is_leaked),
        cmocka_unit_test(a_full_arena_is_no_crash),
        cmocka_unit_test(threads_share_a_pattern),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
