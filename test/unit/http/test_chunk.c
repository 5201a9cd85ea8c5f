// SPDX-License-Identifier: Apache-2.0
// Every case is decoded whole, byte by byte and cut in two at each place.
#include "http/chunk.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"

#define SPAN(literal) ((struct span){.at = "" literal, .len = sizeof(literal) - 1})

struct outcome {
    enum http_progress progress;
    size_t used;                 // bytes taken off the input
    struct buf data;             // owned
    struct http_refusal refusal; // when refused
};

static void decode_part(struct http_chunks *chunks, struct span part, struct outcome *outcome)
{
    size_t before = part.len;
    struct span data;
    do {
        outcome->progress = http_chunks_next(chunks, &part, &data, &outcome->refusal);
        if (outcome->progress == HTTP_DATA)
            buf_append(&outcome->data, data.at, data.len);
    } while (outcome->progress == HTTP_DATA);
    outcome->used += before - part.len;
}

static void decode(struct span input, size_t first, size_t step, struct outcome *outcome)
{
    struct http_chunks chunks = {0};
    memset(outcome, 0, sizeof(*outcome));
    buf_init(&outcome->data, 100000);
    outcome->progress = HTTP_MORE;
    size_t start = 0, end = first;
    while (outcome->progress == HTTP_MORE && start < input.len) {
        end = end < input.len ? end : input.len;
        decode_part(&chunks, (struct span){.at = input.at + start, .len = end - start}, outcome);
        start = end;
        end += step;
    }
    assert_int_equal(buf_status(&outcome->data), ERR_NONE);
}

static void decode_every_way(struct span input, struct outcome *whole)
{
    decode(input, input.len, 1, whole);
    for (size_t at = 0; at < input.len; at++) {
        struct outcome cut;
        decode(input, at, at == 0 ? 1 : input.len, &cut); // the first one byte by byte
        assert_int_equal(whole->progress, cut.progress);
        assert_int_equal(whole->used, cut.used);
        assert_int_equal(whole->refusal.status, cut.refusal.status);
        assert_string_equal(whole->refusal.detail, cut.refusal.detail);
        assert_true(span_equal(buf_span(&whole->data), buf_span(&cut.data)));
        buf_fini(&cut.data);
    }
}

static void expect_data(struct span input, const char *data, size_t left)
{
    struct outcome outcome;
    decode_every_way(input, &outcome);
    if (outcome.progress != HTTP_DONE)
        fail_msg("%s: %.*s", outcome.refusal.detail, (int)input.len, input.at);
    assert_int_equal(outcome.used, input.len - left);
    assert_true(span_is(buf_span(&outcome.data), data));
    buf_fini(&outcome.data);
}

static void expect_refused(struct span input, int status, const char *detail)
{
    struct outcome outcome;
    decode_every_way(input, &outcome);
    if (outcome.progress != HTTP_REFUSED)
        fail_msg("not refused: %.*s", (int)input.len, input.at);
    assert_string_equal(outcome.refusal.detail, detail);
    assert_int_equal(outcome.refusal.status, status);
    buf_fini(&outcome.data);
}

static void chunks_become_their_data(void **state)
{
    (void)state;
    expect_data(SPAN("0\r\n\r\n"), "", 0);
    expect_data(SPAN("3\r\nabc\r\n0\r\n\r\n"), "abc", 0);
    expect_data(SPAN("3\r\nabc\r\nA\r\n0123456789\r\n000\r\n\r\nGET"), "abc0123456789", 3);
    expect_data(SPAN("0000000000000003\r\n\r\n0\r\n0\r\n\r\n"), "\r\n0", 0);
    expect_data(SPAN("b\r\n\r\n\r\n\r\n\r\n\r\n\r\r\n0\r\n\r\n"), "\r\n\r\n\r\n\r\n\r\n\r", 0);
}

static void extensions_and_trailers_are_dropped(void **state)
{
    (void)state;
    expect_data(SPAN("3;a=\"b c\"\r\nabc\r\n0\r\nX: y\r\n\r\n"), "abc", 0);
    expect_data(SPAN("3 \t;a;b=\"\xe9\"\r\nabc\r\n0\r\nA:\r\nB-c:\t d \r\n\r\n"), "abc", 0);
}

// RFC 9112 section 7.1.1.
static void extensions_have_names_and_perhaps_values(void **state)
{
    (void)state;
    static const char *const good[] = {"a", "a=b", "a=\"\"", "a=\"b;\\\"c\\\\,d\" ;e", " a = b ; c",
        "\ta\t=\t\"b\"", "a;b;c=d;a", "!#$%&'*+-.^_`|~=0"};
    static const struct {
        const char *line; // behind the ";"
        unsigned byte;    // that is out of place
    } bad[] = {{"", '\r'}, {" ", '\r'}, {"a;", '\r'}, {";a", ';'}, {"a=", '\r'}, {"a= ", '\r'}, {"a=;b", ';'},
        {"=b", '='}, {"a ", '\r'}, {"a=b ", '\r'}, {"a b", 'b'}, {"a=b c", 'c'}, {"a=b=c", '='},
        {"bad[=x", '['}, {"a=\"b", '\r'}, {"a=\"b\\", '\r'}, {"a=\"b\"c", 'c'}, {"a=b\"c\"", '"'},
        {"\"a\"=b", '"'}, {"a=\xe9", 0xe9}, {"a=b,c", ','}, {"a=\"b\x01\"", 1}, {"a\n", '\n'}};
    char body[100], detail[100];
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        int len = snprintf(body, sizeof(body), "3;%s\r\nabc\r\n0;%s\r\n\r\n", good[i], good[i]);
        expect_data((struct span){.at = body, .len = (size_t)len}, "abc", 0);
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        int len = snprintf(body, sizeof(body), "3;%s\r\nabc", bad[i].line);
        snprintf(detail, sizeof(detail), "a chunk extension holds byte 0x%02x out of place", bad[i].byte);
        expect_refused((struct span){.at = body, .len = (size_t)len}, 400, detail);
    }
}

static void sizes_are_hexadecimal_digits(void **state)
{
    (void)state;
    static const char large[] = "a chunk size is larger than any body";
    expect_refused(SPAN("10000000000000003\r\n"), 400, "a chunk size has more than 16 digits");
    expect_refused(SPAN("ffffffffffffffff\r\n"), 400, large);
    expect_refused(SPAN("8000000000000000;"), 400, large);
    expect_refused(SPAN("-1\r\n"), 400, "a chunk size must be hexadecimal digits, not byte 0x2d");
    expect_refused(SPAN("\r\n"), 400, "a chunk size must be hexadecimal digits, not byte 0x0d");
    expect_refused(SPAN(";a\r\n"), 400, "a chunk size must be hexadecimal digits, not byte 0x3b");
    expect_refused(SPAN(" 3\r\n"), 400, "a chunk size must be hexadecimal digits, not byte 0x20");
    expect_refused(SPAN("0x3\r\n"), 400, "byte 0x78 follows a chunk size");
    expect_refused(SPAN("3g\r\n"), 400, "byte 0x67 follows a chunk size");
    expect_refused(SPAN("3 \r\n"), 400, "byte 0x0d follows a chunk size");
    expect_refused(SPAN("3\nabc"), 400, "byte 0x0a follows a chunk size");
}

static void lines_end_with_cr_lf(void **state)
{
    (void)state;
    static const char size_line[] = "a chunk's size line must end with CR LF";
    static const char after_data[] = "a chunk's data must end with CR LF";
    static const char trailer[] = "a trailer field must end with CR LF";
    expect_refused(SPAN("3\rabc"), 400, size_line);
    expect_refused(SPAN("3;a\rb"), 400, size_line);
    expect_refused(SPAN("3;a\nb\r\n"), 400, "a chunk extension holds byte 0x0a out of place");
    expect_refused(SPAN("3;a\0b\r\n"), 400, "a chunk extension holds byte 0x00 out of place");
    expect_refused(SPAN("3\r\nabcX"), 400, after_data);
    expect_refused(SPAN("3\r\nabc\n"), 400, after_data);
    expect_refused(SPAN("3\r\nabc\rX"), 400, after_data);
    expect_refused(SPAN("0\r\n\rX"), 400, trailer);
    expect_refused(SPAN("0\r\nA: b\rX"), 400, trailer);
}

static void trailer_fields_are_checked(void **state)
{
    (void)state;
    expect_refused(SPAN("0\r\n\n"), 400, "a trailer field starts with byte 0x0a");
    expect_refused(SPAN("0\r\n: a\r\n\r\n"), 400, "a trailer field starts with byte 0x3a");
    expect_refused(SPAN("0\r\nA: b\r\n c\r\n\r\n"), 400, "a trailer field starts with byte 0x20");
    expect_refused(SPAN("0\r\nA : b\r\n\r\n"), 400, "a trailer field's name holds byte 0x20");
    expect_refused(SPAN("0\r\nA\r\n\r\n"), 400, "a trailer field's name holds byte 0x0d");
    expect_refused(SPAN("0\r\nA: b\nC: d\r\n\r\n"), 400, "a trailer field's value holds byte 0x0a");
}

static struct span padded(const char *before, size_t count, const char *after)
{
    static char text[10000];
    int len = snprintf(text, sizeof(text), "%s%0*d%s", before, (int)count, 0, after);
    return (struct span){.at = text, .len = (size_t)len};
}

static void lines_and_trailers_are_bounded(void **state)
{
    (void)state;
    expect_data(padded("0;", LIMIT_CHUNK_LINE_BYTES - 4, "\r\n\r\n"), "", 0);
    expect_refused(padded("0;", LIMIT_CHUNK_LINE_BYTES - 3, "\r\n\r\n"), 400,
        "a chunk's size line is longer than 256 bytes");
    expect_data(padded("0\r\nA:", LIMIT_TRAILER_BYTES - 6, "\r\n\r\n"), "", 0);
    expect_refused(padded("0\r\nA:", LIMIT_TRAILER_BYTES - 5, "\r\n\r\n"), 431,
        "the trailer section is larger than 4096 bytes");
}

static void a_body_that_goes_on_wants_more(void **state)
{
    (void)state;
    struct outcome outcome;
    decode_every_way(SPAN("5\r\nabc"), &outcome);
    assert_int_equal(outcome.progress, HTTP_MORE);
    assert_true(span_is(buf_span(&outcome.data), "abc"));
    buf_fini(&outcome.data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(chunks_become_their_data),
        cmocka_unit_test(extensions_and_trailers_are_dropped),
        cmocka_unit_test(extensions_have_names_and_perhaps_values),
        cmocka_unit_test(sizes_are_hexadecimal_digits),
        cmocka_unit_test(lines_end_with_cr_lf),
        cmocka_unit_test(trailer_fields_are_checked),
        cmocka_unit_test(lines_and_trailers_are_bounded),
        cmocka_unit_test(a_body_that_goes_on_wants_more),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
