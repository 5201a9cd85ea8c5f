// SPDX-License-Identifier: Apache-2.0
// Every case is parsed whole, byte by byte and cut in two at each place, from memory that ends where the
// input ends.
#include "http/parse.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/attr.h"

struct outcome {
    enum http_progress progress;
    size_t len;                  // of the head, when it is whole
    struct http_refusal refusal; // when it is not
    struct http_request request; // borrows from memory that is freed: spans are made relative to 0
};

static struct http_parser parser;

// A copy that is exactly as long as the input, so that the sanitizer sees a read behind its end.
static char *exact_copy(struct span input)
{
    char *copy = malloc(input.len > 0 ? input.len : 1);
    assert_non_null(copy);
    if (input.len > 0)
        memcpy(copy, input.at, input.len);
    return copy;
}

static enum http_progress feed(struct span input, size_t len, struct http_refusal *refusal)
{
    char *copy = exact_copy((struct span){.at = input.at, .len = len});
    enum http_progress progress = http_parse(&parser, (struct span){.at = copy, .len = len}, refusal);
    free(copy);
    return progress;
}

// Parses with cuts at every multiple of `step` from `first` on.
static void parse(struct span input, size_t first, size_t step, struct outcome *outcome)
{
    memset(outcome, 0, sizeof(*outcome));
    memset(&parser, 0xaa, sizeof(parser));
    http_parser_init(&parser);
    outcome->progress = HTTP_MORE;
    for (size_t len = first; outcome->progress == HTTP_MORE && len < input.len; len += step)
        outcome->progress = feed(input, len, &outcome->refusal);
    if (outcome->progress == HTTP_MORE)
        outcome->progress = feed(input, input.len, &outcome->refusal);
    if (outcome->progress == HTTP_DONE) {
        outcome->len = parser.at;
        http_parser_request(&parser, input.at, &outcome->request);
    }
}

static void expect_same(struct span input, const struct outcome *whole, const struct outcome *cut)
{
    (void)input;
    assert_int_equal(whole->progress, cut->progress);
    assert_int_equal(whole->len, cut->len);
    assert_int_equal(whole->refusal.status, cut->refusal.status);
    assert_string_equal(whole->refusal.detail, cut->refusal.detail);
    assert_memory_equal(&whole->request, &cut->request, sizeof(whole->request));
}

static void parse_every_way(struct span input, struct outcome *whole)
{
    struct outcome cut;
    parse(input, input.len, 1, whole);
    parse(input, 0, 1, &cut);
    expect_same(input, whole, &cut);
    for (size_t at = 1; at < input.len; at++) {
        parse(input, at, input.len, &cut);
        expect_same(input, whole, &cut);
    }
}

#define SPAN(literal) ((struct span){.at = "" literal, .len = sizeof(literal) - 1})

static void expect_refused(struct span input, int status, const char *detail)
{
    struct outcome outcome;
    parse_every_way(input, &outcome);
    if (outcome.progress != HTTP_REFUSED)
        fail_msg("not refused: %.*s", (int)input.len, input.at);
    assert_string_equal(outcome.refusal.detail, detail);
    assert_int_equal(outcome.refusal.status, status);
}

static struct http_request *expect_accepted(struct span input)
{
    static struct outcome outcome;
    parse_every_way(input, &outcome);
    if (outcome.progress != HTTP_DONE)
        fail_msg("refused: %s: %.*s", outcome.refusal.detail, (int)input.len, input.at);
    assert_int_equal(outcome.len, input.len);
    return &outcome.request;
}

static void expect_span(struct span actual, const char *expected)
{
    if (!span_is(actual, expected))
        fail_msg("\"%.*s\" is not \"%s\"", (int)actual.len, actual.at, expected);
}

static void a_plain_request_is_read(void **state)
{
    (void)state;
    struct http_request *request = expect_accepted(
        SPAN("GET /rates?a=1&b=%20 HTTP/1.1\r\nHost: a:8080\r\nX-Empty:\r\naccept: \t a, b \t\r\n\r\n"));
    assert_int_equal(request->method, HTTP_GET);
    assert_true(request->minor_version);
    assert_true(request->keep_alive);
    assert_false(request->asterisk);
    assert_false(request->chunked);
    assert_false(request->expects_continue);
    assert_int_equal(request->content_length, 0);
    expect_span(request->path, "/rates");
    expect_span(request->query, "a=1&b=%20");
    assert_int_equal(request->field_count, 3);
    expect_span(request->fields[0].name, "Host");
    expect_span(request->fields[1].value, "");
    expect_span(http_field(request, "Accept")->value, "a, b");
    assert_null(http_field(request, "accep"));
    assert_null(http_field(request, "accept-"));
}

static void every_method_is_known_in_upper_case(void **state)
{
    (void)state;
    for (int method = 0; method < HTTP_METHODS; method++) {
        char head[100];
        int len =
            snprintf(head, sizeof(head), "%s / HTTP/1.0\r\n\r\n", http_method_name((enum http_method)method));
        struct http_request *request = expect_accepted((struct span){.at = head, .len = (size_t)len});
        assert_int_equal(request->method, method);
    }
    expect_refused(SPAN("get / HTTP/1.1\r\nHost: a\r\n\r\n"), 501, "the method get is not known");
    expect_refused(SPAN("BREW / HTTP/1.1\r\nHost: a\r\n\r\n"), 501, "the method BREW is not known");
    expect_refused(SPAN("CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n"), 501, "the method CONNECT is not known");
    expect_refused(SPAN("TRACE / HTTP/1.1\r\nHost: a\r\n\r\n"), 501, "the method TRACE is not known");
    expect_refused(SPAN("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), 501, "the method PRI is not known");
    expect_refused(SPAN("MMMMMMMMMMMMMMMMMMMMMMMMMMM / HTTP/1.1\r\nHost: a\r\n\r\n"), 501,
        "the method MMMMMMMMMMMMMMMM is not known");
    expect_refused(SPAN("\x16\x03\x01\x02\x00\x01"), 400, "the method holds byte 0x16");
    expect_refused(SPAN(" GET / HTTP/1.1\r\n\r\n"), 400, "the method holds byte 0x20");
    expect_refused(SPAN("GET\t/ HTTP/1.1\r\n\r\n"), 400, "the method holds byte 0x09");
    expect_refused(SPAN("GET\r\n\r\n"), 400, "the method holds byte 0x0d");
}

static void one_empty_line_may_come_first(void **state)
{
    (void)state;
    expect_accepted(SPAN("\r\nGET / HTTP/1.0\r\n\r\n"));
    expect_refused(SPAN("\r\n\r\nGET / HTTP/1.0\r\n\r\n"), 400, "the method holds byte 0x0d");
    expect_refused(SPAN("\nGET / HTTP/1.0\r\n\r\n"), 400, "the method holds byte 0x0a");
    expect_refused(SPAN("\rGET / HTTP/1.0\r\n\r\n"), 400, "a line of the head must end with CR LF");
}

static void targets_have_three_forms(void **state)
{
    (void)state;
    expect_span(expect_accepted(SPAN("GET http://a/b?c HTTP/1.0\r\n\r\n"))->path, "/b");
    expect_span(expect_accepted(SPAN("GET HTTPS://[::1]:80/b?c HTTP/1.0\r\n\r\n"))->query, "c");
    struct http_request *request = expect_accepted(SPAN("GET http://a.b:80 HTTP/1.0\r\n\r\n"));
    expect_span(request->path, "/");
    expect_span(request->query, "");
    request = expect_accepted(SPAN("GET http://a?q HTTP/1.0\r\n\r\n"));
    expect_span(request->path, "/");
    expect_span(request->query, "q");
    request = expect_accepted(SPAN("GET //a/b?c?d HTTP/1.0\r\n\r\n"));
    expect_span(request->path, "//a/b");
    expect_span(request->query, "c?d");
    request = expect_accepted(SPAN("OPTIONS * HTTP/1.0\r\n\r\n"));
    assert_true(request->asterisk);
    expect_span(request->path, "");
    expect_accepted(SPAN("GET /[a]|^{}\"<>\\` HTTP/1.0\r\n\r\n"));

    static const char form[] = "the request target must be a path or an http URL with a host";
    expect_refused(
        SPAN("GET * HTTP/1.1\r\nHost: a\r\n\r\n"), 400, "the request target * is for OPTIONS only");
    expect_refused(SPAN("OPTIONS ** HTTP/1.1\r\nHost: a\r\n\r\n"), 400, form);
    expect_refused(SPAN("GET a/b HTTP/1.1\r\nHost: a\r\n\r\n"), 400, form);
    expect_refused(SPAN("GET http:///b HTTP/1.1\r\nHost: a\r\n\r\n"), 400, form);
    expect_refused(SPAN("GET http://u@a/b HTTP/1.1\r\nHost: a\r\n\r\n"), 400, form);
    expect_refused(SPAN("GET ftp://a/b HTTP/1.1\r\nHost: a\r\n\r\n"), 400, form);
    expect_refused(SPAN("GET  / HTTP/1.1\r\nHost: a\r\n\r\n"), 400, form);
    expect_refused(SPAN("GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n"), 400, "the request target holds byte 0x23");
    expect_refused(SPAN("GET /\x01 HTTP/1.1\r\nHost: a\r\n\r\n"), 400, "the request target holds byte 0x01");
    expect_refused(SPAN("GET /\xc3\xa9 HTTP/1.1\r\nHost: a\r\n\r\n"), 400,
        "the request target holds a character beyond ASCII: percent-encode its bytes, here %C3");
    expect_refused(SPAN("GET /\x7f HTTP/1.1\r\nHost: a\r\n\r\n"), 400, "the request target holds byte 0x7f");
    expect_refused(SPAN("GET /\tb HTTP/1.1\r\nHost: a\r\n\r\n"), 400, "the request target holds byte 0x09");
}

static void versions_are_1_0_and_1_1_and_minor_ones_above(void **state)
{
    (void)state;
    static const char end[] = "the request line must end with HTTP/1.1 or HTTP/1.0";
    expect_refused(SPAN("GET / HTTP/2.0\r\nHost: a\r\n\r\n"), 505, "HTTP/2.0 is not spoken: use HTTP/1.1");
    assert_true(expect_accepted(SPAN("GET / HTTP/1.2\r\nHost: a\r\n\r\n"))->minor_version);
    assert_true(expect_accepted(SPAN("GET / HTTP/1.9\r\nHost: a\r\n\r\n"))->keep_alive);
    expect_refused(SPAN("GET / HTTP/1.9\r\n\r\n"), 400, "the request has no Host");
    expect_refused(SPAN("GET / HTTP/0.9\r\nHost: a\r\n\r\n"), 505, "HTTP/0.9 is not spoken: use HTTP/1.1");
    expect_refused(SPAN("GET / HTTP/1.10\r\nHost: a\r\n\r\n"), 400, end);
    expect_refused(SPAN("GET / HTTP/11\r\nHost: a\r\n\r\n"), 400, end);
    expect_refused(SPAN("GET / http/1.1\r\nHost: a\r\n\r\n"), 400, end);
    expect_refused(SPAN("GET / HTTP/1.1 \r\nHost: a\r\n\r\n"), 400, end);
    expect_refused(SPAN("GET /a b HTTP/1.1\r\nHost: a\r\n\r\n"), 400, end);
    expect_refused(SPAN("GET / HTTP/1.1\nHost: a\r\n\r\n"), 400, end);
    expect_refused(SPAN("GET /\r\n\r\n"), 400, "the request line has no HTTP version");
}

static void lines_end_with_cr_lf(void **state)
{
    (void)state;
    static const char end[] = "a line of the head must end with CR LF";
    expect_refused(SPAN("GET / HTTP/1.1\r\nHost: a\n\r\n"), 400, "a field value holds byte 0x0a");
    expect_refused(SPAN("GET / HTTP/1.1\r\nHost: a\r\n\n"), 400, "a field name holds byte 0x0a");
    expect_refused(SPAN("GET / HTTP/1.1\r\nHost: a\rb\r\n\r\n"), 400, end);
    expect_refused(SPAN("GET / HTTP/1.1\r\nHost: a\r\r\n\r\n"), 400, end);
    expect_refused(SPAN("GET / HTTP/1.1\r\nHost: a\r\n\ra"), 400, end);
    expect_refused(SPAN("GET / HTTP/1.1\rHost: a\r\n\r\n"), 400, end);
}

static void fields_have_token_names_and_clean_values(void **state)
{
    (void)state;
    static const char folded[] = "a field line starts with a blank: folded lines are not allowed";
    expect_accepted(SPAN("GET / HTTP/1.1\r\nHost: a\r\n!#$%&'*+-.^_`|~0aA: \xe9\xff \t,\"\r\n\r\n"));
    expect_refused(SPAN("GET / HTTP/1.1\r\nHost: a\r\nX: a\r\n b\r\n\r\n"), 400, folded);
    expect_refused(SPAN("GET / HTTP/1.1\r\n\tHost: a\r\n\r\n"), 400, folded);
    expect_refused(SPAN("GET / HTTP/1.1\r\nHost : a\r\n\r\n"), 400, "a field name holds byte 0x20");
    expect_refused(SPAN("GET / HTTP/1.1\r\nX(A: a\r\n\r\n"), 400, "a field name holds byte 0x28");
    expect_refused(SPAN("GET / HTTP/1.1\r\nX\0: a\r\n\r\n"), 400, "a field name holds byte 0x00");
    expect_refused(SPAN("GET / HTTP/1.1\r\nFoo\r\n\r\n"), 400, "a field name holds byte 0x0d");
    expect_refused(SPAN("GET / HTTP/1.1\r\n: a\r\n\r\n"), 400, "a field has no name");
    expect_refused(SPAN("GET / HTTP/1.1\r\nX: a\0b\r\n\r\n"), 400, "a field value holds byte 0x00");
    expect_refused(SPAN("GET / HTTP/1.1\r\nX: a\x7f\r\n\r\n"), 400, "a field value holds byte 0x7f");
}

static void a_host_is_there_once_and_is_one(void **state)
{
    (void)state;
    static const char wrong[] = "the Host is not a host with an optional port";
    static const char *good[] = {"a", "a.b-c:80", "127.0.0.1:0", "[::1]", "[2001:db8::1.2.3.4]:65535",
        "a:", "a_b!$&'()*+,;=~", "%41b"};
    static const char *bad[] = {"", "a b", "a/b", "u@a", "a:b", "a:65536", "a:80:80", "a:-1", ":80", "[",
        "[]", "[::1", "[::1]a", "[g]", "a?b", "a#b", "%4", "%zz", "\xc3\xa9", "a\\b", "http://a"};
    char head[200];
    for (size_t i = 0; i < ARRAY_LEN(good); i++) {
        int len = snprintf(head, sizeof(head), "GET / HTTP/1.1\r\nHost: %s\r\n\r\n", good[i]);
        expect_accepted((struct span){.at = head, .len = (size_t)len});
    }
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        int len = snprintf(head, sizeof(head), "GET / HTTP/1.1\r\nHost: %s\r\n\r\n", bad[i]);
        expect_refused((struct span){.at = head, .len = (size_t)len}, 400, wrong);
    }
    expect_refused(SPAN("GET / HTTP/1.1\r\n\r\n"), 400, "the request has no Host");
    expect_refused(
        SPAN("GET / HTTP/1.1\r\nHost: a\r\nhOST: a\r\n\r\n"), 400, "the request has more than one Host");
    expect_refused(
        SPAN("GET / HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n"), 400, "the request has more than one Host");
    expect_refused(SPAN("GET http://a/ HTTP/1.1\r\n\r\n"), 400, "the request has no Host");
}

static void a_body_is_framed_in_one_way_only(void **state)
{
    (void)state;
    static const char digits[] = "the Content-Length must be decimal digits";
    static const char large[] = "the Content-Length is larger than any body";
    static const char last[] = "the last Transfer-Encoding must be chunked";
    static const char once[] = "chunked must be the last Transfer-Encoding, and be there once";
    static const char only_chunked[] = "the only Transfer-Encoding that is spoken is chunked";
    static const char no_list[] = "the Transfer-Encoding is not a list of codings";
#define POST(fields) SPAN("POST / HTTP/1.1\r\nHost: a\r\n" fields "\r\n")
    assert_int_equal(expect_accepted(POST("Content-Length: 0\r\n"))->content_length, 0);
    assert_int_equal(expect_accepted(POST("content-length:0042\r\n"))->content_length, 42);
    assert_true(
        expect_accepted(POST("Content-Length: 9223372036854775807\r\n"))->content_length == INT64_MAX);
    assert_true(expect_accepted(POST("Transfer-Encoding: CHUNKED\r\n"))->chunked);
    expect_refused(POST("Content-Length: 9223372036854775808\r\n"), 400, large);
    expect_refused(POST("Content-Length: 18446744073709551619\r\n"), 400, large);
    expect_refused(POST("Content-Length: 99999999999999999999999\r\n"), 400, large);
    expect_refused(POST("Content-Length: +3\r\n"), 400, digits);
    expect_refused(POST("Content-Length: -1\r\n"), 400, digits);
    expect_refused(POST("Content-Length: 3, 3\r\n"), 400, digits);
    expect_refused(POST("Content-Length: 0x3\r\n"), 400, digits);
    expect_refused(POST("Content-Length: 3 3\r\n"), 400, digits);
    expect_refused(POST("Content-Length: \r\n"), 400, "the Content-Length is empty");
    expect_refused(POST("Content-Length: 3\r\nContent-Length: 3\r\n"), 400,
        "the request has more than one Content-Length");
    expect_refused(POST("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"), 400,
        "the request has more than one Transfer-Encoding");
    static const char *const empty_elements[] = {
        ",chunked", ", chunked", "chunked,", "chunked ,\t, ", ",,chunked,,"};
    for (size_t i = 0; i < sizeof(empty_elements) / sizeof(empty_elements[0]); i++) {
        char head[100];
        int len = snprintf(head, sizeof(head), "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: %s\r\n\r\n",
            empty_elements[i]);
        assert_true(expect_accepted((struct span){.at = head, .len = (size_t)len})->chunked);
    }
    expect_refused(POST("Transfer-Encoding: gzip, chunked\r\n"), 501, only_chunked);
    expect_refused(POST("Transfer-Encoding: a;b=c , , chunked,\r\n"), 501, only_chunked);
    expect_refused(POST("Transfer-Encoding: chunked, gzip\r\n"), 400, once);
    expect_refused(POST("Transfer-Encoding: chunked, chunked\r\n"), 400, once);
    expect_refused(POST("Transfer-Encoding: chunked, identity\r\n"), 400, once);
    expect_refused(POST("Transfer-Encoding: xchunked\r\n"), 400, last);
    expect_refused(POST("Transfer-Encoding: gzip\r\n"), 400, last);
    expect_refused(POST("Transfer-Encoding: chunked;a=b\r\n"), 400, last);
    expect_refused(POST("Transfer-Encoding:\r\n"), 400, last);
    expect_refused(POST("Transfer-Encoding: , ,\r\n"), 400, last);
    expect_refused(POST("Transfer-Encoding: gzip chunked\r\n"), 400, last);
    expect_refused(POST("Transfer-Encoding: \"gzip\", chunked\r\n"), 400, no_list);
    expect_refused(POST("Transfer-Encoding: ;a, chunked\r\n"), 400, no_list);
    expect_refused(POST("Transfer-Encoding: \x0b"
                        "chunked\r\n"),
        400, "a field value holds byte 0x0b");
    expect_refused(POST("Content-Length: 3\r\nTransfer-Encoding: chunked\r\n"), 400,
        "the request has both Content-Length and Transfer-Encoding");
    expect_refused(POST("Transfer-Encoding: chunked\r\nContent-Length: 3\r\n"), 400,
        "the request has both Content-Length and Transfer-Encoding");
    expect_refused(SPAN("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"), 400,
        "HTTP/1.0 has no Transfer-Encoding");
}

static void connection_says_whether_it_goes_on(void **state)
{
    (void)state;
    assert_false(expect_accepted(POST("Connection: close\r\n"))->keep_alive);
    assert_false(expect_accepted(POST("Connection: upgrade ,\tCLOSE\t\r\n"))->keep_alive);
    assert_false(expect_accepted(POST("Connection: close\r\nConnection: keep-alive\r\n"))->keep_alive);
    assert_true(expect_accepted(POST("Connection: closed, xclose,,\r\n"))->keep_alive);
    assert_false(expect_accepted(SPAN("GET / HTTP/1.0\r\n\r\n"))->keep_alive);
    assert_true(expect_accepted(SPAN("GET / HTTP/1.0\r\nConnection: x, Keep-Alive\r\n\r\n"))->keep_alive);
    assert_false(
        expect_accepted(SPAN("GET / HTTP/1.0\r\nConnection: keep-alive, close\r\n\r\n"))->keep_alive);
}

static void the_only_expectation_is_100_continue(void **state)
{
    (void)state;
    assert_true(expect_accepted(POST("Content-Length: 3\r\nExpect: 100-Continue\r\n"))->expects_continue);
    assert_true(
        expect_accepted(POST("Expect: 100-continue\r\nTransfer-Encoding: chunked\r\n"))->expects_continue);
    assert_false(expect_accepted(POST("Expect: 100-continue\r\n"))->expects_continue); // no body
    assert_true(expect_accepted(POST("Content-Length: 3\r\nExpect: ,100-continue ,,\r\n"))->expects_continue);
    assert_false(expect_accepted(POST("Content-Length: 3\r\nExpect:\r\n"))->expects_continue);
    expect_refused(
        POST("Expect: 100-continue, x\r\n"), 417, "the only Expect that can be met is 100-continue");
    expect_refused(POST("Expect: 200-ok\r\n"), 417, "the only Expect that can be met is 100-continue");
    assert_false(
        expect_accepted(SPAN("POST / HTTP/1.0\r\nExpect: x\r\nContent-Length: 3\r\n\r\n"))->expects_continue);
}

// A head of `before`, then `count` times `byte`, then `after`.
static struct span long_head(const char *before, size_t count, char byte, const char *after)
{
    static char head[200000];
    size_t before_len = strlen(before), after_len = strlen(after);
    memcpy(head, before, before_len);
    memset(head + before_len, byte, count);
    memcpy(head + before_len + count, after, after_len);
    return (struct span){.at = head, .len = before_len + count + after_len};
}

// As expect_refused and expect_accepted, but with fewer cuts.
static void parse_some_ways(struct span input, struct outcome *whole)
{
    struct outcome cut;
    parse(input, input.len, 1, whole);
    for (size_t step = 1000; step < 1003; step++) {
        parse(input, 0, step, &cut);
        expect_same(input, whole, &cut);
    }
    for (size_t at = LIMIT_HEAD_BYTES - 2; at < LIMIT_HEAD_BYTES + 2 && at < input.len; at++) {
        parse(input, at, 1, &cut);
        expect_same(input, whole, &cut);
    }
}

static void heads_are_bounded(void **state)
{
    (void)state;
    struct outcome outcome;
    parse_some_ways(long_head("GET /", LIMIT_TARGET_BYTES - 1, 'a', " HTTP/1.0\r\n\r\n"), &outcome);
    assert_int_equal(outcome.progress, HTTP_DONE);
    parse_some_ways(long_head("GET /", LIMIT_TARGET_BYTES, 'a', " HTTP/1.0\r\n\r\n"), &outcome);
    assert_int_equal(outcome.refusal.status, 414);
    assert_string_equal(outcome.refusal.detail, "the request target is longer than 8192 bytes");

    static const char start[] = "GET / HTTP/1.0\r\nX: ", end[] = "\r\n\r\n";
    size_t room = LIMIT_HEAD_BYTES - (sizeof(start) - 1) - (sizeof(end) - 1);
    parse_some_ways(long_head(start, room, 'a', end), &outcome);
    assert_int_equal(outcome.progress, HTTP_DONE);
    assert_int_equal(outcome.len, LIMIT_HEAD_BYTES);
    parse_some_ways(long_head(start, room + 1, 'a', end), &outcome);
    assert_int_equal(outcome.refusal.status, 431);
    assert_string_equal(outcome.refusal.detail, "the head is larger than 32768 bytes");
    parse_some_ways(long_head(start, 150000, ' ', end), &outcome);
    assert_int_equal(outcome.refusal.status, 431);
}

static void fields_are_counted(void **state)
{
    (void)state;
    static char head[2000] = "GET / HTTP/1.0\r\n";
    size_t len = strlen(head);
    for (int i = 0; i < LIMIT_HEAD_FIELDS; i++)
        len += (size_t)snprintf(head + len, sizeof(head) - len, "X%d:%d\r\n", i, i);
    memcpy(head + len, "\r\n", 2);
    struct http_request *request = expect_accepted((struct span){.at = head, .len = len + 2});
    assert_int_equal(request->field_count, LIMIT_HEAD_FIELDS);
    expect_span(request->fields[99].value, "99");
    memcpy(head + len, "Y:\r\n\r\n", 6);
    expect_refused((struct span){.at = head, .len = len + 6}, 431, "the head has more than 100 fields");
}

static void what_follows_a_head_is_left_alone(void **state)
{
    (void)state;
    struct span input = SPAN("GET / HTTP/1.0\r\n\r\nGET");
    struct outcome outcome;
    parse_every_way(input, &outcome);
    assert_int_equal(outcome.progress, HTTP_DONE);
    assert_int_equal(outcome.len, input.len - 3);
}

static void a_parser_is_moved_with_its_places(void **state)
{
    (void)state;
    static const char head[] = "GET /a?b HTTP/1.1\r\nHost: a\r\nX: y\r\n\r\n";
    static struct http_parser copy;
    struct http_refusal refusal;
    struct http_request request;
    for (size_t at = 0; at < sizeof(head) - 1; at++) {
        memset(&copy, 0xaa, sizeof(copy));
        http_parser_init(&parser);
        assert_int_equal(http_parse(&parser, (struct span){.at = head, .len = at}, &refusal), HTTP_MORE);
        http_parser_copy(&copy, &parser);
        assert_int_equal(http_parse(&copy, span_of(head), &refusal), HTTP_DONE);
        assert_int_equal(http_parse(&copy, span_of(head), &refusal), HTTP_DONE); // stays whole
        http_parser_request(&copy, head, &request);
        expect_span(request.query, "b");
        expect_span(http_field(&request, "host")->value, "a");
        expect_span(http_field(&request, "x")->value, "y");
    }
}

static void known_statuses_have_reasons(void **state)
{
    (void)state;
    assert_string_equal(http_reason(200), "OK");
    assert_string_equal(http_reason(422), "Unprocessable Content");
    assert_string_equal(http_reason(507), "Insufficient Storage");
    assert_string_equal(http_reason(299), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_plain_request_is_read),
        cmocka_unit_test(every_method_is_known_in_upper_case),
        cmocka_unit_test(one_empty_line_may_come_first),
        cmocka_unit_test(targets_have_three_forms),
        cmocka_unit_test(versions_are_1_0_and_1_1_and_minor_ones_above),
        cmocka_unit_test(lines_end_with_cr_lf),
        cmocka_unit_test(fields_have_token_names_and_clean_values),
        cmocka_unit_test(a_host_is_there_once_and_is_one),
        cmocka_unit_test(a_body_is_framed_in_one_way_only),
        cmocka_unit_test(connection_says_whether_it_goes_on),
        cmocka_unit_test(the_only_expectation_is_100_continue),
        cmocka_unit_test(heads_are_bounded),
        cmocka_unit_test(fields_are_counted),
        cmocka_unit_test(what_follows_a_head_is_left_alone),
        cmocka_unit_test(a_parser_is_moved_with_its_places),
        cmocka_unit_test(known_statuses_have_reasons),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
