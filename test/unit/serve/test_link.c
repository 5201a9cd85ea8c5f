// SPDX-License-Identifier: Apache-2.0
#include "serve/link.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/attr.h"

static void assert_link(const char *path, const char *query, const char *expected)
{
    AUTO(arena_fini) struct arena arena;
    AUTO(buf_fini) struct buf out;
    arena_init(&arena, 4096);
    buf_init(&out, 4096);
    const struct link_target target = {.path = span_of(path), .query = span_of(query)};
    link_write_next(&target, span_of("cursor"), span_of("Zm9v-_"), &arena, &out);
    buf_append_byte(&out, '\0');
    assert_int_equal(buf_status(&out), ERR_NONE);
    assert_string_equal(out.data, expected);
}

static void the_cursor_takes_the_place_of_the_one_before(void **state)
{
    (void)state;
    assert_link("/rows", "", "Link: </rows?cursor=Zm9v-_>; rel=\"next\"\r\n");
    assert_link("/rows", "cursor=old", "Link: </rows?cursor=Zm9v-_>; rel=\"next\"\r\n");
    assert_link("/rows", "a=1&c%75rsor=old&&b", "Link: </rows?a=1&b&cursor=Zm9v-_>; rel=\"next\"\r\n");
    assert_link(
        "/rows", "Cursor=1&=2&a=b=c", "Link: </rows?Cursor=1&=2&a=b=c&cursor=Zm9v-_>; rel=\"next\"\r\n");
}

static void what_a_uri_may_not_hold_is_encoded(void **state)
{
    (void)state;
    assert_link("/a\"<b>/%41{x}", "tags[]=x>y&t=\\^`|%zz%4&u=%C3%a9+1",
        "Link: </a%22%3Cb%3E/%41%7Bx%7D?tags%5B%5D=x%3Ey&t=%5C%5E%60%7C%25zz%254&u=%C3%a9+1&cursor=Zm9v-_>; "
        "rel=\"next\"\r\n");
}

static void a_location_is_encoded_likewise(void **state)
{
    (void)state;
    AUTO(buf_fini) struct buf out;
    buf_init(&out, 4096);
    const struct link_target odd = {.path = span_of("/m\"<p>"), .query = span_of("a=\\&b=%41%zz")};
    const struct link_target below = {.prefix = span_of("/api"), .path = span_of("/map")};
    link_write_location(&odd, &out);
    link_write_location(&below, &out);
    assert_true(
        span_is(buf_span(&out), "Location: /m%22%3Cp%3E/?a=%5C&b=%41%25zz\r\nLocation: /api/map/\r\n"));
}

static void a_prefix_stands_in_front_of_both(void **state)
{
    (void)state;
    AUTO(arena_fini) struct arena arena;
    AUTO(buf_fini) struct buf out;
    arena_init(&arena, 4096);
    buf_init(&out, 4096);
    const struct link_target target = {
        .prefix = span_of("/api"), .path = span_of("/rows"), .query = span_of("a=1")};
    link_write_next(&target, span_of("cursor"), span_of("Zm9v-_"), &arena, &out);
    assert_true(span_is(buf_span(&out), "Link: </api/rows?a=1&cursor=Zm9v-_>; rel=\"next\"\r\n"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_cursor_takes_the_place_of_the_one_before),
        cmocka_unit_test(what_a_uri_may_not_hold_is_encoded),
        cmocka_unit_test(a_location_is_encoded_likewise),
        cmocka_unit_test(a_prefix_stands_in_front_of_both),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
