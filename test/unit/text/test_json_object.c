// SPDX-License-Identifier: Apache-2.0
#include "text/json_object.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "base/attr.h"
#include "base/buf.h"
#include "base/mem.h"

enum { MAX_BYTES = 1 << 20, MAX_ITEMS = 3 };

static void dump(const struct json_entry *entry, struct buf *out)
{
    static const char *const kinds[] = {"null", "boolean", "number", "string", "nested"};
    for (; entry != NULL; entry = entry->next) {
        buf_printf(out, "%.*s%s:", (int)entry->name.len, entry->name.at, entry->is_list ? "[]" : "");
        for (const struct json_item *item = entry->first; item != NULL; item = item->next)
            buf_printf(out, " %s <%.*s>", kinds[item->kind], (int)item->text.len, item->text.at);
        buf_append_str(out, "; ");
    }
    buf_append_byte(out, '\0');
}

static void assert_read(const char *text, const char *expected)
{
    AUTO(buf_fini) struct buf out;
    struct arena arena;
    struct json_entry *first;
    struct err err = {0};
    buf_init(&out, MAX_BYTES);
    arena_init(&arena, MAX_BYTES);
    if (json_object_read(span_of(text), MAX_ITEMS, &arena, &first, &err) == ERR_NONE) {
        dump(first, &out);
    } else {
        buf_printf(&out, "%u:%u: %s", (unsigned)err.line, (unsigned)err.column, err.text);
        buf_append_byte(&out, '\0');
    }
    assert_string_equal(out.data, expected);
    arena_fini(&arena);
}

static void members_are_values_or_lists_of_values(void **state)
{
    (void)state;
    assert_read("{}", "");
    assert_read(" \n{ \"a\" : 1.5e3 , \"b\":\"x\\u00e9\\n\",\n\"c\":true,\"d\":null}\n ",
        "a: number <1.5e3>; b: string <x\xc3\xa9\n>; c: boolean <true>; d: null <null>; ");
    assert_read("{\"a\":[],\"b\":[1],\"c\":[\"x,y\",false , null]}",
        "a[]:; b[]: number <1>; c[]: string <x,y> boolean <false> null <null>; ");
    assert_read("{\"a\":1,\"a\":\"\"}", "a: number <1>; a: string <>; ");
}

static void what_is_broken_is_told_with_its_place(void **state)
{
    (void)state;
    assert_read("", "1:1: the JSON ends before it is whole");
    assert_read("{\"a\": \"x", "1:7: the JSON ends before it is whole");
    assert_read("{\"a\": 1", "1:7: the JSON ends before it is whole");
    assert_read("[]", "1:1: the body is one JSON object, with a member for each parameter");
    assert_read("{\"a\": [1, [}]}",
        "1:11: the value that begins here is not written as JSON has it, or nested "
        "deeper than 64 levels");
    assert_read("{\"a\":\n {\"b\" 1}}", "2:2: the value that begins here is not written as JSON has it, or "
                                        "nested deeper than 64 levels");
    assert_read("{\"a\": [\n [[1\n}]]}", "2:2: the value that begins here is not written as JSON has it, or "
                                         "nested deeper than 64 levels");
    assert_read("{\"a\":\n\n ", "3:2: the JSON ends before it is whole");
    assert_read("{\"a\": {\"b\": 1", "1:13: the JSON ends before it is whole");
    assert_read("{\"a\": }", "1:7: a value is missing here, or is not written as JSON has it");
    assert_read("{\"a\": 01}", "1:7: a value is missing here, or is not written as JSON has it");
    assert_read("{\"a\": [1,]}", "1:10: a value is missing here, or is not written as JSON has it");
    assert_read("{\"a\": [1 2]}", "1:10: between the values of a list there is a comma");
    assert_read("{a: 1}", "1:2: a member begins with its name in quotes");
    assert_read("{\"a\" 1}", "1:6: behind a name there is a colon");
    assert_read("{\"a\": 1 \"b\": 2}", "1:9: between the members of an object there is a comma");
    assert_read("{\"a\": 1,}", "1:9: behind the last member there is no comma");
    assert_read("{} x", "1:4: something stands behind the object");
    assert_read("{} {", "1:4: something stands behind the object");
}

static void all_of_a_value_is_there_as_it_is_written(void **state)
{
    (void)state;
    static const char text[] =
        "{\"a\": {\"b\": [1.50, \"}\"] } , \"c\" :[ [], {} ,2 ],\n\"d\":\"\\u00e9\" , \"e\":1e400}";
    static const char *const values[] = {"{\"b\": [1.50, \"}\"] }", "[ [], {} ,2 ]", "\"\\u00e9\"", "1e400"};
    struct arena arena;
    struct json_entry *entry;
    struct err err = {0};
    size_t i = 0;
    assert_read(text,
        "a: nested <{\"b\": [1.50, \"}\"] }>; c[]: nested <[]> nested <{}> number <2>; d: string <\xc3\xa9>; "
        "e: number <1e400>; ");
    arena_init(&arena, MAX_BYTES);
    assert_int_equal(json_object_read(span_of(text), MAX_ITEMS, &arena, &entry, &err), ERR_NONE);
    for (; entry != NULL; entry = entry->next)
        assert_true(span_is(entry->json, values[i++]));
    assert_int_equal(i, ARRAY_LEN(values));
    arena_fini(&arena);
}

static void of_a_long_list_as_many_are_kept_as_were_asked_for(void **state)
{
    (void)state;
    assert_read(
        "{\"a\":[1,2,3,4,[5],\"6\"],\"b\":[7]}", "a[]: number <1> number <2> number <3>; b[]: number <7>; ");
    assert_read("{\"a\":[1,2,3,4,05]}", "1:15: a value is missing here, or is not written as JSON has it");
    assert_read("{\"a\":[1,2,3,[}]}",
        "1:13: the value that begins here is not written as JSON has it, or nested "
        "deeper than 64 levels");
    struct arena arena;
    struct json_entry *entry;
    struct err err = {0};
    arena_init(&arena, 500);
    AUTO(buf_fini) struct buf text;
    buf_init(&text, MAX_BYTES);
    buf_append_str(&text, "{\"a\":[1");
    for (size_t i = 0; i < 90000; i++)
        buf_append_str(&text, ",1");
    buf_append_str(&text, "]}");
    assert_int_equal(json_object_read(buf_span(&text), MAX_ITEMS, &arena, &entry, &err), ERR_NONE);
    assert_int_equal(entry->json.len, text.len - strlen("{\"a\":}"));
    arena_fini(&arena);
}

static void members_that_find_no_room_are_told_with_the_bound(void **state)
{
    (void)state;
    struct arena arena;
    struct json_entry *entry;
    struct err err = {0};
    arena_init(&arena, 200);
    assert_int_equal(
        json_object_read(span_of("{\"a\":1,\n\"b\":2,\"c\":3}"), MAX_ITEMS, &arena, &entry, &err),
        ERR_TOO_LARGE);
    assert_string_equal(err.text, "the members up to here need more than 200 bytes of memory: send fewer");
    assert_int_equal(err.line, 2);
    arena_fini(&arena);
}

static void without_room_it_says_so(void **state)
{
    (void)state;
    static const char text[] =
        "{\"a\\n\": [\"long enough to need room of its own\", 2], \"b\": \"\\u00e9\", \"c\": {\"\": [3]}}";
    enum err_code code;
    for (long n = 0; n < 20; n++) {
        struct arena arena;
        struct json_entry *first;
        struct err err = {0};
        arena_init(&arena, MAX_BYTES);
        mem_fail_after(n);
        code = json_object_read(span_of(text), MAX_ITEMS, &arena, &first, &err);
        mem_fail_after(-1);
        arena_fini(&arena);
        assert_true(code == ERR_NONE || code == ERR_TOO_LARGE || code == ERR_NO_MEMORY);
    }
    assert_int_equal(code, ERR_NONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(members_are_values_or_lists_of_values),
        cmocka_unit_test(what_is_broken_is_told_with_its_place),
        cmocka_unit_test(all_of_a_value_is_there_as_it_is_written),
        cmocka_unit_test(of_a_long_list_as_many_are_kept_as_were_asked_for),
        cmocka_unit_test(members_that_find_no_room_are_told_with_the_bound),
        cmocka_unit_test(without_room_it_says_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
