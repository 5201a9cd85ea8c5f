// SPDX-License-Identifier: Apache-2.0
// Slots of versions: numbers that are given out once, at addresses that stay.
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <pthread.h>
#include <stdio.h>

#include "base/limits.h"
#include "base/mem.h"
#include "store/version_slots.h"

static int set_up(void **state)
{
    struct version_slots *slots = mem_alloc(sizeof(*slots));
    version_slots_init(slots);
    *state = slots;
    return 0;
}

static int tear_down(void **state)
{
    version_slots_fini(*state);
    mem_free(*state);
    return 0;
}

static uint64_t number(const struct version *version)
{
    return version->now(version);
}

// A round in which the database counts these for "a" and "b"; below zero: it has no such table.
static uint64_t ended_rounds(struct version_slots *slots)
{
    uint64_t last;
    return version_slots_round(slots, &last);
}

static void round_of(struct version_slots *slots, int64_t a, int64_t b)
{
    version_slots_begin(slots);
    if (a >= 0)
        version_slots_set(slots, "a", &(struct version_stamp){.rows = (uint64_t)a});
    if (b >= 0)
        version_slots_set(slots, "b", &(struct version_stamp){.rows = (uint64_t)b});
    version_slots_end(slots);
}

static void a_slot_is_found_again_and_not_known_before_it_was_set(void **state)
{
    struct version_slots *slots = *state;
    const struct version *a = version_slots_find(slots, "a");
    assert_non_null(a);
    assert_int_equal(number(a), 0);
    assert_ptr_equal(version_slots_find(slots, "a"), a);
    assert_ptr_not_equal(version_slots_find(slots, "A"), a);
    assert_ptr_not_equal(version_slots_find(slots, ""), a);
    round_of(slots, 0, -1);
    assert_int_not_equal(number(a), 0);
    assert_int_equal(number(version_slots_find(slots, "A")), 0);
    assert_int_equal(number(version_slots_find(slots, "")), 0);
}

static void a_slot_that_was_set_first_has_its_number_when_it_is_found(void **state)
{
    struct version_slots *slots = *state;
    round_of(slots, 7, 7);
    uint64_t a = number(version_slots_find(slots, "a"));
    assert_int_not_equal(a, 0);
    assert_int_not_equal(number(version_slots_find(slots, "b")), a);
}

static void the_number_is_another_one_when_the_count_is(void **state)
{
    struct version_slots *slots = *state;
    const struct version *a = version_slots_find(slots, "a"), *b = version_slots_find(slots, "b");
    uint64_t before = 0, other;
    for (int64_t count = 1; count <= 3; count++) {
        round_of(slots, count, 5);
        uint64_t after = number(a);
        assert_int_not_equal(after, before);
        other = number(b);
        round_of(slots, count, 5);
        assert_int_equal(number(a), after);
        assert_int_equal(number(b), other);
        before = after;
    }
    round_of(slots, 2, 5); // a count that was there before
    assert_true(number(a) > before);
    assert_int_equal(number(b), other);
}

static void what_is_not_set_in_a_round_is_not_known_and_has_a_new_number_later(void **state)
{
    struct version_slots *slots = *state;
    const struct version *a = version_slots_find(slots, "a"), *b = version_slots_find(slots, "b");
    round_of(slots, 1, 1);
    uint64_t before_a = number(a), before_b = number(b);
    round_of(slots, -1, 1);
    assert_int_equal(number(a), 0);
    assert_int_equal(number(b), before_b);
    round_of(slots, 1, 1);
    assert_true(number(a) > before_a && number(a) > before_b);
    assert_int_equal(number(b), before_b);
    round_of(slots, -1, -1);
    assert_int_equal(number(a), 0);
    assert_int_equal(number(b), 0);
    assert_ptr_equal(version_slots_find(slots, "a"), a);
}

static void a_new_history_or_shape_is_a_new_number(void **state)
{
    struct version_slots *slots = *state;
    const struct version *a = version_slots_find(slots, "a");
    const struct version_stamp stamps[] = {{.rows = 1, .history = 1, .shape = 1},
        {.rows = 1, .history = 2, .shape = 1}, {.rows = 1, .history = 2, .shape = 2},
        {.rows = 2, .history = 2, .shape = 2}, {.rows = 2, .history = 2, .shape = 2, .parts = 3},
        {.rows = 1, .history = 1, .shape = 1}};
    uint64_t before = 0;
    for (size_t i = 0; i < sizeof(stamps) / sizeof(stamps[0]); i++) {
        version_slots_begin(slots);
        version_slots_set(slots, "a", &stamps[i]);
        version_slots_end(slots);
        assert_true(number(a) > before);
        before = number(a);
    }
}

static void what_a_read_has_seen_before_a_round_told_of_it_has_the_same_number_then(void **state)
{
    struct version_slots *slots = *state;
    const struct version *a = version_slots_find(slots, "a");
    assert_int_equal(version_slots_seen(slots, a, 1, 0, ended_rounds(slots)), 0);
    round_of(slots, 1, 1);
    uint64_t round = ended_rounds(slots), now = number(a);
    assert_int_equal(version_slots_seen(slots, a, 1, 0, round), now);
    uint64_t later = version_slots_seen(slots, a, 3, 0, round);
    assert_true(later > now);
    assert_int_not_equal(version_slots_seen(slots, a, 3, 9, round), later); // of another server
    assert_int_equal(number(a), now);
    round_of(slots, 2, 1);
    assert_true(number(a) != now && number(a) != later);
    round_of(slots, 3, 1);
    assert_int_equal(number(a), later);
}

static void what_was_seen_before_versions_were_lost_or_a_shape_changed_is_not_known(void **state)
{
    struct version_slots *slots = *state;
    const struct version *a = version_slots_find(slots, "a");
    round_of(slots, 1, 1);
    uint64_t round = ended_rounds(slots), later = version_slots_seen(slots, a, 2, 0, round);
    round_of(slots, -1, -1);
    assert_int_equal(version_slots_seen(slots, a, 1, 0, round), 0);
    round_of(slots, 2, 1);
    assert_int_not_equal(number(a), later);
    assert_int_equal(version_slots_seen(slots, a, 2, 0, round), 0); // it began before
    round = ended_rounds(slots);
    assert_int_equal(version_slots_seen(slots, a, 2, 0, round), number(a));
    version_slots_begin(slots);
    version_slots_set(slots, "a", &(struct version_stamp){.rows = 2, .shape = 1});
    version_slots_end(slots);
    assert_int_equal(version_slots_seen(slots, a, 2, 0, round), 0);
    assert_int_equal(version_slots_seen(slots, a, 2, 0, ended_rounds(slots)), number(a));
}

static void slots_are_bounded(void **state)
{
    struct version_slots *slots = *state;
    char name[20];
    for (int i = 0; i < LIMIT_VERSIONS; i++) {
        snprintf(name, sizeof(name), "t%d", i);
        assert_non_null(version_slots_find(slots, name));
    }
    assert_null(version_slots_find(slots, "a"));
    round_of(slots, 1, 1); // of which it takes no notice
    assert_null(version_slots_find(slots, "a"));
    assert_non_null(version_slots_find(slots, "t0"));
}

static void without_memory_there_is_no_slot_and_a_later_one_is_whole(void **state)
{
    struct version_slots *slots = *state;
    const struct version *a = NULL;
    unsigned failures = 0;
    for (; a == NULL; failures++) {
        mem_fail_after((long)failures);
        a = version_slots_find(slots, "a");
        mem_fail_after(-1);
    }
    assert_true(failures > 1);
    assert_int_equal(slots->names.count, 1);
    round_of(slots, 1, 1);
    assert_int_not_equal(number(a), 0);
}

struct asking {
    struct version_slots *slots;
    atomic_bool end;
};

static void *ask(void *arg)
{
    struct asking *asking = arg;
    const struct version *a = version_slots_find(asking->slots, "a");
    uint64_t last = 0;
    char name[20];
    for (int i = 0; !atomic_load(&asking->end); i++) {
        uint64_t now = number(a);
        assert_true(now >= last || now == 0);
        last = now > last ? now : last;
        snprintf(name, sizeof(name), "t%d", i % 100);
        assert_non_null(version_slots_find(asking->slots, name));
    }
    return NULL;
}

static void any_thread_finds_and_reads_while_one_sets(void **state)
{
    struct asking asking = {.slots = *state};
    pthread_t threads[3];
    for (int i = 0; i < 3; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, ask, &asking), 0);
    for (int64_t i = 1; i <= 2000; i++)
        round_of(asking.slots, i % 10 == 0 ? -1 : i, i);
    atomic_store(&asking.end, true);
    for (int i = 0; i < 3; i++)
        pthread_join(threads[i], NULL);
}

#define SLOTS_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        SLOTS_TEST(a_slot_is_found_again_and_not_known_before_it_was_set),
        SLOTS_TEST(a_slot_that_was_set_first_has_its_number_when_it_is_found),
        SLOTS_TEST(the_number_is_another_one_when_the_count_is),
        SLOTS_TEST(what_is_not_set_in_a_round_is_not_known_and_has_a_new_number_later),
        SLOTS_TEST(a_new_history_or_shape_is_a_new_number),
        SLOTS_TEST(what_a_read_has_seen_before_a_round_told_of_it_has_the_same_number_then),
        SLOTS_TEST(what_was_seen_before_versions_were_lost_or_a_shape_changed_is_not_known),
        SLOTS_TEST(slots_are_bounded),
        SLOTS_TEST(without_memory_there_is_no_slot_and_a_later_one_is_whole),
        SLOTS_TEST(any_thread_finds_and_reads_while_one_sets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
