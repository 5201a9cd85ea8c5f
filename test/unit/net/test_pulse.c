// SPDX-License-Identifier: Apache-2.0
// net/pulse.c: it beats as long as every loop turns, and not when one is held.
#include "net/pulse.h"

#include <semaphore.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include <cmocka.h>

enum { LOOPS = 2, PATIENCE = 20000 };

static struct loop *loops[LOOPS];
static struct pulse *pulse;

// A mail in whose delivery a loop stands still.
struct hold {
    struct mail mail;
    sem_t begun, end;
};

static void stand_still(struct mail *mail)
{
    struct hold *hold = CONTAINER_OF(mail, struct hold, mail);
    sem_post(&hold->begun);
    sem_wait(&hold->end);
}

static bool beats_within_patience(void)
{
    for (int i = 0; i < PATIENCE; i++) {
        if (pulse_beat(pulse))
            return true;
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    }
    return false;
}

static int set_up(void **state)
{
    (void)state;
    struct err err = {0};
    for (int i = 0; i < LOOPS; i++) {
        assert_int_equal(loop_new(&loops[i], &err), ERR_NONE);
        assert_int_equal(loop_start(loops[i], &err), ERR_NONE);
    }
    return pulse_new(loops, LOOPS, &pulse, &err) == ERR_NONE ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    for (int i = 0; i < LOOPS; i++)
        loop_free(loops[i]);
    pulse_free(pulse);
    return 0;
}

static void it_beats_while_all_loops_turn(void **state)
{
    (void)state;
    assert_true(pulse_beat(pulse));
    for (int i = 0; i < 100; i++)
        assert_true(beats_within_patience());
}

static void it_stands_still_when_one_loop_does(void **state)
{
    (void)state;
    struct hold hold = {.mail.deliver = stand_still};
    sem_init(&hold.begun, 0, 0);
    sem_init(&hold.end, 0, 0);
    loop_post(loops[1], &hold.mail);
    sem_wait(&hold.begun);
    assert_true(pulse_beat(pulse)); // which asks
    for (int i = 0; i < 100; i++)
        assert_false(pulse_beat(pulse));
    sem_post(&hold.end);
    assert_true(beats_within_patience());
    sem_destroy(&hold.begun);
    sem_destroy(&hold.end);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(it_beats_while_all_loops_turn),
        TEST(it_stands_still_when_one_loop_does),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
