// SPDX-License-Identifier: Apache-2.0
#include "app/issuer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "base/attr.h"

static enum err_code read_line(struct issuer *issuer, const char *key, const char *value, struct err *err)
{
    return issuer_read_line(issuer, span_of(key), span_of(value), err);
}

static void assert_line_error(const char *key, const char *value, const char *expected)
{
    struct issuer issuer = {.name = span_of("acme")};
    struct err err = {0};
    assert_int_equal(read_line(&issuer, key, value, &err), ERR_CONFIG);
    assert_string_equal(err.text, expected);
}

static void lines_of_an_issuer_are_read(void **state)
{
    (void)state;
    static const char *const lines[][2] = {
        {"issuer", "https://login.acme.example"},
        {"audience", "api"},
        {"keys", "https://login.acme.example/.well-known/jwks.json"},
        {"algorithms", "EdDSA, ES256"},
        {"client", "azp"},
        {"scopes", "https://acme.example/scopes"},
        {"plan", "tier"},
    };
    AUTO(arena_fini) struct arena arena;
    struct issuer issuer = {.name = span_of("acme")};
    struct err err = {0};
    arena_init(&arena, 4096);
    for (size_t i = 0; i < ARRAY_LEN(lines); i++)
        assert_int_equal(read_line(&issuer, lines[i][0], lines[i][1], &err), ERR_NONE);
    assert_int_equal(issuer_finish(&issuer, span_of("apps/shop"), &arena, &err), ERR_NONE);
    assert_true(span_is(issuer.issuer, lines[0][1]));
    assert_true(span_is(issuer.audience, lines[1][1]));
    assert_true(span_is(issuer.keys, lines[2][1]));
    assert_true(issuer.is_url);
    assert_int_equal(issuer.algorithms, TOKEN_EDDSA | TOKEN_ES256);
    assert_true(span_is(issuer.client, "azp"));
    assert_true(span_is(issuer.scopes, "https://acme.example/scopes"));
    assert_true(span_is(issuer.plan, "tier"));
}

static void what_no_line_says_is_what_most_issuers_do(void **state)
{
    (void)state;
    AUTO(arena_fini) struct arena arena;
    struct issuer issuer = {.name = span_of("acme")};
    struct err err = {0};
    arena_init(&arena, 4096);
    assert_int_equal(read_line(&issuer, "issuer", "a", &err), ERR_NONE);
    assert_int_equal(read_line(&issuer, "audience", "b", &err), ERR_NONE);
    assert_int_equal(read_line(&issuer, "keys", "keys/acme.json", &err), ERR_NONE);
    assert_int_equal(issuer_finish(&issuer, span_of("apps/shop"), &arena, &err), ERR_NONE);
    assert_false(issuer.is_url);
    assert_string_equal(issuer.keys.at, "apps/shop/keys/acme.json");
    assert_int_equal(issuer.algorithms, TOKEN_RS256 | TOKEN_ES256 | TOKEN_EDDSA);
    assert_true(span_is(issuer.client, "sub"));
    assert_true(span_is(issuer.scopes, "scope"));
    assert_int_equal(issuer.plan.len, 0);
}

static void an_issuer_is_whole_or_refused(void **state)
{
    (void)state;
    static const char *const expected[] = {
        "[jwt acme] needs a line issuer, the \"iss\" of its tokens: issuer = https://login.acme.example",
        "[jwt acme] needs a line audience, the \"aud\" of tokens that are meant for this app",
        ("[jwt acme] needs a line keys, the URL or file of its JWK Set: keys = "
         "https://login.acme.example/.well-known/jwks.json"),
    };
    static const char *const keys[] = {"issuer", "audience", "keys"};
    AUTO(arena_fini) struct arena arena;
    struct issuer issuer = {.name = span_of("acme")};
    arena_init(&arena, 4096);
    for (size_t i = 0; i < ARRAY_LEN(expected); i++) {
        struct err missing = {0}, err = {0};
        assert_int_equal(issuer_finish(&issuer, span_of("apps/shop"), &arena, &missing), ERR_CONFIG);
        assert_string_equal(missing.text, expected[i]);
        assert_int_equal(read_line(&issuer, keys[i], "x", &err), ERR_NONE);
    }
}

static void keys_come_safely_or_not_at_all(void **state)
{
    (void)state;
    static const char *const good[] = {"https://a", "https://a.example:8443/keys?v=1",
        "http://127.0.0.1:80/a", "http://127.0.0.1/a", "jwks.json", "keys/..acme", "./a"};
    static const char *const insecure[] = {"http://acme.example/keys", "https://", "https:///keys",
        "https://?a", "http://127.0.0.1.example/", "http://127.0.0.1", "HTTP://127.0.0.1/",
        "file:///etc/passwd", "ftp://a/b"};
    static const char *const odd[] = {
        "https://a@b/keys", "http://127.0.0.1:80@b/", "https://a/b c", "https://a\\b", "https://\xc3\xa4/"};
    static const char *const outside[] = {"/etc/keys.json", "../keys.json", "a/../../b", "a/.."};
    for (size_t i = 0; i < ARRAY_LEN(good); i++) {
        struct issuer issuer = {0};
        assert_int_equal(read_line(&issuer, "keys", good[i], NULL), ERR_NONE);
        assert_int_equal(issuer.is_url, i < 4);
    }
    char text[200];
    for (size_t i = 0; i < ARRAY_LEN(insecure); i++) {
        snprintf(text, sizeof(text),
            "\"%s\" is no https:// URL, and who can change the keys on their way can make tokens",
            insecure[i]);
        assert_line_error("keys", insecure[i], text);
    }
    for (size_t i = 0; i < ARRAY_LEN(odd); i++) {
        snprintf(
            text, sizeof(text), "\"%s\" cannot be the URL of keys: it has a user's name or a blank", odd[i]);
        assert_line_error("keys", odd[i], text);
    }
    for (size_t i = 0; i < ARRAY_LEN(outside); i++) {
        snprintf(text, sizeof(text), "\"%s\" is not in the app's folder; put the keys there", outside[i]);
        assert_line_error("keys", outside[i], text);
    }
}

static void bad_lines_are_told(void **state)
{
    (void)state;
    assert_line_error("algorithms", "HS256", "\"HS256\" is none of the algorithms: RS256, ES256 and EdDSA");
    assert_line_error(
        "algorithms", "RS256, none", "\"none\" is none of the algorithms: RS256, ES256 and EdDSA");
    assert_line_error("algorithms", "RS256,,ES256", "\"\" is none of the algorithms: RS256, ES256 and EdDSA");
    assert_line_error("algorithms", "ES256, ES256", "a second ES256; take one away");
    assert_line_error("algorithms", "", "algorithms is empty; take the line away, or say what it is");
    assert_line_error("issuer", "", "issuer is empty; take the line away, or say what it is");
    assert_line_error("isuer", "a", "unknown key \"isuer\"; did you mean issuer?");
    assert_line_error("secret", "a",
        "unknown key \"secret\"; known in [jwt NAME] are issuer, audience, keys, algorithms, client, scopes and "
        "plan");
    struct issuer issuer = {0};
    struct err err = {0}, second = {0};
    assert_int_equal(read_line(&issuer, "client", "sub", &err), ERR_NONE);
    assert_int_equal(read_line(&issuer, "client", "sub", &err), ERR_CONFIG);
    assert_string_equal(err.text, "a second client; take one away");
    assert_int_equal(read_line(&issuer, "algorithms", "RS256", &second), ERR_NONE);
    assert_int_equal(read_line(&issuer, "algorithms", "ES256", &second), ERR_CONFIG);
    assert_string_equal(second.text, "a second line algorithms; put all of them into one");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_of_an_issuer_are_read),
        cmocka_unit_test(what_no_line_says_is_what_most_issuers_do),
        cmocka_unit_test(an_issuer_is_whole_or_refused),
        cmocka_unit_test(keys_come_safely_or_not_at_all),
        cmocka_unit_test(bad_lines_are_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
