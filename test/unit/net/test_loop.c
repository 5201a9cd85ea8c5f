// SPDX-License-Identifier: Apache-2.0
#include "net/loop.h"

#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/mem.h"

enum { SENDERS = 4, LETTERS = 5000 };

struct letter {
    struct mail mail; // first, so that it is found by a cast
    int sender;       // whose it is
    int number;       // counted by its sender
};

struct office {
    struct loop *loop;     // where letters go
    int next[SENDERS];     // number that is expected next, by sender
    int delivered;         // letters in all
    bool out_of_order;     //
    bool other_thread;     // a letter came on another thread than the first one
    pthread_t thread;      // of the first letter
    int turns;             // calls of the hook
    int delivered_at_turn; // letters before the last call
    sigset_t mask;         // signals blocked on the loop's thread
};

static struct office office;
static struct letter letters[SENDERS][LETTERS];

static void on_letter(struct mail *mail)
{
    struct letter *letter = CONTAINER_OF(mail, struct letter, mail);
    if (office.delivered++ == 0)
        office.thread = pthread_self();
    office.other_thread |= !pthread_equal(office.thread, pthread_self());
    office.out_of_order |= office.next[letter->sender]++ != letter->number;
}

static void *send_all(void *arg)
{
    int sender = (int)(intptr_t)arg;
    for (int i = 0; i < LETTERS; i++) {
        letters[sender][i] = (struct letter){.mail.deliver = on_letter, .sender = sender, .number = i};
        loop_post(office.loop, &letters[sender][i].mail);
    }
    return NULL;
}

static struct loop *new_loop(void)
{
    struct err err = {0};
    struct loop *loop;
    office = (struct office){0};
    assert_int_equal(loop_new(&loop, &err), ERR_NONE);
    office.loop = loop;
    return loop;
}

static void start(struct loop *loop)
{
    struct err err = {0};
    assert_int_equal(loop_start(loop, &err), ERR_NONE);
}

static void mail_of_each_sender_arrives_in_order_on_the_loops_thread(void **state)
{
    (void)state;
    struct loop *loop = new_loop();
    start(loop);
    pthread_t threads[SENDERS];
    for (int i = 0; i < SENDERS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, send_all, (void *)(intptr_t)i), 0);
    for (int i = 0; i < SENDERS; i++)
        pthread_join(threads[i], NULL);
    loop_stop(loop);
    assert_int_equal(office.delivered, SENDERS * LETTERS);
    assert_false(office.out_of_order);
    assert_false(office.other_thread);
    assert_false(pthread_equal(office.thread, pthread_self()));
    loop_free(loop);
}

static void mail_posted_before_the_start_is_delivered(void **state)
{
    (void)state;
    struct loop *loop = new_loop();
    send_all((void *)(intptr_t)0);
    start(loop);
    loop_stop(loop);
    assert_int_equal(office.delivered, LETTERS);
    loop_free(loop);
}

static void mail_to_a_loop_that_never_runs_is_delivered_when_it_is_freed(void **state)
{
    (void)state;
    struct loop *loop = new_loop();
    send_all((void *)(intptr_t)0);
    loop_free(loop);
    assert_int_equal(office.delivered, LETTERS);
    assert_false(office.out_of_order);
}

static void mail_to_a_loop_that_has_ended_is_delivered_when_it_is_freed(void **state)
{
    (void)state;
    struct loop *loop = new_loop();
    start(loop);
    loop_stop(loop);
    loop_stop(loop); // has ended: nothing happens
    send_all((void *)(intptr_t)0);
    assert_int_equal(office.delivered, 0);
    loop_free(loop);
    assert_int_equal(office.delivered, LETTERS);
}

static void repost(struct mail *mail)
{
    struct letter *letter = CONTAINER_OF(mail, struct letter, mail);
    office.delivered++;
    if (++letter->number < 3)
        loop_post(office.loop, mail);
}

static void mail_may_be_posted_again_while_it_is_delivered(void **state)
{
    (void)state;
    struct loop *loop = new_loop();
    struct letter letter = {.mail.deliver = repost};
    loop_post(loop, &letter.mail);
    loop_free(loop);
    assert_int_equal(office.delivered, 3);
}

static void on_turn(void *ctx)
{
    struct office *self = ctx;
    self->turns++;
    self->delivered_at_turn = self->delivered;
}

static void the_hook_runs_after_all_mail_that_came_together(void **state)
{
    (void)state;
    struct loop *loop = new_loop();
    loop_after_turn(loop, on_turn, &office);
    send_all((void *)(intptr_t)0); // posted before the loop runs: delivered in one go
    start(loop);
    loop_stop(loop);
    assert_true(office.turns > 0);
    assert_int_equal(office.delivered, LETTERS);
    assert_true(office.delivered_at_turn == 0 || office.delivered_at_turn == LETTERS);
    loop_free(loop);
}

static void read_mask(struct mail *mail)
{
    (void)mail;
    pthread_sigmask(SIG_SETMASK, NULL, &office.mask);
}

static void the_loops_thread_takes_no_signals(void **state)
{
    (void)state;
    struct loop *loop = new_loop();
    struct letter letter = {.mail.deliver = read_mask};
    loop_post(loop, &letter.mail);
    start(loop);
    loop_stop(loop);
    loop_free(loop);
    assert_true(sigismember(&office.mask, SIGTERM));
    assert_true(sigismember(&office.mask, SIGPIPE));
    assert_false(sigismember(&office.mask, SIGSEGV));
    sigset_t own;
    pthread_sigmask(SIG_SETMASK, NULL, &own);
    assert_false(sigismember(&own, SIGTERM));
}

static void open_handles_do_not_keep_a_loop_from_ending(void **state)
{
    (void)state;
    struct loop *loop = new_loop();
    uv_timer_t timer;
    uv_timer_init(loop_uv(loop), &timer);
    uv_timer_start(&timer, NULL, 1000000, 0);
    start(loop);
    loop_stop(loop);
    assert_true(uv_is_closing((uv_handle_t *)&timer));
    loop_free(loop);
}

static void without_memory_there_is_no_loop(void **state)
{
    (void)state;
    struct err err = {0};
    struct loop *loop = NULL;
    mem_fail_after(0);
    assert_int_equal(loop_new(&loop, &err), ERR_NO_MEMORY);
    mem_fail_after(-1);
    assert_null(loop);
    loop_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mail_of_each_sender_arrives_in_order_on_the_loops_thread),
        cmocka_unit_test(mail_posted_before_the_start_is_delivered),
        cmocka_unit_test(mail_to_a_loop_that_never_runs_is_delivered_when_it_is_freed),
        cmocka_unit_test(mail_to_a_loop_that_has_ended_is_delivered_when_it_is_freed),
        cmocka_unit_test(mail_may_be_posted_again_while_it_is_delivered),
        cmocka_unit_test(the_hook_runs_after_all_mail_that_came_together),
        cmocka_unit_test(the_loops_thread_takes_no_signals),
        cmocka_unit_test(open_handles_do_not_keep_a_loop_from_ending),
        cmocka_unit_test(without_memory_there_is_no_loop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
