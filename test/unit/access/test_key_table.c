// SPDX-License-Identifier: Apache-2.0
// Tables of keys: look-ups, ends, uses, and what becomes of them without memory.
#include "access/key_table.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <cmocka.h>

#include "base/attr.h"
#include "base/limits.h"
#include "base/mem.h"

enum { MANY = 1000 };

static struct key_row row_of(const char *id, const char *secret)
{
    return (struct key_row){.digest = secret_digest(span_of(secret)),
        .id = span_of(id),
        .secret = 1,
        .ends_s = CLIENT_NEVER_ENDS};
}

static struct key_table *make(const struct key_row *rows, size_t count)
{
    struct err err = {0};
    struct key_table *table = NULL;
    assert_int_equal(key_table_new(rows, count, 7, &table, &err), ERR_NONE);
    return table;
}

static enum key_state find(
    const struct key_table *table, const char *secret, int64_t now_s, struct client **ret_client)
{
    struct secret_digest digest = secret_digest(span_of(secret));
    return key_table_find(table, &digest, now_s, ret_client);
}

static void each_secret_finds_its_own_key(void **state)
{
    (void)state;
    static char ids[MANY][16];
    static struct key_row rows[MANY];
    for (size_t i = 0; i < MANY; i++) {
        snprintf(ids[i], sizeof(ids[i]), "k_%zu", i);
        rows[i] = row_of(ids[i], ids[i]);
    }
    for (size_t count = 0; count <= MANY; count += count < 20 ? 1 : 140) {
        struct key_table *table = make(rows, count);
        for (size_t i = 0; i < MANY; i++) {
            struct client *client = NULL;
            enum key_state found = find(table, ids[i], 0, &client);
            assert_int_equal(found, i < count ? KEY_FOUND : KEY_UNKNOWN);
            assert_true(client == NULL ? i >= count : span_is(client->id, ids[i]));
        }
        key_table_unref(table);
    }
}

static void what_a_row_says_its_client_has(void **state)
{
    (void)state;
    char texts[] = "GET /rates\nadmin\ntenant=acme\nnote=a=b\nempty=\ngold";
    struct key_row row = row_of("k_a", "a");
    row.secret = 3;
    row.label = span_of("Acme Ltd");
    row.plan = (struct span){texts + strlen(texts) - 4, 4};
    row.scopes = (struct span){texts, 16};
    row.claims = (struct span){texts + 17, strlen(texts) - 17 - 5};
    struct key_table *table = make(&row, 1);
    memset(texts, '-', sizeof(texts)); // they were borrowed for the call only
    struct client *client = NULL;
    assert_int_equal(find(table, "a", 0, &client), KEY_FOUND);
    assert_int_equal(client->kind, CLIENT_KEY);
    assert_int_equal(client->secret, 3);
    assert_true(span_is(client->label, "Acme Ltd"));
    assert_true(span_is(client->plan, "gold"));
    assert_int_equal(client->scope_count, 2);
    assert_true(client_may(client, HTTP_GET, span_of("/rates"), span_of("")));
    assert_true(client_may(client, HTTP_POST, span_of("/x"), span_of("admin")));
    assert_int_equal(client->claim_count, 3);
    assert_true(span_is(*client_claim(client, span_of("tenant")), "acme"));
    assert_true(span_is(*client_claim(client, span_of("note")), "a=b"));
    assert_true(span_is(*client_claim(client, span_of("empty")), ""));
    assert_null(client->account);
    assert_int_equal(key_table_generation(table), 7);
    key_table_unref(table);
}

static void a_key_with_more_scopes_or_claims_than_one_may_have_is_refused(void **state)
{
    (void)state;
    static char lines[LIMIT_SCOPES_BYTES + 2];
    static const char text[] = "the key k_a has more scopes or claims than any Reckoner has written";
    const size_t lens[] = {2 * LIMIT_SCOPES, 2 * LIMIT_SCOPES + 2};
    struct key_row row = row_of("k_a", "a");
    struct key_table *table = NULL;
    for (size_t i = 0; i < sizeof(lines); i++)
        lines[i] = i % 2 == 0 ? 'a' : '\n';
    row.scopes = row.claims = (struct span){lines, lens[0]};
    key_table_unref(make(&row, 1));
    for (size_t i = 0; i < 4; i++) {
        struct err err = {0};
        struct span many = {lines, lens[1]};
        if (i >= 2) { // one that is too long
            memset(lines, 'a', sizeof(lines));
            many.len = LIMIT_SCOPES_BYTES + 1;
        }
        row.scopes = i % 2 == 0 ? many : (struct span){0};
        row.claims = i % 2 == 1 ? many : (struct span){0};
        assert_int_equal(key_table_new(&row, 1, 7, &table, &err), ERR_STORE);
        assert_string_equal(err.text, text);
    }
    assert_null(table);
}

static void a_key_ends_at_its_moment_and_a_revoked_one_at_once(void **state)
{
    (void)state;
    struct key_row rows[] = {row_of("k_a", "a"), row_of("k_a", "b"), row_of("k_c", "c")};
    rows[0].ends_s = 1000;
    rows[1].secret = 2;
    rows[2].revoked_s = 2000;
    struct key_table *table = make(rows, ARRAY_LEN(rows));
    struct client *client = NULL;
    assert_int_equal(find(table, "a", 999, &client), KEY_FOUND);
    assert_int_equal(find(table, "a", 1000, &client), KEY_EXPIRED);
    assert_true(span_is(client->id, "k_a"));
    assert_int_equal(find(table, "a", 999, &client), KEY_FOUND); // the clock was set back
    assert_int_equal(find(table, "b", INT64_MAX - 1, &client), KEY_FOUND);
    assert_int_equal(client->secret, 2);
    assert_int_equal(find(table, "c", 1, &client), KEY_REVOKED);
    key_table_unref(table);
}

static void two_keys_with_one_secret_are_refused(void **state)
{
    (void)state;
    const struct key_row rows[] = {row_of("k_a", "a"), row_of("k_b", "a")};
    struct err err = {0};
    struct key_table *table = NULL;
    assert_int_equal(key_table_new(rows, 2, 1, &table, &err), ERR_STORE);
    assert_string_equal(err.text, "the keys k_b and k_a have the same secret");
    assert_null(table);
}

static void uses_are_taken_once(void **state)
{
    (void)state;
    const struct key_row rows[] = {row_of("k_a", "a"), row_of("k_b", "b"), row_of("k_c", "c")};
    struct key_table *table = make(rows, ARRAY_LEN(rows));
    struct key_use uses[4];
    size_t count = 0;
    assert_int_equal(key_table_take_uses(table, uses, 4), 0);
    struct client *clients = key_table_clients(table, &count);
    assert_int_equal(count, 3);
    client_use(&clients[0], 10);
    client_use(&clients[2], 30);
    assert_int_equal(key_table_take_uses(table, uses, 1), 1);
    assert_true(span_is(uses[0].id, "k_a"));
    assert_int_equal(uses[0].used_s, 10);
    client_use(&clients[0], 11);
    assert_int_equal(key_table_take_uses(table, uses, 4), 2); // goes on behind the first
    assert_true(span_is(uses[0].id, "k_c"));
    assert_int_equal(uses[0].secret, 1);
    assert_true(span_is(uses[1].id, "k_a"));
    assert_int_equal(uses[1].used_s, 11);
    assert_int_equal(key_table_take_uses(table, uses, 4), 0);
    key_table_unref(table);
}

static void uses_that_could_not_be_written_are_taken_again_unless_there_is_a_later_one(void **state)
{
    (void)state;
    const struct key_row rows[] = {row_of("k_a", "a"), row_of("k_b", "b")};
    struct key_table *table = make(rows, ARRAY_LEN(rows));
    struct key_use uses[2];
    size_t count = 0;
    struct client *clients = key_table_clients(table, &count);
    client_use(&clients[0], 10);
    client_use(&clients[1], 10);
    assert_int_equal(key_table_take_uses(table, uses, 2), 2);
    client_use(&clients[1], 20);
    key_table_give_uses(uses, 2);
    assert_int_equal(key_table_take_uses(table, uses, 2), 2);
    assert_int_equal(uses[0].used_s, 10);
    assert_int_equal(uses[1].used_s, 20);
    key_table_unref(table);
}

static void a_new_table_has_the_uses_of_the_one_before_it(void **state)
{
    (void)state;
    const struct key_row rows[] = {row_of("k_a", "a"), row_of("k_b", "b"), row_of("k_c", "c")};
    struct key_table *before = make(rows, ARRAY_LEN(rows));
    struct key_table *table = make(rows + 1, 2);
    struct key_use uses[4];
    size_t count = 0;
    struct client *clients = key_table_clients(before, &count);
    client_use(&clients[0], 10); // which is not there any more
    client_use(&clients[2], 30);
    key_table_carry_uses(table, before);
    key_table_unref(before);
    assert_int_equal(key_table_take_uses(table, uses, 4), 1);
    assert_true(span_is(uses[0].id, "k_c"));
    assert_int_equal(uses[0].used_s, 30);
    key_table_unref(table);
}

static void an_empty_table_has_no_uses(void **state)
{
    (void)state;
    struct key_table *table = make(NULL, 0);
    struct key_use uses[1];
    assert_int_equal(key_table_take_uses(table, uses, 1), 0);
    key_table_unref(table);
}

static void a_table_lives_as_long_as_anybody_holds_it(void **state)
{
    (void)state;
    const struct key_row row = row_of("k_a", "a");
    struct key_table *table = make(&row, 1);
    struct client *client = NULL;
    assert_ptr_equal(key_table_ref(table), table);
    key_table_unref(table);
    assert_int_equal(find(table, "a", 0, &client), KEY_FOUND);
    key_table_unref(table);
    key_table_unref(NULL);
}

static void without_memory_there_is_no_table_and_no_leak(void **state)
{
    (void)state;
    struct key_row rows[] = {row_of("k_a", "a"), row_of("k_b", "b")};
    rows[0].scopes = span_of("GET /rates");
    rows[1].claims = span_of("tenant=acme");
    enum err_code code = ERR_NO_MEMORY;
    long n = 0;
    for (; code != ERR_NONE; n++) {
        struct err err = {0};
        struct key_table *table = NULL;
        mem_fail_after(n);
        code = key_table_new(rows, 2, 1, &table, &err);
        mem_fail_after(-1);
        assert_true(code == ERR_NONE || (code == ERR_NO_MEMORY && table == NULL));
        key_table_unref(table);
    }
    assert_true(n > 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_secret_finds_its_own_key),
        cmocka_unit_test(what_a_row_says_its_client_has),
        cmocka_unit_test(a_key_with_more_scopes_or_claims_than_one_may_have_is_refused),
        cmocka_unit_test(a_key_ends_at_its_moment_and_a_revoked_one_at_once),
        cmocka_unit_test(two_keys_with_one_secret_are_refused),
        cmocka_unit_test(uses_are_taken_once),
        cmocka_unit_test(uses_that_could_not_be_written_are_taken_again_unless_there_is_a_later_one),
        cmocka_unit_test(a_new_table_has_the_uses_of_the_one_before_it),
        cmocka_unit_test(an_empty_table_has_no_uses),
        cmocka_unit_test(a_table_lives_as_long_as_anybody_holds_it),
        cmocka_unit_test(without_memory_there_is_no_table_and_no_leak),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
