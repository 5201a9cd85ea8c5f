// SPDX-License-Identifier: Apache-2.0
#include "serve/edition.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "app/path.h"
#include "base/mem.h"
#include "serve/own_pages.h"

// An app on the heap, as app_unref wants it, with one endpoint GET `path`.
static struct app *make_app(const char *name, const char *path)
{
    struct app *app = mem_zalloc(1, sizeof(*app));
    assert_non_null(app);
    atomic_init(&app->references, 1);
    arena_init(&app->arena, 1024 * 1024);
    app->dir = app->name = name;
    app->title = span_of(name);
    app->endpoints = arena_zalloc(&app->arena, 1, sizeof(*app->endpoints));
    assert_non_null(app->endpoints);
    app->endpoint_count = 1;
    struct endpoint *endpoint = app->endpoints;
    *endpoint = (struct endpoint){.file = name, .path = span_of(path), .limit_param = -1, .cursor_param = -1};
    assert_int_equal(
        path_split(endpoint->path, &app->arena, &endpoint->parts, &endpoint->part_count), ERR_NONE);
    return app;
}

static const char *file_at(const struct edition *edition, const char *path)
{
    struct arena arena;
    struct route_match match;
    arena_init(&arena, 4096);
    bool found = routes_find(edition->routes, span_of(path), HTTP_GET, &arena, &match) == ROUTE_FOUND;
    const char *file = found ? match.route->endpoint->file : "none";
    arena_fini(&arena);
    return file;
}

static void an_edition_keeps_its_apps_until_its_end(void **state)
{
    (void)state;
    struct editions editions;
    struct edition *edition;
    struct err err = {0};
    struct app *apps[] = {make_app("one", "/one"), make_app("two", "/two")};
    editions_init(&editions, NULL);
    assert_int_equal(edition_new(own_pages, apps, 2, &edition, &err), ERR_NONE);
    app_unref(apps[0]);
    app_unref(apps[1]);
    editions_publish(&editions, edition);

    struct edition *held = editions_current(&editions), *next;
    struct app *other = make_app("other", "/other");
    assert_int_equal(edition_with(held, 1, other, &next, &err), ERR_NONE);
    app_unref(other);
    editions_publish(&editions, next);

    assert_string_equal(file_at(held, "/two"), "two");
    assert_string_equal(file_at(held, "/other"), "none");
    struct edition *current = editions_current(&editions);
    assert_ptr_not_equal(current, held);
    assert_string_equal(file_at(current, "/one"), "one");
    assert_string_equal(file_at(current, "/two"), "none");
    assert_string_equal(file_at(current, "/other"), "other");
    edition_unref(held);
    edition_unref(current);
    editions_fini(&editions);
}

static void a_clash_leaves_all_as_it_was(void **state)
{
    (void)state;
    struct edition *edition, *next = NULL;
    struct err err = {0};
    struct app *apps[] = {make_app("one", "/one"), make_app("two", "/two")};
    assert_int_equal(edition_new(own_pages, apps, 2, &edition, &err), ERR_NONE);
    struct app *other = make_app("other", "/one");
    assert_int_equal(edition_with(edition, 1, other, &next, &err), ERR_CONFIG);
    assert_string_equal(
        err.text, "GET /one is claimed by both one and other: serve these apps apart, or rename one");
    assert_null(next);
    app_unref(other);
    app_unref(apps[0]);
    app_unref(apps[1]);
    edition_unref(edition);
}

static void missing_memory_is_told_wherever_it_strikes(void **state)
{
    (void)state;
    struct edition *edition, *next;
    struct err err = {0};
    struct app *app = make_app("one", "/one/{id}"), *other = make_app("other", "/other/two/three");
    assert_int_equal(edition_new(own_pages, &app, 1, &edition, &err), ERR_NONE);
    enum err_code code = ERR_NO_MEMORY;
    for (long fail = 0; code == ERR_NO_MEMORY; fail++) {
        err = (struct err){0};
        mem_fail_after(fail);
        code = edition_with(edition, 0, other, &next, &err);
        mem_fail_after(-1);
        assert_true(fail < 1000);
    }
    assert_int_equal(code, ERR_NONE);
    edition_unref(next);
    edition_unref(edition);
    app_unref(app);
    app_unref(other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_edition_keeps_its_apps_until_its_end),
        cmocka_unit_test(a_clash_leaves_all_as_it_was),
        cmocka_unit_test(missing_memory_is_told_wherever_it_strikes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
