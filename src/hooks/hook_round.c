// SPDX-License-Identifier: Apache-2.0
// What a round means for hooks: whether one that failed is tried again, and when; which are taken. Whom it is
// told to, and what becomes of the posts, is the courier's.
#include "hooks/hook_round.h"

#include "base/clock.h"

enum {
    MS_PER_DAY = 86400000,
    AHEAD_MS = 2 * LIMIT_HOOK_PAUSE_MAX_MS, // more than any pause
};

// --- before the transaction

// Whether enough was tried: a hook that is old because no server was there has its tries yet.
static bool ends_old(const struct destinations *destinations, const struct hook_post *post)
{
    bool is_refused = hook_post_is_heard(post) && post->hook.attempts >= DESTINATION_TIRED_FAILURES;
    bool is_tired = destination_is_tired(&destinations->items[post->destination]);
    return post->state != HOOK_POST_CUT && (is_refused || is_tired);
}

void hook_round_plan(struct hook_round *round, struct posts *posts, const struct destinations *destinations)
{
    *round = (struct hook_round){.destinations = destinations, .token = own_token()};
    for (size_t i = 0; i < LIMIT_HOOK_SENT; i++) {
        struct hook_post *post = &posts->all[i];
        if (!hook_post_has_hook(post)) {
            round->taken[round->room++] = post;
        } else if (hook_post_is_over(post)) {
            round->ends_old[round->settled_count] = ends_old(destinations, post);
            round->settled[round->settled_count++] = post;
        }
    }
}

enum err_code hook_round_look(
    struct hook_round *round, size_t first, struct own_statements *own, struct err *err)
{
    const struct destinations *destinations = round->destinations;
    uint64_t now_ns = clock_monotonic_ns();
    size_t room = round->room;
    int64_t now_ms = 0;
    enum err_code code = own_now_ms(own, &now_ms, err);
    for (size_t i = 0; code == ERR_NONE && i < destinations->count && room > 0; i++) {
        size_t number = (first + i) % destinations->count;
        const struct destination *destination = &destinations->items[number];
        unsigned most = destination->is_seen ? destination_room(destination, now_ns) : 0;
        struct hook_times times = {0};
        if (most > 0)
            code = hook_store_next(own, span_of(destination->endpoint), &times, err);
        bool has_ahead = times.last_ms > now_ms + AHEAD_MS;
        if (code != ERR_NONE || !times.is_found || (times.first_ms > now_ms && !has_ahead))
            continue;
        most = most < room ? most : (unsigned)room;
        room -= most;
        round->takes[round->take_count++] =
            (struct hook_take){.destination = number, .most = most, .has_ahead = has_ahead};
    }
    return code;
}

// --- in the transaction

static enum err_code settle(struct hook_round *round, const struct hook_post *post, bool ends_old,
    struct own_statements *own, struct err *err)
{
    const struct hook *hook = &post->hook;
    if (post->result[0] == '\0')
        return hook_store_remove(own, hook->id, hook->token, err);
    bool is_cut = post->state == HOOK_POST_CUT;
    int64_t most_s = LIMIT_HOOK_PAUSE_MAX_MS / 1000;
    int64_t asked_ms = (post->retry_after_s < most_s ? post->retry_after_s : most_s) * 1000;
    int64_t pause_ms = is_cut ? 0 : destination_pause_ms(hook->attempts);
    bool is_old = round->now_ms - hook->since_ms > (int64_t)LIMIT_HOOK_DAYS * MS_PER_DAY;
    bool is_over = post->status == 410 || (is_old && ends_old);
    const struct hook_failure failure = {.status = post->status,
        .result = span_of(post->result),
        .next_ms = round->now_ms + (asked_ms > pause_ms ? asked_ms : pause_ms),
        .ended_ms = is_over ? round->now_ms : 0,
        .gives_back = is_cut};
    bool is_moved = false;
    enum err_code code = hook_store_fail(own, hook->id, hook->token, &failure, &is_moved, err);
    round->given_up += is_over && is_moved;
    return code;
}

static enum err_code on_taken(void *ctx, const struct hook *hook, struct err *err)
{
    struct hook_round *round = ctx;
    if (round->taken_count == round->room)
        return ERR_NONE; // it is due again later
    struct hook_post *post = round->taken[round->taken_count++];
    post->destination = round->takes[round->at].destination;
    return hook_post_take(post, hook, err);
}

static enum err_code take(
    struct hook_round *round, const struct hook_take *take, struct own_statements *own, struct err *err)
{
    struct span endpoint = span_of(round->destinations->items[take->destination].endpoint);
    int64_t now_ms = round->now_ms;
    enum err_code code =
        take->has_ahead ? hook_store_hasten(own, endpoint, now_ms, now_ms + AHEAD_MS, err) : ERR_NONE;
    const struct hook_claim claim = {.endpoint = endpoint,
        .token = round->token,
        .now_ms = now_ms,
        .until_ms = now_ms + LIMIT_HOOK_TAKEN_MS,
        .most = take->most};
    return code == ERR_NONE ? hook_store_take(own, &claim, on_taken, round, err) : code;
}

enum err_code hook_round_make(void *ctx, struct own_statements *own, struct err *err)
{
    struct hook_round *round = ctx;
    enum err_code code = own_now_ms(own, &round->now_ms, err);
    for (size_t i = 0; code == ERR_NONE && i < round->settled_count; i++)
        code = settle(round, round->settled[i], round->ends_old[i], own, err);
    for (round->at = 0; code == ERR_NONE && round->at < round->take_count; round->at++)
        code = take(round, &round->takes[round->at], own, err);
    return code;
}
