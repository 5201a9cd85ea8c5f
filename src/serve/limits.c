// SPDX-License-Identifier: Apache-2.0
// Threads are started by the main thread and by the reloader, one after the other, and looked up by loops.
#include "serve/limits.h"

#include <stdatomic.h>

#include "base/mem.h"
#include "store/versions.h"

struct limits {
    const struct service *services; // borrowed
    size_t count;                   // of them
    struct log *log;                // borrowed
    struct accounts *accounts;      // owned
    // Owned; by service. NULL: its app has had no plans yet.
    _Atomic(struct rations *) *rations;
    _Atomic(uint64_t) *refusals; // owned; by service
};

enum err_code limits_new(const struct service *services, size_t count, struct log *log,
    struct limits **ret_limits, struct err *err)
{
    struct limits *limits = mem_zalloc(1, sizeof(*limits));
    if (limits == NULL)
        return err_no_memory(err);
    *limits = (struct limits){.services = services, .count = count, .log = log};
    limits->rations = mem_zalloc(count, sizeof(*limits->rations));
    limits->refusals = mem_zalloc(count, sizeof(*limits->refusals));
    bool has_room = limits->rations != NULL && limits->refusals != NULL;
    enum err_code code = has_room ? accounts_new(count, &limits->accounts, err) : err_no_memory(err);
    if (code != ERR_NONE) {
        limits_free(limits);
        return code;
    }
    for (size_t i = 0; i < count; i++) {
        if (versions_lag(services[i].store)) // other nodes may write to it, and so may serve from it
            accounts_share(limits->accounts, i);
    }
    *ret_limits = limits;
    return ERR_NONE;
}

// On the thread of the service's rations.
static void tell(void *ctx, size_t service, const struct err *err)
{
    struct limits *limits = ctx;
    const char *name = limits->services[service].app->name;
    if (err != NULL)
        log_printf(limits->log, "%s: what clients have used cannot be told to its store: %s%s%s", name,
            err->text, err->hint[0] != '\0' ? ": " : "", err->hint);
    else
        log_printf(limits->log, "%s: what clients have used is told to its store again", name);
}

enum err_code limits_follow(struct limits *limits, size_t service, const struct app *app, struct err *err)
{
    if (limits == NULL || app->quota_count == 0 || limits_rations(limits, service) != NULL)
        return ERR_NONE;
    struct store *store = limits->services[service].store;
    struct rations *rations;
    enum err_code code = rations_new(&(struct rations_options){.store = store,
                                         .accounts = limits->accounts,
                                         .service = service,
                                         .is_shared = versions_lag(store),
                                         .tell = tell,
                                         .ctx = limits},
        &rations, err);
    if (code == ERR_NONE)
        atomic_store(&limits->rations[service], rations);
    return code;
}

void limits_end(struct limits *limits)
{
    for (size_t i = 0; limits != NULL && i < limits->count; i++)
        rations_free(atomic_exchange(&limits->rations[i], NULL));
}

void limits_free(struct limits *limits)
{
    if (limits == NULL)
        return;
    if (limits->rations != NULL)
        limits_end(limits);
    accounts_free(limits->accounts);
    mem_free(limits->rations);
    mem_free(limits->refusals);
    mem_free(limits);
}

struct accounts *limits_accounts(struct limits *limits)
{
    return limits != NULL ? limits->accounts : NULL;
}

void limits_count_refusal(struct limits *limits, size_t service)
{
    atomic_fetch_add_explicit(&limits->refusals[service], 1, memory_order_relaxed);
}

uint64_t limits_refusals(const struct limits *limits, size_t service)
{
    return limits != NULL ? atomic_load_explicit(&limits->refusals[service], memory_order_relaxed) : 0;
}

struct rations *limits_rations(struct limits *limits, size_t service)
{
    return atomic_load(&limits->rations[service]);
}
