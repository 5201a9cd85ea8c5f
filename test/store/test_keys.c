// SPDX-License-Identifier: Apache-2.0
// Keys of an app on every store: what commands change, what servers read, and two who do so at once.
#include <stdio.h>
#include <string.h>

#include "access/audit.h"
#include "access/key_change.h"
#include "access/key_id.h"
#include "access/key_records.h"
#include "access/key_store.h"
#include "base/attr.h"
#include "base/limits.h"
#include "base/mem.h"
#include "fixture.h"
#include "store/notes.h"

static const struct audit_who anna = {.actor = {"anna@one", 8}, .now_s = 1000};

static void make_tables(struct fixture *f)
{
    struct err err = {0};
    assert_int_equal(notes_make(f->writer, &err), ERR_NONE);
    assert_int_equal(key_store_make(f->writer, &err), ERR_NONE);
    assert_int_equal(key_store_make(f->writer, &err), ERR_NONE);
}

static struct key_row row_of(const char *id, const char *secret)
{
    return (struct key_row){.digest = secret_digest(span_of(secret)),
        .id = span_of(id),
        .secret = 1,
        .label = span_of("Acme Ltd"),
        .plan = span_of("gold"),
        .scopes = span_of("GET /rates\nadmin"),
        .claims = span_of("tenant=acme"),
        .ends_s = CLIENT_NEVER_ENDS};
}

static void create(struct store_conn *conn, struct key_row row)
{
    struct err err = {0};
    begin(conn);
    assert_int_equal(key_create(conn, &anna, &row, &err), ERR_NONE);
    commit(conn);
}

static struct err rotate(struct fixture *f, const char *id, const char *secret, int64_t now_s, int64_t ends_s,
    int64_t overlap_end_s)
{
    const struct audit_who who = {.actor = span_of("ben@two"), .now_s = now_s};
    struct secret_digest digest = secret_digest(span_of(secret));
    struct err err = {0};
    begin(f->writer);
    if (key_rotate(f->writer, &who, span_of(id), &digest, ends_s, overlap_end_s, &err) == ERR_NONE)
        commit(f->writer);
    store_rollback(f->writer);
    return err;
}

static struct err revoke(struct fixture *f, const char *id, int64_t now_s)
{
    const struct audit_who who = {.actor = span_of("ben@two"), .now_s = now_s};
    struct err err = {0};
    begin(f->writer);
    if (key_revoke(f->writer, &who, span_of(id), &err) == ERR_NONE)
        commit(f->writer);
    store_rollback(f->writer);
    return err;
}

static struct key_table *read_table(struct fixture *f, int64_t now_s)
{
    struct err err = {0};
    struct key_table *table = NULL;
    assert_int_equal(key_store_read(f->reader, now_s, &table, &err), ERR_NONE);
    return table;
}

// The state of the secret at that moment, in a table that was read then.
static enum key_state state_of(struct fixture *f, const char *secret, int64_t now_s)
{
    struct key_table *table = read_table(f, now_s);
    struct secret_digest digest = secret_digest(span_of(secret));
    struct client *client = NULL;
    enum key_state found = key_table_find(table, &digest, now_s, &client);
    key_table_unref(table);
    return found;
}

static uint64_t generation_of(struct fixture *f)
{
    struct err err = {0};
    uint64_t generation = 0;
    assert_int_equal(audit_generation(f->reader, &generation, &err), ERR_NONE);
    return generation;
}

static void a_key_is_read_as_it_was_made(void **state)
{
    struct fixture *f = *state;
    make_tables(f);
    assert_int_equal(generation_of(f), 0);
    create(f->writer, row_of("k_aaaaaaaaaa", "one"));
    struct key_table *table = read_table(f, 1001);
    struct secret_digest digest = secret_digest(span_of("one"));
    struct client *client = NULL;
    assert_int_equal(key_table_find(table, &digest, 1001, &client), KEY_FOUND);
    assert_true(span_is(client->id, "k_aaaaaaaaaa"));
    assert_true(span_is(client->label, "Acme Ltd"));
    assert_true(span_is(client->plan, "gold"));
    assert_int_equal(client->scope_count, 2);
    assert_true(span_is(*client_claim(client, span_of("tenant")), "acme"));
    assert_true(client->ends_s == CLIENT_NEVER_ENDS);
    assert_true(key_table_generation(table) == generation_of(f));
    key_table_unref(table);
    assert_rows(f->reader, "SELECT number, at, actor, action, key_id, detail FROM reckoner_audit",
        "1|1000|'anna@one'|'created'|'k_aaaaaaaaaa'|'without an end'\n");
}

static void the_store_never_has_the_secret(void **state)
{
    struct fixture *f = *state;
    make_tables(f);
    create(f->writer, row_of("k_aaaaaaaaaa", "a secret of ours"));
    assert_null(strstr(rows_of(f->reader, "SELECT * FROM reckoner_keys"), "secret of"));
}

// They stay, for who wants to see them, though they have ended.
static void a_key_that_has_had_very_many_secrets_can_be_changed(void **state)
{
    struct fixture *f = *state;
    make_tables(f);
    create(f->writer, row_of("k_aaaaaaaaaa", "one"));
    run_script(f->writer,
        "INSERT INTO reckoner_keys WITH RECURSIVE n (n) AS (SELECT 2 UNION ALL SELECT n + 1 FROM n WHERE n < 10100)"
        " SELECT id, n, 'a' || substr('000000000000000000000000000000000000000000000000000000000000000', 1,"
        " 63 - length(CAST(n AS text))) || n, label, plan, scopes, claims, created, created_by, 1, revoked"
        " FROM reckoner_keys, n");
    assert_int_equal(rotate(f, "k_aaaaaaaaaa", "two", 2000, CLIENT_NEVER_ENDS, 3000).code, ERR_NONE);
    assert_rows(f->reader, "SELECT max(secret) FROM reckoner_keys", "10101\n");
    assert_int_equal(state_of(f, "two", 2001), KEY_FOUND);
    assert_int_equal(revoke(f, "k_aaaaaaaaaa", 2002).code, ERR_NONE);
    assert_int_equal(state_of(f, "two", 2003), KEY_REVOKED);
}

static void each_change_has_a_generation_of_its_own(void **state)
{
    struct fixture *f = *state;
    uint64_t seen[5];
    make_tables(f);
    seen[0] = generation_of(f);
    create(f->writer, row_of("k_aaaaaaaaaa", "one"));
    seen[1] = generation_of(f);
    create(f->writer, row_of("k_bbbbbbbbbb", "two"));
    seen[2] = generation_of(f);
    assert_int_equal(rotate(f, "k_aaaaaaaaaa", "three", 2000, KEY_LIVES_AS_LONG, 3000).code, ERR_NONE);
    seen[3] = generation_of(f);
    assert_int_equal(revoke(f, "k_bbbbbbbbbb", 2000).code, ERR_NONE);
    seen[4] = generation_of(f);
    for (size_t i = 0; i < ARRAY_LEN(seen); i++) {
        for (size_t k = 0; k < i; k++)
            assert_true(seen[i] != seen[k]);
    }
}

static void the_former_secret_goes_on_until_the_overlap_ends(void **state)
{
    struct fixture *f = *state;
    make_tables(f);
    create(f->writer, row_of("k_aaaaaaaaaa", "one"));
    assert_int_equal(rotate(f, "k_aaaaaaaaaa", "two", 2000, KEY_LIVES_AS_LONG, 3000).code, ERR_NONE);
    assert_int_equal(state_of(f, "one", 2999), KEY_FOUND);
    assert_int_equal(state_of(f, "one", 3000), KEY_EXPIRED);
    assert_int_equal(state_of(f, "two", 2000), KEY_FOUND);
    assert_rows(f->reader,
        "SELECT id, secret, label, plan, created, created_by, ends FROM reckoner_keys ORDER BY secret",
        "'k_aaaaaaaaaa'|1|'Acme Ltd'|'gold'|1000|'anna@one'|3000\n"
        "'k_aaaaaaaaaa'|2|'Acme Ltd'|'gold'|2000|'ben@two'|NULL\n");
    assert_rows(f->reader, "SELECT action, detail FROM reckoner_audit WHERE number = 2",
        "'rotated'|'the former secret goes on until 1970-01-01T00:50:00Z'\n");
}

static void a_new_secret_lives_as_long_as_the_former_one_was_to(void **state)
{
    struct fixture *f = *state;
    struct key_row row = row_of("k_aaaaaaaaaa", "one");
    make_tables(f);
    row.ends_s = 1500; // 500 s after it was made
    create(f->writer, row);
    assert_int_equal(rotate(f, "k_aaaaaaaaaa", "two", 1400, KEY_LIVES_AS_LONG, 9999).code, ERR_NONE);
    assert_int_equal(rotate(f, "k_aaaaaaaaaa", "three", 1450, 7000, 1460).code, ERR_NONE);
    assert_rows(
        f->reader, "SELECT secret, ends FROM reckoner_keys ORDER BY secret", "1|1460\n2|1460\n3|7000\n");
}

static void an_overlap_does_not_put_off_an_end(void **state)
{
    struct fixture *f = *state;
    struct key_row row = row_of("k_aaaaaaaaaa", "one");
    make_tables(f);
    row.ends_s = 1500;
    create(f->writer, row);
    assert_int_equal(rotate(f, "k_aaaaaaaaaa", "two", 1400, KEY_LIVES_AS_LONG, 9999).code, ERR_NONE);
    assert_rows(f->reader, "SELECT secret, ends FROM reckoner_keys ORDER BY secret", "1|1500\n2|1900\n");
    assert_rows(f->reader, "SELECT detail FROM reckoner_audit WHERE action = 'rotated'",
        "'the former secret goes on until 1970-01-01T00:25:00Z'\n");
}

static void a_revoked_key_ends_with_all_its_secrets(void **state)
{
    struct fixture *f = *state;
    make_tables(f);
    create(f->writer, row_of("k_aaaaaaaaaa", "one"));
    create(f->writer, row_of("k_bbbbbbbbbb", "other"));
    assert_int_equal(rotate(f, "k_aaaaaaaaaa", "two", 2000, KEY_LIVES_AS_LONG, 3000).code, ERR_NONE);
    assert_int_equal(revoke(f, "k_aaaaaaaaaa", 2001).code, ERR_NONE);
    assert_int_equal(state_of(f, "one", 2001), KEY_REVOKED);
    assert_int_equal(state_of(f, "two", 2001), KEY_REVOKED);
    assert_int_equal(state_of(f, "other", 2001), KEY_FOUND);
    struct err err = {0};
    int64_t count = 0;
    assert_int_equal(key_store_count(f->reader, &count, &err), ERR_NONE);
    assert_int_equal(count, 1);
}

static void what_was_revoked_or_never_was_cannot_be_changed(void **state)
{
    struct fixture *f = *state;
    make_tables(f);
    assert_error(revoke(f, "k_zzzzzzzzzz", 1000), ERR_UNKNOWN, "there is no key k_zzzzzzzzzz");
    assert_error(rotate(f, "k_zzzzzzzzzz", "x", 1000, KEY_LIVES_AS_LONG, 2000), ERR_UNKNOWN,
        "there is no key k_zzzzzzzzzz");
    create(f->writer, row_of("k_aaaaaaaaaa", "one"));
    assert_int_equal(revoke(f, "k_aaaaaaaaaa", 2000).code, ERR_NONE);
    uint64_t generation = generation_of(f);
    assert_error(revoke(f, "k_aaaaaaaaaa", 2001), ERR_INVALID,
        "the key k_aaaaaaaaaa was revoked already, 1970-01-01T00:33:20Z");
    assert_error(rotate(f, "k_aaaaaaaaaa", "x", 2001, KEY_LIVES_AS_LONG, 3000), ERR_INVALID,
        "the key k_aaaaaaaaaa was revoked already, 1970-01-01T00:33:20Z");
    assert_true(generation == generation_of(f)); // nothing is left of the tries
}

static void servers_forget_what_has_ended_long_ago(void **state)
{
    struct fixture *f = *state;
    struct key_row row = row_of("k_aaaaaaaaaa", "one");
    make_tables(f);
    row.ends_s = 2000;
    create(f->writer, row);
    create(f->writer, row_of("k_bbbbbbbbbb", "two"));
    assert_int_equal(revoke(f, "k_bbbbbbbbbb", 2000).code, ERR_NONE);
    assert_int_equal(state_of(f, "one", 1999 + LIMIT_KEYS_ENDED_S), KEY_EXPIRED);
    assert_int_equal(state_of(f, "two", 1999 + LIMIT_KEYS_ENDED_S), KEY_REVOKED);
    assert_int_equal(state_of(f, "one", 2000 + LIMIT_KEYS_ENDED_S), KEY_UNKNOWN);
    assert_int_equal(state_of(f, "two", 2000 + LIMIT_KEYS_ENDED_S), KEY_UNKNOWN);
}

static void a_store_with_a_key_is_no_draft(void **state)
{
    struct fixture *f = *state;
    struct err err = {0};
    char draft[NOTE_BYTES];
    make_tables(f);
    assert_int_equal(note_write(f->writer, NOTE_DRAFT, "yes", &err), ERR_NONE);
    create(f->writer, row_of("k_aaaaaaaaaa", "one"));
    assert_int_equal(note_read(f->writer, NOTE_DRAFT, draft, &err), ERR_NONE);
    assert_string_equal(draft, "");
}

static void touch(struct fixture *f, const struct key_use *uses, size_t count)
{
    struct err err = {0};
    assert_int_equal(key_store_touch(f->writer, uses, count, &err), ERR_NONE);
}

static void the_last_use_is_the_latest_one_that_is_known(void **state)
{
    struct fixture *f = *state;
    const struct span a = span_of("k_aaaaaaaaaa"), b = span_of("k_bbbbbbbbbb");
    const struct key_use uses[] = {
        {b, 1, NULL, 1764390000}, {a, 2, NULL, 2000}, {a, 1, NULL, 1999}, {b, 1, NULL, 1764390007}};
    const struct key_use later[] = {
        {a, 2, NULL, 1000}, {a, 1, NULL, 3000}}; // another node is late with the first
    make_tables(f);
    touch(f, uses, 0);
    touch(f, uses, ARRAY_LEN(uses));
    touch(f, later, ARRAY_LEN(later));
    assert_rows(f->reader, "SELECT id, secret, last_used FROM reckoner_key_uses ORDER BY id, secret",
        "'k_aaaaaaaaaa'|1|3000\n'k_aaaaaaaaaa'|2|2000\n'k_bbbbbbbbbb'|1|1764390007\n");
    create(f->writer, row_of("k_aaaaaaaaaa", "one"));
    struct key_records records;
    struct err err = {0};
    assert_int_equal(key_records_read(f->reader, a, 0, 10, &records, &err), ERR_NONE);
    assert_int_equal(records.count, 1);
    assert_int_equal(records.items[0].last_used_s, 3000);
    key_records_fini(&records);
}

static void more_uses_than_a_list_may_have_are_all_written(void **state)
{
    struct fixture *f = *state;
    enum { USES = LIMIT_LIST_ITEMS * 2 + 1 };
    static char ids[USES][KEY_ID_CHARS + 1];
    static struct key_use uses[USES];
    for (size_t i = 0; i < USES; i++) {
        snprintf(ids[i], sizeof(ids[i]), "k_%010zu", i);
        uses[i] = (struct key_use){.id = span_of(ids[i]), .secret = 12, .used_s = 1764390000 + (int64_t)i};
    }
    make_tables(f);
    touch(f, uses, USES);
    assert_rows(f->reader,
        "SELECT count(*), min(last_used), max(last_used), max(secret) FROM reckoner_key_uses",
        "2001|1764390000|1764392000|12\n");
}

static void of_two_who_change_keys_at_once_the_second_fails_or_waits(void **state)
{
    struct fixture *f = *state;
    struct store_conn *other = NULL;
    struct err err = {0};
    make_tables(f);
    create(f->writer, row_of("k_aaaaaaaaaa", "one"));
    assert_int_equal(store_connect_beside(f->writer, &other, &err), ERR_NONE);
    if (other == NULL)
        return; // one writer at a time: the second waits at its BEGIN
    assert_int_equal(store_begin_early(f->writer, &err), ERR_NONE);
    assert_int_equal(key_revoke(f->writer, &anna, span_of("k_aaaaaaaaaa"), &err), ERR_NONE);
    assert_int_equal(store_begin_early(other, &err), ERR_NONE);
    commit(f->writer);
    struct secret_digest digest = secret_digest(span_of("two"));
    enum err_code code =
        key_rotate(other, &anna, span_of("k_aaaaaaaaaa"), &digest, KEY_LIVES_AS_LONG, 2000, &err);
    assert_true(code == ERR_INVALID || code == ERR_CONFLICT || code == ERR_ABORTED);
    store_rollback(other);
    store_disconnect(other);
    assert_rows(f->reader, "SELECT count(*) FROM reckoner_keys WHERE revoked IS NULL", "0\n");
}

static void reading_without_memory_gives_an_error_and_no_leak(void **state)
{
    struct fixture *f = *state;
    make_tables(f);
    create(f->writer, row_of("k_aaaaaaaaaa", "one"));
    enum err_code code = ERR_NO_MEMORY;
    long n = 0;
    for (; code != ERR_NONE && n < 10000; n++) {
        struct err err = {0};
        struct key_table *table = NULL;
        mem_fail_after(n);
        code = key_store_read(f->reader, 1001, &table, &err);
        mem_fail_after(-1);
        assert_true(code == ERR_NONE || (code == ERR_NO_MEMORY && table == NULL));
        key_table_unref(table);
    }
    assert_int_equal(code, ERR_NONE);
    assert_true(n > 5);
}

static void a_row_that_no_reckoner_has_written_is_told(void **state)
{
    struct fixture *f = *state;
    struct err err = {0};
    struct key_table *table = NULL;
    make_tables(f);
    create(f->writer, row_of("k_aaaaaaaaaa", "one"));
    assert_int_equal(error_of_run(f->writer, "UPDATE reckoner_keys SET digest = 'abc'").code, ERR_NONE);
    assert_int_equal(key_store_read(f->reader, 1001, &table, &err), ERR_STORE);
    assert_string_equal(err.text, "reckoner_keys has a row that no Reckoner has written: k_aaaaaaaaaa");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORE_TEST(a_key_is_read_as_it_was_made),
        STORE_TEST(the_store_never_has_the_secret),
        STORE_TEST(a_key_that_has_had_very_many_secrets_can_be_changed),
        STORE_TEST(each_change_has_a_generation_of_its_own),
        STORE_TEST(the_former_secret_goes_on_until_the_overlap_ends),
        STORE_TEST(a_new_secret_lives_as_long_as_the_former_one_was_to),
        STORE_TEST(an_overlap_does_not_put_off_an_end),
        STORE_TEST(a_revoked_key_ends_with_all_its_secrets),
        STORE_TEST(what_was_revoked_or_never_was_cannot_be_changed),
        STORE_TEST(servers_forget_what_has_ended_long_ago),
        STORE_TEST(a_store_with_a_key_is_no_draft),
        STORE_TEST(the_last_use_is_the_latest_one_that_is_known),
        STORE_TEST(more_uses_than_a_list_may_have_are_all_written),
        STORE_TEST(of_two_who_change_keys_at_once_the_second_fails_or_waits),
        STORE_TEST(reading_without_memory_gives_an_error_and_no_leak),
        STORE_TEST(a_row_that_no_reckoner_has_written_is_told),
    };
    return fixture_run(tests);
}
