// SPDX-License-Identifier: Apache-2.0
#include "text/url_origin.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/attr.h"

static void an_origin_is_written_in_one_way(void **state)
{
    (void)state;
    static const char *const normal[] = {"https://a.example", "https://a.example/B?C=%41",
        "https://a.example:8443/", "https://[::1]:8443/", "http://127.0.0.1:443", "https://a_b-c.example?x"};
    static const char *const others[] = {"", "https://", "https:///x", "HTTPS://a.example", "ftp://a.example",
        "https://A.example/", "https://a.exampl%65/", "https://a.example./", "https://a.example:443",
        "https://a.example:443/", "https://a.example:0443/", "https://a.example:/", "https://a.example:x/",
        "https://a.example.:8443/", "http://127.0.0.1:80/", "https://:8443/", "https://[::A]/"};
    for (size_t i = 0; i < ARRAY_LEN(normal); i++)
        assert_true(url_is_normal(span_of(normal[i])));
    for (size_t i = 0; i < ARRAY_LEN(others); i++)
        assert_false(url_is_normal(span_of(others[i])));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_origin_is_written_in_one_way),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
