// SPDX-License-Identifier: Apache-2.0
// A ration is as large as what was used of the one before it, and twice that where it was spent before its
// end: so a client that asks evenly waits for the database about once in the life of a ration.
#include "access/ration_round.h"

#include "access/account_name.h"
#include "base/clock.h"
#include "base/limits.h"

enum {
    ROUND_BYTES = 16 * 1024 * 1024, // of names, mostly
    WINDOW_PART = 10,               // of a window is the life of a ration, at most
};

// A place of a round.
struct asked {
    struct account *account; // a reference
    struct purse *purse;     // its
    int64_t waiting;         // requests that want it; 0: it is only settled
};

enum err_code ration_round_init(struct ration_round *round, struct err *err)
{
    *round = (struct ration_round){0};
    arena_init(&round->arena, ROUND_BYTES);
    round->rations = arena_zalloc(&round->arena, LIMIT_RATIONS, sizeof(*round->rations));
    round->asked = arena_zalloc(&round->arena, LIMIT_RATIONS, sizeof(*round->asked));
    if (round->rations != NULL && round->asked != NULL)
        return ERR_NONE;
    arena_fini(&round->arena);
    return err_no_memory(err);
}

void ration_round_fini(struct ration_round *round)
{
    for (size_t i = 0; i < round->count; i++) {
        round->asked[i].purse->is_asked = false;
        account_unref(round->asked[i].account);
    }
    arena_fini(&round->arena);
    *round = (struct ration_round){0};
}

// --- what is asked

// The place of a purse, which is a new one where it has none; NULL: there is no room.
static struct asked *place_of(struct ration_round *round, struct account *account, struct purse *purse)
{
    for (size_t i = round->count; purse->is_asked && i > 0; i--) {
        if (round->asked[i - 1].purse == purse)
            return &round->asked[i - 1];
    }
    struct span name =
        round->count < LIMIT_RATIONS ? account_name_copy(account, &round->arena) : (struct span){0};
    if (name.at == NULL)
        return NULL;
    struct asked *asked = &round->asked[round->count];
    *asked = (struct asked){.account = account_ref(account), .purse = purse};
    round->rations[round->count++] = (struct ration){
        .name = name, .kind = atomic_load_explicit(&purse->kind, memory_order_relaxed), .rate = purse->rate};
    purse->is_asked = true;
    return asked;
}

bool ration_round_want(struct ration_round *round, struct account *account, const struct quota *quota,
    unsigned wants, int64_t now_ns)
{
    for (size_t i = 0; i < quota->count; i++) {
        const struct allowance *allowance = &quota->allowances[i];
        if (allowance->of == ALLOWANCE_CONCURRENT || (wants & (1u << allowance->of)) == 0)
            continue;
        struct purse *purse =
            account_purse(account, purse_kind((unsigned)allowance->of, allowance->window_s), i);
        if (!purse_is_out(purse, now_ns))
            continue;
        purse->rate = gcra_rate_of(allowance->count, allowance->window_s);
        struct asked *asked = place_of(round, account, purse);
        if (asked == NULL)
            return false;
        asked->waiting++;
    }
    return true;
}

void ration_round_settle(
    struct ration_round *round, struct account *account, bool is_all, int64_t now_ns, bool *ret_has_more)
{
    bool has_more = false;
    for (size_t i = 0; i < LIMIT_ALLOWANCES; i++) {
        struct purse *purse = &account->purses[i];
        if (atomic_load_explicit(&purse->units, memory_order_relaxed) == 0 || purse->is_asked ||
            purse->rate.limit_ns == 0) // it was never filled
            continue;
        bool is_over = now_ns >= atomic_load_explicit(&purse->until_ns, memory_order_relaxed);
        if ((!is_over && !is_all) || place_of(round, account, purse) == NULL)
            has_more = true;
    }
    *ret_has_more = has_more;
}

// --- asking

static int64_t life_ns(uint64_t kind)
{
    int64_t part_ns = (int64_t)(purse_kind_window_s(kind) * NS_PER_S / WINDOW_PART);
    int64_t most_ns = (int64_t)(LIMIT_RATION_MS * NS_PER_MS);
    return part_ns < most_ns ? part_ns : most_ns;
}

// Takes what the purse has, and decides how much it wants.
static void fill_in(struct ration *ration, struct asked *asked, int64_t now_ns)
{
    bool has_lasted = now_ns >= atomic_load_explicit(&asked->purse->until_ns, memory_order_relaxed);
    int64_t spent;
    ration->net = purse_empty(asked->purse, &spent);
    ration->rate = asked->purse->rate;
    ration->want = has_lasted ? spent : 2 * spent;
    if (ration->want < asked->waiting)
        ration->want = asked->waiting;
    if (asked->waiting == 0)
        ration->want = 0;
}

static void take(const struct ration *ration, const struct asked *asked, int64_t now_ns)
{
    if (asked->waiting > 0)
        purse_fill(asked->purse, &ration->rate, ration->granted, ration->ahead_ns, life_ns(ration->kind),
            (int64_t)(LIMIT_RATION_MS * NS_PER_MS), now_ns);
    else
        purse_fill(asked->purse, &ration->rate, 0, ration->ahead_ns, 0, 0, now_ns);
}

enum err_code ration_round_ask(
    struct ration_round *round, struct store_conn *conn, struct store_stmt *exchange, struct err *err)
{
    int64_t now_ns = (int64_t)clock_monotonic_ns();
    for (size_t i = 0; i < round->count; i++)
        fill_in(&round->rations[i], &round->asked[i], now_ns);
    enum err_code code = quota_store_exchange(conn, exchange, round->rations, round->count, err);
    now_ns = (int64_t)clock_monotonic_ns();
    for (size_t i = 0; i < round->count; i++) {
        if (code == ERR_NONE && round->rations[i].is_told)
            take(&round->rations[i], &round->asked[i], now_ns);
        else
            purse_restore(round->asked[i].purse, round->rations[i].net);
        account_list(round->asked[i].account); // what it has now is settled when it is over
    }
    return code;
}
