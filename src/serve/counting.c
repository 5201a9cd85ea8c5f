// SPDX-License-Identifier: Apache-2.0
// Fills in what a tally counts. A request that is away is another thread's: of that only what the loop has
// set before is looked at.
#include "serve/counting.h"

#include "base/clock.h"
#include "serve/loop_state.h"

void counting_note_near(struct http_exchange *exchange, const struct near_hit *hit)
{
    http_set_note(exchange, (struct http_note){.ns = (uint64_t)hit->now_ns, .number = hit->answer->series});
}

// A read that ended without an answer has read nothing that could be told of.
static enum tally_cache cache_of(const struct request *request, int status)
{
    if (!request->away && request->is_cached)
        return request->is_near ? TALLY_CACHE_NEAR : TALLY_CACHE_KEPT;
    if (!request->away && request->is_joined)
        return TALLY_CACHE_JOINED;
    if (status == 0 || status >= 500)
        return TALLY_CACHE_NONE;
    switch (request->source) {
    case SOURCE_BYPASS:
        return TALLY_CACHE_BYPASS;
    case SOURCE_REQUEST:
        return TALLY_CACHE_REQUEST;
    case SOURCE_MISS:
        return TALLY_CACHE_MISS;
    case SOURCE_STALE:
        return TALLY_CACHE_STALE;
    case SOURCE_HIT:
    case SOURCE_NONE:
        break;
    }
    return TALLY_CACHE_NONE;
}

void counting_end(const struct context *context, const struct request *request,
    const struct http_exchange *exchange, int status, size_t body_bytes)
{
    struct tally *tally = context->editions.tally;
    if (tally == NULL)
        return;
    struct tally_count count = {.series = TALLY_REFUSED, .status = status, .sent_bytes = body_bytes};
    struct http_note note = http_note(exchange);
    uint64_t start_ns = note.ns;
    if (request != NULL) {
        start_ns = request->line.start_ns;
        count.series = request->series;
        count.received_bytes = http_received_bytes(exchange);
        count.cache = cache_of(request, status);
    } else if (note.ns != 0) {
        count.series = note.number;
        count.cache = TALLY_CACHE_NEAR;
    }
    uint64_t now_ns = clock_monotonic_ns();
    count.ns = start_ns != 0 && now_ns > start_ns ? now_ns - start_ns : 0;
    tally_count(tally, loop_state(http_exchange_ref(exchange).loop)->number, &count);
}
