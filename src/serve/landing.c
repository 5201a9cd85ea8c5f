// SPDX-License-Identifier: Apache-2.0
// Those who wait for a read are told when it has ended (cache/flight.h). Whom it is not for, as a commit may
// have been acknowledged before they came and after it had begun, begins anew: one leads, the others wait.
#include "serve/landing.h"

#include "base/clock.h"
#include "serve/answer_key.h"
#include "serve/link.h"

// --- what is kept at all

bool landing_may_keep(const struct request *request)
{
    return atomic_load_explicit(&request_endpoint_state(request)->unkept, memory_order_relaxed) !=
           request->app->number;
}

void landing_keep_none(const struct request *request)
{
    atomic_store_explicit(
        &request_endpoint_state(request)->unkept, request->app->number, memory_order_relaxed);
}

// --- those who wait

static void board_again(struct request *request)
{
    struct context *context = request->context;
    if (request_is_abandoned(request)) {
        request_send_back(request);
        return;
    }
    if (!flights_board(context->flights, &request->flight)) // it may be somebody else's from here on
        return;
    if (!shared_pool_submit(context->reads, &request->task))
        landing_refuse(request, request->task.retry_s);
}

// Ends the request's flight, if it leads one: calls `tell` for each that has waited and whom the outcome is
// for, which sends it back; the others begin anew. `is_for_all`: for whoever came before this is called.
static void land(struct request *leader, bool (*is_for_all)(const void *ctx),
    void (*tell)(struct request *request, const void *ctx), const void *ctx)
{
    struct flight *flight = &leader->flight, *left = NULL;
    if (flight->role != FLIGHT_LEADS)
        return;
    uint64_t begun_ns = flight->begun_ns;
    struct flight *waited = flights_land(leader->context->flights, flight);
    bool all = waited != NULL && is_for_all(ctx); // asked when nobody can join any more
    for (struct flight *next; waited != NULL; waited = next) {
        next = waited->next;
        if (all || (tell != NULL && waited->came_ns <= begun_ns)) {
            tell(CONTAINER_OF(waited, struct request, flight), ctx);
        } else {
            waited->next = left;
            left = waited;
        }
    }
    for (struct flight *next; left != NULL; left = next) {
        next = left->next;
        board_again(CONTAINER_OF(left, struct request, flight));
    }
}

static bool is_for_some(const void *ctx)
{
    (void)ctx;
    return false;
}

// --- an answer

struct outcome {
    struct kept *kept; // NULL: the answer cannot be shared
    bool is_exact;     // its marks tell all, as the store's versions do not lag
};

static bool still_holds(const void *ctx)
{
    const struct outcome *outcome = ctx;
    return outcome->is_exact && kept_is_current(outcome->kept);
}

static void tell_answer(struct request *request, const void *ctx)
{
    const struct outcome *outcome = ctx;
    struct answer_lines lines;
    answer_head_write(&(struct answer_head){.is_confidential = request_is_confidential(request),
                          .varies = request->varies,
                          .is_read = true,
                          .coding = (enum coding)outcome->kept->coding,
                          .etag = outcome->kept->etag,
                          .source = request->source,
                          .is_collapsed = true},
        &lines);
    const char *headers = arena_strndup(&request->arena, lines.text, lines.len);
    request->is_joined = true;
    if (headers != NULL)
        request_use_kept(request, kept_ref(outcome->kept), headers);
    else
        request_set_busy(request, "out of memory");
    request_send_back(request);
}

// The answer in a form that others can have, and as it is kept; NULL without memory.
static struct kept *make_kept(struct request *request, const struct landing_marks *marks)
{
    const struct response *response = &request->response;
    struct key key = request->flight.key;
    bool is_for_all = response->coding == CODING_IDENTITY && answer_has_one_coding(response->body->len);
    if (is_for_all && request->coding != CODING_IDENTITY && !answer_key(request, CODING_IDENTITY, &key))
        return NULL;
    struct answer_lines lines;
    answer_head_write(&(struct answer_head){.is_confidential = request_is_confidential(request),
                          .varies = request->varies,
                          .is_read = true,
                          .coding = response->coding,
                          .digest = &response->digest,
                          .source = SOURCE_HIT},
        &lines);
    return kept_new(&(struct kept){.key = key,
        .status = response->status,
        .content_type = response->content_type,
        .coding = response->coding,
        .body = response->body,
        .headers = {.at = lines.text, .len = lines.len},
        .etag = lines.etag,
        .cursor = request->cursor,
        .rows = response->rows,
        .marks = marks->marks,
        .mark_count = marks->count,
        .has_marks = marks->are_known});
}

static void finish_headers(struct request *request, bool is_stored, uint64_t start_ns)
{
    const struct response *response = &request->response;
    bool has_body = response->body != NULL || response->file != NULL;
    struct answer_lines lines;
    uint64_t now_ns = clock_monotonic_ns();
    trace_note(request->trace, "queue", request->came_ns, start_ns);
    trace_note(request->trace, "sql", start_ns, now_ns);
    answer_head_write(&(struct answer_head){.is_confidential = request_is_confidential(request),
                          .varies = request->varies,
                          .is_read = true,
                          .coding = response->coding,
                          .digest = has_body ? &response->digest : NULL,
                          .source = request->source,
                          .is_stored = is_stored,
                          .queue_ns = start_ns - request->came_ns,
                          .sql_ns = now_ns - start_ns},
        &lines);
    if (request_set_headers(request, &lines))
        return;
    request_drop_body(request);
    request_set_busy(request, "out of memory");
}

struct kept *landing_keep(
    struct request *request, const struct landing_marks *marks, uint64_t start_ns, bool is_shared)
{
    struct cache *cache = request->context->cache;
    struct kept *kept = NULL;
    bool can_be_shared = request->has_key && request->response.body != NULL;
    bool is_wanted = can_be_shared && marks->are_known && cache_wants(cache, &request->flight.key);
    if (is_wanted || (can_be_shared && is_shared))
        kept = make_kept(request, marks);
    bool is_stored = is_wanted && kept != NULL && cache_keep(cache, kept);
    finish_headers(request, is_stored, start_ns);
    return kept;
}

void landing_answer(struct request *request, const struct landing_marks *marks, uint64_t start_ns)
{
    const struct store *store = request->context->services[request->service].store;
    struct outcome outcome = {.kept = landing_keep(request, marks, start_ns, true)};
    outcome.is_exact = outcome.kept != NULL && outcome.kept->has_marks && !versions_lag(store);
    land(request, still_holds, outcome.kept != NULL ? tell_answer : NULL, &outcome);
    kept_unref(outcome.kept);
    request_send_back(request);
}

// --- other ends

static void tell_error(struct request *request, const void *ctx)
{
    const struct request *leader = ctx;
    request_copy_problem(request, leader);
    request_send_back(request);
}

void landing_error(struct request *request)
{
    land(request, is_for_some, tell_error, request);
    request_send_back(request);
}

static bool is_always_for_all(const void *ctx)
{
    (void)ctx;
    return true;
}

static void tell_full(struct request *request, const void *ctx)
{
    request_set_full(request, "requests", *(const unsigned *)ctx);
    request_send_back(request);
}

void landing_refuse(struct request *request, unsigned retry_s)
{
    land(request, is_always_for_all, tell_full, &retry_s);
    tell_full(request, &retry_s);
}

bool landing_give_up(struct request *request)
{
    if (!request_is_abandoned(request))
        return false;
    land(request, is_for_some, NULL, NULL);
    request_send_back(request);
    return true;
}
