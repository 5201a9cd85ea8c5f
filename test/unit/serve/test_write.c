// SPDX-License-Identifier: Apache-2.0
// Bodies on their way through a handler whose parse tasks find no room.
#include <arpa/inet.h>
#include <semaphore.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/limits.h"
#include "serve/handler.h"
#include "serve/loop_state.h"
#include "serve/lease.h"
#include "serve/own_pages.h"
#include "site.h"

enum { PAUSE_NS = 2000000, PAUSES = 5000, BODY_BYTES = 8 * LIMIT_PART_BYTES, FIRST_BYTES = BODY_BYTES / 4 };

// A server of one loop on a site's first app, whose parses pool has one thread and room for one task.
struct desk {
    struct site site;
    struct context context;
    struct http_handler handler;
    struct loop_state state;
    struct loop *loop;
    sem_t drained;
    sem_t running;               // posted by each task that stops the pool
    sem_t go_on;                 // for those tasks
    struct task stops[2];        // that stop the pool: one runs, one waits
    int client;                  // socket; closed when the test ends, however it does
    char body[BODY_BYTES + 128]; // of rows
    size_t body_len;             //
};

static struct desk desk;

static void stop_pool(struct task *task, void *worker)
{
    (void)task;
    (void)worker;
    sem_post(&desk.running);
    sem_wait(&desk.go_on);
}

// Ends the tasks that stop the pool, and those to come.
static void free_pool(void)
{
    sem_post(&desk.go_on);
    sem_post(&desk.go_on);
}

static void on_drained(void *ctx)
{
    (void)ctx;
    sem_post(&desk.drained);
}

static int set_up(void **state)
{
    (void)state;
    struct err err = {0};
    struct edition *edition;
    struct context *context = &desk.context;
    desk = (struct desk){0};
    site_init(&desk.site);
    site_mkdir(&desk.site, 0, "schema");
    site_write(&desk.site, 0, "schema/001_tables.sql", "CREATE TABLE rows (id integer);\n");
    site_write(&desk.site, 0, "post_rows.sql",
        "-- @endpoint POST /rows\n-- @field id integer\n-- @write\nINSERT INTO rows SELECT id FROM batch;\n"
        "-- @answer 201\nSELECT count(*) AS n FROM batch;\n");
    site_open(&desk.site);
    context->services = desk.site.services;
    context->service_count = 1;
    context->error_log = desk.site.log;
    context->rows_budget.max_bytes = LIMIT_BATCHES_BYTES;
    context->max_body_bytes = LIMIT_BODY_BYTES;
    sem_init(&desk.drained, 0, 0);
    sem_init(&desk.running, 0, 0);
    sem_init(&desk.go_on, 0, 0);
    editions_init(&context->editions, NULL);
    assert_int_equal(edition_new(own_pages, &desk.site.services[0].app, 1, &edition, &err), ERR_NONE);
    editions_publish(&context->editions, edition);
    assert_int_equal(pool_new(1, NULL, 1, &context->parses, &err), ERR_NONE);
    assert_int_equal(loop_new(&desk.loop, &err), ERR_NONE);
    leases_init(&desk.state.leases, &context->editions, NULL, NULL);
    loop_set_user(desk.loop, &desk.state);
    desk.handler = request_handler(context);
    struct http_listen listen = site_listen();
    struct http_options options = {
        .listens = &listen, .listen_count = 1, .max_connections = 10, .max_bodies_bytes = LIMIT_BODIES_BYTES};
    assert_int_equal(http_server_new(&options, &desk.loop, 1, &desk.handler, &context->http, &err), ERR_NONE);
    assert_int_equal(loop_start(desk.loop, &err), ERR_NONE);
    desk.body_len = (size_t)snprintf(desk.body, sizeof(desk.body), "id\n");
    while (desk.body_len < BODY_BYTES)
        desk.body_len += (size_t)snprintf(desk.body + desk.body_len, 16, "%zu\n", desk.body_len);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    close(desk.client);
    free_pool();
    http_server_drain(desk.context.http, on_drained, NULL);
    sem_wait(&desk.drained);
    loop_stop(desk.loop);
    pool_free(desk.context.parses);
    site_fini(&desk.site);
    loop_free(desk.loop);
    leases_fini(&desk.state.leases);
    http_server_free(desk.context.http);
    editions_fini(&desk.context.editions);
    sem_destroy(&desk.drained);
    sem_destroy(&desk.running);
    sem_destroy(&desk.go_on);
    return 0;
}

// --- steps

static void connect_to_server(void)
{
    const char *colon = strrchr(http_server_address(desk.context.http), ':');
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(colon + 1))};
    inet_pton(AF_INET, "127.0.0.1", &address.sin_addr);
    desk.client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(desk.client, (const struct sockaddr *)&address, sizeof(address)), 0);
}

static void send_all(const char *bytes, size_t len)
{
    while (len > 0) {
        ssize_t sent = send(desk.client, bytes, len, MSG_NOSIGNAL);
        assert_true(sent > 0);
        bytes += sent;
        len -= (size_t)sent;
    }
}

// Waits until rows take of the budget, or until none does.
static void wait_for_rows(bool any)
{
    for (int i = 0; i < PAUSES && (atomic_load(&desk.context.rows_budget.used_bytes) > 0) != any; i++)
        nanosleep(&(struct timespec){.tv_nsec = PAUSE_NS}, NULL);
    assert_int_equal(atomic_load(&desk.context.rows_budget.used_bytes) > 0, any);
}

static void submit(struct task *task)
{
    task->run = stop_pool;
    for (int i = 0; i < PAUSES; i++) {
        if (pool_submit(desk.context.parses, task))
            return;
        nanosleep(&(struct timespec){.tv_nsec = PAUSE_NS}, NULL);
    }
    fail_msg("the pool stays full");
}

// Makes the pool one that takes no task. A part of the body that waits there is parsed first.
static void fill_pool(void)
{
    desk.stops[1].run = stop_pool;
    for (;;) {
        submit(&desk.stops[0]);
        sem_wait(&desk.running);
        if (pool_submit(desk.context.parses, &desk.stops[1]))
            return;
        sem_post(&desk.go_on);
    }
}

// --- tests

// The rest of the body may come for hours.
static void rows_of_a_body_that_is_refused_in_the_middle_are_freed_at_once(void **state)
{
    (void)state;
    char head[256], answer[1024];
    connect_to_server();
    int len = snprintf(head, sizeof(head),
        "POST /rows HTTP/1.1\r\nHost: a\r\nContent-Type: text/csv\r\nContent-Length: %zu\r\n\r\n",
        desk.body_len);
    send_all(head, (size_t)len);
    send_all(desk.body, FIRST_BYTES);
    wait_for_rows(true);
    fill_pool();
    send_all(desk.body + FIRST_BYTES, FIRST_BYTES);
    wait_for_rows(false);
    free_pool();

    send_all(desk.body + 2 * FIRST_BYTES, desk.body_len - 2 * FIRST_BYTES);
    ssize_t got = recv(desk.client, answer, sizeof(answer) - 1, 0);
    assert_true(got > 0);
    answer[got] = '\0';
    assert_non_null(strstr(answer, "HTTP/1.1 503 Service Unavailable\r\n"));
    assert_non_null(strstr(answer, "Retry-After: 1\r\n"));
    assert_non_null(strstr(answer, "too many requests are waiting: send this one again later"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            rows_of_a_body_that_is_refused_in_the_middle_are_freed_at_once, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
