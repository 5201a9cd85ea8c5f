// SPDX-License-Identifier: Apache-2.0
// Urls of the store: those that are wrong are told so without a word of theirs.
#include "store/postgresql/url.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

static void a_wrong_url_is_told_without_what_stands_in_it(void **state)
{
    (void)state;
    static const struct {
        const char *url, *words;
    } cases[] = {
        {"postgresql://u:s3cret@[::1/x", "the [ of an address has no ] behind it"},
        {"postgresql://u:s3cret@[]/x", "the address between [ and ] is empty"},
        {"postgresql://u:s3cret@[::1]x/x", "behind the ] of an address there has to be a : or a /"},
        {"postgresql://u:s3%zzcret@h/x", "a % needs two hexadecimal digits behind it"},
        {"postgresql://u:s3cret%@h/x", "a % needs two hexadecimal digits behind it"},
        {"postgresql://u:s3cret%00@h/x", "%00 cannot stand in it"},
        {"postgresql://u@h/x?password",
            "behind its ? there have to be parameters as NAME=VALUE, with & between them"},
        {"postgresql://u@h/x?password=s3cret=4",
            "behind its ? there have to be parameters as NAME=VALUE, with & between them"},
        {"postgresql://h/x?nonsense=s3cret", "invalid URI query parameter: \"nonsense\""},
        {"postgresql://u:s3/cret@h/x",
            "an @ or a / in its password has to be percent-encoded, as %40 or %2F"},
        {"postgresql://u:s3@cret@h/x",
            "an @ or a / in its password has to be percent-encoded, as %40 or %2F"},
        {"postgresql://u:s3cret/x",
            "its port is no number, or its password has a character that has to be percent-encoded"},
        {"postgresql://u%3As3cret@h/x",
            "its user has a colon: the one before a password is not percent-encoded"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct err err = {0};
        assert_int_equal(pg_url_check(cases[i].url, &err), ERR_CONFIG);
        assert_memory_equal(err.text, "the store's url is wrong: ", 26);
        assert_string_equal(err.text + 26, cases[i].words);
        assert_null(strstr(err.text, "s3"));
        assert_string_equal(err.hint, "");
    }
}

static void a_url_that_is_right_is_taken(void **state)
{
    (void)state;
    static const struct {
        const char *url;
        bool has_secret;
    } cases[] = {
        {"postgresql://", false},
        {"postgresql:///x?host=/tmp&port=5433", false},
        {"postgresql://u@h:1,i:2/x?target_session_attrs=any", false},
        {"postgresql://u%40host@[::1]:5432/x", false},
        {"postgresql://u@%2Ftmp/x", false},
        {"postgresql://h/x?user=u@host", false},
        {"postgresql://u:@h/x", false}, // an empty one
        {"postgresql://u:s3%40%2F%3Fcret@h/x", true},
        {"postgresql://u:s3?cret=1@h/x", true},
        {"postgresql://h/x?pass%77ord=s3cret", true},
        {"postgresql://h/x?sslpassword=s3cret", true},
        {"postgresql://h/host%3Di%20password%3Ds3cret", true},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct err err = {0};
        assert_int_equal(pg_url_check(cases[i].url, &err), ERR_NONE);
        assert_int_equal(pg_url_has_secret(cases[i].url), cases[i].has_secret);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_wrong_url_is_told_without_what_stands_in_it),
        cmocka_unit_test(a_url_that_is_right_is_taken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
