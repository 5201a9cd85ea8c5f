// SPDX-License-Identifier: Apache-2.0
// The thread goes round:
//
//     look (its own read connection): who has hooks that are due, and has room?
//     work (the desk, one transaction): what was sent is settled, what is due is taken
//     send: curl, until some have ended, or a second is over
//
// A round with the outbox is hook_round.c's, giving up what is old hook_sweep.c's; posts.c sends, while the
// desk works as well. What is counted and told of it is here. What cannot be settled stays where it is, and
// nothing more is taken, until the store is back. Nothing that it knows of a hook outlives the process: the
// outbox has all of it.
#include "hooks/courier.h"

#include <stdatomic.h>

#include "base/clock.h"
#include "base/crash_point.h"
#include "base/duty.h"
#include "base/limits.h"
#include "base/mem.h"
#include "batch/desk.h"
#include "hooks/destinations.h"
#include "hooks/hook_post.h"
#include "hooks/hook_round.h"
#include "hooks/hook_sweep.h"
#include "hooks/posts.h"
#include "net/outbound.h"
#include "store/own_sql.h"
#include "text/url_origin.h"

enum {
    TELL_MS = 60000,     // between lines on hooks that were given up
    SWEEP_PAUSE_MS = 20, // between two transactions that remove old hooks, for others
};

struct courier {
    struct courier_options options; //
    struct desk *desk;              // owned; fixed, as above
    struct posts posts;             // the thread's, but for posts_wake

    // The thread's own.
    struct own_statements own;        // of an owned connection for reading, if it has one
    struct app *app;                  // owned reference; of this round
    struct hook_secrets *secrets;     // likewise
    struct destinations destinations; //
    size_t first;                     // of them that is looked at first
    struct hook_sweep sweep;          //
    bool has_failed;                  // the store, when it was used last
    uint64_t look_ns;                 // monotonic: when the outbox is looked at next
    uint64_t work_ns;                 // monotonic: the desk is not asked before that
    uint64_t count_ns;                // monotonic: when it is counted next
    uint64_t recount_ns;              // monotonic: not before that, whatever changes
    size_t untold;                    // hooks that were given up, of which the log does not know
    uint64_t tell_ns;                 // monotonic: it is told not before that

    atomic_bool is_called; // by courier_wake; any thread
    struct duty duty;      // its lock guards what follows
    bool is_uncounted;     // a hook waits again since they were counted
    uint64_t give_up_ns;   // monotonic; of a duty that ends: what is under way is cut short then
    struct courier_stats stats;
};

static void count(struct courier *courier, uint64_t delivered, uint64_t failed, uint64_t given_up)
{
    pthread_mutex_lock(&courier->duty.lock);
    courier->stats.delivered += delivered;
    courier->stats.failed += failed;
    courier->stats.given_up += given_up;
    pthread_mutex_unlock(&courier->duty.lock);
}

// --- a post

// What a post tells of its destination; nothing where that has another URL by now.
static void note_destination(struct courier *courier, const struct hook_post *post)
{
    const struct teller *log = &courier->options.log;
    struct destination *destination = &courier->destinations.items[post->destination];
    bool was_good = destination->failures == 0, is_heard = hook_post_is_heard(post);
    struct span origin = url_origin(span_of(destination->url));
    if (post->url_number != destination->url_number)
        return;
    destination_note(destination, is_heard, post->retry_after_s, clock_monotonic_ns());
    if (was_good && !is_heard)
        teller_say(log, "the hook of %s cannot be delivered to %.*s: %s; it is tried again for %d days",
            destination->endpoint, (int)origin.len, origin.at, post->result, LIMIT_HOOK_DAYS);
    else if (!was_good && is_heard)
        teller_say(log, "hooks of %s are delivered to %.*s again", destination->endpoint, (int)origin.len,
            origin.at);
}

// For posts_init.
static void on_over(void *ctx, struct hook_post *post)
{
    struct courier *courier = ctx;
    bool is_good = post->result[0] == '\0';
    note_destination(courier, post);
    count(courier, is_good ? 1 : 0, is_good ? 0 : 1, 0);
    if (is_good)
        CRASH_POINT("hook-posted");
}

// Begins to send what was taken. What cannot begin counts as a try that failed.
static void start(struct courier *courier, struct hook_post *post)
{
    struct destination *destination = &courier->destinations.items[post->destination];
    destination->under_way++;
    post->url_number = destination->url_number;
    hook_post_start(
        post, courier->posts.multi, destination->url, span_of(courier->app->name), courier->secrets);
    if (hook_post_is_over(post))
        on_over(courier, post);
}

static void release(struct courier *courier, struct hook_post *post)
{
    struct destination *destination = &courier->destinations.items[post->destination];
    if (destination->under_way > 0)
        destination->under_way--;
    hook_post_release(post);
}

// --- a round with the store

// Tells when the store begins to fail.
static void note_store(struct courier *courier, enum err_code code, const struct err *err)
{
    if (code != ERR_NONE && !courier->has_failed && !duty_ends(&courier->duty))
        teller_say(
            &courier->options.log, "hooks wait, as the store does not take or give them: %s", err->text);
    courier->has_failed = code != ERR_NONE;
}

static void note_given_up(struct courier *courier, size_t hooks)
{
    count(courier, 0, 0, hooks);
    courier->untold += hooks;
}

static void note_uncounted(struct courier *courier)
{
    courier->count_ns = courier->recount_ns;
    pthread_mutex_lock(&courier->duty.lock);
    courier->is_uncounted = true;
    pthread_mutex_unlock(&courier->duty.lock);
}

static void finish_round(struct courier *courier, struct hook_round *round, enum err_code code)
{
    if (code != ERR_NONE) {
        courier->work_ns = clock_monotonic_ns() + LIMIT_HOOK_LOOK_MS * NS_PER_MS;
        for (size_t i = 0; i < round->taken_count; i++)
            hook_post_release(round->taken[i]);
        return;
    }
    if (round->settled_count > 0)
        CRASH_POINT("hook-settled");
    for (size_t i = 0; i < round->settled_count; i++) {
        if (round->settled[i]->result[0] != '\0')
            note_uncounted(courier);
        release(courier, round->settled[i]);
    }
    note_given_up(courier, round->given_up);
    if (round->taken_count > 0)
        CRASH_POINT("hook-taken");
    for (size_t i = 0; i < round->taken_count; i++)
        start(courier, round->taken[i]);
}

static void note_under_way(struct courier *courier)
{
    size_t posts = posts_under_way(&courier->posts) + posts_over(&courier->posts);
    pthread_mutex_lock(&courier->duty.lock);
    courier->stats.under_way = posts;
    pthread_mutex_unlock(&courier->duty.lock);
}

// The connection for reading, with its time: the desk may take long between two reads of a round.
static struct own_statements *reading(struct courier *courier)
{
    desk_give_time(courier->own.conn);
    return &courier->own;
}

// One round with the outbox: what the store cannot do now is left for the next one.
static void work(struct courier *courier)
{
    struct hook_round round;
    struct err err = {0};
    enum err_code code = ERR_NONE;
    bool looks = duty_takes(&courier->duty) && clock_monotonic_ns() >= courier->look_ns;
    hook_round_plan(&round, &courier->posts, &courier->destinations);
    if (looks) {
        courier->look_ns = clock_monotonic_ns() + LIMIT_HOOK_LOOK_MS * NS_PER_MS;
        code = hook_round_look(&round, courier->first++, reading(courier), &err);
    }
    if (code == ERR_NONE && hook_round_has_work(&round)) {
        code = posts_ask_desk(&courier->posts, courier->desk, hook_round_make, &round, &err);
        finish_round(courier, &round, code);
        if (code == ERR_NONE)
            courier->look_ns = 0; // there may be more
    }
    note_under_way(courier);
    note_store(courier, code, &err);
}

// --- counting, and clearing up

static void count_waiting(struct courier *courier)
{
    struct hook_counts counts;
    struct err ignored = {0};
    int64_t now_ms;
    courier->count_ns = clock_monotonic_ns() + LIMIT_HOOK_COUNT_MS * NS_PER_MS;
    courier->recount_ns = clock_monotonic_ns() + LIMIT_HOOK_RECOUNT_MS * NS_PER_MS;
    if (own_now_ms(reading(courier), &now_ms, &ignored) != ERR_NONE ||
        hook_store_count(&courier->own, &counts, &ignored) != ERR_NONE)
        return;
    pthread_mutex_lock(&courier->duty.lock);
    courier->stats.counts = counts;
    courier->stats.now_ms = now_ms;
    courier->is_uncounted = false;
    pthread_mutex_unlock(&courier->duty.lock);
}

// Whether old hooks are to be given up now.
static bool is_sweeping(struct courier *courier, uint64_t now_ns)
{
    return hook_sweep_is_due(&courier->sweep, now_ns) && !courier->has_failed && duty_takes(&courier->duty);
}

static void sweep(struct courier *courier)
{
    size_t given_up;
    hook_sweep_step(
        &courier->sweep, &courier->destinations, &courier->posts, courier->desk, reading(courier), &given_up);
    note_given_up(courier, given_up);
}

// --- the thread

// Takes what is in force for a round; false where the store cannot be read.
static bool begin_round(struct courier *courier)
{
    const struct courier_options *options = &courier->options;
    struct err err = {0};
    app_unref(courier->app);
    hook_secrets_unref(courier->secrets);
    courier->app = options->app(options->ctx);
    courier->secrets = options->secrets(options->ctx);
    destinations_see(&courier->destinations, courier->app, courier->secrets);
    if (courier->own.conn != NULL)
        return true;
    enum err_code code = store_connect(courier->options.store, STORE_READ, &courier->own.conn, &err);
    note_store(courier, code, &err);
    if (code != ERR_NONE)
        courier->work_ns = clock_monotonic_ns() + LIMIT_HOOK_LOOK_MS * NS_PER_MS;
    return code == ERR_NONE;
}

static void tell_given_up(struct courier *courier, uint64_t now_ns)
{
    if (courier->untold == 0 || now_ns < courier->tell_ns)
        return;
    teller_say(&courier->options.log, "hooks that were given up: %zu; 'reckoner hook list' shows them",
        courier->untold);
    courier->untold = 0;
    courier->tell_ns = now_ns + TELL_MS * NS_PER_MS;
}

static void round_of(struct courier *courier)
{
    uint64_t now_ns = clock_monotonic_ns();
    if (atomic_exchange(&courier->is_called, false))
        courier->look_ns = 0;
    if (now_ns < courier->work_ns || !begin_round(courier))
        return;
    work(courier);
    tell_given_up(courier, now_ns);
    if (now_ns >= courier->count_ns)
        count_waiting(courier);
    if (is_sweeping(courier, now_ns))
        sweep(courier);
    store_deadline(courier->own.conn, 0);
    if (courier->has_failed) // it may have been a change of the tables
        own_statements_fini(&courier->own);
}

// Whether the thread may end. What is under way is cut short in time.
static bool is_over(struct courier *courier)
{
    pthread_mutex_lock(&courier->duty.lock);
    bool ends = courier->duty.state >= DUTY_ENDS,
         gives_up = ends && clock_monotonic_ns() >= courier->give_up_ns;
    pthread_mutex_unlock(&courier->duty.lock);
    if (gives_up)
        posts_abandon(&courier->posts);
    // What cannot be settled now is sent again.
    return ends && posts_under_way(&courier->posts) == 0 &&
           (posts_over(&courier->posts) == 0 || (gives_up && courier->has_failed));
}

static void *run(void *arg)
{
    struct courier *courier = arg;
    while (!is_over(courier)) {
        round_of(courier);
        uint64_t now_ns = clock_monotonic_ns();
        bool has_work =
            posts_over(&courier->posts) > 0 || (courier->look_ns == 0 && duty_takes(&courier->duty));
        bool goes_on = has_work && now_ns >= courier->work_ns;
        uint64_t pause_ms = is_sweeping(courier, now_ns) ? SWEEP_PAUSE_MS : LIMIT_HOOK_LOOK_MS;
        posts_wait(&courier->posts, goes_on ? 0 : now_ns + pause_ms * NS_PER_MS);
    }
    hook_sweep_fini(&courier->sweep);
    own_statements_fini(&courier->own);
    store_disconnect(courier->own.conn);
    courier->own.conn = NULL;
    return duty_leave(&courier->duty);
}

// --- life

enum err_code courier_new(
    const struct courier_options *options, struct courier **ret_courier, struct err *err)
{
    enum err_code code = outbound_init(err);
    if (code != ERR_NONE)
        return code;
    struct courier *courier = mem_zalloc(1, sizeof(*courier));
    if (courier == NULL)
        return err_no_memory(err);
    courier->options = *options;
    hook_sweep_init(&courier->sweep);
    atomic_init(&courier->is_called, false);
    duty_init(&courier->duty);
    code = posts_init(&courier->posts, on_over, courier, err);
    if (code == ERR_NONE)
        code = desk_new(options->store, options->writer, &courier->desk, err);
    if (code == ERR_NONE)
        code = duty_start(&courier->duty, run, courier, err);
    if (code != ERR_NONE) {
        courier_free(courier);
        return code;
    }
    *ret_courier = courier;
    return ERR_NONE;
}

void courier_wake(struct courier *courier)
{
    atomic_store(&courier->is_called, true);
    posts_wake(&courier->posts);
}

void courier_rest(struct courier *courier, bool rests)
{
    duty_rest(&courier->duty, rests);
    courier_wake(courier);
}

struct courier_stats courier_stats(struct courier *courier)
{
    pthread_mutex_lock(&courier->duty.lock);
    struct courier_stats stats = courier->stats;
    pthread_mutex_unlock(&courier->duty.lock);
    return stats;
}

bool courier_is_waiting(struct courier *courier)
{
    pthread_mutex_lock(&courier->duty.lock);
    const struct courier_stats *stats = &courier->stats;
    bool waits = stats->counts.waiting > 0 || stats->under_way > 0 || courier->is_uncounted;
    pthread_mutex_unlock(&courier->duty.lock);
    return waits || atomic_load(&courier->is_called);
}

void courier_end(struct courier *courier, uint64_t until_ns)
{
    pthread_mutex_lock(&courier->duty.lock);
    if (courier->duty.state < DUTY_ENDS)
        courier->give_up_ns = clock_monotonic_ns() + LIMIT_HOOK_END_MS * NS_PER_MS;
    pthread_mutex_unlock(&courier->duty.lock);
    duty_end(&courier->duty);
    courier_wake(courier);
    duty_wait(&courier->duty, until_ns);
}

void courier_free(struct courier *courier)
{
    if (courier == NULL)
        return;
    if (courier->duty.is_started) {
        courier_end(courier, 0);
        pthread_mutex_lock(&courier->duty.lock);
        courier->give_up_ns = 0;
        pthread_mutex_unlock(&courier->duty.lock);
        courier_wake(courier);
        desk_end(courier->desk);
    }
    duty_fini(&courier->duty);
    desk_free(courier->desk);
    posts_fini(&courier->posts);
    destinations_fini(&courier->destinations);
    app_unref(courier->app);
    hook_secrets_unref(courier->secrets);
    mem_free(courier);
}
