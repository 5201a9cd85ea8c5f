// SPDX-License-Identifier: Apache-2.0
// What is noted of a request, and how its spans are written for a collector.
#include "serve/trace.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "base/attr.h"
#include "serve/span_record.h"

static void parts_are_in_order_and_one_that_comes_again_goes_on(void **state)
{
    (void)state;
    AUTO(arena_fini) struct arena arena;
    arena_init(&arena, 4096);
    struct trace *trace = trace_new(&arena, 1);
    trace_note(trace, "parse", 10, 20);
    trace_note(trace, "queue", 20, 25);
    trace_note(trace, "parse", 30, 40);
    trace_note(trace, "commit", 0, 50); // it was not run
    trace_note(trace, "sql", 50, 0);
    assert_int_equal(trace->count, 2);
    assert_string_equal(trace->spans[0].name, "parse");
    assert_int_equal(trace->spans[0].start_ns, 10);
    assert_int_equal(trace->spans[0].end_ns, 40);
    assert_string_equal(trace->spans[1].name, "queue");
    trace_note(NULL, "sql", 1, 2);
}

static void there_is_room_for_so_many_parts_and_their_ids(void **state)
{
    (void)state;
    static const char *const names[] = {"a", "b", "c", "d", "e", "f", "g", "h"};
    AUTO(arena_fini) struct arena arena;
    arena_init(&arena, 4096);
    struct trace *trace = trace_new(&arena, 0), *next = trace_new(&arena, 1);
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        trace_note(trace, names[i], 1, 2);
    assert_int_equal(trace->count, TRACE_SPANS);
    assert_true(trace->id != 0 && trace->id + TRACE_SPANS > trace->id);
    assert_int_equal(trace->id >> 3, (trace->id + TRACE_SPANS) >> 3); // none is another request's
    assert_int_not_equal(trace->id >> 3, next->id >> 3);
}

static void a_span_is_written_as_otlp_has_it(void **state)
{
    (void)state;
    const struct attribute attributes[] = {
        {.name = "url.path", .text = span_of("/\"")},
        {.name = "http.response.status_code", .number = 500, .is_number = true},
    };
    const struct span_record record = {.trace_id = "4bf92f3577b34da6a3ce929d0e0e4736",
        .parent_id = "00f067aa0ba902b7",
        .id = 0x1f,
        .name = span_of("GET /x"),
        .is_server = true,
        .has_failed = true,
        .start_ns = 1700000000000000001,
        .end_ns = 1700000000000000002,
        .attributes = attributes,
        .attribute_count = ARRAY_LEN(attributes)};
    AUTO(buf_fini) struct buf out;
    buf_init(&out, 4096);
    span_record_write_otlp(&record, &out);
    assert_true(span_is(buf_span(&out),
        "{\"traceId\":\"4bf92f3577b34da6a3ce929d0e0e4736\",\"spanId\":\"000000000000001f\","
        "\"parentSpanId\":\"00f067aa0ba902b7\",\"name\":\"GET /x\",\"kind\":2,"
        "\"startTimeUnixNano\":\"1700000000000000001\",\"endTimeUnixNano\":\"1700000000000000002\","
        "\"attributes\":[{\"key\":\"url.path\",\"value\":{\"stringValue\":\"/\\\"\"}},"
        "{\"key\":\"http.response.status_code\",\"value\":{\"intValue\":\"500\"}}],"
        "\"status\":{\"code\":2}}"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parts_are_in_order_and_one_that_comes_again_goes_on),
        cmocka_unit_test(there_is_room_for_so_many_parts_and_their_ids),
        cmocka_unit_test(a_span_is_written_as_otlp_has_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
