// SPDX-License-Identifier: Apache-2.0
// Moments are of the monotonic clock here and of the wall clock in the store. Both are read once a call, so
// that a jump of the wall clock between two calls moves what is saved by no more than itself.
#include "access/account_save.h"

#include "access/account_name.h"
#include "access/quota_store.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/mem.h"

enum {
    SAVED_WINDOW_S = 60,
    SAVED_ACCOUNTS = 100,         // of one transaction, which others wait for
    SAVE_BYTES = 8 * 1024 * 1024, // of their names
};

// What is added to a moment of the monotonic clock, for one of the wall clock.
static int64_t wall_offset_ns(void)
{
    return clock_wall_ms() * (int64_t)NS_PER_MS - (int64_t)clock_monotonic_ns();
}

// --- reading

struct load {
    struct accounts *accounts;
    size_t service;
    int64_t offset_ns; // of the wall clock
    int64_t now_ns;    // monotonic
};

static void on_purse(void *ctx, const struct saved_purse *saved)
{
    const struct load *load = ctx;
    int64_t tat_ns = saved->tat_ns - load->offset_ns;
    int64_t most_ns = load->now_ns + 2 * (int64_t)(purse_kind_window_s(saved->kind) * NS_PER_S);
    if (tat_ns <= load->now_ns)
        return;
    struct account *account = account_name_find(load->accounts, load->service, saved->name);
    if (account == NULL)
        return; // without memory it begins anew
    struct purse *purse = account_purse(account, saved->kind, 0);
    atomic_store_explicit(&purse->tat_ns, tat_ns < most_ns ? tat_ns : most_ns, memory_order_relaxed);
    account_unref(account);
}

enum err_code account_load(
    struct accounts *accounts, size_t service, struct store_conn *conn, struct err *err)
{
    struct load load = {.accounts = accounts,
        .service = service,
        .offset_ns = wall_offset_ns(),
        .now_ns = (int64_t)clock_monotonic_ns()};
    return quota_store_load(conn, on_purse, &load, err);
}

// --- saving

// What goes into one transaction.
struct save {
    struct account *accounts[SAVED_ACCOUNTS];                     // a reference each
    size_t account_count;                                         //
    struct saved_purse purses[SAVED_ACCOUNTS * LIMIT_ALLOWANCES]; // theirs
    size_t count;                                                 //
    int64_t offset_ns;                                            // of the wall clock
    struct arena arena;                                           // with names
};

static void add(struct save *save, struct account *account, int64_t now_ns)
{
    struct span name = {0};
    save->accounts[save->account_count++] = account;
    for (size_t i = 0; i < LIMIT_ALLOWANCES; i++) {
        struct purse *purse = &account->purses[i];
        uint64_t kind = atomic_load_explicit(&purse->kind, memory_order_relaxed);
        int64_t tat_ns = atomic_load_explicit(&purse->tat_ns, memory_order_relaxed);
        if (purse_kind_window_s(kind) < SAVED_WINDOW_S || tat_ns <= now_ns)
            continue;
        if (name.at == NULL)
            name = account_name_copy(account, &save->arena);
        if (name.at != NULL)
            save->purses[save->count++] =
                (struct saved_purse){.name = name, .kind = kind, .tat_ns = tat_ns + save->offset_ns};
    }
}

static void end(struct save *save, bool is_done)
{
    for (size_t i = 0; i < save->account_count; i++) {
        if (!is_done)
            account_list(save->accounts[i]);
        account_unref(save->accounts[i]);
    }
    arena_fini(&save->arena);
    save->account_count = save->count = 0;
}

enum err_code account_save(
    struct accounts *accounts, size_t service, struct store_conn *conn, struct err *err)
{
    struct account *next = accounts_take_listed(accounts, service);
    struct save *save = next != NULL ? mem_zalloc(1, sizeof(*save)) : NULL;
    enum err_code code = next != NULL && save == NULL ? err_no_memory(err) : ERR_NONE;
    while (next != NULL) {
        if (save == NULL || code != ERR_NONE) { // it is for the next time
            struct account *account = next;
            next = account_unlist(account);
            account_list(account);
            account_unref(account);
            continue;
        }
        int64_t now_ns = (int64_t)clock_monotonic_ns();
        save->offset_ns = wall_offset_ns();
        arena_init(&save->arena, SAVE_BYTES);
        while (next != NULL && save->account_count < SAVED_ACCOUNTS) {
            struct account *account = next;
            next = account_unlist(account);
            add(save, account, now_ns);
        }
        if (save->count > 0)
            code = quota_store_save(conn, save->purses, save->count, err);
        end(save, code == ERR_NONE);
    }
    mem_free(save);
    return code;
}
