// SPDX-License-Identifier: Apache-2.0
// Values of the endpoint language from text.
#include "text/value.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "base/attr.h"

static void types_have_names_and_expectations(void **state)
{
    (void)state;
    static const char *names[] = {
        "text", "integer", "number", "boolean", "date", "timestamp", "time", "uuid"};
    static const char *expected[] = {"text", "an integer", "a number", "true or false", "a date, YYYY-MM-DD",
        "a timestamp, RFC 3339", "a time of the day, hh:mm, hh:mm:ss or hh:mm:ss.ffffff",
        "a UUID, such as 123e4567-e89b-12d3-a456-426614174000"};
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        enum value_type type;
        assert_true(value_type_from_name(span_of(names[i]), &type));
        assert_int_equal(type, i);
        assert_string_equal(value_type_name(type), names[i]);
        assert_string_equal(value_type_expected(type), expected[i]);
    }
    enum value_type type = TYPE_DATE;
    assert_false(value_type_from_name(span_of("Text"), &type));
    assert_false(value_type_from_name(span_of("dates"), &type));
    assert_false(value_type_from_name((struct span){0}, &type));
    assert_int_equal(type, TYPE_DATE);
}

static struct value read_value(enum value_type type, const char *text, struct arena *arena)
{
    struct value value;
    if (value_parse(type, span_of(text), arena, &value) != VALUE_READ)
        fail_msg("%s is not read as %s", text, value_type_name(type));
    return value;
}

static void values_are_read_by_their_type(void **state)
{
    (void)state;
    AUTO(arena_fini) struct arena arena;
    arena_init(&arena, 1024);
    static const char town[] = "Troms\xC3\xB8";
    struct value value = read_value(TYPE_TEXT, town, &arena);
    assert_int_equal(value.kind, VALUE_TEXT);
    assert_ptr_equal(value.text.at, town);
    assert_int_equal(value.text.len, 7);
    value = read_value(TYPE_INTEGER, "-5", &arena);
    assert_int_equal(value.kind, VALUE_INTEGER);
    assert_int_equal(value.integer, -5);
    value = read_value(TYPE_NUMBER, "2.5", &arena);
    assert_int_equal(value.kind, VALUE_REAL);
    assert_true(value.real == 2.5);
    value = read_value(TYPE_BOOLEAN, "true", &arena);
    assert_int_equal(value.kind, VALUE_INTEGER);
    assert_int_equal(value.integer, 1);
    value = read_value(TYPE_BOOLEAN, "false", &arena);
    assert_int_equal(value.integer, 0);
    static const char day[] = "2016-02-29";
    value = read_value(TYPE_DATE, day, &arena);
    assert_int_equal(value.kind, VALUE_TEXT);
    assert_ptr_equal(value.text.at, day);
    assert_int_equal(arena.used, 0);
}

static void a_timestamp_is_copied_only_where_it_is_normalised(void **state)
{
    (void)state;
    AUTO(arena_fini) struct arena arena;
    arena_init(&arena, 64);
    static const char normal[] = "2016-01-01T10:00:00.500Z";
    struct value value = read_value(TYPE_TIMESTAMP, normal, &arena);
    assert_ptr_equal(value.text.at, normal);
    assert_int_equal(arena.used, 0);
    value = read_value(TYPE_TIMESTAMP, "2016-01-01T10:00:00.5+02:00", &arena);
    assert_true(span_is(value.text, "2016-01-01T08:00:00.500Z"));
    assert_true(arena.used > 0);
}

static void a_uuid_is_copied_only_where_it_is_normalised(void **state)
{
    (void)state;
    AUTO(arena_fini) struct arena arena;
    arena_init(&arena, 64);
    static const char normal[] = "123e4567-e89b-12d3-a456-426614174000";
    struct value value = read_value(TYPE_UUID, normal, &arena);
    assert_ptr_equal(value.text.at, normal);
    value = read_value(TYPE_UUID, "123E4567-E89B-12D3-A456-426614174000", &arena);
    assert_true(span_is(value.text, normal));
}

static void a_timestamp_that_finds_no_room_is_refused(void **state)
{
    (void)state;
    AUTO(arena_fini) struct arena arena;
    arena_init(&arena, 8);
    struct value value = {.kind = VALUE_NULL};
    struct span moment = span_of("2016-01-01T10:00:00+02:00");
    assert_int_equal(value_parse(TYPE_TIMESTAMP, moment, &arena, &value), VALUE_NO_ROOM);
    assert_int_equal(value_parse(TYPE_TIMESTAMP, span_of("now"), &arena, &value), VALUE_WRONG);
    assert_int_equal(value.kind, VALUE_NULL);
}

static void what_is_not_of_the_type_is_refused(void **state)
{
    (void)state;
    static const struct {
        enum value_type type;
        const char *text;
    } wrong[] = {
        {TYPE_TEXT, "\xFF"},
        {TYPE_INTEGER, "1.5"},
        {TYPE_INTEGER, "1e1"},
        {TYPE_NUMBER, "."},
        {TYPE_NUMBER, "1 000"},
        {TYPE_NUMBER, "0x10"},
        {TYPE_NUMBER, "+-1"},
        {TYPE_INTEGER, ""},
        {TYPE_NUMBER, "1e999"},
        {TYPE_NUMBER, ""},
        {TYPE_BOOLEAN, "True"},
        {TYPE_BOOLEAN, "1"},
        {TYPE_BOOLEAN, ""},
        {TYPE_DATE, "2016-02-30"},
        {TYPE_DATE, ""},
        {TYPE_TIMESTAMP, ""},
        {TYPE_TIMESTAMP, "2016-01-01"},
        {TYPE_TIME, ""},
        {TYPE_TIME, "24:00"},
        {TYPE_UUID, ""},
        {TYPE_UUID, "123e4567e89b12d3a456426614174000"},
    };
    AUTO(arena_fini) struct arena arena;
    arena_init(&arena, 1024);
    struct value value = {.kind = VALUE_REAL, .real = 7};
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++)
        assert_int_equal(value_parse(wrong[i].type, span_of(wrong[i].text), &arena, &value), VALUE_WRONG);
    struct span with_nul = {.at = "a\0b", .len = 3};
    assert_int_equal(value_parse(TYPE_TEXT, with_nul, &arena, &value), VALUE_WRONG);
    assert_true(value.kind == VALUE_REAL && value.real == 7);
}

static void empty_text_is_text(void **state)
{
    (void)state;
    struct value value;
    assert_int_equal(value_parse(TYPE_TEXT, (struct span){0}, NULL, &value), VALUE_READ);
    assert_int_equal(value.kind, VALUE_TEXT);
    assert_int_equal(value.text.len, 0);
}

static void a_report_shows_numbers_shortly_and_null_not_at_all(void **state)
{
    (void)state;
    char number[NUMBER_CHARS];
    assert_true(span_is(value_show((struct value){.kind = VALUE_INTEGER, .integer = -7}, number), "-7"));
    assert_true(span_is(value_show((struct value){.kind = VALUE_REAL, .real = 0.1}, number), "0.1"));
    assert_true(span_is(value_show((struct value){.kind = VALUE_TEXT, .text = span_of("é")}, number), "é"));
    assert_null(value_show((struct value){.kind = VALUE_NULL}, number).at);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(types_have_names_and_expectations),
        cmocka_unit_test(values_are_read_by_their_type),
        cmocka_unit_test(a_timestamp_is_copied_only_where_it_is_normalised),
        cmocka_unit_test(a_uuid_is_copied_only_where_it_is_normalised),
        cmocka_unit_test(a_timestamp_that_finds_no_room_is_refused),
        cmocka_unit_test(what_is_not_of_the_type_is_refused),
        cmocka_unit_test(empty_text_is_text),
        cmocka_unit_test(a_report_shows_numbers_shortly_and_null_not_at_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
