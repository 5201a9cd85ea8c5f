// SPDX-License-Identifier: Apache-2.0
#include "cmd/top_board.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/buf.h"
#include "cmd/top_page.h"

#define REQUESTS "reckoner_http_request_duration_seconds"
#define RATES    "app=\"rates\",method=\"GET\",route=\"/rates\",status="

// Of a server that has answered so many requests of 200, half of them within 1 ms and all within 2.5 ms, and
// ten of 503.
static const char *text_of(struct buf *buf, unsigned count)
{
    buf_printf(buf,
        "# TYPE x counter\n"
        "reckoner_build_info{version=\"1.2\",sqlite=\"3\"} 1\nreckoner_ready 1\nprocess_start_time_seconds 1000\n"
        "process_cpu_seconds_total 2\nprocess_resident_memory_bytes 1048576\nreckoner_connections 3\n"
        "reckoner_connections_max 100\n"
        "reckoner_pool_places{pool=\"reads\"} 2\nreckoner_pool_busy{pool=\"reads\"} 1\n"
        "reckoner_batches_total{app=\"rates\",outcome=\"written\"} 4\n"
        "reckoner_batches_total{app=\"rates\",outcome=\"busy\"} 1\n"
        "reckoner_batch_rows_total{app=\"rates\"} 40\nreckoner_batch_duration_seconds_count{app=\"rates\"} 5\n"
        "reckoner_store_up{app=\"rates\"} 1\nreckoner_sqlite_database_bytes{app=\"rates\"} 2048\n");
    buf_printf(buf,
        REQUESTS
        "_bucket{" RATES "\"200\",le=\"0.0005\"} 0\n" REQUESTS "_bucket{" RATES
        "\"200\",le=\"0.001\"} %u\n" REQUESTS "_bucket{" RATES "\"200\",le=\"0.0025\"} %u\n" REQUESTS
        "_bucket{" RATES "\"200\",le=\"+Inf\"} %u\n" REQUESTS "_count{" RATES "\"200\"} %u\n" REQUESTS
        "_count{" RATES "\"503\"} 10\n"
        "reckoner_http_response_bytes_total{" RATES "\"200\"} %u\n"
        "reckoner_cache_requests_total{app=\"rates\",method=\"GET\",route=\"/rates\",source=\"near\"} %u\n"
        "reckoner_cache_requests_total{app=\"rates\",method=\"GET\",route=\"/rates\",source=\"miss\"} 10\n",
        count / 2, count, count, count, count * 100, count - 10);
    assert_int_equal(buf_status(buf), ERR_NONE);
    return buf->data;
}

static struct board board_of(struct buf *buf, unsigned count)
{
    struct board board;
    struct err err = {0};
    buf_init(buf, 65536);
    (void)text_of(buf, count);
    assert_int_equal(board_read(buf_span(buf), &board, &err), ERR_NONE);
    return board;
}

static bool is_near(double a, double b)
{
    return fabs(a - b) < 1e-9;
}

static void a_text_is_read(void **state)
{
    (void)state;
    AUTO(buf_fini) struct buf buf;
    struct board board = board_of(&buf, 100);
    assert_true(span_is(board.version, "1.2"));
    assert_int_equal(board.route_count, 1);
    const struct board_route *route = &board.routes[0];
    assert_true(span_is(route->app, "rates") && span_is(route->route, "/rates"));
    assert_true(is_near(route->requests, 110) && is_near(route->failed, 10));
    assert_true(is_near(route->sent_bytes, 10000) && is_near(route->reads, 100) && is_near(route->kept, 90));
    assert_int_equal(board.app_count, 1);
    assert_true(is_near(board.apps[0].batches, 5) && is_near(board.apps[0].refused, 1));
    assert_true(is_near(board.apps[0].rows, 40) && is_near(board.apps[0].is_up, 1));
    assert_int_equal(board.pool_count, 1);
    assert_true(is_near(board.pools[0].busy, 1) && is_near(board.connections, 3));
    board_fini(&board);
}

static void a_quantile_lies_between_bounds(void **state)
{
    (void)state;
    AUTO(buf_fini) struct buf buf;
    struct board board = board_of(&buf, 100);
    struct board_route total = board_total(&board);
    // The buckets that the text leaves out stay at 0 below, and at what they are above, where nobody looks.
    assert_true(is_near(board_quantile(total.buckets, 0.5), 0.001));
    assert_true(is_near(board_quantile(total.buckets, 0.75), 0.00175));
    const double none[HISTOGRAM_BUCKETS] = {0};
    assert_true(is_near(board_quantile(none, 0.5), 0));
    double late[HISTOGRAM_BUCKETS] = {0};
    late[HISTOGRAM_BUCKETS - 1] = 1;
    assert_true(is_near(board_quantile(late, 0.5), 10));
    board_fini(&board);
}

static void only_what_is_new_is_left(void **state)
{
    (void)state;
    AUTO(buf_fini) struct buf first, second;
    struct board before = board_of(&first, 100), board = board_of(&second, 300);
    board_subtract(&board, &before);
    assert_true(is_near(board.routes[0].requests, 200) && is_near(board.routes[0].failed, 0));
    assert_true(is_near(board.routes[0].kept, 200) && is_near(board.routes[0].reads, 200));
    assert_true(is_near(board.apps[0].rows, 0) && is_near(board.connections, 3));
    board_fini(&board);
    board_fini(&before);
}

static void a_server_that_was_started_anew_counts_from_nothing(void **state)
{
    (void)state;
    AUTO(buf_fini) struct buf first, second;
    struct board before = board_of(&first, 300), board = board_of(&second, 100);
    board.start_s += 60;
    board_subtract(&board, &before);
    assert_true(is_near(board.routes[0].requests, 110));
    board_fini(&board);
    board_fini(&before);
}

static void what_is_no_reckoner_is_told(void **state)
{
    (void)state;
    struct board board;
    struct err err = {0};
    assert_int_equal(board_read(span_of("<html>\nup 1\n"), &board, &err), ERR_MALFORMED);
    assert_string_equal(err.text, "what answers is no Reckoner with metrics");
}

static void a_page_has_all_of_it(void **state)
{
    (void)state;
    AUTO(buf_fini) struct buf buf, out;
    struct board board = board_of(&buf, 100);
    buf_init(&out, 65536);
    top_page_write(&(struct top_page){.board = &board,
                       .seconds = 10,
                       .now_s = 1000 + 90061,
                       .address = "127.0.0.1:8080",
                       .is_since_start = true,
                       .max_rows = 100,
                       .max_columns = 200},
        &out);
    const char *expected =
        "Reckoner 1.2 at 127.0.0.1:8080   ready   up 1d 01:01   cpu 20.0%   memory 1.0MiB   connections 3 of 100\n"
        "11.0 requests/s   5xx 9.1%   p50 1.00ms   p99 2.47ms   kept answers 90.0%   out 1000B/s   cache 0B of 0B"
        "   (since the start)\n"
        "\n"
        "POOL               BUSY   LONG   QUEUED     SLOW     OLDEST  REFUSED/S\n"
        "reads               1/2      0        0        0          -        0.0\n"
        "\n"
        "APP           STORE  BATCHES/S     ROWS/S  REFUSED/S      P99   QUEUED   OLDEST   DATABASE        LOG\n"
        "rates            up        0.5        4.0        0.1        -        0        -     2.0KiB         0B\n"
        "\n"
        "ROUTE                                        REQUESTS/S     5XX      P50      P99    KEPT    BYTES/S\n"
        "rates GET /rates                                   11.0    9.1%   1.00ms   2.47ms   90.0%      1000B\n";
    buf_append_byte(&out, '\0');
    assert_string_equal(out.data, expected);
    board_fini(&board);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_text_is_read),
        cmocka_unit_test(a_quantile_lies_between_bounds),
        cmocka_unit_test(only_what_is_new_is_left),
        cmocka_unit_test(a_server_that_was_started_anew_counts_from_nothing),
        cmocka_unit_test(what_is_no_reckoner_is_told),
        cmocka_unit_test(a_page_has_all_of_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
