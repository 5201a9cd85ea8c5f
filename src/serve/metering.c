// SPDX-License-Identifier: Apache-2.0
// Fills in what a meter counts (access/meter.h). An app that is not metered costs a branch. On the request's
// loop; of a request that was away when its loop ended, on the thread that frees it.
#include "serve/metering.h"

#include "access/meter.h"
#include "access/usage_period.h"
#include "serve/loop_state.h"

// `slot`: of the meter, which is the thread's.
static void count_in(const struct context *context, size_t slot, size_t service,
    const struct endpoint *endpoint, struct span client, const struct usage_counts *counts)
{
    const struct usage_key key = {.service = service,
        .day = usage_today(),
        .client = client,
        .method = endpoint->method,
        .path = endpoint->path};
    meter_count(context->meter, slot, &key, counts);
}

static void count(const struct context *context, const struct loop *loop, size_t service,
    const struct endpoint *endpoint, const struct client *client, const struct usage_counts *counts)
{
    count_in(context, loop_state(loop)->number, service, endpoint,
        client != NULL ? client->id : (struct span){0}, counts);
}

void metering_count(const struct request *request)
{
    if (!request->is_let_in || !request->app->access.is_metered || request->context->meter == NULL)
        return;
    const struct response *response = &request->response;
    bool has_rows = request->sent_bytes > 0 && request->sent_status == response->status; // no HEAD, no 304
    const struct usage_counts counts = {.requests = 1,
        .cached = request->is_cached,
        .failed = request->sent_status == 0 || request->sent_status >= 500,
        .rows = has_rows ? response->rows : 0,
        .bytes = request->sent_bytes,
        .batch_rows = request->batch_rows};
    count(request->context, request->ref.loop, request->service, request->endpoint, request->client, &counts);
}

void metering_count_near(const struct context *context, const struct loop *loop, const struct near_hit *hit,
    enum http_method method)
{
    const struct near_answer *answer = hit->answer;
    if (context->meter == NULL || !hit->lease->edition->apps[answer->service]->access.is_metered)
        return;
    const struct kept *kept = answer->kept;
    bool has_body = method != HTTP_HEAD && hit->status != 304 && kept->body != NULL;
    const struct usage_counts counts = {.requests = 1,
        .cached = 1,
        .rows = has_body ? kept->rows : 0,
        .bytes = has_body ? kept->body->len : 0};
    count(context, loop, answer->service, answer->endpoint, hit->client, &counts);
}

void metering_count_job(
    const struct context *context, size_t service, struct span client, const struct batch *batch)
{
    if (!batch->app->access.is_metered || context->meter == NULL)
        return;
    const struct usage_counts counts = {.batch_rows = batch->rows.count};
    count_in(context, context->meter_job_slot + service, service, batch->endpoint, client, &counts);
}
