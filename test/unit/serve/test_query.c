// SPDX-License-Identifier: Apache-2.0
#include "serve/query.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "base/mem.h"
#include "text/pattern.h"

#define TEXT(literal)                                                                                        \
    {                                                                                                        \
        .at = (literal), .len = sizeof(literal) - 1                                                          \
    }

enum { A, N, TAGS, ID, COUNT };

static struct rule params[] = {
    [A] = {.name = TEXT("a"), .outside = TEXT("The A"), .type = TYPE_TEXT, .required = true},
    [N] = {.name = TEXT("n"),
        .outside = TEXT("n"),
        .type = TYPE_INTEGER,
        .has_default = true,
        .default_value = {.kind = VALUE_INTEGER, .integer = 3},
        .has_min = true,
        .min = {.kind = VALUE_INTEGER, .integer = 1}},
    [TAGS] = {.name = TEXT("tags"), .outside = TEXT("tags"), .type = TYPE_INTEGER, .is_list = true},
    [ID] = {.name = TEXT("id"), .outside = TEXT("id"), .type = TYPE_INTEGER, .in_path = true},
};
static struct path_part path_parts[] = {{.text = TEXT("x"), .param = -1}, {.text = TEXT("id"), .param = ID}};
static struct rule own_format[] = {{.name = TEXT("f"), .outside = TEXT("format"), .type = TYPE_TEXT}};
static const struct endpoint loose = {
    .method = HTTP_GET, .params = params, .param_count = COUNT, .parts = path_parts, .part_count = 2};
static const struct endpoint strict = {.method = HTTP_GET,
    .params = params,
    .param_count = COUNT,
    .parts = path_parts,
    .part_count = 2,
    .strict = true};
static const struct endpoint with_format = {
    .method = HTTP_GET, .params = own_format, .param_count = 1, .strict = true};

// One query read, with what holds its memory.
struct reading {
    struct arena arena;
    struct value values[COUNT];
    struct query_found found;
    struct report report;
    struct err err;
};

static void reading_fini(struct reading *reading)
{
    arena_fini(&reading->arena);
    report_fini(&reading->report);
}

static enum err_code read_all(
    struct reading *reading, const struct endpoint *endpoint, const char *id, const char *query)
{
    const struct span parts[] = {span_of("x"), span_of(id)};
    *reading = (struct reading){0};
    arena_init(&reading->arena, 64 * 1024);
    reading->found.values = reading->values;
    return query_read(endpoint, &(struct query_texts){.parts = parts, .query = span_of(query)},
        &reading->arena, &reading->found, &reading->report, &reading->err);
}

static enum err_code read_query(struct reading *reading, const struct endpoint *endpoint, const char *query)
{
    return read_all(reading, endpoint, "7", query);
}

static void values_are_decoded_and_typed(void **state)
{
    (void)state;
    AUTO(reading_fini) struct reading reading;
    assert_int_equal(read_query(&reading, &loose, "n=12&&The+A=x%20%26+y&"), ERR_NONE);
    assert_true(span_is(reading.values[A].text, "x & y"));
    assert_int_equal(reading.values[N].integer, 12);
    assert_int_equal(reading.values[ID].integer, 7);
    assert_int_equal(reading.values[TAGS].kind, VALUE_NULL);
    assert_false(reading.found.has_format);
}

static void names_are_decoded_and_the_outside_ones(void **state)
{
    (void)state;
    AUTO(reading_fini) struct reading reading;
    assert_int_equal(read_query(&reading, &loose, "The%20%41=1&a=2"), ERR_NONE);
    assert_true(span_is(reading.values[A].text, "1"));
    assert_int_equal(reading.values[N].integer, 3);
}

static void all_ways_to_write_a_list_are_one(void **state)
{
    (void)state;
    static const struct {
        const char *query, *value;
    } cases[] = {
        {"tags=1,2,3", "1,2,3"},
        {"tags=1&tags=2&tags=3", "1,2,3"},
        {"tags[]=1&tags[]=2&tags[]=3", "1,2,3"},
        {"tags%5B%5D=1&tags=2,3", "1,2,3"},
        {"tags=1,,+2&tags=&tags[]=+3+", "1,2,3"},
        {"tags=5", "5"},
        {"tags=&tags=,", NULL},
        {"tags", NULL},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        AUTO(reading_fini) struct reading reading;
        char query[100];
        snprintf(query, sizeof(query), "The+A=1&%s", cases[i].query);
        assert_int_equal(read_query(&reading, &strict, query), ERR_NONE);
        assert_int_equal(reading.values[TAGS].kind, cases[i].value != NULL ? VALUE_TEXT : VALUE_NULL);
        if (cases[i].value != NULL)
            assert_true(span_is(reading.values[TAGS].text, cases[i].value));
    }
}

static void the_format_is_the_answers_unless_the_endpoint_has_one(void **state)
{
    (void)state;
    struct reading reading;
    assert_int_equal(read_query(&reading, &strict, "The+A=1&format=%63sv"), ERR_NONE);
    assert_true(reading.found.has_format);
    assert_int_equal(reading.found.format, FORMAT_CSV);
    reading_fini(&reading);
    assert_int_equal(read_query(&reading, &with_format, "format=csv"), ERR_NONE);
    assert_false(reading.found.has_format);
    assert_true(span_is(reading.values[0].text, "csv"));
    reading_fini(&reading);
}

struct expected {
    const char *parameter, *value, *code, *detail;
};

static void assert_faults(const struct endpoint *endpoint, const char *id, const char *query,
    const struct expected *expected, size_t count)
{
    AUTO(reading_fini) struct reading reading;
    assert_int_equal(read_all(&reading, endpoint, id, query), ERR_INVALID);
    assert_int_equal(reading.report.total, count);
    for (size_t i = 0; i < count; i++) {
        const struct fault *fault = report_fault(&reading.report, i);
        assert_true(span_is(fault->parameter, expected[i].parameter));
        assert_int_equal(fault->value.at == NULL, expected[i].value == NULL);
        if (expected[i].value != NULL)
            assert_true(span_is(fault->value, expected[i].value));
        assert_true(span_is(fault->code, expected[i].code));
        assert_true(span_is(fault->detail, expected[i].detail));
    }
}

static void every_fault_is_reported_once(void **state)
{
    (void)state;
    const struct expected all[] = {
        {"id", "seven", "type", "must be an integer"},
        {"n", "0", "min", "must be an integer of at least 1"},
        {"format", "xml", "in", "must be one of json, ndjson, csv"},
        {"The A", NULL, "required", "is required"},
        {"tags", "x", "type", NULL},
    };
    AUTO(reading_fini) struct reading reading;
    assert_int_equal(
        read_all(&reading, &loose, "seven", "n=0&n=5&format=xml&x=1&tags=1&tags=x"), ERR_INVALID);
    assert_int_equal(reading.report.total, ARRAY_LEN(all));
    for (size_t i = 0; i < ARRAY_LEN(all); i++) {
        const struct fault *fault = report_fault(&reading.report, i);
        assert_true(span_is(fault->parameter, all[i].parameter));
        assert_true(all[i].value == NULL || span_is(fault->value, all[i].value));
        assert_true(span_is(fault->code, all[i].code));
        if (all[i].detail != NULL)
            assert_true(span_is(fault->detail, all[i].detail));
    }
    assert_string_equal(reading.err.text, "parameters that do not pass: 5");
}

// Queries are read on the loop.
static void patterns_of_a_query_take_few_steps_together(void **state)
{
    (void)state;
    static const char hard[] = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaace";
    static const char detail[] = "takes too long to match its pattern: send a shorter or simpler text";
    AUTO(arena_fini) struct arena arena;
    struct pattern_error error;
    const struct pattern *nested, *easy;
    arena_init(&arena, 65536);
    assert_int_equal(pattern_compile(span_of("(a+)+[bc]d*"), &arena, &nested, &error), ERR_NONE);
    assert_int_equal(pattern_compile(span_of("(b+)+[bc]d*"), &arena, &easy, &error), ERR_NONE);
    struct rule rules[COUNT];
    char names[COUNT][2] = {"a", "b", "c", "d"}, query[256] = "";
    for (size_t i = 0; i < COUNT; i++)
        rules[i] = (struct rule){.name = span_of(names[i]),
            .outside = span_of(names[i]),
            .type = TYPE_TEXT,
            .pattern = i < 3 ? nested : easy};
    for (size_t i = 0; i < 3; i++)
        snprintf(query + strlen(query), sizeof(query) - strlen(query), "%s=%s&", names[i], hard);
    strcat(query, "d=bbbc");
    struct endpoint endpoint = {.method = HTTP_GET, .params = rules, .param_count = COUNT};
    const struct expected all[] = {
        {"a", hard, "pattern", detail},
        {"b", hard, "pattern", detail},
        {"c", hard, "pattern", detail},
    };
    assert_faults(&endpoint, "7", query, all, ARRAY_LEN(all));
}

static void what_is_given_twice_or_badly_encoded_is_a_fault(void **state)
{
    (void)state;
    const struct expected thrice[] = {{"The A", NULL, "repeated", "is given more than once"}};
    assert_faults(&loose, "7", "The+A=1&The+A=2&The+A=3", thrice, 1);
    const struct expected broken[] = {{"The A", "%2", "encoding", "is badly percent-encoded"}};
    assert_faults(&loose, "7", "The+A=%2", broken, 1);
    const struct expected item[] = {{"tags", "%2", "encoding", "is badly percent-encoded"}};
    assert_faults(&loose, "7", "The+A=1&tags=1&tags=%2&tags=3", item, 1);
    const struct expected name[] = {
        {"%a", NULL, "encoding", "is badly percent-encoded"}, {"The A", NULL, "required", "is required"}};
    assert_faults(&loose, "7", "%a=1", name, ARRAY_LEN(name));
    const struct expected formats[] = {{"format", NULL, "repeated", "is given more than once"}};
    assert_faults(&loose, "7", "The+A=1&format=csv&format=csv", formats, 1);
    const struct expected format[] = {{"format", "%f", "encoding", "is badly percent-encoded"}};
    assert_faults(&loose, "7", "The+A=1&format=%f", format, 1);
}

static void unknown_names_matter_to_a_strict_endpoint_only(void **state)
{
    (void)state;
    AUTO(reading_fini) struct reading reading;
    assert_int_equal(read_query(&reading, &loose, "The+A=1&b=%zz&id=x&n[]=y"), ERR_NONE);
    assert_int_equal(reading.values[ID].integer, 7);
    const char *const names[] = {"b", "a", "id", "n[]", "tags[", "[]"};
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        char query[50];
        snprintf(query, sizeof(query), "The+A=1&%s=2", names[i]);
        const struct expected expected[] = {
            {names[i], NULL, "unknown_parameter", "is not a parameter of this endpoint"}};
        assert_faults(&strict, "7", query, expected, 1);
    }
}

static void missing_memory_is_told_wherever_it_strikes(void **state)
{
    (void)state;
    enum err_code code = ERR_NO_MEMORY;
    for (long fail = 0; code == ERR_NO_MEMORY || code == ERR_TOO_LARGE; fail++) {
        AUTO(reading_fini) struct reading reading;
        mem_fail_after(fail);
        code = read_query(&reading, &loose, "n=0&q=1&tags=1&tags=2");
        mem_fail_after(-1);
        assert_true(fail < 100);
    }
    assert_int_equal(code, ERR_INVALID);
}

static void a_full_arena_is_told(void **state)
{
    (void)state;
    AUTO(reading_fini) struct reading reading = {0};
    const struct span parts[] = {span_of("x"), span_of("7")};
    arena_init(&reading.arena, 16);
    const struct query_texts texts = {.parts = parts, .query = span_of("The+A=1")};
    reading.found.values = reading.values;
    assert_int_equal(
        query_read(&loose, &texts, &reading.arena, &reading.found, &reading.report, &reading.err),
        ERR_TOO_LARGE);
    assert_string_equal(reading.err.text, "the parameters are larger than 16 bytes");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_are_decoded_and_typed),
        cmocka_unit_test(names_are_decoded_and_the_outside_ones),
        cmocka_unit_test(all_ways_to_write_a_list_are_one),
        cmocka_unit_test(the_format_is_the_answers_unless_the_endpoint_has_one),
        cmocka_unit_test(every_fault_is_reported_once),
        cmocka_unit_test(patterns_of_a_query_take_few_steps_together),
        cmocka_unit_test(what_is_given_twice_or_badly_encoded_is_a_fault),
        cmocka_unit_test(unknown_names_matter_to_a_strict_endpoint_only),
        cmocka_unit_test(missing_memory_is_told_wherever_it_strikes),
        cmocka_unit_test(a_full_arena_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
