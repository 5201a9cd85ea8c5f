// SPDX-License-Identifier: Apache-2.0
#include "serve/condition.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/attr.h"

static struct arena arena;

// Reads a head of these fields: names and values in turn, ended by NULL.
static enum err_code read_fields(const char *const *texts, struct condition *condition, struct err *err)
{
    static struct http_request head;
    head.field_count = 0;
    for (; texts[0] != NULL; texts += 2)
        head.fields[head.field_count++] =
            (struct http_field){.name = span_of(texts[0]), .value = span_of(texts[1])};
    *condition = (struct condition){0};
    return condition_read(&head, &arena, condition, err);
}

static struct condition read_some(const char *const *texts)
{
    struct condition condition;
    struct err err = {0};
    assert_int_equal(read_fields(texts, &condition, &err), ERR_NONE);
    return condition;
}

#define READ(...) read_some((const char *const[]){__VA_ARGS__, NULL})

static void an_answer_is_sent_unless_a_condition_is_false(void **state)
{
    (void)state;
    struct span etag = span_of("\"a\""), none = {0};
    struct condition plain = READ("Host", "x", "Range", "bytes=0-1", "If-Range", "\"a\"");
    assert_int_equal(condition_status(&plain, etag), 0);
    struct condition match = READ("if-match", "\"b\"", "Host", "x", "IF-MATCH", "\"a\"");
    assert_int_equal(condition_status(&match, etag), 0);
    assert_int_equal(condition_status(&match, span_of("\"c\"")), 412);
    assert_int_equal(condition_status(&match, none), 412);
    struct condition weak = READ("If-Match", "W/\"a\"");
    assert_int_equal(condition_status(&weak, etag), 412);
    struct condition nothing = READ("If-Match", "");
    assert_int_equal(condition_status(&nothing, etag), 412);
    struct condition any = READ("If-Match", "*");
    assert_int_equal(condition_status(&any, none), 0);
    struct condition none_match = READ("If-None-Match", "\"b\", W/\"a\"");
    assert_int_equal(condition_status(&none_match, etag), 304);
    assert_int_equal(condition_status(&none_match, none), 0);
    struct condition not_any = READ("If-None-Match", "*");
    assert_int_equal(condition_status(&not_any, none), 304);
    struct condition both = READ("If-None-Match", "\"a\"", "If-Match", "\"b\"");
    assert_int_equal(condition_status(&both, etag), 412); // If-Match comes first: RFC 9110 section 13.2.2
    struct condition times = READ("If-Unmodified-Since", "Sat, 29 Oct 1994 19:43:31 GMT");
    assert_int_equal(condition_status(&times, none), 0);
}

static void a_write_is_told_which_field_stands_in_its_way(void **state)
{
    (void)state;
    struct condition plain = READ("If-Modified-Since", "Sat, 29 Oct 1994 19:43:31 GMT", "If-Range", "\"a\"");
    assert_null(condition_of_write(&plain));
    struct condition match = READ("If-None-Match", "*", "If-Match", "");
    assert_string_equal(condition_of_write(&match), "If-Match");
    struct condition none_match = READ("If-None-Match", "*", "If-Unmodified-Since", "x");
    assert_string_equal(condition_of_write(&none_match), "If-None-Match");
    struct condition times = READ("If-Unmodified-Since", "Sat, 29 Oct 1994 19:43:31 GMT");
    assert_string_equal(condition_of_write(&times), "If-Unmodified-Since");
}

static void what_is_no_list_of_tags_is_refused(void **state)
{
    (void)state;
    struct condition condition;
    struct err err = {0};
    const char *const twice[] = {"If-None-Match", "*", "If-None-Match", "*", NULL};
    assert_int_equal(read_fields(twice, &condition, &err), ERR_MALFORMED);
    assert_string_equal(
        err.text, "If-None-Match is neither * nor a list of entity tags, such as \"a\", W/\"b\"");
    err = (struct err){0};
    const char *const bare[] = {"If-Match", "abc", NULL};
    assert_int_equal(read_fields(bare, &condition, &err), ERR_MALFORMED);
    assert_string_equal(err.text, "If-Match is neither * nor a list of entity tags, such as \"a\", W/\"b\"");
}

static int set_up(void **state)
{
    (void)state;
    arena_init(&arena, 65536);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    arena_fini(&arena);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_answer_is_sent_unless_a_condition_is_false),
        cmocka_unit_test(a_write_is_told_which_field_stands_in_its_way),
        cmocka_unit_test(what_is_no_list_of_tags_is_refused),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
