// SPDX-License-Identifier: Apache-2.0
// The clients of good tokens: whose they are, their accounts, and how many.
#include "access/token_table.h"

#include <setjmp.h>
#include <stdarg.h>
#include <malloc.h>
#include <stddef.h>
#include <stdio.h>
#include <cmocka.h>

#include "base/limits.h"
#include "base/mem.h"
#include "token_fixture.h"

// Of the sanitizers, which have a heap of their own.
size_t __sanitizer_get_current_allocated_bytes(void) __attribute__((weak));

static size_t heap_bytes(void)
{
    return __sanitizer_get_current_allocated_bytes != NULL ? __sanitizer_get_current_allocated_bytes()
                                                           : mallinfo2().uordblks;
}

static const struct issuer issuer = {.name = {"corp", 4},
    .issuer = {"https://id.example", 18},
    .audience = {"prices", 6},
    .algorithms = TOKEN_EDDSA,
    .client = {"sub", 3},
    .scopes = {"scope", 5}};

// Adds the client of a token with that `sub`; the signature is somebody else's business.
static enum err_code add(struct token_table *table, const char *sub, const char *key, size_t service,
    struct accounts *accounts, struct client **ret_client, struct err *err)
{
    AUTO(buf_fini) struct buf token;
    struct arena arena;
    struct jwt jwt;
    char claims[256];
    struct secret_digest digest = secret_digest(span_of(key));
    snprintf(
        claims, sizeof(claims), "{\"iss\":\"https://id.example\",\"exp\":1800000000,\"sub\":\"%s\"}", sub);
    buf_init(&token, LIMIT_TOKEN_BYTES);
    arena_init(&arena, JWT_ARENA_BYTES);
    fixture_sign("{\"alg\":\"EdDSA\",\"kid\":\"1\"}", claims, NULL, false, &token);
    buf_append_str(&token, "AAAA");
    assert_int_equal(jwt_read(buf_span(&token), &arena, &jwt, err), ERR_NONE);
    enum err_code code = token_table_add(table, &digest, service, &jwt, &issuer, accounts, ret_client, err);
    arena_fini(&arena);
    return code;
}

static void a_token_is_found_by_its_digest_and_service(void **state)
{
    (void)state;
    struct token_table *table = token_table_new();
    struct accounts *accounts;
    struct client *ann, *bob;
    struct err err = {0};
    assert_int_equal(accounts_new(2, &accounts, &err), ERR_NONE);
    struct secret_digest digest = secret_digest(span_of("one"));
    assert_null(token_table_find(table, &digest, 0));
    assert_int_equal(add(table, "ann", "one", 0, accounts, &ann, &err), ERR_NONE);
    assert_int_equal(add(table, "bob", "one", 1, accounts, &bob, &err), ERR_NONE);
    assert_ptr_equal(token_table_find(table, &digest, 0), ann);
    assert_ptr_equal(token_table_find(table, &digest, 1), bob);
    assert_true(span_is(ann->id, "ann") && ann->ends_s == 1800000060);
    digest = secret_digest(span_of("two"));
    assert_null(token_table_find(table, &digest, 0));
    struct account *account =
        accounts_find(accounts, 0, span_of("ann")); // the one that a key's client would have
    assert_ptr_equal(ann->account, account);
    account_unref(account);
    token_table_free(table);
    token_table_free(NULL);
    accounts_free(accounts);
}

static void a_token_without_an_id_is_not_added(void **state)
{
    (void)state;
    struct token_table *table = token_table_new();
    struct client *client = NULL;
    struct err err = {0};
    struct secret_digest digest = secret_digest(span_of("one"));
    assert_int_equal(add(table, "", "one", 0, NULL, &client, &err), ERR_INVALID);
    assert_null(token_table_find(table, &digest, 0));
    assert_null(client);
    token_table_free(table);
}

// A client may send as many of them as it likes.
static void refused_tokens_leave_nothing_behind(void **state)
{
    (void)state;
    struct token_table *table = token_table_new();
    struct client *client = NULL;
    struct err err = {0};
    assert_int_equal(add(table, "", "one", 0, NULL, &client, &err), ERR_INVALID);
    size_t before = heap_bytes();
    for (int i = 0; i < 1000; i++)
        assert_int_equal(add(table, "", "one", 0, NULL, &client, &err), ERR_INVALID);
    assert_int_equal(heap_bytes(), before);
    token_table_free(table);
}

static void a_full_table_says_so_and_keeps_all(void **state)
{
    (void)state;
    struct token_table *table = token_table_new();
    struct err err = {0};
    for (int i = 0; i < LIMIT_TOKENS; i++) {
        char text[32];
        struct client *client;
        assert_false(token_table_is_full(table));
        snprintf(text, sizeof(text), "t%d", i);
        assert_int_equal(add(table, text, text, 0, NULL, &client, &err), ERR_NONE);
    }
    assert_true(token_table_is_full(table));
    struct secret_digest digest = secret_digest(span_of("t0"));
    assert_true(span_is(token_table_find(table, &digest, 0)->id, "t0"));
    token_table_free(table);
}

static void without_memory_nothing_is_lost(void **state)
{
    (void)state;
    enum err_code code = ERR_NO_MEMORY;
    for (long n = 0; code != ERR_NONE; n++) {
        struct token_table *table = token_table_new();
        struct client *client = NULL;
        struct err err = {0};
        struct jwt jwt = {0};
        struct arena arena;
        struct json_entry *claims;
        struct secret_digest digest = secret_digest(span_of("one"));
        arena_init(&arena, JWT_ARENA_BYTES);
        assert_int_equal(
            json_object_read(span_of("{\"exp\":1,\"sub\":\"ann\",\"a\":1}"), 0, &arena, &claims, &err),
            ERR_NONE);
        jwt.claims = claims;
        assert_true(n < 1000);
        mem_fail_after(n);
        code = token_table_add(table, &digest, 0, &jwt, &issuer, NULL, &client, &err);
        mem_fail_after(-1);
        assert_true(code == ERR_NONE || code == ERR_NO_MEMORY);
        assert_int_equal(client != NULL, code == ERR_NONE);
        arena_fini(&arena);
        token_table_free(table);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_token_is_found_by_its_digest_and_service),
        cmocka_unit_test(a_token_without_an_id_is_not_added),
        cmocka_unit_test(refused_tokens_leave_nothing_behind),
        cmocka_unit_test(a_full_table_says_so_and_keeps_all),
        cmocka_unit_test(without_memory_nothing_is_lost),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
