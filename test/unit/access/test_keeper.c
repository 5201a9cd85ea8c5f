// SPDX-License-Identifier: Apache-2.0
// The keeper's rounds, and the key rings that it has made, on a store of SQLite.
#include "access/keeper.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <cmocka.h>

#include "access/key_ring.h"
#include "access/key_store.h"
#include "base/attr.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/mem.h"

enum { LONG_MS = 60000 }; // longer than any test takes

// Two stores, and what was seen of the keeper of the first.
struct desk {
    char dir[64];
    struct store *stores[2];
    struct store_conn *writers[2]; // keep the stores as they are
    struct keeper *keeper;
    atomic_uint asked;        // how often
    atomic_bool fails;        // asking does
    atomic_uint failures;     // told
    atomic_uint recoveries;   //
    atomic_bool is_under_way; // a statement that does not end
};

static void exec(struct store_conn *conn, const char *sql)
{
    struct err err = {0};
    if (store_exec(conn, span_of(sql), &err) != ERR_NONE)
        fail_msg("%s: %s", sql, err.text);
}

static int set_up(void **state)
{
    static struct desk desk;
    desk = (struct desk){0};
    snprintf(desk.dir, sizeof(desk.dir), "/tmp/keeper-XXXXXX");
    assert_non_null(mkdtemp(desk.dir));
    for (size_t i = 0; i < 2; i++) {
        char url[128];
        struct err err = {0};
        snprintf(url, sizeof(url), "sqlite:%s/%zu.db", desk.dir, i);
        assert_int_equal(store_open(url, "one", &desk.stores[i], &err), ERR_NONE);
        assert_int_equal(store_connect(desk.stores[i], STORE_WRITE, &desk.writers[i], &err), ERR_NONE);
        exec(desk.writers[i], "CREATE TABLE t (a integer)");
    }
    *state = &desk;
    return 0;
}

static int tear_down(void **state)
{
    struct desk *desk = *state;
    keeper_free(desk->keeper);
    for (size_t i = 0; i < 2; i++) {
        store_disconnect(desk->writers[i]);
        store_close(desk->stores[i]);
    }
    char command[128];
    snprintf(command, sizeof(command), "rm -r %s", desk->dir);
    return system(command);
}

static void on_tell(void *ctx, const struct err *err)
{
    struct desk *desk = ctx;
    atomic_fetch_add(err != NULL ? &desk->failures : &desk->recoveries, 1);
}

static void start(
    struct desk *desk, uint64_t pace_ms, enum err_code (*ask)(void *, struct store_conn *, struct err *))
{
    struct err err = {0};
    struct keeper_options options = {.store = desk->stores[0],
        .pace_ms = pace_ms,
        .patience_ms = LONG_MS,
        .ctx = desk,
        .ask = ask,
        .tell = on_tell};
    assert_int_equal(keeper_new(&options, &desk->keeper, &err), ERR_NONE);
    assert_int_equal(keeper_start(desk->keeper, &err), ERR_NONE);
}

// --- rounds

static enum err_code count_asked(void *ctx, struct store_conn *conn, struct err *err)
{
    struct desk *desk = ctx;
    assert_non_null(conn);
    atomic_fetch_add(&desk->asked, 1);
    return atomic_load(&desk->fails) ? err_set(err, ERR_BUSY, "busy") : ERR_NONE;
}

static void the_store_is_asked_while_that_is_wanted(void **state)
{
    struct desk *desk = *state;
    start(desk, LONG_MS, count_asked);
    assert_true(keeper_wait(desk->keeper, LONG_MS));
    assert_int_equal(desk->asked, 0);
    keeper_want(desk->keeper, true);
    assert_true(keeper_wait(desk->keeper, LONG_MS));
    assert_in_range(desk->asked, 1, 2); // by the wish, and the wait
    keeper_want(desk->keeper, false);
    assert_true(keeper_wait(desk->keeper, LONG_MS));
    unsigned before = desk->asked;
    assert_true(keeper_wait(desk->keeper, LONG_MS));
    assert_int_equal(desk->asked, before);
}

static void a_wait_ends_behind_a_round_that_began_after_it(void **state)
{
    struct desk *desk = *state;
    start(desk, LONG_MS, count_asked);
    keeper_want(desk->keeper, true);
    for (unsigned i = 0; i < 1000; i++) {
        unsigned before = desk->asked;
        assert_true(keeper_wait(desk->keeper, LONG_MS));
        assert_true(desk->asked > before);
    }
}

static enum err_code ask_without_end(void *ctx, struct store_conn *conn, struct err *err)
{
    struct desk *desk = ctx;
    struct store_stmt *stmt = NULL;
    bool row;
    enum err_code code = store_prepare(conn,
        span_of("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"),
        NULL, 0, &stmt, err);
    if (code == ERR_NONE)
        code = store_bind(stmt, NULL, err);
    atomic_store(&desk->is_under_way, true);
    if (code == ERR_NONE)
        code = store_step(stmt, &row, err);
    store_finalize(stmt);
    return code;
}

struct asker {
    struct keeper_question question; // first
    struct desk *desk;
    unsigned before;       // how often the store had been asked
    atomic_uint *answered; // counts those that were right
};

static void on_round(struct keeper_question *question)
{
    struct asker *asker = (struct asker *)question;
    atomic_fetch_add(asker->answered, atomic_load(&asker->desk->asked) > asker->before ? 1 : 1000);
}

static void each_question_is_answered_behind_a_round_of_its_own(void **state)
{
    struct desk *desk = *state;
    static struct asker askers[100];
    atomic_uint answered = 0;
    start(desk, LONG_MS, count_asked);
    keeper_want(desk->keeper, true);
    for (size_t i = 0; i < ARRAY_LEN(askers); i++) {
        askers[i] = (struct asker){.question.on_round = on_round,
            .desk = desk,
            .before = atomic_load(&desk->asked),
            .answered = &answered};
        keeper_ask(desk->keeper, &askers[i].question);
    }
    assert_true(keeper_wait(desk->keeper, LONG_MS));
    assert_true(keeper_wait(desk->keeper, LONG_MS)); // answers come behind the end that a wait sees
    assert_int_equal(answered, ARRAY_LEN(askers));
}

// Those that come at the end are answered too, as requests hang on them.
static void questions_at_the_end_are_answered(void **state)
{
    struct desk *desk = *state;
    static struct asker askers[2];
    atomic_uint answered = 0;
    start(desk, LONG_MS, ask_without_end);
    keeper_want(desk->keeper, true);
    for (size_t i = 0; i < 2; i++) {
        askers[i] = (struct asker){.question.on_round = on_round, .desk = desk, .answered = &answered};
        if (i == 1)
            keeper_end(desk->keeper);
        keeper_ask(desk->keeper, &askers[i].question);
    }
    assert_int_equal(answered, 2000); // without having been asked
}

static void rounds_follow_each_other_by_themselves(void **state)
{
    struct desk *desk = *state;
    start(desk, 1, count_asked);
    keeper_want(desk->keeper, true);
    uint64_t end_ns = clock_monotonic_ns() + LONG_MS * NS_PER_MS;
    while (atomic_load(&desk->asked) < 10 && clock_monotonic_ns() < end_ns)
        clock_pause(NS_PER_MS);
    assert_true(desk->asked >= 10);
}

static void a_failure_is_told_once_and_so_is_its_end(void **state)
{
    struct desk *desk = *state;
    desk->fails = true;
    start(desk, LONG_MS, count_asked);
    keeper_want(desk->keeper, true);
    for (unsigned i = 0; i < 3; i++)
        assert_true(keeper_wait(desk->keeper, LONG_MS));
    assert_int_equal(desk->failures, 1);
    assert_int_equal(desk->recoveries, 0);
    desk->fails = false;
    for (unsigned i = 0; i < 3; i++)
        assert_true(keeper_wait(desk->keeper, LONG_MS));
    assert_int_equal(desk->failures, 1);
    assert_int_equal(desk->recoveries, 1);
}

static void what_is_under_way_at_the_end_is_interrupted(void **state)
{
    struct desk *desk = *state;
    start(desk, LONG_MS, ask_without_end);
    keeper_want(desk->keeper, true);
    uint64_t end_ns = clock_monotonic_ns() + LONG_MS * NS_PER_MS;
    while (!atomic_load(&desk->is_under_way) && clock_monotonic_ns() < end_ns)
        clock_pause(NS_PER_MS);
    assert_true(desk->is_under_way);
    assert_false(keeper_wait(desk->keeper, 1));
    keeper_end(desk->keeper);
    assert_int_equal(desk->failures, 0); // it is no failure
    assert_true(clock_monotonic_ns() < end_ns);
}

// --- key rings

// One that never ends, with a line in the audit as each change has one.
static void add_key(struct store_conn *conn, const char *id, const char *secret, unsigned number)
{
    char sql[512], digits[SECRET_DIGEST_CHARS + 1];
    struct secret_digest digest = secret_digest(span_of(secret));
    secret_digest_format(&digest, digits);
    snprintf(sql, sizeof(sql),
        "INSERT INTO reckoner_keys (id, secret, digest, label, plan, scopes, claims, created, created_by) "
        "VALUES ('%s', 1, '%s', '', '', '', '', 0, 'test'); "
        "INSERT INTO reckoner_audit VALUES (%u, 0, 'test', 'create', '%s', '')",
        id, digits, number, id);
    exec(conn, sql);
}

static enum key_state find(struct key_rings *rings, size_t store, const char *secret)
{
    struct client *client = NULL;
    struct secret_digest digest = secret_digest(span_of(secret));
    struct key_ring *ring = key_rings_current(rings);
    const struct key_table *table = key_ring_table(ring, store);
    enum key_state state = table != NULL ? key_table_find(table, &digest, 0, &client) : KEY_UNKNOWN;
    key_ring_unref(ring);
    return state;
}

static void count_tables(void *ctx, size_t store, struct key_table *table)
{
    unsigned *counts = ctx;
    assert_non_null(table);
    counts[store]++;
}

static void a_key_is_in_the_ring_when_its_store_was_asked_after_it(void **state)
{
    struct desk *desk = *state;
    struct err err = {0};
    struct key_rings *rings = NULL;
    unsigned made[2] = {0};
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(key_store_make(desk->writers[i], &err), ERR_NONE);
    assert_int_equal(key_rings_new(2, count_tables, made, &rings, &err), ERR_NONE);
    struct key_ring *first = key_rings_current(rings);
    assert_int_equal(key_ring_number(first), key_rings_number(rings));
    assert_null(key_ring_table(first, 0));
    assert_false(key_rings_are_known(rings, 0, clock_monotonic_ns()));

    uint64_t begun_ns = clock_monotonic_ns();
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(key_rings_ask(rings, i, desk->writers[i], &err), ERR_NONE);
    assert_true(key_rings_are_known(rings, 0, begun_ns + (LIMIT_KEYS_STALE_MS - 1) * NS_PER_MS));
    assert_false(key_rings_are_known(rings, 0, clock_monotonic_ns() + (LIMIT_KEYS_STALE_MS + 1) * NS_PER_MS));
    assert_int_equal(find(rings, 0, "a"), KEY_UNKNOWN);
    uint64_t number = key_rings_number(rings);

    assert_int_equal(key_rings_ask(rings, 0, desk->writers[0], &err), ERR_NONE);
    assert_int_equal(key_rings_number(rings), number); // nothing has changed
    add_key(desk->writers[0], "k_aaaaaaaaaa", "a", 1);
    assert_int_equal(find(rings, 0, "a"), KEY_UNKNOWN);
    assert_int_equal(key_rings_ask(rings, 0, desk->writers[0], &err), ERR_NONE);
    assert_int_equal(key_rings_number(rings), number + 1);
    assert_int_equal(find(rings, 0, "a"), KEY_FOUND);
    assert_int_equal(find(rings, 1, "a"), KEY_UNKNOWN); // the other store's keys are its own
    assert_int_equal(made[0], 2);
    assert_int_equal(made[1], 1);
    assert_null(key_ring_table(first, 0)); // a ring that is held never changes
    key_ring_unref(first);
    key_rings_free(rings);
}

static void what_cannot_be_read_changes_nothing(void **state)
{
    struct desk *desk = *state;
    struct err err = {0};
    struct key_rings *rings = NULL;
    assert_int_equal(key_store_make(desk->writers[0], &err), ERR_NONE);
    assert_int_equal(key_rings_new(1, NULL, NULL, &rings, &err), ERR_NONE);
    add_key(desk->writers[0], "k_aaaaaaaaaa", "a", 1);
    assert_int_equal(key_rings_ask(rings, 0, desk->writers[0], &err), ERR_NONE);
    add_key(desk->writers[0], "k_bbbbbbbbbb", "b", 2);
    enum err_code code = ERR_NO_MEMORY;
    for (long after = 0; code == ERR_NO_MEMORY; after++) {
        assert_int_equal(find(rings, 0, "a"), KEY_FOUND);
        assert_int_equal(find(rings, 0, "b"), KEY_UNKNOWN);
        err = (struct err){0};
        mem_fail_after(after);
        code = key_rings_ask(rings, 0, desk->writers[0], &err);
        mem_fail_after(-1);
    }
    assert_int_equal(code, ERR_NONE);
    assert_int_equal(find(rings, 0, "b"), KEY_FOUND);
    key_rings_free(rings);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_store_is_asked_while_that_is_wanted, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_wait_ends_behind_a_round_that_began_after_it, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            each_question_is_answered_behind_a_round_of_its_own, set_up, tear_down),
        cmocka_unit_test_setup_teardown(questions_at_the_end_are_answered, set_up, tear_down),
        cmocka_unit_test_setup_teardown(rounds_follow_each_other_by_themselves, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_failure_is_told_once_and_so_is_its_end, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_under_way_at_the_end_is_interrupted, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            a_key_is_in_the_ring_when_its_store_was_asked_after_it, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_cannot_be_read_changes_nothing, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
