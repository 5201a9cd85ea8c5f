// SPDX-License-Identifier: Apache-2.0
// Which allowances a request of an endpoint uses is decided here, and how they are told; what of them is left
// is account.c's.
#include "serve/toll.h"

#include "base/clock.h"

// --- who pays

const struct quota *toll_quota(const struct app *app, const struct span *plan)
{
    if (plan == NULL)
        return app->access.open_quota;
    return plan->len == 0 ? app->access.key_quota : app_find_quota(app, *plan);
}

enum toll_payer toll_find(struct limits *limits, const struct app *app, size_t service,
    const struct client *client, const struct http_exchange *exchange, struct toll *ret_toll)
{
    struct toll toll = {.quota = toll_quota(app, client != NULL ? &client->plan : NULL)};
    if (toll.quota == NULL && client != NULL && client->plan.len > 0)
        return TOLL_NO_PLAN;
    if (toll.quota == NULL || limits == NULL)
        return TOLL_FREE;
    toll.account = client != NULL ? client->account : NULL;
    toll.is_counted = toll.account == NULL;
    if (client != NULL && toll.account == NULL) {
        toll.account = accounts_find(limits_accounts(limits), service, client->id);
    } else if (client == NULL) {
        struct origin origin = http_origin(exchange);
        toll.account = accounts_find_origin(limits_accounts(limits), service, &origin);
    }
    if (toll.account == NULL)
        return TOLL_MEMORY;
    *ret_toll = toll;
    return TOLL_PAYER;
}

// --- paying

unsigned toll_wants(const struct endpoint *endpoint)
{
    unsigned wants =
        1u << ALLOWANCE_REQUESTS | 1u << ALLOWANCE_ROWS | 1u << ALLOWANCE_BYTES | 1u << ALLOWANCE_CONCURRENT;
    return endpoint_is_read(endpoint) ? wants : wants | 1u << ALLOWANCE_BATCHES;
}

void toll_admit(
    struct toll *toll, const struct endpoint *endpoint, int64_t now_ns, struct verdict *ret_verdict)
{
    struct verdict verdict;
    account_admit(toll->account, toll->quota, toll_wants(endpoint), now_ns, &verdict);
    toll->is_running = verdict.admission == ADMITTED;
    *ret_verdict = verdict;
}

void toll_hold(struct toll *toll)
{
    if (!toll->is_counted)
        (void)account_ref(toll->account);
    toll->is_counted = true;
}

void toll_charge(const struct toll *toll, uint64_t rows, uint64_t bytes, int64_t now_ns)
{
    account_charge(toll->account, toll->quota, ALLOWANCE_ROWS, rows, now_ns);
    account_charge(toll->account, toll->quota, ALLOWANCE_BYTES, bytes, now_ns);
}

void toll_fini(struct toll *toll)
{
    if (toll->is_running)
        account_end(toll->account);
    if (toll->is_counted)
        account_unref(toll->account);
    *toll = (struct toll){0};
}

// --- telling

// An integer of a structured field (RFC 9651 section 3.3.1): larger ones are cut.
static void add_integer(struct header_lines *lines, uint64_t number)
{
    static const uint64_t LARGEST = 999999999999999;
    header_lines_add_number(lines, number < LARGEST ? number : LARGEST);
}

// "requests-minute";r=99;t=1
static void add_left(struct header_lines *lines, const struct toll *toll, size_t number, int64_t now_ns)
{
    uint64_t left;
    int64_t more_ns;
    account_left(toll->account, toll->quota, number, now_ns, &left, &more_ns);
    const struct span name = toll->quota->allowances[number].name;
    HEADER_LINES_ADD(lines, "\"");
    header_lines_add(lines, name.at, name.len);
    HEADER_LINES_ADD(lines, "\";r=");
    add_integer(lines, left);
    if (more_ns <= 0)
        return;
    HEADER_LINES_ADD(lines, ";t=");
    add_integer(lines, ((uint64_t)more_ns + NS_PER_S - 1) / NS_PER_S);
}

void toll_write(const struct toll *toll, int64_t now_ns, struct header_lines *lines)
{
    const struct quota *quota = toll->quota;
    HEADER_LINES_ADD(lines, "RateLimit-Policy: ");
    for (size_t i = 0; i < quota->count; i++) {
        if (i > 0)
            HEADER_LINES_ADD(lines, ", ");
        header_lines_add(lines, quota->allowances[i].policy.at, quota->allowances[i].policy.len);
    }
    HEADER_LINES_ADD(lines, "\r\nRateLimit: ");
    for (size_t i = 0; i < quota->count; i++) {
        if (i > 0)
            HEADER_LINES_ADD(lines, ", ");
        add_left(lines, toll, i, now_ns);
    }
    HEADER_LINES_ADD(lines, "\r\n");
}
