// SPDX-License-Identifier: Apache-2.0
// Bodies that are taken in parts: what is read of them, and when, goes by the credit that the handler gives.
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/limits.h"
#include "fixture.h"

#define GET(path)        "GET " path " HTTP/1.1\r\nHost: a\r\n\r\n"
#define POST(path, rest) "POST " path " HTTP/1.1\r\nHost: a\r\n" rest

enum { MIB = 1024 * 1024, BODY_BYTES = 32 * MIB, MAX_BYTES = 64 * MIB };

static struct fixture fixture;
static struct client client, other;
static char bytes[MIB]; // sent again and again

// --- the handler

// What it does with what has come, when the body has not ended.
enum manner {
    LEAVES,  // it with http
    HOLDS,   // takes it, and gives no credit
    USES,    // takes it, frees it and gives credit
    REFUSES, // answers 403
};

static _Atomic(enum manner) manner;
static atomic_size_t waiting; // what on_body found last
static struct http_ref ref;   // of the last upload; the loop's, as all below
static struct http_body held; // taken and not freed
static size_t held_bytes;     // of it
static size_t used_bytes;     // of the body, so far
static unsigned used_hash;    // of those

static unsigned hash_more(unsigned hash, const char *data, size_t len)
{
    for (size_t i = 0; i < len; i++)
        hash = hash * 31 + (unsigned char)data[i];
    return hash;
}

static void use(struct http_body *body)
{
    struct span block;
    while (http_body_next(body, &block)) {
        used_hash = hash_more(used_hash, block.at, block.len);
        used_bytes += block.len;
    }
    http_body_fini(body);
}

static void hold(struct http_exchange *exchange)
{
    if (held_bytes > 0)
        return;
    http_take_body(exchange, &held);
    held_bytes = held.len;
}

static void reply(struct http_exchange *exchange, int status)
{
    char text[64];
    struct buf body;
    snprintf(text, sizeof(text), "%zu bytes, hash %u", used_bytes, used_hash);
    buf_init(&body, sizeof(text));
    buf_append_str(&body, text);
    struct http_reply answer = {.status = status, .content_type = "text/plain", .body = blob_take(&body)};
    http_reply(exchange, &answer);
}

// Uses up what is held and what waits.
static void use_all(struct http_exchange *exchange)
{
    struct http_body body;
    use(&held);
    http_take_body(exchange, &body);
    size_t credit = held_bytes + body.len;
    held_bytes = 0;
    use(&body);
    http_credit_body(exchange, credit);
}

static bool on_body(struct http_exchange *exchange)
{
    atomic_store(&waiting, http_body_waiting(exchange));
    if (http_body_is_whole(exchange)) {
        use_all(exchange);
        reply(exchange, 201);
    } else if (manner == HOLDS) {
        hold(exchange);
    } else if (manner == USES) {
        use_all(exchange);
    } else if (manner == REFUSES) {
        reply(exchange, 403);
    }
    return true;
}

static bool on_upload(struct http_exchange *exchange, const struct http_request *request)
{
    if (!span_is(request->path, "/upload"))
        return false;
    used_bytes = used_hash = 0;
    ref = http_exchange_ref(exchange);
    http_receive_body(exchange, MAX_BYTES);
    return true;
}

// --- steering

// Mail that lets the handler go on as `manner` says now.
struct order {
    struct mail mail;
    sem_t done;
    bool found; // the exchange was there
};

static void on_order(struct mail *mail)
{
    struct order *order = CONTAINER_OF(mail, struct order, mail);
    struct http_exchange *exchange = http_exchange_find(fixture.server, ref);
    order->found = exchange != NULL;
    if (exchange == NULL) {
        http_body_fini(&held);
        held_bytes = 0;
    } else if (manner == USES) {
        use_all(exchange);
    }
    sem_post(&order->done);
}

// As a task that is back would; whether its exchange was still there.
static bool go_on(enum manner now)
{
    struct order order = {.mail.deliver = on_order};
    atomic_store(&manner, now);
    sem_init(&order.done, 0, 0);
    loop_post(fixture.loops[0], &order.mail);
    while (sem_wait(&order.done) != 0)
        ;
    sem_destroy(&order.done);
    return order.found;
}

static int set_up(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (char)(i * 7 + i / 256);
    fixture_init(&fixture);
    fixture.max_bodies_bytes = 2 * MIB;
    fixture.on_other = on_upload;
    fixture.on_body = on_body;
    manner = LEAVES;
    waiting = 0;
    client.fd = other.fd = -1;
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    client_close(&client);
    client_close(&other);
    fixture_wait_for_open(&fixture, 0);
    assert_false(go_on(USES)); // what is held goes before the server
    fixture_stop(&fixture);
    return 0;
}

static void start(void)
{
    fixture_start(&fixture);
    client_connect(&fixture, &client);
}

static void wait_for_waiting(size_t least)
{
    for (int i = 0; atomic_load(&waiting) < least; i++) {
        if (i == PATIENCE_MS)
            fail_msg("%zu bytes wait", atomic_load(&waiting));
        poll(NULL, 0, 1); // polls, with a bound
    }
}

// A request of another client's is answered, so that the loop has had its turn.
static void wait_for_turn(void)
{
    struct client passer;
    client_connect(&fixture, &passer);
    client_send(&passer, GET("/ok"));
    client_expect(&passer, 200, "ok");
    client_close(&passer);
}

static void begin_upload(void)
{
    char head[100];
    snprintf(head, sizeof(head), POST("/upload", "Content-Length: %d\r\n\r\n"), BODY_BYTES);
    client_send(&client, head);
}

// Sends of the body what the server and the system between take; returns the bytes sent.
static size_t fill_window(void)
{
    size_t sent = 0;
    for (;;) {
        size_t at = sent % sizeof(bytes);
        ssize_t len = send(client.fd, bytes + at, sizeof(bytes) - at, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (len > 0)
            sent += (size_t)len;
        else if (atomic_load(&waiting) >= LIMIT_BODY_WINDOW_BYTES)
            return sent;
        assert_true(sent < BODY_BYTES);
    }
}

// Sends the rest, and checks that the handler has had every byte.
static void finish_upload(size_t sent)
{
    char expected[64];
    unsigned hash = 0;
    while (sent < BODY_BYTES) {
        size_t at = sent % sizeof(bytes);
        client_send_bytes(&client, bytes + at, sizeof(bytes) - at);
        sent += sizeof(bytes) - at;
    }
    for (int i = 0; i < BODY_BYTES / MIB; i++)
        hash = hash_more(hash, bytes, sizeof(bytes));
    snprintf(expected, sizeof(expected), "%d bytes, hash %u", BODY_BYTES, hash);
    client_expect(&client, 201, expected);
}

// A client that stops is refused now, so that so much time has passed.
static void wait_for_slow_body(void)
{
    client_connect(&fixture, &other);
    client_send(&other, POST("/body", "Content-Length: 5\r\n\r\n"));
    client_expect(&other, 408, "the body came too slowly");
    client_expect_end(&other);
}

// --- tests

static void past_the_window_nothing_is_read(void **state)
{
    (void)state;
    start();
    begin_upload();
    size_t sent = fill_window();
    wait_for_turn();
    wait_for_turn();
    assert_in_range(
        atomic_load(&waiting), LIMIT_BODY_WINDOW_BYTES, LIMIT_BODY_WINDOW_BYTES + LIMIT_READ_BYTES);
    assert_true(sent > LIMIT_BODY_WINDOW_BYTES + LIMIT_READ_BYTES); // there would be more to read
    assert_true(go_on(USES));
    finish_upload(sent);
}

static void what_is_taken_without_credit_counts(void **state)
{
    (void)state;
    start();
    atomic_store(&manner, HOLDS);
    begin_upload();
    client_send_bytes(&client, bytes, 3 * 65536);
    for (int i = 0; i < 3; i++) // parts are taken in the first turn or two; the rest waits
        wait_for_turn();
    client_send_bytes(&client, bytes + 3 * 65536, MIB - 3 * 65536);
    for (int i = 0; i < 20; i++)
        wait_for_turn();
    assert_true(atomic_load(&waiting) <= LIMIT_BODY_WINDOW_BYTES + LIMIT_READ_BYTES);
    assert_true(go_on(USES));
    finish_upload(MIB);
}

static void a_body_that_is_used_as_it_comes_is_whole_to_the_byte(void **state)
{
    (void)state;
    start();
    atomic_store(&manner, USES);
    begin_upload();
    finish_upload(0);
    begin_upload(); // on the same connection
    finish_upload(0);
}

static void a_chunked_body_comes_in_parts_too(void **state)
{
    (void)state;
    start();
    atomic_store(&manner, USES);
    client_send(&client, POST("/upload", "Transfer-Encoding: chunked\r\n\r\n"));
    unsigned hash = 0;
    char size[16], expected[64];
    for (size_t at = 0; at < sizeof(bytes); at += 8192) {
        snprintf(size, sizeof(size), "%s2000\r\n", at > 0 ? "\r\n" : "");
        client_send(&client, size);
        client_send_bytes(&client, bytes + at, 8192);
    }
    client_send(&client, "\r\n0\r\n\r\n");
    hash = hash_more(hash, bytes, sizeof(bytes));
    snprintf(expected, sizeof(expected), "%d bytes, hash %u", MIB, hash);
    client_expect(&client, 201, expected);
}

static void a_chunked_body_is_too_large_though_parts_of_it_are_gone(void **state)
{
    (void)state;
    start();
    atomic_store(&manner, USES);
    client_send(&client, POST("/upload", "Transfer-Encoding: chunked\r\n\r\n"));
    for (int i = 0; i < MAX_BYTES / MIB; i++) {
        client_send(&client, "100000\r\n");
        client_send_bytes(&client, bytes, sizeof(bytes));
        client_send(&client, "\r\n");
    }
    wait_for_turn();
    assert_false(fixture_has_logged(&fixture, "end 413"));
    client_send(&client, "1\r\nx\r\n");
    client_expect(&client, 413, "the body is larger than 67108864 bytes");
    client_expect_end(&client);
}

static void a_client_that_is_not_read_is_not_slow(void **state)
{
    (void)state;
    fixture.limits.body.window_ms = 50;
    start();
    begin_upload();
    size_t sent = fill_window();
    wait_for_slow_body();
    assert_false(fixture_has_logged(&fixture, "end 408 24;end 408 24;"));
    assert_true(go_on(USES));
    finish_upload(sent);
}

static void its_time_begins_with_the_credit(void **state)
{
    (void)state;
    fixture.limits.body.window_ms = 50;
    start();
    begin_upload();
    client_send_bytes(&client, bytes, LIMIT_BODY_WINDOW_BYTES);
    wait_for_waiting(LIMIT_BODY_WINDOW_BYTES);
    wait_for_slow_body();
    assert_true(go_on(USES)); // and now it stops
    client_expect(&client, 408, "the body came too slowly");
    client_expect_end(&client);
}

static void what_came_before_the_credit_counts(void **state)
{
    (void)state;
    enum { WINDOW_MS = 200 };
    fixture.limits.body.window_ms = WINDOW_MS;
    start();
    begin_upload();
    client_send_bytes(&client, bytes, LIMIT_BODY_WINDOW_BYTES);
    wait_for_waiting(LIMIT_BODY_WINDOW_BYTES);
    uint64_t start_ns = clock_monotonic_ns();
    assert_true(go_on(USES)); // and now it stops
    client_expect(&client, 408, "the body came too slowly");
    assert_true(clock_monotonic_ns() - start_ns >= 3 * WINDOW_MS / 2 * NS_PER_MS);
}

static void nobody_is_found_for_a_client_that_has_left_in_mid_body(void **state)
{
    (void)state;
    fixture.max_bodies_bytes = 135000; // two blocks, and not a third one of 4464 bytes
    start();
    atomic_store(&manner, HOLDS);
    begin_upload();
    client_send_bytes(&client, bytes, 10000);
    wait_for_waiting(1);
    client_reset(&client);
    fixture_wait_for_log(&fixture, "end 0 0;");
    client_connect(&fixture, &client);
    client_send(&client, POST("/upload", "Content-Length: 70000\r\n\r\n"));
    client_send_bytes(&client, bytes, 70000);
    client_expect(&client, 503, "there is no room for the body now: send it again later"); // it is still held
    client_expect_end(&client);
    assert_false(go_on(USES));
    client_connect(&fixture, &client);
    atomic_store(&manner, LEAVES);
    client_send(&client, POST("/upload", "Content-Length: 70000\r\n\r\n"));
    client_send_bytes(&client, bytes, 70000);
    assert_int_equal(client_answer(&client), 201);
}

static void a_body_that_is_cut_off_is_refused_beside_the_handler(void **state)
{
    (void)state;
    start();
    atomic_store(&manner, HOLDS);
    begin_upload();
    client_send_bytes(&client, bytes, 100000);
    wait_for_waiting(1);
    client_shut(&client);
    client_expect(&client, 400, "the connection ended inside the body");
    client_expect_end(&client);
    fixture_wait_for_log(&fixture, "end 400 36;");
    assert_false(go_on(USES));
}

static void a_handler_may_answer_before_the_end(void **state)
{
    (void)state;
    start();
    atomic_store(&manner, REFUSES);
    client_send(&client, POST("/upload", "Content-Length: 100000\r\n\r\n"));
    client_send_bytes(&client, bytes, 100000); // the rest is dropped
    assert_int_equal(client_answer(&client), 403);
    client_send(&client, GET("/ok"));
    client_expect(&client, 200, "ok");
}

static void a_drain_waits_for_a_body_that_has_no_credit(void **state)
{
    (void)state;
    start();
    begin_upload();
    size_t sent = fill_window();
    fixture_drain(&fixture);
    wait_for_waiting(LIMIT_BODY_WINDOW_BYTES);
    assert_true(go_on(USES));
    finish_upload(sent);
    client_expect_end(&client);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(past_the_window_nothing_is_read),
        TEST(what_is_taken_without_credit_counts),
        TEST(a_body_that_is_used_as_it_comes_is_whole_to_the_byte),
        TEST(a_chunked_body_comes_in_parts_too),
        TEST(a_chunked_body_is_too_large_though_parts_of_it_are_gone),
        TEST(a_client_that_is_not_read_is_not_slow),
        TEST(its_time_begins_with_the_credit),
        TEST(what_came_before_the_credit_counts),
        TEST(nobody_is_found_for_a_client_that_has_left_in_mid_body),
        TEST(a_body_that_is_cut_off_is_refused_beside_the_handler),
        TEST(a_handler_may_answer_before_the_end),
        TEST(a_drain_waits_for_a_body_that_has_no_credit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
