// SPDX-License-Identifier: Apache-2.0
// The thread goes round:
//
//     look (its own read connection): who has hooks that are due, and has room?
//     work (the desk, one transaction): what was sent is settled, what is due is taken
//     send: curl, until some have ended, or a second is over
//
// While the desk works, sending goes on. What cannot be settled stays where it is, and nothing more is taken,
// until the store is back. Nothing that it knows of a hook outlives the process: the outbox has all of it.
#include "hooks/courier.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include <curl/curl.h>

#include "base/clock.h"
#include "base/crash_point.h"
#include "base/duty.h"
#include "base/limits.h"
#include "base/mem.h"
#include "batch/desk_change.h"
#include "hooks/hook_post.h"
#include "hooks/destination.h"
#include "net/outbound.h"
#include "store/own_sql.h"
#include "text/url.h"

enum {
    TIRED_FAILURES = 5,    // of a destination, or tries of a hook, before old ones are given up
    SWEEP_SOON_MS = 10000, // after the start, which has other things to do, or after one that failed
    TELL_MS = 60000,       // between lines on hooks that were given up
    MS_PER_DAY = 86400000,
    AHEAD_MS = 2 * LIMIT_HOOK_PAUSE_MAX_MS, // more than any pause
    NAME_BYTES = LIMIT_PATH_BYTES + 16,
};

struct courier {
    struct courier_options options; // fixed, as the next two
    struct desk *desk;              // owned
    CURLM *multi;                   // owned; the thread's, but for curl_multi_wakeup

    // The thread's own.
    struct own_statements own;                  // of an owned connection for reading, if it has one
    struct app *app;                            // owned reference; of this round
    struct hook_secrets *secrets;               // likewise
    struct hook_post posts[LIMIT_HOOK_SENT];    //
    struct destination *destinations;           // owned; a list that only grows
    size_t destination_count, destination_room; //
    size_t first;                               // of the destinations that is looked at first
    bool has_failed;                            // the store, when it was used last
    uint64_t look_ns;                           // monotonic: when the outbox is looked at next
    uint64_t work_ns;                           // monotonic: the desk is not asked before that
    uint64_t count_ns;                          // monotonic: when it is counted next
    uint64_t recount_ns;                        // monotonic: not before that, whatever changes
    uint64_t sweep_ns;                          // monotonic: when old ones are looked for next
    struct names *swept;                        // owned; of the sweep that goes on; NULL: none does
    size_t untold;                              // hooks that were given up, of which the log does not know
    uint64_t tell_ns;                           // monotonic: it is told not before that

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

// --- destinations

static struct destination *find_destination(struct courier *courier, struct span endpoint)
{
    for (size_t i = 0; i < courier->destination_count; i++) {
        if (span_is(endpoint, courier->destinations[i].endpoint))
            return &courier->destinations[i];
    }
    return NULL;
}

static struct destination *add_destination(struct courier *courier, struct span endpoint)
{
    struct destination *grown = mem_grow(courier->destinations, courier->destination_count,
        &courier->destination_room, sizeof(*courier->destinations));
    if (grown == NULL)
        return NULL;
    courier->destinations = grown;
    struct destination destination = {.endpoint = mem_strndup(endpoint.at, endpoint.len)};
    if (destination.endpoint == NULL)
        return NULL;
    courier->destinations[courier->destination_count] = destination;
    return &courier->destinations[courier->destination_count++];
}

// Another URL is another destination, of which nothing is known.
static bool set_url(struct destination *destination, struct span url)
{
    if (destination->url != NULL && span_is(url, destination->url))
        return true;
    char *kept = mem_strndup(url.at, url.len);
    if (kept == NULL)
        return false;
    mem_free(destination->url);
    destination->url = kept;
    destination->failures = 0;
    destination->rests_until_ns = 0;
    return true;
}

// Takes the destinations of the app in force. Without memory some are left for the next round.
static void see_destinations(struct courier *courier)
{
    for (size_t i = 0; i < courier->destination_count; i++)
        courier->destinations[i].is_seen = false;
    for (size_t i = 0; courier->app != NULL && i < courier->app->endpoint_count; i++) {
        const struct endpoint *endpoint = &courier->app->endpoints[i];
        char name[NAME_BYTES];
        if (!outbox_is_for(endpoint) || !hook_secrets_fit(courier->secrets, endpoint->hook))
            continue;
        snprintf(name, sizeof(name), "%s %.*s", http_method_name(endpoint->method), (int)endpoint->path.len,
            endpoint->path.at);
        struct destination *destination = find_destination(courier, span_of(name));
        if (destination == NULL)
            destination = add_destination(courier, span_of(name));
        if (destination != NULL)
            destination->is_seen = set_url(destination, endpoint->hook);
    }
}

// --- sending

static void note_end(struct courier *courier, struct hook_post *post)
{
    struct destination *destination = &courier->destinations[post->destination];
    bool was_good = destination->failures == 0, is_heard = hook_post_is_heard(post);
    struct span origin = url_origin(span_of(destination->url));
    if (post->is_abandoned)
        return;
    destination_note(destination, is_heard, post->retry_after_s, clock_monotonic_ns());
    if (was_good && !is_heard)
        teller_say(&courier->options.log,
            "the hook of %s cannot be delivered to %.*s: %s; it is tried again for %d days",
            destination->endpoint, (int)origin.len, origin.at, post->result, LIMIT_HOOK_DAYS);
    else if (!was_good && is_heard)
        teller_say(&courier->options.log, "hooks of %s are delivered to %.*s again", destination->endpoint,
            (int)origin.len, origin.at);
    bool is_good = post->result[0] == '\0';
    count(courier, is_good ? 1 : 0, is_good ? 0 : 1, 0);
    if (is_good)
        CRASH_POINT("hook-posted");
}

// Goes on with what is under way, and notes what has ended.
static void pump(struct courier *courier)
{
    int running = 0, left = 0;
    (void)curl_multi_perform(courier->multi, &running);
    for (CURLMsg *message; (message = curl_multi_info_read(courier->multi, &left)) != NULL;) {
        struct hook_post *post = NULL;
        if (message->msg != CURLMSG_DONE)
            continue;
        CURLcode result = message->data.result;
        (void)curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &post);
        hook_post_finish(post, courier->multi, result);
        note_end(courier, post);
    }
}

// Waits until there is something to go on with, it is woken, or until `until_ns`.
static void wait_until(struct courier *courier, uint64_t until_ns)
{
    uint64_t now_ns = clock_monotonic_ns();
    int ms = until_ns > now_ns ? (int)((until_ns - now_ns) / NS_PER_MS) + 1 : 0;
    (void)curl_multi_poll(courier->multi, NULL, 0, ms, NULL);
    pump(courier);
}

static size_t count_posts(const struct courier *courier, bool is_sent)
{
    size_t posts = 0;
    for (size_t i = 0; i < LIMIT_HOOK_SENT; i++)
        posts += courier->posts[i].is_taken && courier->posts[i].is_sent == is_sent;
    return posts;
}

// --- the desk

struct change {
    struct desk_change change;
    struct courier *courier;
    bool is_done; // under the courier's lock
};

// Under the lock, as the courier may end, and be freed, as soon as it knows.
static void on_changed(struct desk_change *desk_change)
{
    struct change *change = CONTAINER_OF(desk_change, struct change, change);
    struct courier *courier = change->courier;
    pthread_mutex_lock(&courier->duty.lock);
    change->is_done = true;
    (void)curl_multi_wakeup(courier->multi);
    pthread_mutex_unlock(&courier->duty.lock);
}

static bool is_done(struct change *change)
{
    pthread_mutex_lock(&change->courier->duty.lock);
    bool is_done = change->is_done;
    pthread_mutex_unlock(&change->courier->duty.lock);
    return is_done;
}

// Has the desk do it, and sends meanwhile: `make` runs on another thread, and leaves alone what is under way.
static enum err_code ask_desk(struct courier *courier,
    enum err_code (*make)(void *ctx, struct own_statements *own, struct err *err), void *ctx, struct err *err)
{
    struct change change = {.change = {.make = make, .ctx = ctx, .on_done = on_changed}, .courier = courier};
    if (!desk_change_send(courier->desk, &change.change))
        return err_set(err, ERR_BUSY, "too many batches are waiting");
    while (!is_done(&change))
        wait_until(courier, clock_monotonic_ns() + LIMIT_HOOK_LOOK_MS * NS_PER_MS);
    if (change.change.err.code != ERR_NONE)
        *err = change.change.err;
    return change.change.err.code;
}

// Tells when the store begins to fail.
static void note_store(struct courier *courier, enum err_code code, const struct err *err)
{
    if (code != ERR_NONE && !courier->has_failed && !duty_ends(&courier->duty))
        teller_say(
            &courier->options.log, "hooks wait, as the store does not take or give them: %s", err->text);
    courier->has_failed = code != ERR_NONE;
}

// --- work: what is settled and what is taken, in one transaction

struct take {
    size_t destination; // its number
    unsigned most;      //
    bool has_ahead;     // some of its hooks wait for longer than any pause: the clock was ahead
};

// What was fixed before the desk got it. It has the posts that are named here for itself.
struct work {
    struct courier *courier;
    struct hook_post *settled[LIMIT_HOOK_SENT]; // that were sent
    bool ends_old[LIMIT_HOOK_SENT];             // of each: it is given up if it is old
    size_t settled_count;                       //
    struct hook_post *taken[LIMIT_HOOK_SENT];   // free ones; out: the first `taken_count` have hooks
    size_t room, taken_count;                   //
    struct take takes[LIMIT_HOOK_SENT];         // of each destination that has some
    size_t take_count;                          //
    size_t at;                                  // the one of them that is worked on
    size_t given_up;                            // out: of those that were settled
    int64_t now_ms;                             //
    int64_t token;                              // of those that are taken
};

static enum err_code settle(
    struct work *work, struct hook_post *post, bool ends_old, struct own_statements *own, struct err *err)
{
    const struct hook *hook = &post->hook;
    if (post->result[0] == '\0')
        return hook_store_remove(own, hook->id, hook->token, err);
    int64_t most_s = LIMIT_HOOK_PAUSE_MAX_MS / 1000;
    int64_t asked_ms = (post->retry_after_s < most_s ? post->retry_after_s : most_s) * 1000;
    int64_t pause_ms = post->is_abandoned ? 0 : destination_pause_ms(hook->attempts);
    bool is_old = work->now_ms - hook->since_ms > (int64_t)LIMIT_HOOK_DAYS * MS_PER_DAY;
    bool is_over = post->status == 410 || (is_old && ends_old);
    const struct hook_failure failure = {.status = post->status,
        .result = span_of(post->result),
        .next_ms = work->now_ms + (asked_ms > pause_ms ? asked_ms : pause_ms),
        .ended_ms = is_over ? work->now_ms : 0,
        .gives_back = post->is_abandoned};
    work->given_up += is_over;
    return hook_store_fail(own, hook->id, hook->token, &failure, err);
}

static enum err_code on_taken(void *ctx, const struct hook *hook, struct err *err)
{
    struct work *work = ctx;
    if (work->taken_count == work->room)
        return ERR_NONE; // it is due again later
    struct hook_post *post = work->taken[work->taken_count++];
    post->destination = work->takes[work->at].destination;
    return hook_post_take(post, hook, err);
}

static enum err_code work_in(void *ctx, struct own_statements *own, struct err *err)
{
    struct work *work = ctx;
    enum err_code code = own_now_ms(own, &work->now_ms, err);
    for (size_t i = 0; code == ERR_NONE && i < work->settled_count; i++)
        code = settle(work, work->settled[i], work->ends_old[i], own, err);
    for (work->at = 0; code == ERR_NONE && work->at < work->take_count; work->at++) {
        const struct take *take = &work->takes[work->at];
        const struct destination *destination = &work->courier->destinations[take->destination];
        if (take->has_ahead)
            code = hook_store_hasten(
                own, span_of(destination->endpoint), work->now_ms, work->now_ms + AHEAD_MS, err);
        if (code == ERR_NONE)
            code = hook_store_take(own, span_of(destination->endpoint), work->token, work->now_ms,
                work->now_ms + LIMIT_HOOK_TAKEN_MS, take->most, on_taken, work, err);
    }
    return code;
}

// Looks which destinations have hooks that are due, and plans to take them.
static enum err_code plan_takes(struct courier *courier, struct work *work, struct err *err)
{
    uint64_t now_ns = clock_monotonic_ns();
    size_t room = work->room;
    int64_t now_ms = 0;
    enum err_code code = own_now_ms(&courier->own, &now_ms, err);
    for (size_t i = 0; code == ERR_NONE && i < courier->destination_count && room > 0; i++) {
        size_t number = (courier->first + i) % courier->destination_count;
        const struct destination *destination = &courier->destinations[number];
        unsigned most = destination->is_seen ? destination_room(destination, now_ns) : 0;
        struct hook_times times = {0};
        if (most > 0)
            code = hook_store_next(&courier->own, span_of(destination->endpoint), &times, err);
        bool has_ahead = times.last_ms > now_ms + AHEAD_MS;
        if (code != ERR_NONE || !times.is_found || (times.first_ms > now_ms && !has_ahead))
            continue;
        most = most < room ? most : (unsigned)room;
        room -= most;
        work->takes[work->take_count++] =
            (struct take){.destination = number, .most = most, .has_ahead = has_ahead};
    }
    courier->first++;
    return code;
}

// Whether enough was tried: a hook that is old because no server was there has its tries yet.
static bool ends_old(const struct courier *courier, const struct hook_post *post)
{
    bool is_refused = hook_post_is_heard(post) && post->hook.attempts >= TIRED_FAILURES;
    bool is_tired = courier->destinations[post->destination].failures >= TIRED_FAILURES;
    return !post->is_abandoned && (is_refused || is_tired);
}

static void plan_posts(struct courier *courier, struct work *work)
{
    for (size_t i = 0; i < LIMIT_HOOK_SENT; i++) {
        struct hook_post *post = &courier->posts[i];
        if (!post->is_taken) {
            work->taken[work->room++] = post;
        } else if (post->is_sent) {
            work->ends_old[work->settled_count] = ends_old(courier, post);
            work->settled[work->settled_count++] = post;
        }
    }
}

static void release(struct courier *courier, struct hook_post *post)
{
    if (courier->destinations[post->destination].under_way > 0)
        courier->destinations[post->destination].under_way--;
    hook_post_release(post);
}

// Begins to send what was taken. What cannot begin counts as a try that failed.
static void start(struct courier *courier, struct hook_post *post)
{
    struct destination *destination = &courier->destinations[post->destination];
    struct err err = {0};
    destination->under_way++;
    enum err_code code = hook_post_start(
        post, courier->multi, destination->url, span_of(courier->app->name), courier->secrets, &err);
    if (code == ERR_NONE)
        return;
    snprintf(post->result, sizeof(post->result), "%.*s", HOOK_RESULT_BYTES - 1, err.text);
    post->is_sent = true;
}

static void note_uncounted(struct courier *courier)
{
    courier->count_ns = courier->recount_ns;
    pthread_mutex_lock(&courier->duty.lock);
    courier->is_uncounted = true;
    pthread_mutex_unlock(&courier->duty.lock);
}

static void finish_work(struct courier *courier, struct work *work, enum err_code code)
{
    if (code != ERR_NONE) {
        courier->work_ns = clock_monotonic_ns() + LIMIT_HOOK_LOOK_MS * NS_PER_MS;
        for (size_t i = 0; i < work->taken_count; i++)
            hook_post_release(work->taken[i]);
        return;
    }
    if (work->settled_count > 0)
        CRASH_POINT("hook-settled");
    for (size_t i = 0; i < work->settled_count; i++) {
        if (work->settled[i]->result[0] != '\0')
            note_uncounted(courier);
        release(courier, work->settled[i]);
    }
    count(courier, 0, 0, work->given_up);
    courier->untold += work->given_up;
    if (work->taken_count > 0)
        CRASH_POINT("hook-taken");
    for (size_t i = 0; i < work->taken_count; i++)
        start(courier, work->taken[i]);
}

static void note_under_way(struct courier *courier)
{
    size_t posts = count_posts(courier, false) + count_posts(courier, true);
    pthread_mutex_lock(&courier->duty.lock);
    courier->stats.under_way = posts;
    pthread_mutex_unlock(&courier->duty.lock);
}

// One round with the store: what it cannot do now is left for the next one.
static void work(struct courier *courier)
{
    struct work work = {.courier = courier, .token = own_token()};
    struct err err = {0};
    enum err_code code = ERR_NONE;
    bool looks = duty_takes(&courier->duty) && clock_monotonic_ns() >= courier->look_ns;
    plan_posts(courier, &work);
    if (looks) {
        courier->look_ns = clock_monotonic_ns() + LIMIT_HOOK_LOOK_MS * NS_PER_MS;
        code = plan_takes(courier, &work, &err);
    }
    if (code == ERR_NONE && (work.settled_count > 0 || work.take_count > 0)) {
        code = ask_desk(courier, work_in, &work, &err);
        finish_work(courier, &work, code);
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
    if (own_now_ms(&courier->own, &now_ms, &ignored) != ERR_NONE ||
        hook_store_count(&courier->own, &counts, &ignored) != ERR_NONE)
        return;
    pthread_mutex_lock(&courier->duty.lock);
    courier->stats.counts = counts;
    courier->stats.now_ms = now_ms;
    courier->is_uncounted = false;
    pthread_mutex_unlock(&courier->duty.lock);
}

struct sweep {
    struct courier *courier;
    struct span endpoint; // whose old hooks are given up; at NULL: those that were given up long ago go
    bool has_hook;        // in the app in force
    size_t count;         // out
};

static enum err_code sweep_in(void *ctx, struct own_statements *own, struct err *err)
{
    struct sweep *sweep = ctx;
    int64_t now_ms = 0;
    enum err_code code = own_now_ms(own, &now_ms, err);
    if (code != ERR_NONE)
        return code;
    if (sweep->endpoint.at == NULL)
        return hook_store_prune(own, now_ms - (int64_t)LIMIT_HOOK_KEPT_DAYS * MS_PER_DAY, &sweep->count, err);
    const char *why =
        sweep->has_hook ? "its receiver was down for too long" : "its endpoint has no hook any more";
    return hook_store_give_up(own, sweep->endpoint, now_ms, now_ms - (int64_t)LIMIT_HOOK_DAYS * MS_PER_DAY,
        span_of(why), &sweep->count, err);
}

// Names of endpoints that hooks wait for.
struct names {
    struct arena arena;
    struct span names[LIMIT_ENDPOINTS];
    size_t count;
    size_t at; // the next one
};

static enum err_code on_endpoint(void *ctx, struct span endpoint, struct err *err)
{
    struct names *names = ctx;
    (void)err;
    char *name = arena_strndup(&names->arena, endpoint.at, endpoint.len);
    if (name != NULL && names->count < LIMIT_ENDPOINTS)
        names->names[names->count++] = (struct span){.at = name, .len = endpoint.len};
    return ERR_NONE;
}

static void begin_sweep(struct courier *courier)
{
    struct err ignored = {0};
    struct names *names = mem_zalloc(1, sizeof(*names));
    courier->sweep_ns = clock_monotonic_ns() + LIMIT_HOOK_SWEEP_MS * NS_PER_MS;
    if (names == NULL)
        return;
    arena_init(&names->arena, LIMIT_ENDPOINTS * NAME_BYTES);
    if (hook_store_endpoints(&courier->own, on_endpoint, names, &ignored) != ERR_NONE)
        names->count = 0;
    courier->swept = names;
}

static void end_sweep(struct courier *courier)
{
    if (courier->swept == NULL)
        return;
    arena_fini(&courier->swept->arena);
    mem_free(courier->swept);
    courier->swept = NULL;
}

// The next endpoint whose old hooks are to go; at NULL: there is none.
static struct sweep next_sweep(struct courier *courier)
{
    struct names *names = courier->swept;
    for (; names->at < names->count; names->at++) {
        const struct destination *destination = find_destination(courier, names->names[names->at]);
        bool has_hook = destination != NULL && destination->is_seen;
        if (!has_hook || destination->failures >= TIRED_FAILURES)
            return (struct sweep){
                .courier = courier, .endpoint = names->names[names->at], .has_hook = has_hook};
    }
    return (struct sweep){.courier = courier};
}

// Does one transaction of the sweep that goes on: a round comes between two, and an endpoint has as many as
// it needs. What was given up long ago goes last.
static void sweep(struct courier *courier)
{
    struct sweep step = next_sweep(courier);
    struct err ignored = {0};
    bool is_last = step.endpoint.at == NULL;
    if (ask_desk(courier, sweep_in, &step, &ignored) != ERR_NONE) {
        courier->sweep_ns = clock_monotonic_ns() + SWEEP_SOON_MS * NS_PER_MS;
        end_sweep(courier);
        return;
    }
    if (!is_last) {
        count(courier, 0, 0, step.count);
        courier->untold += step.count;
    }
    if (step.count == LIMIT_HOOK_GIVE_UP_ROWS)
        return; // there are more
    if (is_last)
        end_sweep(courier);
    else
        courier->swept->at++;
}

// Whether a sweep goes on, or its time has come.
static bool is_sweeping(struct courier *courier, uint64_t now_ns)
{
    return (courier->swept != NULL || now_ns >= courier->sweep_ns) && !courier->has_failed &&
           duty_takes(&courier->duty);
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
    see_destinations(courier);
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
    store_deadline(courier->own.conn, now_ns + LIMIT_DESK_MS * NS_PER_MS);
    work(courier);
    tell_given_up(courier, now_ns);
    if (now_ns >= courier->count_ns)
        count_waiting(courier);
    if (is_sweeping(courier, now_ns) && courier->swept == NULL)
        begin_sweep(courier);
    else if (is_sweeping(courier, now_ns))
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
    for (size_t i = 0; gives_up && i < LIMIT_HOOK_SENT; i++) {
        struct hook_post *post = &courier->posts[i];
        if (post->is_taken && !post->is_sent)
            hook_post_abandon(post, courier->multi);
    }
    // What cannot be settled now is sent again.
    return ends && count_posts(courier, false) == 0 &&
           (count_posts(courier, true) == 0 || (gives_up && courier->has_failed));
}

static void *run(void *arg)
{
    struct courier *courier = arg;
    while (!is_over(courier)) {
        round_of(courier);
        uint64_t now_ns = clock_monotonic_ns();
        bool has_work =
            count_posts(courier, true) > 0 || (courier->look_ns == 0 && duty_takes(&courier->duty));
        bool goes_on = has_work && now_ns >= courier->work_ns;
        uint64_t pause_ms = is_sweeping(courier, now_ns) ? LIMIT_HOOK_SWEEP_PAUSE_MS : LIMIT_HOOK_LOOK_MS;
        wait_until(courier, goes_on ? 0 : now_ns + pause_ms * NS_PER_MS);
    }
    end_sweep(courier);
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
    courier->sweep_ns = clock_monotonic_ns() + SWEEP_SOON_MS * NS_PER_MS;
    atomic_init(&courier->is_called, false);
    duty_init(&courier->duty);
    courier->multi = curl_multi_init();
    code = courier->multi != NULL ? desk_new(options->store, options->writer, &courier->desk, err)
                                  : err_no_memory(err);
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
    (void)curl_multi_wakeup(courier->multi);
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
    for (size_t i = 0; i < LIMIT_HOOK_SENT; i++)
        hook_post_fini(&courier->posts[i]);
    curl_multi_cleanup(courier->multi);
    for (size_t i = 0; i < courier->destination_count; i++)
        destination_fini(&courier->destinations[i]);
    mem_free(courier->destinations);
    app_unref(courier->app);
    hook_secrets_unref(courier->secrets);
    mem_free(courier);
}
