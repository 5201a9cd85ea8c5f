// SPDX-License-Identifier: Apache-2.0
// What workers do with a request, on the test's own thread, where each allocation can be made to fail.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "app/app_read.h"
#include "base/limits.h"
#include "base/mem.h"
#include "serve/handles.h"
#include "serve/own_pages.h"
#include "serve/read.h"
#include "serve/request.h"
#include "serve/static.h"
#include "site.h"

// A site without a server: its first app, one worker's handles of it, and a loop for the mail.
struct desk {
    struct site site;               //
    char var[SITE_PATH_BYTES];      // for spools
    struct context context;         //
    struct handles handles;         //
    struct endpoint_state endpoint; // the one
    struct edition *edition;        //
    struct loop *loop;              // does not run
    bool came_back;                 // the request's mail was posted
};

static struct desk *current_desk; // for on_mail

static void on_mail(struct mail *mail)
{
    (void)mail;
    current_desk->came_back = true;
}

static void desk_init(struct desk *desk)
{
    struct err err = {0};
    *desk = (struct desk){0};
    current_desk = desk;
    site_init(&desk->site);
    site_mkdir(&desk->site, 0, "public");
    site_write(&desk->site, 0, "public/small.txt", "small\n");
    site_write(&desk->site, 0, "get_rows.sql",
        "-- @endpoint GET /rows\n-- @page 3 max 200000\n-- @answer\n"
        "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c WHERE x < 200001)\n"
        "SELECT x FROM c ORDER BY x;\n");
    site_open(&desk->site);
    snprintf(desk->var, sizeof(desk->var), "%.200s/var", desk->site.dir);
    desk->context.services = desk->site.services;
    desk->context.endpoints = &desk->endpoint;
    atomic_init(&desk->context.read_ms, LIMIT_STATEMENT_MS);
    desk->context.spools.dir = desk->var;
    desk->context.spools.max_bytes = 100 * 1024 * 1024;
    assert_int_equal(handles_init(&desk->handles, desk->site.services, 1, &err), ERR_NONE);
    assert_int_equal(handles_connect(&desk->handles, 0, desk->site.services[0].app, 0, &err), ERR_NONE);
    assert_int_equal(edition_new(own_pages, &desk->site.services[0].app, 1, &desk->edition, &err), ERR_NONE);
    assert_int_equal(loop_new(&desk->loop, &err), ERR_NONE);
}

static void desk_fini(struct desk *desk)
{
    loop_free(desk->loop);
    edition_unref(desk->edition);
    handles_fini(&desk->handles);
    site_fini(&desk->site);
}

static struct request *make_request(struct desk *desk, int64_t limit)
{
    struct http_request head = {.method = HTTP_GET, .path = span_of("/rows"), .query = span_of("")};
    struct request *request = request_new(&desk->context, &head);
    assert_non_null(request);
    request->ref.loop = desk->loop;
    request->mail.deliver = on_mail;
    request->app = desk->edition->apps[0];
    const struct endpoint *endpoint = &desk->edition->apps[0]->endpoints[0];
    request->endpoint = endpoint;
    request->file = &desk->edition->apps[0]->public_files[0];
    request->path = head.path;
    request->params = arena_zalloc(&request->arena, endpoint->param_count, sizeof(struct value));
    assert_non_null(request->params);
    request->params[endpoint->limit_param] = (struct value){.kind = VALUE_INTEGER, .integer = limit};
    return request;
}

// Runs a worker's work with the n-th allocation failing, until none does; each time there is a response, and
// in the end the status is 200.
static void walk(struct desk *desk, void (*run)(struct task *task, void *worker), int64_t limit)
{
    int status = 0;
    for (long fail = 0; status != 200; fail++) {
        struct request *request = make_request(desk, limit);
        desk->came_back = false;
        mem_fail_after(fail);
        run(&request->task, &desk->handles);
        mem_fail_after(-1);
        status = request->response.status;
        assert_true(status == 200 || status == 503 || status == 500);
        assert_true(status != 200 || request->response.body != NULL || request->response.file != NULL);
        request->mail.deliver(&request->mail); // as the loop would
        assert_true(desk->came_back);
        loop_stop(desk->loop);
        request_free(request);
        loop_free(desk->loop); // by then a file is closed
        struct err err = {0};
        assert_int_equal(loop_new(&desk->loop, &err), ERR_NONE);
        assert_int_equal(desk->context.spools.used_bytes, 0);
        assert_true(fail < 10000);
    }
}

static void a_small_answer_survives_missing_memory(void **state)
{
    (void)state;
    AUTO(desk_fini) struct desk desk;
    desk_init(&desk);
    walk(&desk, read_run, 3);
}

static void a_large_answer_survives_missing_memory(void **state)
{
    (void)state;
    AUTO(desk_fini) struct desk desk;
    desk_init(&desk);
    walk(&desk, read_run, 100000);
}

static void a_file_survives_missing_memory(void **state)
{
    (void)state;
    AUTO(desk_fini) struct desk desk;
    desk_init(&desk);
    walk(&desk, static_run, 3);
}

static void a_large_answer_is_a_file_that_is_counted(void **state)
{
    (void)state;
    AUTO(desk_fini) struct desk desk;
    desk_init(&desk);
    struct request *request = make_request(&desk, 150000);
    read_run(&request->task, &desk.handles);
    assert_int_equal(request->response.status, 200);
    assert_null(request->response.body);
    assert_non_null(request->response.file);
    assert_int_equal(desk.context.spools.used_bytes, http_file_bytes(request->response.file));
    loop_stop(desk.loop);
    request_free(request);
    loop_free(desk.loop);
    desk.loop = NULL;
    assert_int_equal(desk.context.spools.used_bytes, 0);
}

static void work_for_a_client_that_is_gone_is_left_out(void **state)
{
    (void)state;
    AUTO(desk_fini) struct desk desk;
    desk_init(&desk);
    struct request *request = make_request(&desk, 3);
    atomic_store(&request->abandoned, true);
    read_run(&request->task, &desk.handles);
    assert_int_equal(request->response.status, 0);
    loop_stop(desk.loop);
    assert_true(desk.came_back);
    request_free(request);
    loop_free(desk.loop);
    desk.loop = NULL;
}

static void a_worker_prepares_the_edition_that_it_meets(void **state)
{
    (void)state;
    AUTO(desk_fini) struct desk desk;
    desk_init(&desk);
    struct handle *handle = &desk.handles.primaries[0];
    struct app *first = desk.edition->apps[0], *second;
    struct plan *plan = NULL, *same;
    struct err err = {0};
    AUTO(diags_fini) struct diags diags;
    diags_init(&diags);
    assert_int_equal(app_read(desk.site.app_dirs[0], "sqlite", &diags, &second, &err), ERR_NONE);
    enum err_code code = ERR_NO_MEMORY;
    for (long fail = 0; code == ERR_NO_MEMORY; fail++) {
        assert_ptr_equal(handle->app, first); // as it was before
        err = (struct err){0};
        mem_fail_after(fail);
        code = handle_plan(handle, second, &second->endpoints[0], &plan, &err);
        mem_fail_after(-1);
        assert_true(fail < 1000);
    }
    assert_int_equal(code, ERR_NONE);
    assert_ptr_equal(handle->app, second);
    assert_ptr_equal(plan_endpoint(plan), &second->endpoints[0]);
    assert_int_equal(handle_plan(handle, second, &second->endpoints[0], &same, &err), ERR_NONE);
    assert_ptr_equal(same, plan);
    app_unref(second); // the handle has its own reference
}

static void a_deadline_of_the_request_before_does_not_matter(void **state)
{
    (void)state;
    AUTO(desk_fini) struct desk desk;
    desk_init(&desk);
    struct app *app;
    struct err err = {0};
    AUTO(diags_fini) struct diags diags;
    diags_init(&diags);
    assert_int_equal(app_read(desk.site.app_dirs[0], "sqlite", &diags, &app, &err), ERR_NONE);
    edition_unref(desk.edition);
    assert_int_equal(edition_new(own_pages, &app, 1, &desk.edition, &err), ERR_NONE);
    app_unref(app);
    store_deadline(desk.handles.primaries[0].conn, 1); // long past
    struct request *request = make_request(&desk, 3);
    read_run(&request->task, &desk.handles);
    assert_int_equal(request->response.status, 200);
    loop_stop(desk.loop);
    request_free(request);
    loop_free(desk.loop);
    desk.loop = NULL;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_small_answer_survives_missing_memory),
        cmocka_unit_test(a_large_answer_survives_missing_memory),
        cmocka_unit_test(a_file_survives_missing_memory),
        cmocka_unit_test(a_large_answer_is_a_file_that_is_counted),
        cmocka_unit_test(work_for_a_client_that_is_gone_is_left_out),
        cmocka_unit_test(a_worker_prepares_the_edition_that_it_meets),
        cmocka_unit_test(a_deadline_of_the_request_before_does_not_matter),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
