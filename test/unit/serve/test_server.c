// SPDX-License-Identifier: Apache-2.0
// Whole requests to a whole server, with its threads.
#include "serve/server.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/mem.h"
#include "site.h"

static const char TABLES[] = "CREATE TABLE things (id integer PRIMARY KEY, name text NOT NULL);\n";
static const char GET_THINGS[] = "-- @endpoint GET /things\n-- @page 2 max 5\n-- @answer\n"
                                 "SELECT id, name FROM things ORDER BY id;\n";
static const char GET_THING[] = "-- @endpoint GET /things/{id}\n-- @param id integer\n-- @shape object\n"
                                "-- @answer\nSELECT id, name FROM things WHERE id = :id;\n";
static const char GET_COUNT[] = "-- @endpoint GET /things/count\n-- @shape text\n"
                                "-- @answer\nSELECT count(*) AS n FROM things;\n";
static const char GET_LARGE[] =
    "-- @endpoint GET /large\n-- @param rows integer required\n-- @answer\n"
    "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c WHERE x < :rows)\n"
    "SELECT x, 'a line of text' AS line FROM c;\n";
static const char POST_THINGS[] = "-- @endpoint POST /things\n-- @field id integer required\n"
                                  "-- @field name text required\n-- @shape object\n"
                                  "-- @write\nINSERT INTO things SELECT id, name FROM batch;\n"
                                  "-- @answer 201\nSELECT id, name FROM things WHERE name = 'wanted';\n";

static const char NDJSON[] = "Content-Type: application/x-ndjson\r\n";

static void make_app(struct site *site)
{
    site_mkdir(site, 0, "schema");
    site_mkdir(site, 0, "public");
    site_mkdir(site, 0, "public/map");
    site_write(site, 0, "schema/001_tables.sql", TABLES);
    site_write(site, 0, "get_things.sql", GET_THINGS);
    site_write(site, 0, "get_thing.sql", GET_THING);
    site_write(site, 0, "get_count.sql", GET_COUNT);
    site_write(site, 0, "get_large.sql", GET_LARGE);
    site_write(site, 0, "post_things.sql", POST_THINGS);
    site_write(site, 0, "public/index.html", "<p>hello\n");
    site_write(site, 0, "public/map/index.html", "<p>map\n");
    site_write(site, 0, "public/empty.txt", "");
}

static void post(struct site *site, const char *body, int status)
{
    struct answer answer = site_ask(site, "POST", "/things", NDJSON, body);
    assert_int_equal(answer.status, status);
    answer_fini(&answer);
}

static void add_things(struct site *site)
{
    post(site,
        "{\"id\":1,\"name\":\"wanted\"}\n{\"id\":2,\"name\":\"b\"}\n"
        "{\"id\":3,\"name\":\"c\"}\n{\"id\":4,\"name\":\"d\"}\n"
        "{\"id\":5,\"name\":\"e\"}\n",
        201);
}

// The value of a header, copied; "" when it is not there.
static void header_of(const struct answer *answer, const char *name, char ret_value[256])
{
    const char *at = strstr(answer->headers, name);
    ret_value[0] = '\0';
    if (at != NULL)
        snprintf(ret_value, 256, "%.*s", (int)strcspn(at + strlen(name) + 2, "\r"), at + strlen(name) + 2);
}

static void assert_header(const struct answer *answer, const char *name, const char *expected)
{
    char value[256];
    header_of(answer, name, value);
    assert_string_equal(value, expected);
}

static void paths_have_parameters(void **state)
{
    (void)state;
    AUTO(site_fini) struct site site;
    site_init(&site);
    make_app(&site);
    site_serve(&site, false);
    add_things(&site);
    site_expect(&site, "/things/2", 200, "{\"id\":2,\"name\":\"b\"}");
    site_expect(&site, "/things/%32", 200, "{\"id\":2,\"name\":\"b\"}");
    site_expect(&site, "/things/count", 200, "5");
    site_expect(&site, "/things/x?id=2", 400,
        "{\"type\":\"about:blank\",\"title\":\"Bad Request\",\"status\":400,"
        "\"detail\":\"parameters that do not "
        "pass: 1\",\"errors\":[{\"parameter\":\"id\",\"value\":\"x\",\"code\":\"type\","
        "\"detail\":\"must be an "
        "integer\"}],\"errors_total\":1}\n");
    site_expect(&site, "/things/", 404,
        "{\"type\":\"about:blank\",\"title\":\"Not Found\",\"status\":404,\"detail\":\"no endpoint has this "
        "path\"}\n");
}

static void an_object_that_is_not_there_is_404_and_undoes_a_write(void **state)
{
    (void)state;
    AUTO(site_fini) struct site site;
    site_init(&site);
    make_app(&site);
    site_serve(&site, false);
    static const char nothing[] = "{\"type\":\"about:blank\",\"title\":\"Not Found\",\"status\":404,"
                                  "\"detail\":\"nothing was found for this request\"}\n";
    site_expect(&site, "/things/9", 404, nothing);
    struct answer answer = site_ask(&site, "POST", "/things", NDJSON, "{\"id\":9,\"name\":\"unwanted\"}");
    assert_int_equal(answer.status, 404);
    assert_string_equal(answer.body, nothing);
    answer_fini(&answer);
    site_expect(&site, "/things/count", 200, "0");
}

static void pages_lead_to_the_next_by_a_link(void **state)
{
    (void)state;
    AUTO(site_fini) struct site site;
    site_init(&site);
    make_app(&site);
    site_serve(&site, false);
    add_things(&site);
    static const char *const pages[] = {
        "id,name\r\n1,wanted\r\n2,b\r\n", "id,name\r\n3,c\r\n4,d\r\n", "id,name\r\n5,e\r\n"};
    char target[256] = "/things?format=csv";
    for (size_t i = 0; i < ARRAY_LEN(pages); i++) {
        struct answer answer = site_ask(&site, "GET", target, "", NULL);
        char link[256];
        assert_int_equal(answer.status, 200);
        assert_string_equal(answer.body, pages[i]);
        header_of(&answer, "Link", link);
        bool is_last = i + 1 == ARRAY_LEN(pages);
        assert_int_equal(strncmp(link, "</things?format=csv&cursor=", 27) == 0, !is_last);
        if (!is_last)
            snprintf(target, sizeof(target), "%.*s", (int)strcspn(link + 1, ">"), link + 1);
        answer_fini(&answer);
    }
    struct answer answer = site_ask(&site, "GET", "/things?cursor=stale", "", NULL);
    assert_int_equal(answer.status, 400);
    assert_non_null(strstr(answer.body, "\"errors\":[{\"parameter\":\"cursor\",\"value\":\"stale\","));
    answer_fini(&answer);
}

static void formats_go_by_the_query_then_by_accept(void **state)
{
    (void)state;
    static const struct {
        const char *target, *accept, *type, *vary;
        int status;
    } cases[] = {
        {"/things", "Accept: text/csv, application/json;q=0.5\r\n", "text/csv; charset=utf-8; header=present",
            "Accept, Accept-Encoding", 200},
        {"/things", "", "application/json", "Accept, Accept-Encoding", 200},
        {"/things?format=ndjson", "Accept: text/csv\r\n", "application/x-ndjson", "Accept-Encoding", 200},
        {"/things?format=json", "Accept: image/png\r\n", "application/json", "Accept-Encoding", 200},
        {"/things?format=xml", "", "application/problem+json", "", 400},
        {"/things", "Accept: text/plain\r\n", "application/problem+json", "Accept", 406},
        {"/things/count", "", "text/plain; charset=utf-8", "Accept, Accept-Encoding", 200},
    };
    AUTO(site_fini) struct site site;
    site_init(&site);
    make_app(&site);
    site_serve(&site, false);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct answer answer = site_ask(&site, "GET", cases[i].target, cases[i].accept, NULL);
        assert_int_equal(answer.status, cases[i].status);
        assert_header(&answer, "Content-Type", cases[i].type);
        assert_header(&answer, "Vary", cases[i].vary);
        answer_fini(&answer);
    }
    struct answer answer =
        site_ask(&site, "POST", "/things?format=csv", NDJSON, "{\"id\":1,\"name\":\"wanted\"}");
    assert_string_equal(answer.body, "id,name\r\n1,wanted\r\n");
    answer_fini(&answer);
    answer = site_ask(&site, "GET", "/things", "Accept: text/plain\r\n", NULL);
    assert_non_null(strstr(answer.body,
        "the answer is application/json, application/x-ndjson or text/csv, which Accept leaves out"));
    answer_fini(&answer);
}

static void large_answers_come_whole_and_leave_nothing(void **state)
{
    (void)state;
    AUTO(site_fini) struct site site;
    site_init(&site);
    make_app(&site);
    site_serve(&site, false);
    struct answer answer = site_ask(&site, "GET", "/large?rows=100000&format=csv", "", NULL);
    assert_int_equal(answer.status, 200);
    size_t lines = 0, digits = 0;
    for (size_t i = 0; i < answer.body_len; i++) {
        lines += answer.body[i] == '\n';
        digits += answer.body[i] >= '0' && answer.body[i] <= '9';
    }
    assert_int_equal(lines, 100001);
    assert_int_equal(digits, 488895); // of 1 to 100000
    answer_fini(&answer);
    answer = site_ask(&site, "HEAD", "/large?rows=100000&format=csv", "", NULL);
    assert_header(&answer, "Content-Length", "2188903");
    assert_int_equal(answer.body_len, 0);
    answer_fini(&answer);
}

static void files_are_served_with_their_tag(void **state)
{
    (void)state;
    AUTO(site_fini) struct site site;
    site_init(&site);
    make_app(&site);
    site_serve(&site, false);
    site_expect(&site, "/empty.txt", 200, "");
    site_expect(&site, "/map/", 200, "<p>map\n");
    struct answer answer = site_ask(&site, "GET", "/", "", NULL);
    assert_string_equal(answer.body, "<p>hello\n");
    assert_header(&answer, "Content-Type", "text/html; charset=utf-8");
    assert_header(&answer, "Cache-Control", "no-cache");
    assert_header(&answer, "X-Content-Type-Options", "nosniff");
    char etag[256], condition[600];
    header_of(&answer, "ETag", etag);
    answer_fini(&answer);

    snprintf(condition, sizeof(condition), "If-None-Match: \"x\"\r\nIf-None-Match: W/%s\r\n", etag);
    answer = site_ask(&site, "GET", "/index.html", condition, NULL);
    assert_int_equal(answer.status, 304);
    assert_header(&answer, "ETag", etag);
    assert_int_equal(answer.body_len, 0);
    answer_fini(&answer);
    answer = site_ask(&site, "HEAD", "/index.html", "If-None-Match: \"x\"\r\n", NULL);
    assert_int_equal(answer.status, 200);
    assert_header(&answer, "Content-Length", "9");
    answer_fini(&answer);
    snprintf(condition, sizeof(condition), "If-Match: \"x\"\r\nIf-Match: %s\r\n", etag);
    answer = site_ask(&site, "GET", "/index.html", condition, NULL);
    assert_int_equal(answer.status, 200);
    answer_fini(&answer);
    site_write(&site, 0, "public/index.html", "<p>other\n");
    answer = site_ask(&site, "GET", "/index.html", condition, NULL);
    assert_int_equal(answer.status, 412);
    assert_non_null(strstr(answer.body, "\"what is here has another entity tag than If-Match names\""));
    answer_fini(&answer);
    snprintf(condition, sizeof(condition), "If-None-Match: \"x\"\r\nIf-None-Match: W/%s\r\n", etag);
    answer = site_ask(&site, "GET", "/index.html", condition, NULL);
    assert_int_equal(answer.status, 200);
    assert_string_equal(answer.body, "<p>other\n");
    answer_fini(&answer);
    answer = site_ask(&site, "POST", "/index.html", "", "");
    assert_int_equal(answer.status, 405);
    assert_header(&answer, "Allow", "GET, HEAD, OPTIONS");
    answer_fini(&answer);
    answer = site_ask(&site, "GET", "/map?a=/%2F", "", NULL);
    assert_int_equal(answer.status, 308);
    assert_header(&answer, "Location", "/map/?a=/%2F");
    answer_fini(&answer);
}

static void nothing_but_the_file_itself_is_served(void **state)
{
    (void)state;
    AUTO(site_fini) struct site site;
    site_init(&site);
    make_app(&site);
    site_serve(&site, false);
    static const char gone[] = "{\"type\":\"about:blank\",\"title\":\"Not Found\",\"status\":404,"
                               "\"detail\":\"the file that was here is gone\"}\n";
    char path[2 * SITE_PATH_BYTES];
    snprintf(path, sizeof(path), "%s/public/empty.txt", site.app_dirs[0]);
    assert_int_equal(unlink(path), 0);
    site_expect(&site, "/empty.txt", 404, gone);
    assert_int_equal(symlink("/etc/passwd", path), 0);
    site_expect(&site, "/empty.txt", 404, gone);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(mkfifo(path, 0644), 0);
    site_expect(&site, "/empty.txt", 404, gone);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(mkdir(path, 0755), 0);
    site_expect(&site, "/empty.txt", 404, gone);
    static const char none[] = "{\"type\":\"about:blank\",\"title\":\"Not Found\",\"status\":404,"
                               "\"detail\":\"no endpoint has this path\"}\n";
    site_expect(&site, "/../get_things.sql", 404, none);
    site_expect(&site, "/%2e%2e/get_things.sql", 404, none);
    site_expect(&site, "/..%2Fget_things.sql", 404, none);
    site_expect(&site, "/map/..%2findex.html", 404, none);
}

static void the_servers_own_pages_answer(void **state)
{
    (void)state;
    AUTO(site_fini) struct site site;
    site_init(&site);
    make_app(&site);
    site_serve(&site, false);
    site_expect(&site, "/-/livez", 200, "ok\n");
    site_expect(&site, "/-/readyz", 200, "ok\n");
    struct answer answer = site_ask(&site, "GET", "/-/docs", "", NULL);
    assert_int_equal(answer.status, 200);
    assert_header(&answer, "Content-Type", "text/html; charset=utf-8");
    assert_non_null(strstr(answer.body, "/things/count"));
    answer_fini(&answer);
    answer = site_ask(&site, "OPTIONS", "*", "", NULL);
    assert_int_equal(answer.status, 204);
    assert_header(&answer, "Allow", "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS, QUERY");
    answer_fini(&answer);
}

struct crowd {
    struct site *site; // borrowed
    int number;        // of the client
};

static void *ask_often(void *arg)
{
    const struct crowd *crowd = arg;
    for (int i = 0; i < 40; i++) {
        char body[100];
        int id = 1000 * (crowd->number + 1) + i;
        snprintf(body, sizeof(body), "{\"id\":%d,\"name\":\"x\"}", id);
        struct answer answer = site_ask(crowd->site, "POST", "/things", NDJSON, body);
        if (answer.status != 201)
            return arg;
        answer_fini(&answer);
        char target[100], expected[100];
        snprintf(target, sizeof(target), "/things/%d", id);
        snprintf(expected, sizeof(expected), "{\"id\":%d,\"name\":\"x\"}", id);
        site_expect(crowd->site, target, 200, expected);
        site_expect(crowd->site, "/map/index.html", 200, "<p>map\n");
    }
    return NULL;
}

static void many_clients_are_served_at_once(void **state)
{
    (void)state;
    enum { CLIENTS = 4 };
    AUTO(site_fini) struct site site;
    site_init(&site);
    make_app(&site);
    site_serve(&site, false);
    add_things(&site);
    pthread_t threads[CLIENTS];
    struct crowd crowd[CLIENTS];
    for (int i = 0; i < CLIENTS; i++) {
        crowd[i] = (struct crowd){.site = &site, .number = i};
        assert_int_equal(pthread_create(&threads[i], NULL, ask_often, &crowd[i]), 0);
    }
    for (int i = 0; i < CLIENTS; i++) {
        void *failed;
        pthread_join(threads[i], &failed);
        assert_null(failed);
    }
    site_expect(&site, "/things/count", 200, "165");
}

static void a_write_without_fields_has_no_body(void **state)
{
    (void)state;
    AUTO(site_fini) struct site site;
    site_init(&site);
    make_app(&site);
    site_write(&site, 0, "delete_thing.sql",
        "-- @endpoint DELETE /things/{id}\n-- @param id integer\n-- @shape text\n"
        "-- @write\nDELETE FROM things WHERE id = :id;\n-- @answer\nSELECT count(*) AS n FROM things;\n");
    site_serve(&site, false);
    add_things(&site);
    struct answer answer = site_ask(&site, "DELETE", "/things/2", "", NULL);
    assert_int_equal(answer.status, 200);
    assert_string_equal(answer.body, "4");
    answer_fini(&answer);
    answer = site_ask(&site, "DELETE", "/things/3", "Content-Type: application/json\r\n", "{}");
    assert_int_equal(answer.status, 400);
    assert_non_null(strstr(answer.body, "this endpoint takes no rows: send the request without a body"));
    answer_fini(&answer);
    site_expect(&site, "/things/count", 200, "4");
}

static void two_apps_with_one_route_are_refused(void **state)
{
    (void)state;
    AUTO(site_fini) struct site site;
    site_init(&site);
    site_write(
        &site, 0, "get_a.sql", "-- @endpoint GET /a/{x}\n-- @param x text\n-- @answer\nSELECT :x AS x;\n");
    site_write(
        &site, 1, "get_b.sql", "-- @endpoint GET /a/{y}\n-- @param y text\n-- @answer\nSELECT :y AS y;\n");
    site_open(&site);
    struct http_listen listen = site_listen();
    struct server_options options = {.listens = &listen, .listen_count = 1, .loops = 1, .workers = 1};
    struct server *server = NULL;
    struct err err = {0};
    char expected[1024];
    assert_int_equal(server_start(&options, site.services, 2, &server, &err), ERR_CONFIG);
    snprintf(expected, sizeof(expected),
        "GET /a/{y} is claimed by both %s/get_a.sql and %s/get_b.sql: serve these apps apart, or rename one",
        site.app_dirs[0], site.app_dirs[1]);
    assert_string_equal(err.text, expected);
    close(listen.fd);
}

static void missing_memory_at_the_start_is_told_wherever_it_strikes(void **state)
{
    (void)state;
    AUTO(site_fini) struct site site;
    site_init(&site);
    make_app(&site);
    site_open(&site);
    struct http_listen listen = {.fd = -1};
    struct server_options options = {
        .listens = &listen, .listen_count = 1, .loops = 1, .workers = 1, .watch = true};
    enum err_code code = ERR_NO_MEMORY;
    for (long fail = 0; code == ERR_NO_MEMORY; fail++) {
        struct err err = {0};
        if (listen.fd < 0)
            listen = site_listen();
        mem_fail_after(fail);
        code = server_start(&options, site.services, 1, &site.server, &err);
        mem_fail_after(-1);
        assert_true(fail < 5000);
    }
    assert_int_equal(code, ERR_NONE);
    site_expect(&site, "/-/livez", 200, "ok\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(paths_have_parameters),
        cmocka_unit_test(an_object_that_is_not_there_is_404_and_undoes_a_write),
        cmocka_unit_test(pages_lead_to_the_next_by_a_link),
        cmocka_unit_test(formats_go_by_the_query_then_by_accept),
        cmocka_unit_test(large_answers_come_whole_and_leave_nothing),
        cmocka_unit_test(files_are_served_with_their_tag),
        cmocka_unit_test(nothing_but_the_file_itself_is_served),
        cmocka_unit_test(the_servers_own_pages_answer),
        cmocka_unit_test(many_clients_are_served_at_once),
        cmocka_unit_test(a_write_without_fields_has_no_body),
        cmocka_unit_test(two_apps_with_one_route_are_refused),
        cmocka_unit_test(missing_memory_at_the_start_is_told_wherever_it_strikes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
