// SPDX-License-Identifier: Apache-2.0
// The client goes by what its request has said of it, as its key may be gone; the plan's allowances are those
// of the edition that the job ran by. A plan that is not there any more charges nobody.
#include "serve/job_paying.h"

#include "access/account.h"
#include "access/meter.h"
#include "access/usage_period.h"
#include "base/clock.h"
#include "http/address.h"
#include "serve/metering.h"
#include "serve/toll.h"

// Who pays; a reference, which is the caller's; NULL: nobody.
static struct account *find_account(struct accounts *accounts, size_t service, const struct job_asked *asked)
{
    union address address;
    if (asked->client.len > 0)
        return accounts_find(accounts, service, asked->client);
    if (!address_read_written(asked->address, &address))
        return NULL;
    const struct origin origin = address_origin(&address);
    return accounts_find_origin(accounts, service, &origin);
}

static void charge(const struct context *context, size_t service, const struct job_asked *asked,
    const struct app *app, uint64_t rows)
{
    const struct quota *quota = toll_quota(app, asked->client.len > 0 ? &asked->plan : NULL);
    if (quota == NULL || context->limits == NULL)
        return;
    struct account *account = find_account(limits_accounts(context->limits), service, asked);
    if (account == NULL)
        return;
    account_charge(account, quota, ALLOWANCE_ROWS, rows, (int64_t)clock_monotonic_ns());
    account_unref(account);
}

void job_paying_charge(
    const struct context *context, size_t service, const struct job *job, const struct batch *batch)
{
    charge(context, service, &job->asked, batch->app, batch->rows.count);
    metering_count_job(context, service, job->asked.client, batch);
}
