// SPDX-License-Identifier: Apache-2.0
// A step that fails ends the sweep; the next one begins soon.
#include "hooks/hook_sweep.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/mem.h"
#include "hooks/hook_store.h"

enum {
    SOON_MS = 10000, // after the start, which has other things to do, or after a step that failed
    MS_PER_DAY = 86400000,
};

// Names of endpoints that hooks wait for.
struct hook_sweep_names {
    struct arena arena;
    struct span names[LIMIT_ENDPOINTS];
    size_t count;
    size_t at; // the next one
};

void hook_sweep_init(struct hook_sweep *sweep)
{
    *sweep = (struct hook_sweep){.next_ns = clock_monotonic_ns() + SOON_MS * NS_PER_MS};
}

// --- its beginning and end

static enum err_code on_endpoint(void *ctx, struct span endpoint, struct err *err)
{
    struct hook_sweep_names *names = ctx;
    (void)err;
    char *name = arena_strndup(&names->arena, endpoint.at, endpoint.len);
    if (name != NULL && names->count < LIMIT_ENDPOINTS)
        names->names[names->count++] = (struct span){.at = name, .len = endpoint.len};
    return ERR_NONE;
}

void hook_sweep_fini(struct hook_sweep *sweep)
{
    if (sweep->names == NULL)
        return;
    arena_fini(&sweep->names->arena);
    mem_free(sweep->names);
    sweep->names = NULL;
}

// Of one whose step has failed.
static void give_up(struct hook_sweep *sweep)
{
    sweep->next_ns = clock_monotonic_ns() + SOON_MS * NS_PER_MS;
    hook_sweep_fini(sweep);
}

static void begin(struct hook_sweep *sweep, struct own_statements *own)
{
    struct err ignored = {0};
    struct hook_sweep_names *names = mem_zalloc(1, sizeof(*names));
    sweep->next_ns = clock_monotonic_ns() + LIMIT_HOOK_SWEEP_MS * NS_PER_MS;
    if (names == NULL)
        return;
    arena_init(&names->arena, LIMIT_ENDPOINTS * ENDPOINT_NAME_CHARS);
    sweep->names = names;
    if (hook_store_endpoints(own, on_endpoint, names, &ignored) != ERR_NONE)
        give_up(sweep);
}

// --- a step

// What one transaction does.
struct step {
    struct span endpoint; // whose old hooks are given up; at NULL: those that were given up long ago go
    bool has_hook;        // in the app in force
    size_t count;         // out
};

// The next endpoint whose old hooks are to go; at NULL: there is none.
static struct step next_step(struct hook_sweep_names *names, const struct destinations *destinations)
{
    for (; names->at < names->count; names->at++) {
        const struct destination *destination = destinations_find(destinations, names->names[names->at]);
        bool has_hook = destination != NULL && destination->is_seen;
        if (!has_hook || destination_is_tired(destination))
            return (struct step){.endpoint = names->names[names->at], .has_hook = has_hook};
    }
    return (struct step){0};
}

static enum err_code make(void *ctx, struct own_statements *own, struct err *err)
{
    struct step *step = ctx;
    int64_t now_ms = 0;
    enum err_code code = own_now_ms(own, &now_ms, err);
    if (code != ERR_NONE)
        return code;
    if (step->endpoint.at == NULL)
        return hook_store_prune(own, now_ms - (int64_t)LIMIT_HOOK_KEPT_DAYS * MS_PER_DAY, &step->count, err);
    const char *why =
        step->has_hook ? "its receiver was down for too long" : "its endpoint has no hook any more";
    return hook_store_give_up(own, step->endpoint, now_ms, now_ms - (int64_t)LIMIT_HOOK_DAYS * MS_PER_DAY,
        span_of(why), &step->count, err);
}

// An endpoint has as many transactions as it needs. What was given up long ago goes last.
static void go_on(struct hook_sweep *sweep, const struct destinations *destinations, struct posts *posts,
    struct desk *desk, size_t *ret_given_up)
{
    struct step step = next_step(sweep->names, destinations);
    struct err ignored = {0};
    bool is_last = step.endpoint.at == NULL;
    if (posts_ask_desk(posts, desk, make, &step, &ignored) != ERR_NONE) {
        give_up(sweep);
        return;
    }
    if (!is_last)
        *ret_given_up = step.count;
    if (step.count == LIMIT_HOOK_GIVE_UP_ROWS)
        return; // there are more
    if (is_last)
        hook_sweep_fini(sweep);
    else
        sweep->names->at++;
}

void hook_sweep_step(struct hook_sweep *sweep, const struct destinations *destinations, struct posts *posts,
    struct desk *desk, struct own_statements *own, size_t *ret_given_up)
{
    *ret_given_up = 0;
    if (sweep->names == NULL)
        begin(sweep, own);
    else
        go_on(sweep, destinations, posts, desk, ret_given_up);
}
