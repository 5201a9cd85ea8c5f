// SPDX-License-Identifier: Apache-2.0
#include "serve/own_pages.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

static void every_page_has_a_path_and_method_of_its_own_and_an_answer(void **state)
{
    (void)state;
    for (const struct own_page *page = own_pages; page->path != NULL; page++) {
        assert_true(span_starts_with(span_of(page->path), "/-/"));
        assert_true((page->set_response != NULL) != (page->begin != NULL));
        assert_int_equal((page->run != NULL) + (page->ask != NULL), page->begin != NULL);
        for (const struct own_page *other = own_pages; other < page; other++)
            assert_true(strcmp(other->path, page->path) != 0 || other->method != page->method);
    }
}

static void only_what_is_made_of_the_apps_waits_for_edited_files(void **state)
{
    (void)state;
    assert_true(own_pages_ignore_apps(span_of("/-/livez")));
    assert_true(own_pages_ignore_apps(span_of("/-/readyz")));
    assert_true(own_pages_ignore_apps(span_of("/-/nothing")));
    assert_false(own_pages_ignore_apps(span_of("/-/docs")));
    assert_false(own_pages_ignore_apps(span_of("/-")));
    assert_false(own_pages_ignore_apps(span_of("/rates")));
    assert_false(own_pages_ignore_apps((struct span){0}));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_page_has_a_path_and_method_of_its_own_and_an_answer),
        cmocka_unit_test(only_what_is_made_of_the_apps_waits_for_edited_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
