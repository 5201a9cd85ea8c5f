// SPDX-License-Identifier: Apache-2.0
// What is to be told, in the outbox of every store.
#include "hooks/hook_store.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/attr.h"
#include "fixture.h"
#include "store/own_sql.h"

#define STATES                                                                                               \
    "SELECT batch, endpoint, attempts, CASE WHEN token > 0 THEN 1 ELSE 0 END AS taken, "                     \
    "CASE WHEN ended > 0 THEN 1 ELSE 0 END AS ended, status, result FROM reckoner_outbox ORDER BY batch"

static const struct endpoint PRICES = {.method = HTTP_POST, .path = {.at = "/prices", .len = 7}};
static const struct endpoint OTHERS = {.method = HTTP_PUT, .path = {.at = "/others", .len = 7}};

static struct own_statements writer, reader; // of the test at hand

static void fill(struct fixture *f, int count)
{
    writer = (struct own_statements){.conn = f->writer};
    reader = (struct own_statements){.conn = f->reader};
    struct err err = {0};
    for (int i = 0; i < 2; i++) // it may be there
        assert_int_equal(outbox_make_table(f->writer, &err), ERR_NONE);
    begin(f->writer);
    for (int i = 1; i <= count; i++)
        assert_int_equal(outbox_add(&writer, i % 3 == 0 ? &OTHERS : &PRICES, i, 10, &err), ERR_NONE);
    commit(f->writer);
}

static int tear_down(void **state)
{
    own_statements_fini(&writer);
    own_statements_fini(&reader);
    return fixture_tear_down(state);
}

static int64_t now_of(void)
{
    struct err err = {0};
    int64_t now_ms = 0;
    assert_int_equal(own_now_ms(&writer, &now_ms, &err), ERR_NONE);
    return now_ms;
}

// Hooks that were told of.
struct heard {
    size_t count;
    char ids[8][OUTBOX_ID_CHARS + 1];
    int64_t batches[8];
};

static enum err_code hear(void *ctx, const struct hook *hook, struct err *err)
{
    struct heard *heard = ctx;
    (void)err;
    assert_int_equal(hook->id.len, OUTBOX_ID_CHARS);
    assert_true(heard->count < ARRAY_LEN(heard->ids));
    snprintf(heard->ids[heard->count], sizeof(heard->ids[0]), "%.*s", (int)hook->id.len, hook->id.at);
    heard->batches[heard->count++] = hook->batch;
    assert_int_equal(hook->rows, 10);
    return ERR_NONE;
}

static struct heard take(struct fixture *f, const char *endpoint, int64_t token, int64_t now_ms, size_t most)
{
    struct heard heard = {0};
    struct err err = {0};
    begin(f->writer);
    const struct hook_claim claim = {.endpoint = span_of(endpoint),
        .token = token,
        .now_ms = now_ms,
        .until_ms = now_ms + 1000,
        .most = most};
    assert_int_equal(hook_store_take(&writer, &claim, hear, &heard, &err), ERR_NONE);
    commit(f->writer);
    return heard;
}

static void what_is_due_is_taken_once(void **state)
{
    struct fixture *f = *state;
    struct err err = {0};
    struct hook_times times = {0};
    fill(f, 5);
    int64_t now_ms = now_of() + 1000;
    assert_int_equal(take(f, "POST /prices", 7, now_ms - 100000, 8).count, 0); // not yet
    struct heard first = take(f, "POST /prices", 7, now_ms, 3);
    assert_int_equal(first.count, 3);
    struct heard rest = take(f, "POST /prices", 8, now_ms, 3);
    assert_int_equal(rest.count, 1);
    assert_int_equal(take(f, "POST /prices", 9, now_ms, 3).count, 0);
    assert_int_equal(hook_store_next(&reader, span_of("POST /prices"), &times, &err), ERR_NONE);
    assert_true(times.is_found && times.first_ms == now_ms + 1000 && times.last_ms == now_ms + 1000);
    // The first one's taker is gone: whoever comes later settles nothing.
    begin(f->writer);
    assert_int_equal(hook_store_remove(&writer, span_of(first.ids[0]), 8, &err), ERR_NONE);
    assert_int_equal(hook_store_remove(&writer, span_of(rest.ids[0]), 8, &err), ERR_NONE);
    commit(f->writer);
    assert_int_equal(take(f, "POST /prices", 9, now_ms + 1000, 8).count, 3);
    begin(f->writer);
    assert_int_equal(hook_store_remove(&writer, span_of(first.ids[0]), 7, &err), ERR_NONE);
    commit(f->writer);
    struct hook_counts counts;
    assert_int_equal(hook_store_count(&reader, &counts, &err), ERR_NONE);
    assert_int_equal(counts.waiting, 4);
    assert_true(counts.oldest_ms > 0 && counts.oldest_ms <= now_ms);
    assert_int_equal(take(f, "PUT /others", 9, now_ms, 8).count, 1);
}

static void what_was_written_while_the_clock_was_ahead_is_due(void **state)
{
    struct fixture *f = *state;
    struct err err = {0};
    struct hook_times times = {0};
    fill(f, 2);
    int64_t now_ms = now_of() + 1000;
    assert_int_equal(take(f, "POST /prices", 7, now_ms, 1).count, 1);
    assert_int_equal(take(f, "POST /prices", 8, now_ms + 100000, 1).count, 1);
    assert_int_equal(hook_store_next(&reader, span_of("POST /prices"), &times, &err), ERR_NONE);
    assert_true(times.is_found && times.first_ms <= now_ms + 1000 && times.last_ms == now_ms + 101000);
    begin(f->writer);
    assert_int_equal(hook_store_hasten(&writer, span_of("PUT /others"), now_ms, now_ms, &err), ERR_NONE);
    assert_int_equal(
        hook_store_hasten(&writer, span_of("POST /prices"), now_ms, now_ms + 50000, &err), ERR_NONE);
    commit(f->writer);
    assert_int_equal(take(f, "POST /prices", 9, now_ms, 8).count, 1);
    assert_int_equal(hook_store_next(&reader, span_of("PUT /none"), &times, &err), ERR_NONE);
    assert_false(times.is_found);
}

static void what_has_failed_waits_or_is_given_up(void **state)
{
    struct fixture *f = *state;
    struct err err = {0};
    fill(f, 2);
    int64_t now_ms = now_of() + 1000;
    struct heard taken = take(f, "POST /prices", 7, now_ms, 8);
    assert_int_equal(taken.count, 2);
    size_t first = taken.batches[0] == 1 ? 0 : 1;
    bool is_moved = false;
    const struct hook_failure waits = {
        .status = 500, .result = span_of("answered 500"), .next_ms = now_ms + 5000};
    const struct hook_failure over = {
        .status = 410, .result = span_of("answered 410"), .next_ms = now_ms, .ended_ms = now_ms};
    begin(f->writer);
    assert_int_equal(
        hook_store_fail(&writer, span_of(taken.ids[first]), 7, &waits, &is_moved, &err), ERR_NONE);
    assert_true(is_moved);
    assert_int_equal(
        hook_store_fail(&writer, span_of(taken.ids[1 - first]), 8, &over, &is_moved, &err), ERR_NONE);
    assert_false(is_moved); // it has another token
    assert_int_equal(
        hook_store_fail(&writer, span_of(taken.ids[1 - first]), 7, &over, &is_moved, &err), ERR_NONE);
    assert_true(is_moved);
    commit(f->writer);
    assert_string_equal(rows_of(f->reader, STATES),
        "1|'POST /prices'|1|0|0|500|'answered 500'\n2|'POST /prices'|1|0|1|410|'answered 410'\n");
    assert_int_equal(take(f, "POST /prices", 8, now_ms, 8).count, 0);
    // By hand both are sent now.
    size_t count = 0;
    begin(f->writer);
    assert_int_equal(hook_store_retry(&writer, span_of(""), now_ms, &count, &err), ERR_NONE);
    commit(f->writer);
    assert_int_equal(count, 2);
    taken = take(f, "POST /prices", 8, now_ms, 8);
    assert_int_equal(taken.count, 2);
    assert_string_equal(rows_of(f->reader, STATES),
        "1|'POST /prices'|2|1|0|500|'answered 500'\n2|'POST /prices'|1|1|0|410|'answered 410'\n");
    // All leaves alone what is under way; one by its id does not.
    begin(f->writer);
    assert_int_equal(hook_store_retry(&writer, span_of(""), now_ms, &count, &err), ERR_NONE);
    assert_int_equal(count, 0);
    assert_int_equal(hook_store_retry(&writer, span_of(taken.ids[0]), now_ms, &count, &err), ERR_NONE);
    assert_int_equal(count, 1);
    commit(f->writer);
    assert_int_equal(take(f, "POST /prices", 9, now_ms, 8).count, 1);
}

static void old_ones_are_given_up_and_then_go(void **state)
{
    struct fixture *f = *state;
    struct err err = {0};
    size_t count = 0;
    fill(f, 3);
    int64_t now_ms = now_of() + 1000;
    begin(f->writer);
    assert_int_equal(hook_store_give_up(&writer, span_of("POST /prices"), now_ms, now_ms - 100000,
                         span_of("old"), &count, &err),
        ERR_NONE);
    assert_int_equal(count, 0);
    assert_int_equal(
        hook_store_give_up(&writer, span_of("POST /prices"), now_ms, now_ms, span_of("old"), &count, &err),
        ERR_NONE);
    assert_int_equal(count, 2);
    commit(f->writer);
    assert_string_equal(rows_of(f->reader, STATES),
        "1|'POST /prices'|0|0|1|0|'old'\n2|'POST /prices'|0|0|1|0|'old'\n3|'PUT /others'|0|0|0|0|''\n");
    struct heard listed = {0};
    assert_int_equal(hook_store_list(&reader, 2, hear, &listed, &err), ERR_NONE);
    assert_int_equal(listed.count, 2);
    begin(f->writer);
    assert_int_equal(hook_store_prune(&writer, now_ms, &count, &err), ERR_NONE);
    assert_int_equal(count, 0);
    commit(f->writer);
    assert_string_equal(rows_of(f->reader, "SELECT count(*) FROM reckoner_outbox"), "3\n");
    begin(f->writer);
    assert_int_equal(hook_store_prune(&writer, now_ms + 1, &count, &err), ERR_NONE);
    assert_int_equal(count, 2);
    commit(f->writer);
    assert_string_equal(rows_of(f->reader, "SELECT batch FROM reckoner_outbox"), "3\n");
    begin(f->writer);
    assert_int_equal(hook_store_drop(&writer, span_of("hook_x"), &count, &err), ERR_NONE);
    assert_int_equal(count, 0);
    assert_int_equal(hook_store_drop(&writer, span_of(""), &count, &err), ERR_NONE);
    assert_int_equal(count, 1);
    commit(f->writer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_is_due_is_taken_once, fixture_set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            what_was_written_while_the_clock_was_ahead_is_due, fixture_set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_has_failed_waits_or_is_given_up, fixture_set_up, tear_down),
        cmocka_unit_test_setup_teardown(old_ones_are_given_up_and_then_go, fixture_set_up, tear_down),
    };
    return fixture_run(tests);
}
