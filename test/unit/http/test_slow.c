// SPDX-License-Identifier: Apache-2.0
// Clients that send, or take, too slowly: they are given up, and hold nothing that others need. Time is that
// of the server's deadlines, which tests make short; that it has passed is seen by another client's.
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include <cmocka.h>

#include "file_fixture.h"

#define GET(path)        "GET " path " HTTP/1.1\r\nHost: a\r\n\r\n"
#define POST(path, rest) "POST " path " HTTP/1.1\r\nHost: a\r\n" rest

enum { MIB = 1024 * 1024 };
static const uint64_t TOO_FAST = 1000000000000; // a rate that nobody reaches

static struct fixture fixture;
static struct client client, other, third;
static char body[60000];

static int set_up(void **state)
{
    (void)state;
    fixture_init(&fixture);
    fixture.on_other = files_on_other;
    files_opened = files_closed = 0;
    client.fd = other.fd = third.fd = -1;
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    client_close(&client);
    client_close(&other);
    client_close(&third);
    fixture_stop(&fixture);
    return 0;
}

static void start(void)
{
    fixture_start(&fixture);
    client_connect(&fixture, &client);
}

static void release(int number)
{
    fixture_release(&fixture, &number, 1);
}

// Asks for something large, and waits until the answer has begun; takes none of it.
static void ask(struct client *by, const char *request)
{
    if (by->fd < 0)
        client_connect(&fixture, by);
    client_send(by, request);
    client_wait(by);
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

static void wait_for_slow_body(void)
{
    client_connect(&fixture, &other);
    client_send(&other, POST("/body", "Content-Length: 5\r\n\r\n"));
    client_expect(&other, 408, "the body came too slowly");
    client_expect_end(&other);
}

// --- tests: bodies

static void a_slow_body_is_refused(void **state)
{
    (void)state;
    fixture.limits.body.window_ms = 20;
    start();
    client_send(&client, POST("/body", "Content-Length: 5\r\n\r\nabc"));
    client_expect(&client, 408, "the body came too slowly");
    client_expect_end(&client);
    client_connect(&fixture, &client); // one that nobody wants, too
    client_send(&client, POST("/nothing", "Transfer-Encoding: chunked\r\n\r\n5\r\n"));
    client_expect(&client, 408, "the body came too slowly");
    client_expect_end(&client);
}

static void a_body_that_stops_is_refused_however_fast_it_came(void **state)
{
    (void)state;
    fixture.limits.body.window_ms = 200; // which a whole one has to come in
    fixture.max_bodies_bytes = 70000;
    start();
    client_send(&client, POST("/body", "Content-Length: 60000\r\n\r\n"));
    client_send_bytes(&client, body, sizeof(body) - 1);
    client_expect(&client, 408, "the body came too slowly");
    client_expect_end(&client);
    static const char head[] = POST("/body", "Content-Length: 60000\r\n\r\n");
    char whole[sizeof(head) - 1 + sizeof(body)]; // in one go, so that nothing holds it up
    memcpy(whole, head, sizeof(head) - 1);
    memcpy(whole + sizeof(head) - 1, body, sizeof(body));
    client_connect(&fixture, &client); // its room is another one's
    client_send_bytes(&client, whole, sizeof(whole));
    assert_int_equal(client_answer(&client), 201);
}

static void what_came_before_an_answer_buys_a_dropped_body_no_time(void **state)
{
    (void)state;
    fixture.limits.body.window_ms = 20;
    start();
    client_send(&client, POST("/wait/1", "Content-Length: 60000\r\n\r\n"));
    client_send_bytes(&client, body, sizeof(body) - 1);
    release(1); // reads and drops what has come, and waits for the rest
    client_expect(&client, 408, "the body came too slowly");
    client_expect_end(&client);
}

static void a_body_that_the_handler_does_not_read_yet_may_wait(void **state)
{
    (void)state;
    fixture.limits.body.window_ms = 1000; // which the rest of it has to come in
    start();
    client_send(&client, POST("/late/1", "Content-Length: 60000\r\n\r\n"));
    client_send_bytes(&client, body, 100);
    fixture_wait_for(&fixture, 1);
    wait_for_slow_body();
    client_send_bytes(&client, body + 100, sizeof(body) - 100); // before its own time runs
    release(1);
    assert_int_equal(client_answer(&client), 201);
}

static void a_client_that_waits_for_its_100_continue_is_not_slow(void **state)
{
    (void)state;
    fixture.limits.body.window_ms = 1500; // which it has to answer the 100 in
    start();
    client_send(&client, GET("/wait/1") "GET /body HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n"
                                        "Content-Length: 3\r\n\r\n");
    fixture_wait_for_log(&fixture, "start GET /body;");
    wait_for_slow_body();
    release(1);
    client_expect(&client, 200, "1");
    assert_int_equal(client_answer(&client), 100);
    client_send(&client, "abc");
    client_expect(&client, 201, "abc");
}

static void what_comes_while_the_loop_is_held_up_is_in_time(void **state)
{
    (void)state;
    enum { WINDOW_MS = 1500 };
    fixture.limits.body.window_ms = WINDOW_MS; // within which the loop is held up
    fixture.limits.tick_ms =
        WINDOW_MS / 5; // a busy machine makes shorter ones late before, and no second one in a row counts
    start();
    client_send(&client, POST("/body", "Content-Length: 3\r\n\r\n"));
    fixture_wait_for_log(&fixture, "start POST /body;");
    fixture_freeze(&fixture);
    client_send(&client, "abc");
    struct timespec then, now;
    clock_gettime(CLOCK_MONOTONIC, &then);
    do { // the window passes
        poll(NULL, 0, 1);
        clock_gettime(CLOCK_MONOTONIC, &now);
    } while ((now.tv_sec - then.tv_sec) * 1000 + (now.tv_nsec - then.tv_nsec) / 1000000 < WINDOW_MS + 100);
    fixture_thaw(&fixture, false);
    client_expect(&client, 201, "abc");
}

// --- tests: answers

static void a_client_that_takes_nothing_is_given_up(void **state)
{
    (void)state;
    fixture.limits.write.window_ms = 30;
    start();
    client_send(&client, GET("/big/32") GET("/wait/1"));
    fixture_wait_for_log(&fixture, "end 200 "); // begun, and broken off
    fixture_wait_for_log(&fixture, "end 0 0;");
    assert_false(fixture_has_logged(&fixture, "end 200 33554432;"));
    fixture_wait_for_open(&fixture, 0);
    release(1);
    assert_int_equal(fixture.gone, 1);
}

// Takes 100 bytes every millisecond at most, until the server has had enough of it.
static void take_slowly(struct client *from, size_t all)
{
    size_t taken = 0;
    char bytes[100];
    ssize_t len;
    while ((len = client_read(from, bytes, sizeof(bytes))) > 0 && taken < all) {
        taken += (size_t)len;
        if (http_server_stats(fixture.server).open == 0)
            return;
        poll(NULL, 0, 1);
    }
    fail_msg("%zu bytes were taken", taken);
}

static void a_client_that_takes_too_little_is_given_up(void **state)
{
    (void)state;
    fixture.limits.write = (struct pace_limit){.window_ms = 30, .rate = TOO_FAST};
    start();
    client_send(&client, GET("/big/32"));
    take_slowly(&client, 32 * MIB);
    fixture_wait_for_log(&fixture, "end 200 ");
    assert_false(fixture_has_logged(&fixture, "end 200 33554432;"));
}

static void a_client_that_takes_too_little_of_a_file_gives_its_place_to_another(void **state)
{
    (void)state;
    fixture.limits.write = (struct pace_limit){.window_ms = 30, .rate = TOO_FAST};
    fixture.max_files = 1;
    start();
    client_send(&client, GET("/hole"));
    take_slowly(&client, HOLE_BYTES);
    for (int i = 0; files_closed == 0 && i < PATIENCE_MS; i++)
        poll(NULL, 0, 1); // polls, with a bound
    client_connect(&fixture, &other);
    client_ask_for_file(&other, 1000);
    client_expect_file(&other, 1000);
}

static void nothing_is_started_for_a_client_that_takes_nothing(void **state)
{
    (void)state;
    start();
    ask(&client, GET("/big/32"));
    client_send(&client, GET("/wait/1"));
    wait_for_turn();
    assert_false(fixture.waits[1]);
    assert_int_equal(client_answer(&client), 200);
    release(1);
    client_expect(&client, 200, "1");
}

// --- tests: the room for answers that wait

static void past_the_bound_the_one_that_holds_most_is_closed(void **state)
{
    (void)state;
    fixture.max_answers_bytes = 50 * MIB;
    start();
    ask(&client, GET("/big/16"));
    ask(&other, GET("/big/18"));
    wait_for_turn();
    assert_false(fixture_has_logged(&fixture, "end 200 1")); // both wait
    ask(&third, GET("/big/17"));
    fixture_wait_for_log(&fixture, "start GET /big/17;end 200 "); // the second one's, cut
    assert_false(fixture_has_logged(&fixture, "end 200 18874368;"));
    assert_int_equal(client_answer(&client), 200);
    assert_int_equal(client.body_len, 16 * MIB);
    assert_int_equal(client_answer(&third), 200);
    assert_int_equal(third.body_len, 17 * MIB);
    client_close(&other); // there is room again
    ask(&other, GET("/big/49"));
    assert_int_equal(client_answer(&other), 200);
}

static void answers_of_one_connection_count_together(void **state)
{
    (void)state;
    fixture.max_answers_bytes = 60 * MIB;
    start();
    ask(&client, GET("/big/12") GET("/big/13")); // the second one waits behind the first
    ask(&other, GET("/big/20"));
    wait_for_turn();
    ask(&third, GET("/big/21"));
    fixture_wait_for_log(&fixture, "start GET /big/21;end 200 ");
    fixture_wait_for_log(&fixture, "end 0 0;");
    assert_int_equal(client_answer(&other), 200);
    assert_int_equal(other.body_len, 20 * MIB);
    assert_int_equal(client_answer(&third), 200);
    assert_int_equal(third.body_len, 21 * MIB);
}

static void an_answer_over_the_bound_is_for_who_takes_it_at_once(void **state)
{
    (void)state;
    fixture.max_answers_bytes = 1000;
    fixture.big_bytes = 50000;
    start();
    client_send(&client, GET("/big"));
    assert_int_equal(client_answer(&client), 200);
    client_send(&client, GET("/big/32"));
    fixture_wait_for_open(&fixture, 0);
    assert_false(fixture_has_logged(&fixture, "end 200 33554432;"));
}

static void a_file_is_not_of_the_bound(void **state)
{
    (void)state;
    fixture.max_answers_bytes = 1000;
    start();
    ask(&client, GET("/hole"));
    wait_for_turn();
    assert_int_equal(client_answer_without_body(&client), 200);
    client_expect_bytes(&client, 0, HOLE_BYTES, true);
}

static void the_loop_with_more_than_its_share_makes_room(void **state)
{
    (void)state;
    fixture.loop_count = 2;
    fixture.max_answers_bytes = 50 * MIB;
    start();
    client_connect(&fixture, &other); // on the other loop
    ask(&client, GET("/big/32"));
    ask(&other, GET("/big/20"));                // under the share of 25: it is the first loop that must
    fixture_wait_for_log(&fixture, "end 200 "); // and does, at its tick
    assert_false(fixture_has_logged(&fixture, "end 200 33554432;"));
    assert_int_equal(client_answer(&other), 200);
    assert_int_equal(other.body_len, 20 * MIB);
}

static void *take_one_and_leave_one(void *arg)
{
    struct client *mine = calloc(1, sizeof(*mine));
    mine->fd = -1;
    for (int i = 0; i < 5; i++) {
        ask(mine, GET("/big/12") GET("/big/12") GET("/ok"));
        client_reset(mine);
        client_connect(&fixture, mine);
        client_send(mine, GET("/ok") GET("/ok") GET("/ok"));
        for (int j = 0; j < 3; j++)
            client_expect(mine, 200, "ok");
        client_close(mine);
    }
    free(mine);
    return arg;
}

static void when_all_have_gone_the_whole_room_is_there(void **state)
{
    (void)state;
    fixture.loop_count = 2;
    fixture.max_answers_bytes = 40 * MIB;
    start();
    client_close(&client); // it would be idle for too long
    pthread_t threads[4];
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, take_one_and_leave_one, NULL), 0);
    for (size_t i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    fixture_wait_for_open(&fixture, 0);
    wait_for_turn(); // both loops have told what they hold
    wait_for_turn();
    ask(&client, GET("/big/39"));
    wait_for_turn();
    assert_int_equal(client_answer(&client), 200);
    assert_int_equal(client.body_len, 39 * MIB);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

// --- clients that have gone while their requests are away

static void a_client_that_has_ended_its_side_has_little_time_for_its_answer(void **state)
{
    (void)state;
    fixture.limits.half_closed_ms = 1;
    start();
    client_send(&client, GET("/wait/1"));
    fixture_wait_for(&fixture, 1);
    client_shut(&client);
    fixture_wait_for_log(&fixture, "start GET /wait/1;end 0 0;");
    release(1);
    assert_int_equal(fixture.gone, 1);
}

static void what_may_have_changed_something_is_answered_however_late(void **state)
{
    (void)state;
    fixture.limits.half_closed_ms = 1;
    start();
    client_connect(&fixture, &other);
    client_send(&client, POST("/wait/1", "Content-Length: 0\r\n\r\n"));
    client_send(&other, GET("/wait/2"));
    fixture_wait_for(&fixture, 1);
    fixture_wait_for(&fixture, 2);
    client_shut(&client);
    client_shut(&other);
    fixture_wait_for_log(&fixture, "end 0 0;"); // the other one's
    release(1);
    client_expect(&client, 200, "1");
    client_expect_end(&client);
    release(2);
}

// Asks for more than is begun at once, so that the connection is not read any more.
static void fill_pipeline(void)
{
    for (int i = 0; i <= LIMIT_PIPELINE; i++) {
        char request[100];
        snprintf(request, sizeof(request), GET("/wait/%d"), i);
        client_send(&client, request);
    }
    fixture_wait_for(&fixture, LIMIT_PIPELINE - 1);
    client_send(&client, "GET /");
}

static void the_end_of_a_client_that_is_not_read_is_seen(void **state)
{
    (void)state;
    fixture.limits.half_closed_ms = 1;
    start();
    fill_pipeline();
    client_shut(&client);
    fixture_wait_for_log(&fixture, "start GET /wait/15;end 0 0;");
}

static void the_reset_of_a_client_that_is_not_read_is_seen(void **state)
{
    (void)state;
    start();
    fill_pipeline();
    client_reset(&client);
    fixture_wait_for_log(&fixture, "start GET /wait/15;end 0 0;");
}

static void a_reset_behind_an_end_is_seen(void **state)
{
    (void)state;
    start();
    client_send(&client, GET("/wait/1"));
    fixture_wait_for(&fixture, 1);
    client_shut(&client);
    client_reset(&client);
    fixture_wait_for_log(&fixture, "start GET /wait/1;end 0 0;");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_slow_body_is_refused),
        TEST(a_body_that_stops_is_refused_however_fast_it_came),
        TEST(what_came_before_an_answer_buys_a_dropped_body_no_time),
        TEST(a_body_that_the_handler_does_not_read_yet_may_wait),
        TEST(a_client_that_waits_for_its_100_continue_is_not_slow),
        TEST(what_comes_while_the_loop_is_held_up_is_in_time),
        TEST(a_client_that_takes_nothing_is_given_up),
        TEST(a_client_that_takes_too_little_is_given_up),
        TEST(a_client_that_takes_too_little_of_a_file_gives_its_place_to_another),
        TEST(nothing_is_started_for_a_client_that_takes_nothing),
        TEST(a_client_that_has_ended_its_side_has_little_time_for_its_answer),
        TEST(what_may_have_changed_something_is_answered_however_late),
        TEST(the_end_of_a_client_that_is_not_read_is_seen),
        TEST(the_reset_of_a_client_that_is_not_read_is_seen),
        TEST(a_reset_behind_an_end_is_seen),
        TEST(past_the_bound_the_one_that_holds_most_is_closed),
        TEST(answers_of_one_connection_count_together),
        TEST(an_answer_over_the_bound_is_for_who_takes_it_at_once),
        TEST(a_file_is_not_of_the_bound),
        TEST(the_loop_with_more_than_its_share_makes_room),
        TEST(when_all_have_gone_the_whole_room_is_there),
    };
    return cmocka_run_group_tests(tests, files_make, files_remove);
}
