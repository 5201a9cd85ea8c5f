// SPDX-License-Identifier: Apache-2.0
// Words the refusals of a plan. What is taken and told is toll.c's; how a request waits for a ration is
// waiting.c's. On the request's loop.
#include "serve/paying.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/limits.h"

enum { HEADERS_BYTES = 256 };

// The client has used what its plan allows.
static void refuse_toll(struct request *request, const struct verdict *verdict)
{
    struct span name = verdict->allowance->name;
    int64_t retry_s = (verdict->retry_ns + (int64_t)NS_PER_S - 1) / (int64_t)NS_PER_S;
    char line[HEADERS_BYTES], detail[HEADERS_BYTES], violated[HEADERS_BYTES];
    int len = snprintf(line, sizeof(line), "Retry-After: %" PRId64 "\r\n", retry_s > 0 ? retry_s : 1);
    int violated_len = snprintf(violated, sizeof(violated), "[\"%.*s\"]", (int)name.len, name.at);
    snprintf(detail, sizeof(detail),
        "the plan %.*s allows no more %.*s just now: send this again after Retry-After seconds",
        (int)request->toll.quota->name.len, request->toll.quota->name.at, (int)name.len, name.at);
    limits_count_refusal(request->context->limits, request->service);
    request_set_problem(request,
        &(struct problem){.status = 429,
            .type = "https://iana.org/assignments/http-problem-types#quota-exceeded",
            .title = "Request cannot be satisfied as assigned quota has been exceeded",
            .violated = {.at = violated, .len = (size_t)violated_len},
            .detail = detail},
        arena_strndup(&request->arena, line, (size_t)len));
}

// Whether there is time to ask the store for more of what the client may use.
static bool may_ask_for_ration(struct request *request, int64_t now_ns)
{
    if (request->ration_ns == 0)
        request->ration_ns = now_ns;
    if (now_ns - request->ration_ns < (int64_t)(LIMIT_RATION_WAIT_MS * NS_PER_MS))
        return true;
    request_set_busy(request, "how much of its plan the client has left is not known in time");
    return false;
}

bool paying_admit(struct request *request, const struct http_exchange *exchange)
{
    struct verdict verdict = {0};
    int64_t now_ns = (int64_t)clock_monotonic_ns();
    switch (toll_find(request->context->limits, request->app, request->service, request->client, exchange,
        &request->toll)) {
    case TOLL_FREE:
        return true;
    case TOLL_PAYER:
        break;
    case TOLL_NO_PLAN:
        request_refuse(
            request, 403, "this key is of a plan that is not there any more: ask for one of another plan");
        return false;
    case TOLL_MEMORY:
        request_set_busy(request, "out of memory");
        return false;
    }
    toll_admit(&request->toll, request->endpoint, now_ns, &verdict);
    if (verdict.admission == REFUSED)
        refuse_toll(request, &verdict);
    else if (verdict.admission == ASK)
        request->asks_ration = may_ask_for_ration(request, now_ns);
    return verdict.admission == ADMITTED;
}

void paying_charge(struct request *request, const struct http_exchange *exchange, struct header_lines *lines)
{
    const struct response *response = &request->response;
    int64_t now_ns = (int64_t)clock_monotonic_ns();
    uint64_t rows = request->batch_rows + request->dry_rows, bytes = 0;
    if (response->status != 304 && !http_is_head(exchange)) {
        rows += response->rows;
        bytes = response->body != NULL ? response->body->len : 0;
        if (response->file != NULL)
            bytes = http_file_bytes(response->file);
    }
    if (request->toll.is_running) // a refusal costs nothing: else its Retry-After would not be true
        toll_charge(&request->toll, rows, bytes, now_ns);
    request->is_charged = true;
    toll_write(&request->toll, now_ns, lines);
}
