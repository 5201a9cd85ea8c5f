// SPDX-License-Identifier: Apache-2.0
// Requests and answers over real connections: order, framing, bodies, and clients that go away.
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/attr.h"
#include "base/limits.h"
#include "fixture.h"

static struct fixture fixture;
static struct client client;

static int set_up(void **state)
{
    (void)state;
    fixture_init(&fixture);
    fixture_start(&fixture);
    client_connect(&fixture, &client);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    client_close(&client);
    fixture_stop(&fixture);
    return 0;
}

static void release(int number)
{
    fixture_release(&fixture, &number, 1);
}

#define GET(path)        "GET " path " HTTP/1.1\r\nHost: a\r\n\r\n"
#define POST(path, rest) "POST " path " HTTP/1.1\r\nHost: a\r\n" rest

static void a_request_gets_its_answer(void **state)
{
    (void)state;
    client_send(&client, GET("/ok"));
    client_expect(&client, 200, "ok");
    char *date = strstr(client.head, "Date: ");
    assert_non_null(date);
    memset(date + 6, '.', 25); // ends with "GMT" still
    assert_string_equal(client.head, "HTTP/1.1 200 OK\r\n"
                                     "Content-Type: text/plain\r\n"
                                     "Content-Length: 2\r\n"
                                     "Date: ......................... GMT\r\n"
                                     "X-Content-Type-Options: nosniff\r\n"
                                     "\r\n");
    client_send(&client, GET("/nothing"));
    client_expect(&client, 404, "");
    assert_non_null(strstr(client.head, "\r\nContent-Length: 0\r\n"));
    fixture_wait_for_log(&fixture, "start GET /ok;end 200 2;start GET /nothing;end 404 0;");
}

static void pipelined_answers_go_out_in_one_write(void **state)
{
    (void)state;
    uint64_t before = http_server_stats(fixture.server).writes;
    client_send(&client, GET("/ok") GET("/nothing") GET("/ok") GET("/ok") GET("/nothing"));
    client_expect(&client, 200, "ok");
    client_expect(&client, 404, "");
    client_expect(&client, 200, "ok");
    client_expect(&client, 200, "ok");
    client_expect(&client, 404, "");
    assert_int_equal(http_server_stats(fixture.server).writes - before, 1);
}

static void answers_that_become_ready_together_go_out_in_one_write_in_order(void **state)
{
    (void)state;
    uint64_t before = http_server_stats(fixture.server).writes;
    client_send(&client, GET("/wait/1") GET("/wait/2") GET("/ok") GET("/wait/3"));
    release(3);
    fixture_release(&fixture, (const int[]){2, 1}, 2);
    client_expect(&client, 200, "1");
    client_expect(&client, 200, "2");
    client_expect(&client, 200, "ok");
    client_expect(&client, 200, "3");
    assert_int_equal(http_server_stats(fixture.server).writes - before, 1);
}

static void a_long_pipeline_is_answered_whole(void **state)
{
    (void)state;
    char requests[sizeof(GET("/ok")) * 500];
    size_t len = 0;
    for (int i = 0; i < 500; i++)
        len += (size_t)sprintf(requests + len, "%s", i % 7 == 3 ? GET("/nothing") : GET("/ok"));
    client_send(&client, requests);
    for (int i = 0; i < 500; i++)
        client_expect(&client, i % 7 == 3 ? 404 : 200, i % 7 == 3 ? "" : "ok");
}

static void a_full_pipeline_waits(void **state)
{
    (void)state;
    char requests[4096];
    size_t len = 0;
    for (int i = 0; i < LIMIT_PIPELINE + 4; i++)
        len += (size_t)sprintf(requests + len, "GET /wait/%d HTTP/1.1\r\nHost: a\r\n\r\n", i);
    client_send(&client, requests);
    fixture_wait_for(&fixture, LIMIT_PIPELINE - 1);
    for (int i = LIMIT_PIPELINE - 1; i >= 1; i--)
        release(i);
    assert_false(fixture.waits[LIMIT_PIPELINE]); // the first one still waits, so none can start
    release(0);
    for (int i = LIMIT_PIPELINE; i < LIMIT_PIPELINE + 4; i++)
        release(i);
    for (int i = 0; i < LIMIT_PIPELINE + 4; i++) {
        char number[12];
        snprintf(number, sizeof(number), "%d", i);
        client_expect(&client, 200, number);
    }
}

static void a_get_behind_a_post_starts_when_that_is_answered(void **state)
{
    (void)state;
    client_send(&client, POST("/wait/1", "\r\n") GET("/ok"));
    release(1);
    client_expect(&client, 200, "1");
    client_expect(&client, 200, "ok");
    fixture_wait_for_log(&fixture, "start POST /wait/1;release 1;start GET /ok;");
}

static void a_post_behind_gets_starts_when_they_are_answered(void **state)
{
    (void)state;
    client_send(&client, GET("/wait/1") GET("/wait/2") POST("/body", "Content-Length: 3\r\n\r\nabc"));
    release(2);
    release(1);
    client_expect(&client, 200, "1");
    client_expect(&client, 200, "2");
    client_expect(&client, 201, "abc");
    fixture_wait_for_log(&fixture, "release 2;release 1;");
    fixture_wait_for_log(&fixture, "start POST /body;body 3;");
    assert_true(strstr(fixture.log, "release 1;") < strstr(fixture.log, "start POST"));
}

static void bodies_come_whole_however_they_are_sent(void **state)
{
    (void)state;
    client_send(&client, POST("/body", "Content-Length: 5\r\n\r\nhello") POST("/body", "\r\n") POST("/body",
                             "Transfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3;x\r\nllo\r\n0\r\nA: b\r\n\r\n"));
    client_expect(&client, 201, "hello");
    client_expect(&client, 201, "");
    client_expect(&client, 201, "hello");
    static const char byte_by_byte[] =
        POST("/body", "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n")
            POST("/body", "Content-Length: 3\r\n\r\nabc") GET("/ok");
    for (size_t i = 0; i < sizeof(byte_by_byte) - 1; i++)
        client_send_bytes(&client, byte_by_byte + i, 1);
    client_expect(&client, 201, "hello");
    client_expect(&client, 201, "abc");
    client_expect(&client, 200, "ok");
}

static void a_large_body_comes_whole(void **state)
{
    (void)state;
    char head[100], body[60000];
    for (size_t i = 0; i < sizeof(body); i++)
        body[i] = (char)('a' + i % 23);
    snprintf(head, sizeof(head), POST("/body", "Content-Length: %zu\r\n\r\n"), sizeof(body));
    client_send(&client, head);
    client_send_bytes(&client, body, sizeof(body));
    assert_int_equal(client_answer(&client), 201);
    assert_int_equal(client.body_len, sizeof(body));
    assert_memory_equal(client.body, body, sizeof(body));
}

static void a_body_may_be_asked_for_late(void **state)
{
    (void)state;
    client_send(
        &client, POST("/late/1", "Content-Length: 5\r\n\r\nhello") POST("/late/2", "\r\n") GET("/ok"));
    release(1);
    client_expect(&client, 201, "hello");
    release(2);
    client_expect(&client, 201, "");
    client_expect(&client, 200, "ok");
}

static void a_client_that_waits_is_told_to_continue(void **state)
{
    (void)state;
    client_send(&client, POST("/body", "Expect: 100-continue\r\nContent-Length: 3\r\n\r\n"));
    assert_int_equal(client_answer(&client), 100);
    assert_string_equal(client.head, "HTTP/1.1 100 Continue\r\n\r\n");
    client_send(&client, "abc");
    client_expect(&client, 201, "abc");
    client_send(&client, POST("/body", "Expect: 100-continue\r\nContent-Length: 3\r\n\r\nabc"));
    client_expect(&client, 201, "abc"); // it did not wait
}

static void to_continue_is_said_in_its_turn(void **state)
{
    (void)state;
    client_send(&client, GET("/wait/1") "GET /late/2 HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n"
                                        "Transfer-Encoding: chunked\r\n\r\n");
    release(2);
    release(1);
    client_expect(&client, 200, "1");
    assert_int_equal(client_answer(&client), 100);
    client_send(&client, "3\r\nabc\r\n0\r\n\r\n");
    client_expect(&client, 201, "abc");
}

static void a_body_that_is_too_large_is_refused_before_it_is_sent(void **state)
{
    (void)state;
    client_send(&client, POST("/body", "Expect: 100-continue\r\nContent-Length: 60001\r\n\r\n"));
    client_expect(&client, 413, "the body is larger than 60000 bytes");
    assert_non_null(strstr(client.head, "\r\nConnection: close\r\n"));
    client_expect_end(&client);
    fixture_wait_for_log(&fixture, "start POST /body;end 413 35;");
}

static void a_chunked_body_that_grows_too_large_is_refused(void **state)
{
    (void)state;
    client_send(&client, POST("/body", "Transfer-Encoding: chunked\r\n\r\n"));
    static char chunk[] = "1000\r\n................................................................";
    static char data[4096 + 2] = {[4096] = '\r', [4097] = '\n'};
    chunk[6] = '\0';
    for (int i = 0; i < 200; i++) { // far more than is allowed: the refusal comes through all the same
        client_send(&client, chunk);
        client_send_bytes(&client, data, sizeof(data));
    }
    client_expect(&client, 413, "the body is larger than 60000 bytes");
    client_expect_end(&client);
}

static void head_has_the_length_and_no_body(void **state)
{
    (void)state;
    client_send(&client, "HEAD /ok HTTP/1.1\r\nHost: a\r\n\r\n" GET("/unchanged") GET("/headers") GET("/ok"));
    assert_int_equal(client_answer_without_body(&client), 200);
    assert_non_null(strstr(client.head, "\r\nContent-Length: 2\r\n"));
    assert_int_equal(client_answer_without_body(&client), 304);
    assert_non_null(strstr(client.head, "\r\nContent-Length: 6\r\n"));
    assert_non_null(strstr(client.head, "\r\nETag: \"1\"\r\n"));
    assert_int_equal(client_answer(&client), 204);
    assert_null(strstr(client.head, "Content-Length"));
    assert_true(strlen(client.head) > 2000);
    client_expect(&client, 200, "ok");
    fixture_wait_for_log(&fixture, "end 200 0;");
}

static void a_short_body_that_nobody_wants_is_skipped(void **state)
{
    (void)state;
    client_send(&client, POST("/nothing", "Content-Length: 5\r\n\r\nGET /") POST("/nothing",
                             "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n") GET("/ok"));
    client_expect(&client, 404, "");
    client_expect(&client, 404, "");
    client_expect(&client, 200, "ok");
}

static void a_malformed_body_is_refused_even_if_nobody_wants_it(void **state)
{
    (void)state;
    client_send(&client,
        "GET /ok HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcX0\r\n\r\n" GET("/ok"));
    client_expect(&client, 400, "a chunk's data must end with CR LF");
    client_expect_end(&client);
    fixture_wait_for_log(&fixture, "start GET /ok;end 400 34;");
}

static void a_long_body_that_nobody_wants_ends_the_connection(void **state)
{
    (void)state;
    client_send(&client, POST("/nothing", "Content-Length: 10000000\r\n\r\nabc"));
    client_expect(&client, 404, "");
    assert_non_null(strstr(client.head, "\r\nConnection: close\r\n"));
    client_expect_end(&client);
    client_connect(&fixture, &client);
    client_send(&client, POST("/nothing", "Transfer-Encoding: chunked\r\n\r\n100000\r\n"));
    static char data[LIMIT_SKIP_BYTES + 100000];
    client_send_bytes(&client, data, sizeof(data));
    client_expect(&client, 404, "");
    client_expect_end(&client);
}

static void a_body_held_back_for_continue_is_not_waited_for(void **state)
{
    (void)state;
    client_send(&client, POST("/nothing", "Expect: 100-continue\r\nContent-Length: 5\r\n\r\n"));
    client_expect(&client, 404, "");
    assert_non_null(strstr(client.head, "\r\nConnection: close\r\n"));
    client_expect_end(&client);
}

static void refusals_come_in_their_turn_and_end_the_connection(void **state)
{
    (void)state;
    client_send(&client, GET("/wait/1") "GET / HTTP/1.1\r\n\r\n" GET("/ok"));
    release(1);
    client_expect(&client, 200, "1");
    client_expect(&client, 400, "the request has no Host");
    assert_non_null(strstr(client.head, "\r\nConnection: close\r\n"));
    client_expect_end(&client);
    fixture_wait_for_log(&fixture, "end 200 1;end 400 23;");
    assert_null(strstr(fixture.log, "/ok"));
}

static void a_refusal_reaches_a_client_that_sends_on(void **state)
{
    (void)state;
    static char field[1000000];
    memset(field, 'a', sizeof(field));
    client_send(&client, "GET /ok HTTP/1.1\r\nX: ");
    client_send_bytes(&client, field, sizeof(field));
    client_expect(&client, 431, "the head is larger than 32768 bytes");
    client_expect_end(&client);
}

static void the_client_decides_whether_the_connection_goes_on(void **state)
{
    (void)state;
    client_send(&client, "GET /ok HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    client_expect(&client, 200, "ok");
    assert_non_null(strstr(client.head, "\r\nConnection: keep-alive\r\n"));
    client_send(&client, "GET /ok HTTP/1.0\r\n\r\n" GET("/ok"));
    client_expect(&client, 200, "ok");
    assert_non_null(strstr(client.head, "\r\nConnection: close\r\n"));
    client_expect_end(&client);
    client_connect(&fixture, &client);
    client_send(&client, POST("/body", "Connection: close\r\nContent-Length: 3\r\n\r\n"));
    client_send(&client, "abc");
    client_expect(&client, 201, "abc");
    client_expect_end(&client);
}

static void what_is_behind_a_last_answer_is_given_up(void **state)
{
    (void)state;
    client_send(&client, GET("/close/1") GET("/wait/2"));
    fixture_wait_for(&fixture, 2);
    release(1);
    client_expect(&client, 200, "1");
    client_expect_end(&client);
    fixture_wait_for_log(&fixture, "end 200 1;end 0 0;");
    release(2);
    assert_int_equal(fixture.gone, 1);
}

static void a_client_that_has_shut_its_side_gets_its_answers(void **state)
{
    (void)state;
    client_send(&client, GET("/wait/1") POST("/body", "Content-Length: 3\r\n\r\nabc") GET("/ok"));
    client_shut(&client);
    release(1);
    client_expect(&client, 200, "1");
    client_expect(&client, 201, "abc");
    client_expect(&client, 200, "ok");
    client_expect_end(&client);
}

static void a_body_that_is_cut_off_is_refused(void **state)
{
    (void)state;
    client_send(&client, POST("/body", "Content-Length: 5\r\n\r\nabc"));
    client_shut(&client);
    client_expect(&client, 400, "the connection ended inside the body");
    client_expect_end(&client);
}

static void nobody_is_found_for_a_client_that_has_gone(void **state)
{
    (void)state;
    client_send(&client, GET("/wait/1"));
    fixture_wait_for(&fixture, 1);
    client_reset(&client);
    fixture_wait_for_log(&fixture, "start GET /wait/1;end 0 0;");
    client_connect(&fixture, &client); // may get the same place in the table
    client_send(&client, GET("/wait/2"));
    release(1);
    assert_int_equal(fixture.gone, 1);
    release(2);
    client_expect(&client, 200, "2");
}

static void a_large_answer_comes_whole_to_a_slow_reader(void **state)
{
    (void)state;
    fixture.big_bytes = 8 * 1024 * 1024;
    client_send(&client, GET("/big") GET("/ok") POST("/body", "Content-Length: 3\r\n\r\nabc"));
    assert_int_equal(client_answer(&client), 200);
    assert_int_equal(client.body_len, fixture.big_bytes);
    client_expect(&client, 200, "ok");
    client_expect(&client, 201, "abc");
    fixture_wait_for_log(&fixture, "end 200 8388608;");
}

static void the_peer_is_named(void **state)
{
    (void)state;
    client_send(&client, GET("/peer"));
    assert_int_equal(client_answer(&client), 200);
    assert_memory_equal(client.body, "127.0.0.1:", 10);
}

static void connections_are_dealt_out_to_all_loops(void **state)
{
    (void)state;
    static struct client clients[4];
    struct loop *first = NULL;
    int on_first = 0;
    for (int i = 0; i < 4; i++) {
        char request[100];
        snprintf(request, sizeof(request), GET("/wait/%d"), i);
        client_connect(&fixture, &clients[i]);
        client_send(&clients[i], request);
        fixture_wait_for(&fixture, i);
        first = i == 0 ? fixture.refs[0].loop : first;
        on_first += fixture.refs[i].loop == first;
    }
    assert_int_equal(on_first, 2);
    for (int i = 0; i < 4; i++) {
        release(i);
        assert_int_equal(client_answer(&clients[i]), 200);
        client_close(&clients[i]);
    }
}

static int set_up_two_loops(void **state)
{
    (void)state;
    fixture_init(&fixture);
    fixture.loop_count = 2;
    fixture_start(&fixture);
    client.fd = -1;
    return 0;
}

// Each allocation on the way of a few requests fails once: the client gets an answer or an end, and what
// comes later is answered as ever.
static void without_memory_a_connection_fails_and_the_server_goes_on(void **state)
{
    (void)state;
    client_close(&client);
    for (long count = 0; count < 40; count++) {
        fixture_fail_memory(&fixture, count);
        client_connect(&fixture, &client);
        client_send(&client, POST("/body", "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"));
        client_send(&client, "0\r\n\r\n" GET("/headers") GET("/ok"));
        client_send(&client, "GET /wrong");
        client_shut(&client);
        char byte;
        while (recv(client.fd, &byte, 1, 0) > 0)
            ;
        client_close(&client);
    }
    fixture_fail_memory(&fixture, -1);
    client_connect(&fixture, &client);
    client_send(&client, GET("/ok"));
    client_expect(&client, 200, "ok");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_request_gets_its_answer),
        TEST(pipelined_answers_go_out_in_one_write),
        TEST(answers_that_become_ready_together_go_out_in_one_write_in_order),
        TEST(a_long_pipeline_is_answered_whole),
        TEST(a_full_pipeline_waits),
        TEST(a_get_behind_a_post_starts_when_that_is_answered),
        TEST(a_post_behind_gets_starts_when_they_are_answered),
        TEST(bodies_come_whole_however_they_are_sent),
        TEST(a_large_body_comes_whole),
        TEST(a_body_may_be_asked_for_late),
        TEST(a_client_that_waits_is_told_to_continue),
        TEST(to_continue_is_said_in_its_turn),
        TEST(a_body_that_is_too_large_is_refused_before_it_is_sent),
        TEST(a_chunked_body_that_grows_too_large_is_refused),
        TEST(head_has_the_length_and_no_body),
        TEST(a_short_body_that_nobody_wants_is_skipped),
        TEST(a_malformed_body_is_refused_even_if_nobody_wants_it),
        TEST(a_long_body_that_nobody_wants_ends_the_connection),
        TEST(a_body_held_back_for_continue_is_not_waited_for),
        TEST(refusals_come_in_their_turn_and_end_the_connection),
        TEST(a_refusal_reaches_a_client_that_sends_on),
        TEST(the_client_decides_whether_the_connection_goes_on),
        TEST(what_is_behind_a_last_answer_is_given_up),
        TEST(a_client_that_has_shut_its_side_gets_its_answers),
        TEST(a_body_that_is_cut_off_is_refused),
        TEST(nobody_is_found_for_a_client_that_has_gone),
        TEST(a_large_answer_comes_whole_to_a_slow_reader),
        TEST(the_peer_is_named),
        cmocka_unit_test_setup_teardown(connections_are_dealt_out_to_all_loops, set_up_two_loops, tear_down),
        TEST(without_memory_a_connection_fails_and_the_server_goes_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
