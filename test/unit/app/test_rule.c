// SPDX-License-Identifier: Apache-2.0
#include "app/rule.h"

#include "app/rule_time.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/mem.h"
#include "text/pattern.h"
#include "text/timestamp.h"
#include "text/zones.h"

enum { ARENA_BYTES = 65536, SHOWN_PATTERN_IN_WORDS = 200 };

static struct pattern_budget patterns = {.steps = 1000}; // which hardly any match here takes from

static struct value integer(int64_t number)
{
    return (struct value){.kind = VALUE_INTEGER, .integer = number};
}

static struct value real(double number)
{
    return (struct value){.kind = VALUE_REAL, .real = number};
}

static struct value text(const char *bytes)
{
    return (struct value){.kind = VALUE_TEXT, .text = span_of(bytes)};
}

// Checks a text; "" stands for RULE_OK.
static void expect_query(const struct rule *rule, const char *input, const char *code)
{
    struct arena arena;
    struct value value;
    arena_init(&arena, ARENA_BYTES);
    const char *got = rule_code(rule_check_text(rule, span_of(input), &arena, &patterns, &value));
    assert_string_equal(got != NULL ? got : "", code);
    arena_fini(&arena);
}

static void expect_json(const struct rule *rule, struct value input, bool json_boolean, const char *code)
{
    struct arena arena;
    struct value value;
    arena_init(&arena, ARENA_BYTES);
    const char *got = rule_code(rule_check_value(rule, input, json_boolean, &arena, &patterns, &value));
    assert_string_equal(got != NULL ? got : "", code);
    arena_fini(&arena);
}

static void expect_words(const struct rule *rule, const char *words)
{
    AUTO(buf_fini) struct buf out;
    buf_init(&out, 65536);
    rule_expected(rule, &out);
    assert_int_equal(buf_append_byte(&out, '\0'), ERR_NONE);
    assert_string_equal(out.data, words);
}

static void every_result_has_its_code(void **state)
{
    (void)state;
    assert_null(rule_code(RULE_OK));
    assert_string_equal(rule_code(RULE_REQUIRED), "required");
    assert_string_equal(rule_code(RULE_TYPE), "type");
    assert_string_equal(rule_code(RULE_TOO_FINE), "type");
    assert_string_equal(rule_code(RULE_NEVER), "no_such_time");
    assert_string_equal(rule_code(RULE_TWICE), "ambiguous_time");
    assert_string_equal(rule_code(RULE_MIN), "min");
    assert_string_equal(rule_code(RULE_MAX), "max");
    assert_string_equal(rule_code(RULE_MAXLENGTH), "maxlength");
    assert_string_equal(rule_code(RULE_IN), "in");
    assert_string_equal(rule_code(RULE_PATTERN), "pattern");
    assert_string_equal(rule_code(RULE_ITEMS), "items");
    assert_string_equal(rule_code(RULE_MEMORY), "memory");
}

static void an_empty_text_is_no_value(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, ARENA_BYTES);
    struct value value = integer(7);
    struct rule rule = {.type = TYPE_INTEGER};
    assert_int_equal(rule_check_text(&rule, (struct span){0}, &arena, &patterns, &value), RULE_OK);
    assert_int_equal(value.kind, VALUE_NULL);
    rule.has_default = true;
    rule.default_value = integer(3);
    assert_int_equal(rule_check_text(&rule, span_of(""), &arena, &patterns, &value), RULE_OK);
    assert_int_equal(value.integer, 3);
    rule.required = true;
    assert_int_equal(rule_check_text(&rule, span_of(""), &arena, &patterns, &value), RULE_REQUIRED);
    assert_int_equal(value.integer, 3); // untouched
    arena_fini(&arena);
}

static void bounds_are_inclusive(void **state)
{
    (void)state;
    struct rule rule = {
        .type = TYPE_INTEGER, .has_min = true, .min = integer(1), .has_max = true, .max = integer(5)};
    expect_query(&rule, "0", "min");
    expect_query(&rule, "1", "");
    expect_query(&rule, "5", "");
    expect_query(&rule, "6", "max");
    expect_query(&rule, "2.0", "");
    expect_query(&rule, "2.5", "type");
    expect_query(&rule, " 2", "");
    expect_query(&rule, "+6", "max");
    rule = (struct rule){
        .type = TYPE_NUMBER, .has_min = true, .min = real(-0.5), .has_max = true, .max = real(0.5)};
    expect_query(&rule, "-0.5", "");
    expect_query(&rule, "-0.50001", "min");
    expect_query(&rule, "0.51", "max");
    expect_query(&rule, "nan", "type");
    rule = (struct rule){.type = TYPE_DATE,
        .has_min = true,
        .min = text("2016-01-01"),
        .has_max = true,
        .max = text("2016-12-31")};
    expect_query(&rule, "2015-12-31", "min");
    expect_query(&rule, "2016-01-01", "");
    expect_query(&rule, "2016-12-31", "");
    expect_query(&rule, "2017-01-01", "max");
    expect_query(&rule, "2016-02-30", "type");
}

static void timestamps_are_compared_as_moments(void **state)
{
    (void)state;
    struct rule rule = {.type = TYPE_TIMESTAMP,
        .has_min = true,
        .min = text("2016-01-01T00:00:00.500Z"),
        .has_max = true,
        .max = text("2016-01-01T00:00:02.000Z")};
    expect_query(&rule, "2016-01-01T00:00:00Z", "min");
    expect_query(&rule, "2016-01-01T00:00:00.499Z", "min");
    expect_query(&rule, "2016-01-01T00:00:00.500Z", "");
    expect_query(&rule, "2016-01-01T01:00:01+01:00", "");
    expect_query(&rule, "2016-01-01T00:00:02Z", "");
    expect_query(&rule, "2016-01-01T00:00:02.001Z", "max");
    expect_query(&rule, "2016-01-01", "type");
}

static void a_normalised_timestamp_lives_in_the_arena(void **state)
{
    (void)state;
    struct arena arena;
    struct value value;
    struct rule rule = {.type = TYPE_TIMESTAMP};
    arena_init(&arena, ARENA_BYTES);
    assert_int_equal(
        rule_check_text(&rule, span_of("2016-01-01T01:00:00+01:00"), &arena, &patterns, &value), RULE_OK);
    assert_true(span_is(value.text, "2016-01-01T00:00:00.000Z"));
    arena_fini(&arena);
}

static void a_full_arena_is_told_from_a_wrong_timestamp(void **state)
{
    (void)state;
    struct arena arena;
    struct value value;
    struct rule rule = {.type = TYPE_TIMESTAMP};
    arena_init(&arena, 0);
    assert_int_equal(
        rule_check_text(&rule, span_of("2016-01-01T01:00:00+01:00"), &arena, &patterns, &value), RULE_MEMORY);
    assert_int_equal(
        rule_check_text(&rule, span_of("2016-13-01T01:00:00+01:00"), &arena, &patterns, &value), RULE_TYPE);
    arena_fini(&arena);
    arena_init(&arena, ARENA_BYTES);
    mem_fail_after(0);
    assert_int_equal(
        rule_check_text(&rule, span_of("2016-01-01T01:00:00+01:00"), &arena, &patterns, &value), RULE_MEMORY);
    mem_fail_after(-1);
    arena_fini(&arena);
}

static void maxlength_counts_code_points(void **state)
{
    (void)state;
    struct rule rule = {.type = TYPE_TEXT, .max_chars = 3};
    expect_query(&rule, "abc", "");
    expect_query(&rule, "\xc3\xa9\xc3\xa9\xc3\xa9", "");
    expect_query(&rule, "abcd", "maxlength");
    expect_query(&rule, "\xff", "type");
}

static void choices_of_text_are_compared_as_they_came(void **state)
{
    (void)state;
    struct span currencies[] = {span_of("EUR"), span_of("USD")};
    struct rule rule = {.type = TYPE_TEXT, .choices = currencies, .choice_count = 2};
    expect_query(&rule, "EUR", "");
    expect_query(&rule, "eur", "in");
    expect_query(&rule, "EURO", "in");
    expect_json(&rule, text("USD"), false, "");
    expect_json(&rule, text("GBP"), false, "in");
}

static void choices_of_numbers_are_compared_by_value(void **state)
{
    (void)state;
    struct span numbers[] = {span_of("1"), span_of("2.5")};
    struct rule rule = {.type = TYPE_NUMBER, .choices = numbers, .choice_count = 2};
    expect_query(&rule, "1.0", "");
    expect_query(&rule, "2.50", "");
    expect_query(&rule, "2", "in");
    expect_json(&rule, integer(1), false, "");
    rule.type = TYPE_INTEGER;
    rule.choice_count = 1;
    expect_json(&rule, integer(1), false, "");
    expect_json(&rule, integer(2), false, "in");
    struct span yes[] = {span_of("true")};
    rule = (struct rule){.type = TYPE_BOOLEAN, .choices = yes, .choice_count = 1};
    expect_json(&rule, integer(1), true, "");
    expect_query(&rule, "false", "in");
}

static void json_values_have_to_be_of_the_type(void **state)
{
    (void)state;
    struct rule rule = {.type = TYPE_INTEGER};
    expect_json(&rule, integer(5), false, "");
    expect_json(&rule, integer(1), true, "type");
    expect_json(&rule, real(5), false, "type");
    expect_json(&rule, text("5"), false, "type");
    rule.type = TYPE_BOOLEAN;
    expect_json(&rule, integer(1), true, "");
    expect_json(&rule, integer(1), false, "type");
    expect_json(&rule, text("true"), false, "type");
    rule.type = TYPE_NUMBER;
    expect_json(&rule, real(0.5), false, "");
    expect_json(&rule, real(INFINITY), false, "type");
    expect_json(&rule, integer(1), true, "type");
    rule.type = TYPE_TEXT;
    expect_json(&rule, text("a"), false, "");
    expect_json(&rule, integer(1), false, "type");
    rule.type = TYPE_DATE;
    expect_json(&rule, text("2016-01-06"), false, "");
    expect_json(&rule, text("2016-1-6"), false, "type");
    expect_json(&rule, integer(2016), false, "type");
}

static void a_json_integer_becomes_a_number(void **state)
{
    (void)state;
    struct arena arena;
    struct value value;
    struct rule rule = {.type = TYPE_NUMBER};
    arena_init(&arena, ARENA_BYTES);
    assert_int_equal(rule_check_value(&rule, integer(5), false, &arena, &patterns, &value), RULE_OK);
    assert_int_equal(value.kind, VALUE_REAL);
    assert_true(value.real == 5.0);
    arena_fini(&arena);
}

static void json_null_is_no_value_and_empty_text_is_one_unless_required(void **state)
{
    (void)state;
    struct rule rule = {.type = TYPE_TEXT, .required = true};
    expect_json(&rule, (struct value){.kind = VALUE_NULL}, false, "required");
    expect_json(&rule, text(""), false, "required");
    rule.required = false;
    expect_json(&rule, (struct value){.kind = VALUE_NULL}, false, "");
    expect_json(&rule, text(""), false, "");
    rule.type = TYPE_DATE;
    expect_json(&rule, text(""), false, "type");
}

static void the_words_name_type_and_bounds(void **state)
{
    (void)state;
    struct rule rule = {.type = TYPE_INTEGER};
    expect_words(&rule, "an integer");
    rule.has_min = true;
    rule.min = integer(1);
    expect_words(&rule, "an integer of at least 1");
    rule.min = integer(0);
    rule.has_max = true;
    rule.max = integer(2147483647);
    expect_words(&rule, "an integer from 0 to 2147483647");
    rule = (struct rule){.type = TYPE_NUMBER, .has_max = true, .max = real(5)};
    expect_words(&rule, "a number of at most 5");
    rule.max = real(0.25);
    expect_words(&rule, "a number of at most 0.25");
    rule = (struct rule){.type = TYPE_TEXT};
    expect_words(&rule, "text");
    rule.max_chars = 5;
    expect_words(&rule, "text of at most 5 characters");
    rule.max_chars = 1;
    expect_words(&rule, "text of at most 1 character");
    rule = (struct rule){.type = TYPE_BOOLEAN};
    expect_words(&rule, "true or false");
}

static void the_words_for_days_say_from_when_to_when(void **state)
{
    (void)state;
    struct rule rule = {.type = TYPE_DATE};
    expect_words(&rule, "a date, YYYY-MM-DD");
    rule.has_min = true;
    rule.min = text("2016-01-01");
    expect_words(&rule, "a date, YYYY-MM-DD, not before 2016-01-01");
    rule.has_max = true;
    rule.max = text("2016-12-31");
    expect_words(&rule, "a date, YYYY-MM-DD, from 2016-01-01 to 2016-12-31");
    rule.has_min = false;
    expect_words(&rule, "a date, YYYY-MM-DD, not after 2016-12-31");
    rule = (struct rule){.type = TYPE_TIMESTAMP};
    expect_words(&rule, "a timestamp, RFC 3339");
}

static void the_words_list_choices_up_to_a_limit(void **state)
{
    (void)state;
    struct span many[25];
    for (size_t i = 0; i < ARRAY_LEN(many); i++)
        many[i] = span_of("x");
    many[0] = span_of("EUR");
    many[1] = span_of("USD");
    struct rule rule = {.type = TYPE_TEXT, .choices = many, .choice_count = 2};
    expect_words(&rule, "one of EUR, USD");
    rule.choice_count = 1;
    expect_words(&rule, "EUR");
    rule.choice_count = 25;
    expect_words(&rule, "one of EUR, USD, x, x, x, x, x, x, x, x, x, x, x, x, x, x, x, x, x, x or 5 more");
}

// --- formats, patterns, lists

// Checks a text that has to pass, and become `expected`.
static void expect_becomes(const struct rule *rule, const char *input, const char *expected)
{
    struct arena arena;
    struct value value;
    arena_init(&arena, ARENA_BYTES);
    assert_int_equal(rule_check_text(rule, span_of(input), &arena, &patterns, &value), RULE_OK);
    assert_int_equal(value.kind, VALUE_TEXT);
    if (!span_is(value.text, expected))
        fail_msg("%s became %.*s, not %s", input, (int)value.text.len, value.text.at, expected);
    arena_fini(&arena);
}

static void a_date_with_a_format_becomes_a_plain_one(void **state)
{
    (void)state;
    struct rule rule = {.type = TYPE_DATE, .format = span_of("%d.%m.%Y")};
    expect_becomes(&rule, "6.1.2016", "2016-01-06");
    expect_becomes(&rule, "2016-01-06", "2016-01-06");
    expect_query(&rule, "6/1/2016", "type");
    expect_query(&rule, "", "");
    expect_json(&rule, text("06.01.2016"), false, "");
    expect_json(&rule, text("6.1.16"), false, "type");
    expect_json(&rule, integer(6), false, "type");
    rule.has_min = true;
    rule.min = text("2016-01-06");
    expect_query(&rule, "6.1.2016", "");
    expect_query(&rule, "5.1.2016", "min");
    struct span days[] = {span_of("2016-01-06"), span_of("2016-01-07")};
    rule.choices = days;
    rule.choice_count = 2;
    expect_query(&rule, "7.1.2016", "");
    expect_query(&rule, "2016-01-07", "");
    expect_query(&rule, "8.1.2016", "in");
}

static void past_keeps_two_digits_out_of_the_future(void **state)
{
    (void)state;
    struct rule rule = {.type = TYPE_DATE, .format = span_of("%m/%d/%y"), .past = true};
    expect_becomes(&rule, "1/6/16", "2016-01-06");
    expect_becomes(&rule, "1/6/99", "1999-01-06");
    rule.past = false;
    expect_becomes(&rule, "1/6/68", "2068-01-06");
    expect_becomes(&rule, "1/6/69", "1969-01-06");
}

// Why a text does not pass, in words; "" when it does.
static void expect_problem(const struct rule *rule, const char *input, const char *problem)
{
    struct arena arena;
    struct value value;
    AUTO(buf_fini) struct buf out;
    buf_init(&out, 1024);
    arena_init(&arena, ARENA_BYTES);
    enum rule_result result = rule_check_text(rule, span_of(input), &arena, &patterns, &value);
    if (result != RULE_OK && !rule_explain(rule, result, span_of(input), &out))
        buf_append_str(&out, rule_code(result));
    buf_append_byte(&out, '\0');
    assert_string_equal(out.data, problem);
    arena_fini(&arena);
}

static const struct zone *zone_of(const char *name)
{
    const struct zone *zone = NULL;
    struct err err = {0};
    assert_int_equal(zones_find(span_of(name), &zone, &err), ERR_NONE);
    return zone;
}

static void a_timestamp_without_an_offset_is_local_in_its_zone(void **state)
{
    (void)state;
    struct rule rule = {.type = TYPE_TIMESTAMP, .zone = zone_of("Europe/Rome")};
    expect_becomes(&rule, "2026-01-01T10:00:00", "2026-01-01T09:00:00.000Z");
    expect_becomes(&rule, "2026-07-01 10:00:00", "2026-07-01T08:00:00.000Z");
    expect_becomes(&rule, "2026-07-01 10:00", "2026-07-01T08:00:00.000Z");
    expect_becomes(&rule, "2026-07-01 10:00:00,25", "2026-07-01T08:00:00.250Z");
    expect_becomes(&rule, "2026-07-01 10:00:00.123456789", "2026-07-01T08:00:00.123Z");
    expect_becomes(&rule, "2026-07-01 10:00:00Z", "2026-07-01T10:00:00.000Z");
    expect_becomes(&rule, "2026-07-01 10:00 UTC", "2026-07-01T10:00:00.000Z");
    expect_becomes(&rule, "2026-07-01 10:00:00 +0300", "2026-07-01T07:00:00.000Z");
    expect_becomes(&rule, "2026-07-01T10:00:00+03:00", "2026-07-01T07:00:00.000Z");
    expect_becomes(&rule, "2026-07-01 10:00:00-03", "2026-07-01T13:00:00.000Z");
    expect_problem(&rule, "2026-07-01 10:00:00 03:00", "type"); // no query: no plus was lost
    expect_becomes(&rule, "1900-01-01 00:00", "1899-12-31T23:00:00.000Z");
    expect_becomes(&rule, "1860-01-01 00:49:56", "1860-01-01T00:00:00.000Z"); // by the sun
    expect_becomes(&rule, "2500-07-01 10:00", "2500-07-01T08:00:00.000Z");    // by the rule behind the table
    expect_becomes(&rule, "2017-01-01 00:59:60", "2017-01-01T00:00:00.000Z"); // a leap second
    expect_problem(&rule, "2026-07-01", "type");
    expect_problem(&rule, "2026-07-01 10", "type");
    expect_problem(&rule, "2026-07-01 24:00", "type");
    expect_problem(&rule, "2026-07-01 10:00 ", "type");
    expect_problem(&rule, "2026-07-01 10:00:60", "type");
    expect_problem(&rule, "2026-07-01  10:00", "type");
    expect_problem(&rule, "9999-12-31 23:30-01:00", "type");
    rule.zone = NULL;
    expect_problem(&rule, "2026-01-01T10:00:00", "type");
}

static void a_time_that_clocks_never_show_or_show_twice_is_refused(void **state)
{
    (void)state;
    struct rule rule = {.type = TYPE_TIMESTAMP, .zone = zone_of("Europe/Rome")};
    expect_becomes(&rule, "2026-03-29 01:59:59.999", "2026-03-29T00:59:59.999Z");
    expect_problem(&rule, "2026-03-29 02:00",
        "2026-03-29 02:00 does not exist in Europe/Rome: clocks go from 02:00 to 03:00");
    expect_problem(&rule, "2026-03-29 02:59:59",
        "2026-03-29 02:59:59 does not exist in Europe/Rome: clocks go from 02:00 to 03:00");
    expect_becomes(&rule, "2026-03-29 03:00", "2026-03-29T01:00:00.000Z");
    expect_becomes(&rule, "2026-10-25 01:59:59", "2026-10-24T23:59:59.000Z");
    expect_problem(&rule, "2026-10-25 02:30",
        "2026-10-25 02:30 comes twice in Europe/Rome: write 2026-10-25T02:30:00+02:00 or "
        "2026-10-25T02:30:00+01:00");
    expect_becomes(&rule, "2026-10-25T02:30:00+02:00", "2026-10-25T00:30:00.000Z");
    expect_becomes(&rule, "2026-10-25T02:30:00+01:00", "2026-10-25T01:30:00.000Z");
    expect_becomes(&rule, "2026-10-25 03:00", "2026-10-25T02:00:00.000Z");
    expect_query(&rule, "2026-03-29 02:30", "no_such_time");
    expect_query(&rule, "2026-10-25 02:30", "ambiguous_time");
    expect_json(&rule, text("2026-03-29 02:30"), false, "no_such_time");
    rule.zone = zone_of("Pacific/Apia"); // which went over the date line
    expect_problem(&rule, "2011-12-30 12:00",
        "2011-12-30 12:00 does not exist in Pacific/Apia: clocks go from 2011-12-30 00:00 to 2011-12-31 00:00");
    rule.zone = zone_of("Australia/Lord_Howe"); // by half an hour
    expect_problem(&rule, "2026-04-05 01:45",
        "2026-04-05 01:45 comes twice in Australia/Lord_Howe: write 2026-04-05T01:45:00+11:00 or "
        "2026-04-05T01:45:00+10:30");
    rule.is_list = true;
    expect_problem(&rule, "2026-01-01 00:00,2026-04-05 01:45",
        "has a time that comes twice in Australia/Lord_Howe: write its offset, as RFC 3339 has it");
}

static void microseconds_are_kept_where_the_rule_says_so(void **state)
{
    (void)state;
    struct rule rule = {.type = TYPE_TIMESTAMP, .micros = true};
    expect_becomes(&rule, "2026-01-01T10:00:00Z", "2026-01-01T10:00:00.000000Z");
    expect_becomes(&rule, "2026-01-01T10:00:00.1234Z", "2026-01-01T10:00:00.123400Z");
    expect_becomes(&rule, "2026-01-01T10:00:00.123456+01:00", "2026-01-01T09:00:00.123456Z");
    expect_problem(&rule, "2026-01-01T10:00:00.1234567Z", "has more than 6 decimal places of a second");
    expect_query(&rule, "2026-01-01T10:00:00.1234567Z", "type");
    expect_problem(&rule, "2026-01-01 10:00:00Z", "type");
}

static void times_are_read_as_their_format_says(void **state)
{
    (void)state;
    struct rule rule = {.type = TYPE_TIMESTAMP, .format = span_of("%d.%m.%Y %H:%M")};
    expect_becomes(&rule, "31.12.2025 10:00", "2025-12-31T10:00:00.000Z");
    expect_becomes(&rule, "2025-12-31T10:00:00+01:00", "2025-12-31T09:00:00.000Z");
    expect_problem(&rule, "2025-12-31 10:00", "type");
    expect_words(&rule, "a timestamp, DD.MM.YYYY hh:mm in UTC or RFC 3339");
    rule.zone = zone_of("America/New_York");
    expect_becomes(&rule, "31.12.2025 10:00", "2025-12-31T15:00:00.000Z");
    expect_becomes(&rule, "2025-12-31 10:00", "2025-12-31T15:00:00.000Z");
    expect_words(&rule, "a timestamp, DD.MM.YYYY hh:mm in America/New_York or RFC 3339");
    expect_problem(&rule, "08.03.2026 02:30",
        "2026-03-08 02:30 does not exist in America/New_York: clocks go from 02:00 to 03:00");
    rule.format = span_of("%b %d %Y %I:%M %p %z");
    expect_becomes(&rule, "Dec 31 2025 1:30 PM -0500", "2025-12-31T18:30:00.000Z");
    expect_words(&rule, "a timestamp, Jan DD YYYY hh:mm AM/PM +hh:mm or RFC 3339");
    rule = (struct rule){.type = TYPE_TIME, .format = span_of("%I.%M %p")};
    expect_becomes(&rule, "1.30 pm", "13:30:00");
    expect_becomes(&rule, "13:30", "13:30:00");
    expect_problem(&rule, "13.30 pm", "type");
    expect_words(&rule, "a time of the day, hh.mm AM/PM or hh:mm:ss");
    rule = (struct rule){.type = TYPE_TIMESTAMP, .zone = zone_of("UTC")};
    expect_words(&rule, "a timestamp, YYYY-MM-DD hh:mm:ss in UTC or RFC 3339");
}

static void times_of_the_day_have_bounds(void **state)
{
    (void)state;
    struct rule rule = {.type = TYPE_TIME, .has_min = true, .min = text("08:00:00")};
    expect_becomes(&rule, "08:00", "08:00:00");
    expect_query(&rule, "07:59:59.999999", "min");
    expect_query(&rule, "25:00", "type");
    expect_json(&rule, text("9:00"), false, "type");
    expect_json(&rule, integer(9), false, "type");
    expect_words(&rule, "a time of the day, hh:mm, hh:mm:ss or hh:mm:ss.ffffff, not before 08:00:00");
}

// The clock may strike midnight while this runs, so the day is looked at before and behind.
static void today_is_the_day_in_the_zone(void **state)
{
    (void)state;
    static const char *const zones[] = {"UTC", "Pacific/Kiritimati", "Pacific/Pago_Pago"};
    char before[DATE_CHARS], after[DATE_CHARS];
    for (size_t i = 0; i < ARRAY_LEN(zones); i++) {
        struct arena arena;
        struct value value;
        struct rule rule = {
            .type = TYPE_DATE, .has_default = true, .default_today = true, .zone = zone_of(zones[i])};
        arena_init(&arena, ARENA_BYTES);
        rule_time_today(&rule, before);
        assert_int_equal(rule_check_text(&rule, (struct span){0}, &arena, &patterns, &value), RULE_OK);
        rule_time_today(&rule, after);
        assert_true(span_is(value.text, before) || span_is(value.text, after));
        assert_true(rule_goes_by_clock(&rule));
        arena_fini(&arena);
        arena_init(&arena, 0);
        assert_int_equal(rule_check_text(&rule, (struct span){0}, &arena, &patterns, &value), RULE_MEMORY);
        arena_fini(&arena);
    }
    struct rule east = {.zone = zone_of(zones[1])}, west = {.zone = zone_of(zones[2])};
    rule_time_today(&east, before);
    rule_time_today(&west, after);
    assert_true(strcmp(before, after) > 0); // 25 hours apart, always
}

static void now_is_between_the_moments_before_and_behind(void **state)
{
    (void)state;
    static const size_t lens[] = {
        sizeof("2026-01-01T00:00:00.000Z") - 1, sizeof("2026-01-01T00:00:00.000000Z") - 1};
    for (int micros = 0; micros <= 1; micros++) {
        struct arena arena;
        struct value value;
        int64_t us, before = clock_wall_us();
        struct rule rule = {
            .type = TYPE_TIMESTAMP, .has_default = true, .default_now = true, .micros = micros != 0};
        arena_init(&arena, ARENA_BYTES);
        assert_int_equal(rule_check_text(&rule, (struct span){0}, &arena, &patterns, &value), RULE_OK);
        assert_int_equal(value.text.len, lens[micros]);
        assert_true(timestamp_parse(value.text, &us));
        assert_true(us >= (micros ? before : before / 1000 * 1000) && us <= clock_wall_us());
        assert_true(rule_goes_by_clock(&rule));
        assert_int_equal(
            rule_check_value(&rule, (struct value){0}, false, &arena, &patterns, &value), RULE_OK);
        assert_int_equal(value.text.len, lens[micros]);
        arena_fini(&arena);
        arena_init(&arena, 0);
        assert_int_equal(rule_check_text(&rule, (struct span){0}, &arena, &patterns, &value), RULE_MEMORY);
        arena_fini(&arena);
    }
}

static void today_is_a_bound(void **state)
{
    (void)state;
    struct rule rule = {.type = TYPE_DATE, .max_today = true};
    expect_query(&rule, "2026-01-01", "");
    expect_query(&rule, "9999-12-31", "max");
    expect_words(&rule, "a date, YYYY-MM-DD, not after today");
    rule = (struct rule){.type = TYPE_DATE, .min_today = true};
    expect_query(&rule, "2026-01-01", "min");
    expect_query(&rule, "9999-12-31", "");
    rule.has_max = true;
    rule.max = text("9000-01-01");
    expect_words(&rule, "a date, YYYY-MM-DD, from today to 9000-01-01");
}

static void choices_of_timestamps_are_moments(void **state)
{
    (void)state;
    struct span times[] = {span_of("2016-01-01T00:00:00.000Z")};
    struct rule rule = {.type = TYPE_TIMESTAMP, .choices = times, .choice_count = 1};
    expect_query(&rule, "2016-01-01T01:00:00+01:00", "");
    expect_query(&rule, "2016-01-01T01:00:00Z", "in");
}

static void the_whole_text_has_to_match_the_pattern(void **state)
{
    (void)state;
    struct arena arena;
    const struct pattern *pattern;
    struct pattern_error error;
    struct value value;
    arena_init(&arena, ARENA_BYTES);
    assert_int_equal(pattern_compile(span_of("[a-z]+"), &arena, &pattern, &error), ERR_NONE);
    struct rule rule = {.type = TYPE_TEXT, .pattern = pattern, .pattern_text = span_of("[a-z]+")};
    expect_query(&rule, "abc", "");
    expect_query(&rule, "abc1", "pattern");
    expect_query(&rule, "", "");
    expect_query(&rule, "\xff", "type");
    expect_json(&rule, text("abc"), false, "");
    expect_json(&rule, text("Abc"), false, "pattern");
    expect_json(&rule, text(""), false, "pattern"); // which is a text, too
    rule.is_list = true;
    expect_query(&rule, "a, b", "");
    expect_query(&rule, "a, B", "pattern");
    rule.is_list = false;
    mem_fail_after(0);
    assert_int_equal(rule_check_text(&rule, span_of("abc"), &arena, &patterns, &value), RULE_MEMORY);
    mem_fail_after(-1);
    arena_fini(&arena);
}

static void a_plus_that_a_query_has_lost_is_put_back(void **state)
{
    (void)state;
    static const struct {
        const char *zone, *text, *restored; // zone "": none
    } cases[] = {
        {"", "2026-01-01T10:00:00 01:00", "2026-01-01T10:00:00+01:00"},
        {"", "2026-01-01T10:00:00.5 01:00", "2026-01-01T10:00:00.5+01:00"},
        {"", "2026-01-01 10:00:00", "2026-01-01 10:00:00"}, // as wrong as it was
        {"", "2026-01-01T10:00 01:00", "2026-01-01T10:00 01:00"},
        {"Europe/Rome", "2026-01-01T10:00 01:00", "2026-01-01T10:00+01:00"},
        {"Europe/Rome", "2026-01-01 10:00 01:00", "2026-01-01 10:00+01:00"},
        {"Europe/Rome", "2026-01-01 10:00  0100", "2026-01-01 10:00 +0100"},
        {"Europe/Rome", "2026-01-01 10:00 01", "2026-01-01 10:00+01"},
        {"Europe/Rome", "2026-01-01 10:00", "2026-01-01 10:00"},
        {"Europe/Rome", "2026-03-29 02:30",
            "2026-03-29 02:30"}, // a time that does not exist is told as it is
        {"Europe/Rome", "2026-01-01 ", "2026-01-01 "},
        {"Europe/Rome", " ", " "},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct rule rule = {.type = TYPE_TIMESTAMP};
        struct span text = span_of(cases[i].text);
        struct arena arena;
        arena_init(&arena, ARENA_BYTES);
        if (cases[i].zone[0] != '\0')
            rule.zone = zone_of(cases[i].zone);
        assert_true(rule_time_restore_plus(&rule, &arena, &text));
        if (!span_is(text, cases[i].restored))
            fail_msg("%s became %.*s", cases[i].text, (int)text.len, text.at);
        arena_fini(&arena);
    }
    struct arena arena;
    struct rule list = {.type = TYPE_TIMESTAMP, .is_list = true}, other = {.type = TYPE_TEXT};
    struct span text = span_of("2026-01-01T10:00:00 01:00, 2026-01-01T10:00:00Z,,2026-01-01T10:00:00 02:00");
    arena_init(&arena, ARENA_BYTES);
    assert_true(rule_time_restore_plus(&list, &arena, &text));
    assert_true(span_is(text, "2026-01-01T10:00:00+01:00, 2026-01-01T10:00:00Z,,2026-01-01T10:00:00+02:00"));
    text = span_of("2026-01-01T10:00:00 01:00");
    assert_true(rule_time_restore_plus(&other, &arena, &text));
    assert_true(span_is(text, "2026-01-01T10:00:00 01:00"));
    arena_fini(&arena);
    arena_init(&arena, 0);
    assert_false(rule_time_restore_plus(&list, &arena, &text));
    arena_fini(&arena);
}

static void a_list_is_its_items_with_commas_between(void **state)
{
    (void)state;
    struct rule rule = {.type = TYPE_TEXT, .is_list = true};
    expect_becomes(&rule, "a", "a");
    expect_becomes(&rule, "a, b,,c", "a,b,c");
    expect_becomes(&rule, " ,\ta b \t,", "a b");
    expect_becomes(&rule, "b,a,b", "b,a,b");
    rule = (struct rule){.type = TYPE_INTEGER, .is_list = true, .has_max = true, .max = integer(5)};
    expect_becomes(&rule, "1, 05,-2", "1,05,-2");
    expect_query(&rule, "1,6", "max");
    expect_query(&rule, "1,x", "type");
    expect_query(&rule, "1 2", "type");
    rule = (struct rule){.type = TYPE_DATE, .is_list = true, .format = span_of("%d.%m.%y")};
    expect_becomes(&rule, "6.1.16,2016-01-07", "2016-01-06,2016-01-07");
    rule = (struct rule){.type = TYPE_TIMESTAMP, .is_list = true};
    expect_becomes(&rule, "2016-01-01T00:00:00Z,2016-01-01T01:00:00+01:00",
        "2016-01-01T00:00:00.000Z,2016-01-01T00:00:00.000Z");
    struct span choices[] = {span_of("a"), span_of("b")};
    rule = (struct rule){.type = TYPE_TEXT, .is_list = true, .choices = choices, .choice_count = 2};
    expect_query(&rule, "b,a", "");
    expect_query(&rule, "a,c", "in");
    rule = (struct rule){.type = TYPE_TEXT, .is_list = true, .max_chars = 2};
    expect_query(&rule, "aa, bb, cc", "");
    expect_query(&rule, "aa, bbb", "maxlength");
}

static void the_item_of_a_list_that_does_not_pass_is_told(void **state)
{
    (void)state;
    struct arena arena;
    struct value value;
    struct rule rule = {.type = TYPE_DATE, .is_list = true};
    static const struct rule_piece pieces[] = {{.text = {"2026-01-01", 10}}, {.text = {"2026-01-02,x", 12}}};
    static const struct {
        const char *json, *item;
    } arrays[] = {
        {"[\"2026-01-01\",\"x\"]", "x"},
        {"[\"2026-01-01,2026-01-02\"]", "2026-01-01,2026-01-02"}, // which is one item
        {"[\"2026-01-01\", 7]", "7"},
    };
    arena_init(&arena, ARENA_BYTES);
    struct span item = {0};
    assert_int_equal(rule_check_pieces(&rule, pieces, 2, &arena, &patterns, &value, &item), RULE_TYPE);
    assert_true(span_is(item, "x"));
    for (size_t i = 0; i < ARRAY_LEN(arrays); i++) {
        assert_int_equal(
            rule_check_array(&rule, span_of(arrays[i].json), &arena, &patterns, &value, &item), RULE_TYPE);
        assert_true(span_is(item, arrays[i].item));
    }
    item = span_of("as it was");
    assert_int_equal(rule_check_array(&rule, span_of("[[]]"), &arena, &patterns, &value, &item), RULE_TYPE);
    assert_true(span_is(item, "as it was"));
    arena_fini(&arena);
}

static void a_short_list_takes_little_memory(void **state)
{
    (void)state;
    struct arena arena;
    struct value value;
    struct span item;
    struct rule rule = {.type = TYPE_TEXT, .is_list = true};
    arena_init(&arena, 1000);
    assert_int_equal(
        rule_check_array(&rule, span_of("[\"a\",\"b\"]"), &arena, &patterns, &value, &item), RULE_OK);
    assert_true(span_is(value.text, "a,b"));
    assert_int_equal(rule_check_array(&rule, span_of("[]"), &arena, &patterns, &value, &item), RULE_OK);
    assert_int_equal(value.kind, VALUE_NULL);
    arena_fini(&arena);
}

static void an_item_with_the_separator_of_lists_is_explained(void **state)
{
    (void)state;
    struct arena arena;
    struct value value;
    struct span item = {0};
    struct rule rule = {.type = TYPE_TEXT, .is_list = true};
    AUTO(buf_fini) struct buf words;
    buf_init(&words, 200);
    arena_init(&arena, ARENA_BYTES);
    assert_int_equal(
        rule_check_array(&rule, span_of("[\"a\",\"b\\u001fc\"]"), &arena, &patterns, &value, &item),
        RULE_TYPE);
    assert_true(rule_explain(&rule, RULE_TYPE, item, &words));
    assert_true(span_is(buf_span(&words), "is an item of a list, which cannot hold the character U+001F"));
    assert_false(rule_explain(&rule, RULE_TYPE, span_of("a"), &words));
    arena_fini(&arena);
}

static void a_list_without_items_is_no_value(void **state)
{
    (void)state;
    struct arena arena;
    struct value value = integer(7);
    arena_init(&arena, ARENA_BYTES);
    struct rule rule = {.type = TYPE_TEXT, .is_list = true};
    assert_int_equal(rule_check_text(&rule, span_of(" , ,"), &arena, &patterns, &value), RULE_OK);
    assert_int_equal(value.kind, VALUE_NULL);
    rule.has_default = true;
    rule.default_value = text("x,y");
    assert_int_equal(rule_check_text(&rule, span_of(","), &arena, &patterns, &value), RULE_OK);
    assert_true(span_is(value.text, "x,y"));
    assert_int_equal(rule_check_given(&rule, span_of(","), &arena, &patterns, &value), RULE_REQUIRED);
    rule.required = true;
    assert_int_equal(rule_check_text(&rule, span_of(" "), &arena, &patterns, &value), RULE_REQUIRED);
    arena_fini(&arena);
}

static void a_list_has_a_limit(void **state)
{
    (void)state;
    char items[2 * LIMIT_LIST_ITEMS + 4];
    for (size_t i = 0; i < sizeof(items); i++)
        items[i] = i % 2 == 0 ? '1' : ',';
    items[2 * LIMIT_LIST_ITEMS] = '\0'; // behind the last comma
    struct rule rule = {.type = TYPE_INTEGER, .is_list = true};
    expect_query(&rule, items, "");
    items[2 * LIMIT_LIST_ITEMS] = ',';
    items[2 * LIMIT_LIST_ITEMS + 1] = '1';
    items[2 * LIMIT_LIST_ITEMS + 2] = '\0';
    expect_query(&rule, items, "items");
}

static void a_list_in_a_full_arena_says_so(void **state)
{
    (void)state;
    struct rule rule = {.type = TYPE_TIMESTAMP, .is_list = true};
    enum rule_result result = RULE_MEMORY;
    for (size_t max = 0; result == RULE_MEMORY; max += 8) {
        struct arena arena;
        struct value value;
        arena_init(&arena, max);
        result = rule_check_text(
            &rule, span_of("2016-01-01T01:00:00+01:00,2016-01-01T00:00:00Z"), &arena, &patterns, &value);
        arena_fini(&arena);
        assert_true(max < ARENA_BYTES);
    }
    assert_int_equal(result, RULE_OK);
}

static void the_words_for_formats_patterns_and_lists(void **state)
{
    (void)state;
    struct rule rule = {.type = TYPE_DATE, .format = span_of("%m/%d/%y")};
    expect_words(&rule, "a date, MM/DD/YY or YYYY-MM-DD");
    rule.has_max = true;
    rule.max = text("2016-12-31");
    expect_words(&rule, "a date, MM/DD/YY or YYYY-MM-DD, not after 2016-12-31");
    rule = (struct rule){.type = TYPE_DATE, .format = span_of("%d%%%m %Y")};
    expect_words(&rule, "a date, DD%MM YYYY or YYYY-MM-DD");
    rule.format = span_of("%Y-%m-%d");
    expect_words(&rule, "a date, YYYY-MM-DD");
    struct arena arena;
    const struct pattern *pattern;
    struct pattern_error error;
    char many[SHOWN_PATTERN_IN_WORDS + 2];
    memset(many, 'x', sizeof(many));
    many[sizeof(many) - 1] = '\0';
    arena_init(&arena, ARENA_BYTES);
    assert_int_equal(pattern_compile(span_of("x+"), &arena, &pattern, &error), ERR_NONE);
    rule = (struct rule){.type = TYPE_TEXT, .pattern = pattern, .pattern_text = span_of("x+")};
    expect_words(&rule, "text that matches x+");
    rule.max_chars = 9;
    expect_words(&rule, "text of at most 9 characters that matches x+");
    rule.max_chars = 0;
    rule.pattern_text = span_of(many);
    char expected[sizeof(many) + 32];
    snprintf(expected, sizeof(expected), "text that matches %.*s…", SHOWN_PATTERN_IN_WORDS, many);
    expect_words(&rule, expected);
    arena_fini(&arena);
    rule = (struct rule){.type = TYPE_INTEGER, .is_list = true, .has_min = true, .min = integer(1)};
    expect_words(&rule, "a list of at most 1000 items, each an integer of at least 1");
    struct span choices[] = {span_of("a"), span_of("b")};
    rule = (struct rule){.type = TYPE_TEXT, .is_list = true, .choices = choices, .choice_count = 2};
    expect_words(&rule, "a list of at most 1000 items, each one of a, b");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_result_has_its_code),
        cmocka_unit_test(an_empty_text_is_no_value),
        cmocka_unit_test(bounds_are_inclusive),
        cmocka_unit_test(timestamps_are_compared_as_moments),
        cmocka_unit_test(a_normalised_timestamp_lives_in_the_arena),
        cmocka_unit_test(a_full_arena_is_told_from_a_wrong_timestamp),
        cmocka_unit_test(maxlength_counts_code_points),
        cmocka_unit_test(choices_of_text_are_compared_as_they_came),
        cmocka_unit_test(choices_of_numbers_are_compared_by_value),
        cmocka_unit_test(json_values_have_to_be_of_the_type),
        cmocka_unit_test(a_json_integer_becomes_a_number),
        cmocka_unit_test(json_null_is_no_value_and_empty_text_is_one_unless_required),
        cmocka_unit_test(the_words_name_type_and_bounds),
        cmocka_unit_test(the_words_for_days_say_from_when_to_when),
        cmocka_unit_test(the_words_list_choices_up_to_a_limit),
        cmocka_unit_test(a_date_with_a_format_becomes_a_plain_one),
        cmocka_unit_test(past_keeps_two_digits_out_of_the_future),
        cmocka_unit_test(a_timestamp_without_an_offset_is_local_in_its_zone),
        cmocka_unit_test(a_time_that_clocks_never_show_or_show_twice_is_refused),
        cmocka_unit_test(microseconds_are_kept_where_the_rule_says_so),
        cmocka_unit_test(times_are_read_as_their_format_says),
        cmocka_unit_test(times_of_the_day_have_bounds),
        cmocka_unit_test(today_is_the_day_in_the_zone),
        cmocka_unit_test(now_is_between_the_moments_before_and_behind),
        cmocka_unit_test(today_is_a_bound),
        cmocka_unit_test(choices_of_timestamps_are_moments),
        cmocka_unit_test(the_whole_text_has_to_match_the_pattern),
        cmocka_unit_test(a_plus_that_a_query_has_lost_is_put_back),
        cmocka_unit_test(a_list_is_its_items_with_commas_between),
        cmocka_unit_test(the_item_of_a_list_that_does_not_pass_is_told),
        cmocka_unit_test(a_short_list_takes_little_memory),
        cmocka_unit_test(an_item_with_the_separator_of_lists_is_explained),
        cmocka_unit_test(a_list_without_items_is_no_value),
        cmocka_unit_test(a_list_has_a_limit),
        cmocka_unit_test(a_list_in_a_full_arena_says_so),
        cmocka_unit_test(the_words_for_formats_patterns_and_lists),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
