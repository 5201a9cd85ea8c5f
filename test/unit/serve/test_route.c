// SPDX-License-Identifier: Apache-2.0
#include "serve/route.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "app/path.h"
#include "base/mem.h"
#include "serve/own_pages.h"

enum { MOST = 16 };

// An app made by hand, and the routes of it and of another one.
struct town {
    struct arena arena;                 // owns parts, and what look-ups decode
    struct endpoint endpoints[MOST];    // of the first app
    struct public_file files[MOST];     // likewise
    struct endpoint other_endpoints[1]; //
    struct public_file other_files[1];  //
    struct app app;                     //
    struct app other;                   //
    struct routes *routes;              // owned
};

static void town_init(struct town *town)
{
    *town = (struct town){.app = {.endpoints = town->endpoints, .public_files = town->files},
        .other = {.endpoints = town->other_endpoints, .public_files = town->other_files}};
    arena_init(&town->arena, 1024 * 1024);
}

static void town_fini(struct town *town)
{
    routes_free(town->routes);
    arena_fini(&town->arena);
}

static void add_to(
    struct town *town, struct app *app, enum http_method method, const char *path, const char *file)
{
    struct endpoint *endpoint = &app->endpoints[app->endpoint_count++];
    *endpoint = (struct endpoint){.method = method, .path = span_of(path), .file = file};
    assert_int_equal(
        path_split(endpoint->path, &town->arena, &endpoint->parts, &endpoint->part_count), ERR_NONE);
}

static void add(struct town *town, enum http_method method, const char *path)
{
    add_to(town, &town->app, method, path, path);
}

static void add_file(struct town *town, const char *path)
{
    town->files[town->app.public_count++] = (struct public_file){.path = span_of(path), .file = path};
}

static enum err_code build(struct town *town, struct err *err)
{
    struct app *apps[] = {&town->app, &town->other};
    return routes_new(own_pages, apps, 2, &town->routes, err);
}

static void built(struct town *town)
{
    struct err err = {0};
    assert_int_equal(build(town, &err), ERR_NONE);
}

static enum route_result find(
    struct town *town, enum http_method method, const char *path, struct route_match *match)
{
    *match = (struct route_match){0};
    return routes_find(town->routes, span_of(path), method, &town->arena, match);
}

// "GET /a": the endpoint that answers as it was declared, or a word for what else there is.
static const char *answer(struct town *town, enum http_method method, const char *path)
{
    static const char *const words[] = {[ROUTE_NONE] = "none",
        [ROUTE_METHOD] = "method",
        [ROUTE_ENCODING] = "encoding",
        [ROUTE_MEMORY] = "memory"};
    struct route_match match;
    enum route_result result = find(town, method, path, &match);
    if (result != ROUTE_FOUND)
        return words[result];
    if (match.route->endpoint != NULL)
        return match.route->endpoint->file;
    return match.route->file != NULL ? match.route->file->file : "page";
}

static void the_most_literal_path_wins_from_the_left(void **state)
{
    (void)state;
    AUTO(town_fini) struct town town;
    town_init(&town);
    add(&town, HTTP_GET, "/people/{id}");
    add(&town, HTTP_GET, "/people/age");
    add(&town, HTTP_GET, "/{kind}/age/{x}");
    add(&town, HTTP_GET, "/people/{id}/z");
    add(&town, HTTP_GET, "/");
    built(&town);
    assert_string_equal(answer(&town, HTTP_GET, "/people/age"), "/people/age");
    assert_string_equal(answer(&town, HTTP_GET, "/people/7"), "/people/{id}");
    assert_string_equal(answer(&town, HTTP_GET, "/people/age/z"), "/people/{id}/z");
    assert_string_equal(answer(&town, HTTP_GET, "/people/age/y"), "/{kind}/age/{x}"); // two steps back
    assert_string_equal(answer(&town, HTTP_GET, "/"), "/");
}

static void what_is_not_there_is_not_found(void **state)
{
    (void)state;
    AUTO(town_fini) struct town town;
    town_init(&town);
    add(&town, HTTP_GET, "/people/{id}");
    built(&town);
    const char *const paths[] = {"/", "/people", "/people/", "/people//", "/people/1/", "/people/1/2",
        "//people/1", "/People/1", "/people/../people/1", "/a/b/c/d/e/f/g", "", "people/1", "/people%2F1"};
    for (size_t i = 0; i < ARRAY_LEN(paths); i++)
        assert_string_equal(answer(&town, HTTP_GET, paths[i]), "none");
}

static void parts_are_split_before_they_are_decoded(void **state)
{
    (void)state;
    AUTO(town_fini) struct town town;
    town_init(&town);
    add(&town, HTTP_GET, "/names/{name}");
    built(&town);
    struct route_match match;
    assert_int_equal(find(&town, HTTP_GET, "/%6eames/a%2Fb%20+%C3%A9", &match), ROUTE_FOUND);
    assert_true(span_is(match.parts[0], "names"));
    assert_true(span_is(match.parts[1], "a/b +é"));
    assert_string_equal(answer(&town, HTTP_GET, "/names/%2"), "encoding");
    assert_string_equal(answer(&town, HTTP_GET, "/names/%g0"), "encoding");
    assert_string_equal(answer(&town, HTTP_GET, "/what/ever/it/is/%"), "encoding");
}

static void the_first_match_with_the_method_answers(void **state)
{
    (void)state;
    AUTO(town_fini) struct town town;
    town_init(&town);
    add(&town, HTTP_GET, "/people/age");
    add(&town, HTTP_PUT, "/people/{id}");
    add(&town, HTTP_DELETE, "/people/{id}");
    add(&town, HTTP_POST, "/{any}/age");
    built(&town);
    assert_string_equal(answer(&town, HTTP_PUT, "/people/age"), "/people/{id}");
    assert_string_equal(answer(&town, HTTP_POST, "/people/age"), "/{any}/age");
    assert_string_equal(answer(&town, HTTP_HEAD, "/people/age"), "/people/age");
    struct route_match match;
    char allow[ALLOW_CHARS];
    assert_int_equal(find(&town, HTTP_PATCH, "/people/age", &match), ROUTE_METHOD);
    route_allow(match.methods, allow);
    assert_string_equal(allow, "GET, HEAD, POST, PUT, DELETE, OPTIONS");
    assert_int_equal(find(&town, HTTP_GET, "/people/1", &match), ROUTE_METHOD);
    route_allow(match.methods, allow);
    assert_string_equal(allow, "PUT, DELETE, OPTIONS");
}

static void private_endpoints_have_no_route(void **state)
{
    (void)state;
    AUTO(town_fini) struct town town;
    town_init(&town);
    add(&town, HTTP_POST, "/load");
    town.endpoints[0].is_private = true;
    built(&town);
    assert_string_equal(answer(&town, HTTP_POST, "/load"), "none");
}

static void files_and_their_folders_answer(void **state)
{
    (void)state;
    AUTO(town_fini) struct town town;
    town_init(&town);
    add_file(&town, "/index.html");
    add_file(&town, "/map/index.html");
    add_file(&town, "/map/a b.txt");
    add_file(&town, "/noindex.html/x");
    add(&town, HTTP_POST, "/map/{name}");
    built(&town);
    struct route_match match;
    assert_string_equal(answer(&town, HTTP_GET, "/"), "/index.html");
    assert_string_equal(answer(&town, HTTP_GET, "/map/"), "/map/index.html");
    assert_string_equal(answer(&town, HTTP_HEAD, "/map/a%20b.txt"), "/map/a b.txt");
    assert_string_equal(answer(&town, HTTP_GET, "/noindex.html"), "none");
    assert_string_equal(answer(&town, HTTP_POST, "/map/index.html"), "/map/{name}");
    assert_int_equal(find(&town, HTTP_GET, "/map/index.html", &match), ROUTE_FOUND);
    assert_false(match.route->is_folder);
    assert_int_equal(find(&town, HTTP_GET, "/map", &match), ROUTE_FOUND);
    assert_true(match.route->is_folder);
    assert_string_equal(answer(&town, HTTP_POST, "/map"), "method");
}

static void own_pages_are_nobodys_parameters(void **state)
{
    (void)state;
    AUTO(town_fini) struct town town;
    town_init(&town);
    add(&town, HTTP_GET, "/{a}/{b}");
    add(&town, HTTP_GET, "/{a}");
    built(&town);
    struct route_match match;
    assert_string_equal(answer(&town, HTTP_GET, "/-/nothing"), "none");
    assert_string_equal(answer(&town, HTTP_GET, "/%2d/nothing"), "none");
    assert_string_equal(answer(&town, HTTP_GET, "/-"), "/{a}");
    assert_string_equal(answer(&town, HTTP_POST, "/-/docs"), "method");
    assert_int_equal(find(&town, HTTP_GET, "/-/docs", &match), ROUTE_FOUND);
    assert_string_equal(match.route->page->path, "/-/docs");
}

static void the_app_of_a_route_is_told(void **state)
{
    (void)state;
    AUTO(town_fini) struct town town;
    town_init(&town);
    add(&town, HTTP_GET, "/a");
    add_to(&town, &town.other, HTTP_GET, "/b", "other");
    built(&town);
    struct route_match match;
    assert_int_equal(find(&town, HTTP_GET, "/a", &match), ROUTE_FOUND);
    assert_int_equal(match.route->service, 0);
    assert_int_equal(find(&town, HTTP_GET, "/b", &match), ROUTE_FOUND);
    assert_int_equal(match.route->service, 1);
}

static void two_claims_on_one_route_name_both_files(void **state)
{
    (void)state;
    static const struct {
        const char *endpoint, *file, *other_endpoint, *other_file, *error;
    } cases[] = {
        {"/a/{x}", NULL, "/a/{y}", NULL,
            "GET /a/{y} is claimed by both mine.sql and other.sql: serve these apps apart, or rename one"},
        {"/a", NULL, NULL, "/a",
            "GET /a is claimed by both mine.sql and /a: serve these apps apart, or rename one"},
        {"/a", NULL, NULL, "/a/index.html",
            "GET /a is claimed by both mine.sql and /a/index.html: serve these apps apart, or rename one"},
        {NULL, "/i/index.html", NULL, "/i/index.html",
            "GET /i/index.html is claimed by both /i/index.html and /i/index.html: "
            "serve these apps apart, or rename one"},
        {"/", NULL, NULL, "/index.html",
            "GET / is claimed by both mine.sql and /index.html: serve these apps apart, or rename one"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        AUTO(town_fini) struct town town;
        town_init(&town);
        if (cases[i].endpoint != NULL)
            add_to(&town, &town.app, HTTP_GET, cases[i].endpoint, "mine.sql");
        if (cases[i].file != NULL)
            add_file(&town, cases[i].file);
        if (cases[i].other_endpoint != NULL)
            add_to(&town, &town.other, HTTP_GET, cases[i].other_endpoint, "other.sql");
        if (cases[i].other_file != NULL)
            town.other_files[town.other.public_count++] =
                (struct public_file){.path = span_of(cases[i].other_file), .file = cases[i].other_file};
        struct err err = {0};
        assert_int_equal(build(&town, &err), ERR_CONFIG);
        assert_string_equal(err.text, cases[i].error);
    }
}

static void missing_memory_is_told_wherever_it_strikes(void **state)
{
    (void)state;
    enum err_code code = ERR_NO_MEMORY;
    for (long fail = 0; code == ERR_NO_MEMORY; fail++) {
        AUTO(town_fini) struct town town;
        town_init(&town);
        add(&town, HTTP_GET, "/people/{id}");
        add(&town, HTTP_POST, "/people/{id}/x");
        add_file(&town, "/map/index.html");
        struct err err = {0};
        mem_fail_after(fail);
        code = build(&town, &err);
        mem_fail_after(-1);
        assert_true(fail < 1000);
    }
    assert_int_equal(code, ERR_NONE);
}

static void a_full_arena_is_told(void **state)
{
    (void)state;
    AUTO(town_fini) struct town town;
    town_init(&town);
    add(&town, HTTP_GET, "/people/{id}");
    built(&town);
    struct arena small;
    struct route_match match;
    arena_init(&small, 48);
    assert_int_equal(
        routes_find(town.routes, span_of("/people/%41%41%41%41%41%41%41%41"), HTTP_GET, &small, &match),
        ROUTE_MEMORY);
    arena_fini(&small);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_most_literal_path_wins_from_the_left),
        cmocka_unit_test(what_is_not_there_is_not_found),
        cmocka_unit_test(parts_are_split_before_they_are_decoded),
        cmocka_unit_test(the_first_match_with_the_method_answers),
        cmocka_unit_test(private_endpoints_have_no_route),
        cmocka_unit_test(files_and_their_folders_answer),
        cmocka_unit_test(own_pages_are_nobodys_parameters),
        cmocka_unit_test(the_app_of_a_route_is_told),
        cmocka_unit_test(two_claims_on_one_route_name_both_files),
        cmocka_unit_test(missing_memory_is_told_wherever_it_strikes),
        cmocka_unit_test(a_full_arena_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
