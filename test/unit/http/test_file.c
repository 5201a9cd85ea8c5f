// SPDX-License-Identifier: Apache-2.0
// Answers whose body is a file, to clients that read fast, slowly, or not at all.
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/attr.h"
#include "base/limits.h"
#include "file_fixture.h"
#include "http/tls.h"

#define GET(path) "GET " path " HTTP/1.1\r\nHost: a\r\n\r\n"

static struct fixture fixture;
static struct client client, other;
static int set_up(void **state)
{
    (void)state;
    fixture_init(&fixture);
    fixture.on_other = files_on_other;
    files_opened = files_closed = 0;
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    client_close(&client);
    client_close(&other);
    fixture_stop(&fixture);
    assert_int_equal(files_opened, files_closed);
    return 0;
}

static void start(void)
{
    client.fd = other.fd = -1;
    fixture_start(&fixture);
    client_connect(&fixture, &client);
}

static void release(int number)
{
    fixture_release(&fixture, &number, 1);
}

static void wait_for_closed(int count)
{
    for (int i = 0; files_closed != count; i++) {
        if (i == PATIENCE_MS)
            fail_msg("%d of %d files are closed", (int)files_closed, (int)files_opened);
        poll(NULL, 0, 1); // polls, with a bound
    }
}

// --- tests: content

static void a_file_comes_byte_for_byte(void **state)
{
    (void)state;
    static const size_t sizes[] = {1, 1000, LIMIT_FILE_PART_BYTES - 1, LIMIT_FILE_PART_BYTES,
        LIMIT_FILE_PART_BYTES + 1, 3 * LIMIT_FILE_PART_BYTES, FILE_BYTES};
    start();
    for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
        client_ask_for_file(&client, sizes[i]);
        client_expect_file(&client, sizes[i]);
        wait_for_closed((int)i + 1);
        assert_int_equal(files_last_bytes, sizes[i]);
        char end[40];
        snprintf(end, sizeof(end), "end 200 %zu;", sizes[i]);
        fixture_wait_for_log(&fixture, end);
    }
}

static void an_empty_file_is_an_answer_without_body(void **state)
{
    (void)state;
    start();
    client_send(&client, GET("/file/0") GET("/ok"));
    client_expect(&client, 200, "");
    assert_non_null(strstr(client.head, "\r\nContent-Length: 0\r\n"));
    client_expect(&client, 200, "ok");
    wait_for_closed(1);
}

static void answers_without_body_send_no_byte_of_a_file(void **state)
{
    (void)state;
    start();
    client_send(
        &client, "HEAD /file/1000 HTTP/1.1\r\nHost: a\r\n\r\n" GET("/unchanged-file") GET("/no-file"));
    assert_int_equal(client_answer_without_body(&client), 200);
    assert_non_null(strstr(client.head, "\r\nContent-Length: 1000\r\n"));
    assert_int_equal(client_answer_without_body(&client), 304);
    assert_non_null(strstr(client.head, "\r\nContent-Length: 1000\r\n"));
    assert_int_equal(client_answer_without_body(&client), 204);
    assert_null(strstr(client.head, "Content-Length"));
    client_send(&client, GET("/ok"));
    client_expect(&client, 200, "ok");
    wait_for_closed(3);
    fixture_wait_for_log(&fixture, "end 200 0;end 304 0;end 204 0;");
}

static void a_file_in_the_middle_of_a_pipeline_keeps_its_place(void **state)
{
    (void)state;
    start();
    client_send(
        &client, GET("/ok") GET("/file/200000") GET("/wait/1") GET("/file/70000") GET("/file/5") GET("/ok"));
    client_expect(&client, 200, "ok");
    client_expect_file(&client, 200000);
    release(1);
    client_expect(&client, 200, "1");
    client_expect_file(&client, 70000);
    client_expect_file(&client, 5);
    client_expect(&client, 200, "ok");
    client_send(&client, "POST /body HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc");
    client_expect(&client, 201, "abc");
}

static void what_is_before_a_file_goes_out_with_its_head(void **state)
{
    (void)state;
    start();
    pool_hold(&fixture); // so that no part is read before the writes are counted
    client_send(&client, GET("/ok") GET("/ok") GET("/file/10") GET("/ok"));
    client_expect(&client, 200, "ok");
    client_expect(&client, 200, "ok");
    assert_int_equal(client_answer_without_body(&client), 200);
    assert_int_equal(http_server_stats(fixture.server).writes, 1);
    pool_let_go();
    client_expect_bytes(&client, 0, 10, false);
    client_expect(&client, 200, "ok");
    assert_int_equal(http_server_stats(fixture.server).writes, 3);
}

static void a_request_that_comes_while_a_file_is_sent_waits(void **state)
{
    (void)state;
    start();
    pool_hold(&fixture);
    client_send(&client, GET("/file/10"));
    assert_int_equal(client_answer_without_body(&client), 200);
    client_send(&client, GET("/wait/1"));
    client_connect(&fixture, &other);
    client_send(&other, GET("/ok"));
    client_expect(&other, 200, "ok");
    assert_false(fixture.waits[1]);
    pool_let_go();
    client_expect_bytes(&client, 0, 10, false);
    release(1);
    client_expect(&client, 200, "1");
}

static void the_last_answer_may_be_a_file(void **state)
{
    (void)state;
    start();
    client_send(&client, "GET /file/200000 HTTP/1.0\r\n\r\n");
    client_expect_file(&client, 200000);
    assert_non_null(strstr(client.head, "\r\nConnection: close\r\n"));
    client_expect_end(&client);
    client_connect(&fixture, &client);
    client_send(&client, GET("/file/200000"));
    client_shut(&client);
    client_expect_file(&client, 200000);
    client_expect_end(&client);
}

// --- tests: clients that take their time, or go

static void a_slow_reader_gets_all_of_it(void **state)
{
    (void)state;
    start();
    client_send(&client, GET("/hole") GET("/ok"));
    assert_int_equal(client_answer_without_body(&client), 200);
    client_connect(&fixture, &other); // which is not held up
    client_send(&other, GET("/file/200000"));
    client_expect_file(&other, 200000);
    uint64_t at = 0;
    for (int i = 0; i < 2000; i++)
        at += client_take(&client, at, 100, true);
    wait_for_closed(1); // the one that is taken; the other is held still
    client_expect_bytes(&client, at, HOLE_BYTES, true);
    client_expect(&client, 200, "ok");
    fixture_wait_for_log(&fixture, "end 200 67108864;end 200 2;");
}

static void a_client_that_takes_nothing_of_a_file_is_given_up(void **state)
{
    (void)state;
    fixture.limits.write.window_ms = 30;
    start();
    client_send(&client, GET("/hole") GET("/file/10"));
    fixture_wait_for_log(&fixture, "end 200 "); // begun, and broken off
    fixture_wait_for_log(&fixture, ";end 0 0;");
    assert_null(strstr(fixture.log, "end 200 67108864;"));
    wait_for_closed(2);
    fixture_wait_for_open(&fixture, 0);
}

static size_t told_bytes(void)
{
    fixture_wait_for_log(&fixture, "end 200 ");
    return strtoul(strstr(fixture.log, "end 200 ") + 8, NULL, 10);
}

static void the_bytes_that_a_client_took_are_told(void **state)
{
    (void)state;
    start();
    client_send(&client, GET("/hole"));
    assert_int_equal(client_answer_without_body(&client), 200);
    client_expect_bytes(&client, 0, 5000000, true);
    client_reset(&client);
    assert_in_range(told_bytes(), 5000000, HOLE_BYTES - 1);
    wait_for_closed(1);
}

static void they_are_told_as_of_now_for_an_answer_in_memory(void **state)
{
    (void)state;
    fixture.limits.tick_ms = 100000; // nobody looks in between
    fixture.big_bytes = HOLE_BYTES;
    start();
    client_send(&client, GET("/big"));
    assert_int_equal(client_answer_without_body(&client), 200);
    size_t taken = client.len;
    while (taken < 40000000) { // far more than the sockets hold
        char bytes[20000];
        ssize_t len = client_read(&client, bytes, sizeof(bytes));
        assert_true(len > 0);
        taken += (size_t)len;
    }
    fixture_freeze(&fixture); // so that the end is read before a write fails
    client_reset(&client);
    fixture_thaw(&fixture, false);
    assert_in_range(told_bytes(), 40000000, HOLE_BYTES - 1);
}

static void what_is_behind_a_broken_write_did_not_go_out(void **state)
{
    (void)state;
    fixture.big_bytes = HOLE_BYTES;
    start();
    client_send(&client, GET("/ok") GET("/big") GET("/ok") GET("/wait/1"));
    client_expect(&client, 200, "ok");
    assert_int_equal(client_answer_without_body(&client), 200);
    client_reset(&client);
    fixture_wait_for_log(&fixture, ";end 0 0;end 0 0;");
    assert_true(fixture_has_logged(&fixture, "end 200 2;end 200 "));
    assert_false(fixture_has_logged(&fixture, "end 200 67108864;"));
}

static void a_client_may_go_while_a_part_is_read(void **state)
{
    (void)state;
    start();
    pool_hold(&fixture);
    client_send(&client, GET("/file/100") GET("/file/100"));
    assert_int_equal(client_answer_without_body(&client), 200);
    client_reset(&client);
    fixture_wait_for_log(&fixture, "end 200 0;end 0 0;");
    fixture_wait_for_open(&fixture, 0); // its memory is gone, and the read still waits
    assert_int_equal(files_closed, 0);
    pool_let_go();
    wait_for_closed(2);
    client_connect(&fixture, &client);
    client_ask_for_file(&client, 100);
    client_expect_file(&client, 100);
}

// --- tests: files that are not what they were

static void a_file_that_is_shorter_than_said_ends_the_connection(void **state)
{
    (void)state;
    start();
    client_send(&client, GET("/short") GET("/ok"));
    assert_int_equal(client_answer_without_body(&client), 200);
    assert_non_null(strstr(client.head, "\r\nContent-Length: 10485768\r\n"));
    client_expect_bytes(&client, 0, FILE_BYTES, false);
    client_expect_end(&client);
    fixture_wait_for_log(&fixture, "end 200 10485767;end 0 0;");
    wait_for_closed(1);
}

static void a_file_that_cannot_be_read_ends_the_connection(void **state)
{
    (void)state;
    start();
    client_send(&client, GET("/unreadable"));
    assert_int_equal(client_answer_without_body(&client), 200);
    client_expect_end(&client);
    fixture_wait_for_log(&fixture, "end 200 0;");
    wait_for_closed(1);
}

// --- tests: limits

static void files_over_the_limit_are_refused(void **state)
{
    (void)state;
    fixture.max_files = 2;
    start();
    client_send(&client, GET("/wait/1") GET("/file/10") GET("/file/20")); // two wait for their turn
    fixture_wait_for(&fixture, 1);
    client_connect(&fixture, &other);
    client_send(&other, GET("/file/30") "HEAD /file/30 HTTP/1.1\r\nHost: a\r\n\r\n" GET("/ok"));
    client_expect(&other, 503, "too many answers are under way: ask again later");
    assert_non_null(strstr(other.head, "\r\nRetry-After: 1\r\n"));
    assert_null(strstr(other.head, "Connection: close"));
    assert_int_equal(client_answer_without_body(&other), 200); // sends none of it
    client_expect(&other, 200, "ok");
    wait_for_closed(2); // those two
    client_send(&other, "POST /file/40 HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n");
    client_expect_file(&other, 40); // what it asked for is done, and must not be done twice
    release(1);
    client_expect(&client, 200, "1");
    client_expect_file(&client, 10);
    client_expect_file(&client, 20);
    wait_for_closed(5);
    client_ask_for_file(&other, 30);
    client_expect_file(&other, 30);
}

static void without_memory_for_a_part_the_answer_is_another_one(void **state)
{
    (void)state;
    start();
    client_close(&client);
    int refused = 0;
    for (long count = 0; count < 20; count++) {
        fixture_fail_memory(&fixture, count);
        client_connect(&fixture, &client);
        client_send(&client, GET("/ok") GET("/file/100000") GET("/ok"));
        client_shut(&client);
        char all[110000];
        size_t len = 0;
        ssize_t got;
        while ((got = client_read(&client, all + len, sizeof(all) - len)) > 0)
            len += (size_t)got;
        refused += memmem(all, len, "HTTP/1.1 503 ", 13) != NULL &&
                   memmem(all, len, "there is no memory for the answer now: ask again later", 54) != NULL;
        client_close(&client);
    }
    fixture_fail_memory(&fixture, -1);
    assert_int_equal(refused, 1);
    client_connect(&fixture, &client);
    client_ask_for_file(&client, 100000);
    client_expect_file(&client, 100000);
}

// --- tests: the end of a server

// As its client would do again what is done.
static void without_memory_what_may_have_changed_something_is_not_refused(void **state)
{
    static const char *const PATHS[] = {"/file/100000", "/headers"};
    (void)state;
    start();
    client_send(&client, GET("/ok"));
    client_expect(&client, 200, "ok"); // from here on the loop has what else a request needs
    client_close(&client);
    fixture_wait_for_open(&fixture, 0);
    for (long count = 0; count < 10; count++) {
        char request[100], all[110000];
        size_t len = 0;
        ssize_t got;
        snprintf(request, sizeof(request), "POST %s HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n",
            PATHS[count % 2]);
        client_connect(&fixture, &client);
        fixture_wait_for_open(&fixture, 1);
        fixture_fail_memory(&fixture, count / 2);
        client_send(&client, request);
        client_shut(&client);
        while ((got = client_read(&client, all + len, sizeof(all) - len)) > 0)
            len += (size_t)got;
        if (memmem(all, len, "HTTP/1.1 503 ", 13) != NULL)
            fail_msg("%s without allocation %ld: %.*s", PATHS[count % 2], count / 2, (int)len, all);
        client_close(&client);
        fixture_fail_memory(&fixture, -1);
        fixture_wait_for_open(&fixture, 0);
    }
    client_connect(&fixture, &client);
}

static void a_drain_finishes_a_file(void **state)
{
    (void)state;
    start();
    client_send(&client, GET("/hole"));
    assert_int_equal(client_answer_without_body(&client), 200);
    fixture_drain(&fixture);
    client_expect_bytes(&client, 0, HOLE_BYTES, true);
    client_expect_end(&client);
    fixture_wait_for_log(&fixture, "end 200 67108864;");
}

static void a_drain_gives_up_on_a_file_at_its_deadline(void **state)
{
    (void)state;
    fixture.limits.drain_ms = 30;
    start();
    client_send(&client, GET("/hole"));
    assert_int_equal(client_answer_without_body(&client), 200);
    fixture_drain(&fixture);
    fixture_wait_for_log(&fixture, "end 200 ");
    assert_null(strstr(fixture.log, "end 200 67108864;"));
    wait_for_closed(1);
}

// The rest of a server whose loop has been stopped in the middle, without a drain.
static void free_all(void)
{
    tls_end(fixture.tls);
    loop_free(fixture.loops[0]);
    http_server_free(fixture.server);
    tls_free(fixture.tls);
    client_close(&client);
    client_close(&other);
    assert_int_equal(files_opened, files_closed);
}

static void a_server_may_stop_while_answers_are_written(void **state)
{
    (void)state;
    fixture.big_bytes =
        HOLE_BYTES; // not of a file, so that what the sockets do not take is left to libuv at once
    start();
    client_send(&client, GET("/big") GET("/file/10"));
    assert_int_equal(client_answer_without_body(&client), 200);
    client_connect(&fixture, &other);
    client_send(&other, GET("/wait/1") GET("/file/10"));
    fixture_wait_for(&fixture, 1);
    loop_stop(fixture.loops[0]);
    free_all();
}

static void a_server_may_stop_while_a_file_is_sent(void **state)
{
    (void)state;
    start();
    client_send(&client, GET("/hole") GET("/file/10"));
    assert_int_equal(client_answer_without_body(&client), 200);
    loop_stop(fixture.loops[0]);
    free_all();
}

static void *release_pool_at_the_end(void *arg)
{
    (void)arg;
    char byte;
    ssize_t len = recv(client.fd, &byte, 1, 0); // until the loop has closed the socket
    pool_let_go();
    return len <= 0 ? &client : NULL;
}

static void a_server_may_stop_while_a_part_is_read(void **state)
{
    (void)state;
    start();
    pool_hold(&fixture);
    client_send(&client, GET("/file/10"));
    assert_int_equal(client_answer_without_body(&client), 200);
    pthread_t thread;
    void *closed_first = NULL;
    assert_int_equal(pthread_create(&thread, NULL, release_pool_at_the_end, NULL), 0);
    loop_stop(fixture.loops[0]);
    pthread_join(thread, &closed_first);
    assert_non_null(closed_first);
    free_all();
}

// --- tests: many at once

static void *fetch(void *arg)
{
    (void)arg;
    struct client *mine = calloc(1, sizeof(*mine));
    client_connect(&fixture, mine);
    for (size_t i = 0; i < 8; i++) {
        client_send(mine, GET("/file/300000") GET("/ok"));
        client_expect_file(mine, 300000);
        client_expect(mine, 200, "ok");
    }
    client_send(mine, GET("/hole"));
    assert_int_equal(client_answer_without_body(mine), 200);
    client_reset(mine);
    free(mine);
    return NULL;
}

static void many_clients_on_several_loops_get_their_own(void **state)
{
    (void)state;
    fixture.loop_count = 2;
    start();
    pthread_t threads[8];
    for (size_t i = 0; i < ARRAY_LEN(threads); i++)
        assert_int_equal(pthread_create(&threads[i], NULL, fetch, NULL), 0);
    for (size_t i = 0; i < ARRAY_LEN(threads); i++)
        pthread_join(threads[i], NULL);
    wait_for_closed(72);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_file_comes_byte_for_byte),
        TEST(an_empty_file_is_an_answer_without_body),
        TEST(answers_without_body_send_no_byte_of_a_file),
        TEST(a_file_in_the_middle_of_a_pipeline_keeps_its_place),
        TEST(what_is_before_a_file_goes_out_with_its_head),
        TEST(a_request_that_comes_while_a_file_is_sent_waits),
        TEST(the_last_answer_may_be_a_file),
        TEST(a_slow_reader_gets_all_of_it),
        TEST(a_client_that_takes_nothing_of_a_file_is_given_up),
        TEST(the_bytes_that_a_client_took_are_told),
        TEST(they_are_told_as_of_now_for_an_answer_in_memory),
        TEST(what_is_behind_a_broken_write_did_not_go_out),
        TEST(a_client_may_go_while_a_part_is_read),
        TEST(a_file_that_is_shorter_than_said_ends_the_connection),
        TEST(a_file_that_cannot_be_read_ends_the_connection),
        TEST(files_over_the_limit_are_refused),
        TEST(without_memory_for_a_part_the_answer_is_another_one),
        TEST(without_memory_what_may_have_changed_something_is_not_refused),
        TEST(a_drain_finishes_a_file),
        TEST(a_drain_gives_up_on_a_file_at_its_deadline),
        cmocka_unit_test_setup(a_server_may_stop_while_answers_are_written, set_up),
        cmocka_unit_test_setup(a_server_may_stop_while_a_file_is_sent, set_up),
        cmocka_unit_test_setup(a_server_may_stop_while_a_part_is_read, set_up),
        TEST(many_clients_on_several_loops_get_their_own),
    };
    return cmocka_run_group_tests(tests, files_make, files_remove);
}
