// SPDX-License-Identifier: Apache-2.0
// Joins the near answers, the lease that they were made under, and the door. What may be noted is decided
// here. On the request's loop.
#include "serve/near_hit.h"

#include "base/clock.h"
#include "serve/cors.h"
#include "serve/door.h"
#include "serve/loop_state.h"

// Whether who asks may have it.
static bool passes(const struct context *context, const struct http_exchange *exchange, struct loop *loop,
    const struct near_words *words, struct near_hit *hit)
{
    const struct near_answer *answer = hit->answer;
    if (!hit->lease->edition->apps[answer->service]->access.wants_keys)
        return true;
    if (hit->lease->edition->apps[answer->service]->access.takes_certificates &&
        http_certificate(exchange) != NULL)
        return false; // the door's other side
    struct credential credential = credential_of_fields(words->authorization, words->api_key);
    struct door door = door_of(context, loop, hit->lease, answer->service, answer->endpoint);
    enum door_verdict verdict = door_judge(&door, &credential, &hit->client, NULL);
    return verdict == DOOR_NOBODY || verdict == DOOR_CLIENT;
}

// Whether the plan of who asks lets it pass, and what of it the answer costs. What it does not let pass goes
// the long way.
static bool pays(struct context *context, const struct http_exchange *exchange, struct near_hit *hit)
{
    const struct near_answer *answer = hit->answer;
    const struct app *app = hit->lease->edition->apps[answer->service];
    struct verdict verdict = {0};
    if (app->quota_count == 0)
        return true;
    enum toll_payer payer =
        toll_find(context->limits, app, answer->service, hit->client, exchange, &hit->toll);
    if (payer != TOLL_PAYER)
        return payer == TOLL_FREE;
    toll_admit(&hit->toll, answer->endpoint, hit->now_ns, &verdict);
    if (verdict.admission != ADMITTED) {
        toll_fini(&hit->toll);
        return false;
    }
    if (hit->status != 304 && !http_is_head(exchange))
        toll_charge(&hit->toll, answer->kept->rows, answer->kept->body != NULL ? answer->kept->body->len : 0,
            hit->now_ns);
    return true;
}

struct near_hit near_hit_find(
    struct context *context, const struct http_exchange *exchange, const struct http_request *head)
{
    const struct near_hit none = {0};
    struct near_hit hit = {0};
    struct near_words words;
    if (context->watches_files || !near_words_of(head, &words))
        return none;
    if (context->has_admin && http_listen_of(exchange)->is_admin)
        return none;
    struct loop *loop = http_exchange_ref(exchange).loop;
    struct loop_state *state = loop_state(loop);
    hit.lease = lease_newest(&state->leases);
    if (hit.lease != NULL)
        hit.answer = near_find(state->near, &words, hit.lease->number);
    if (hit.answer == NULL)
        return none;
    hit.status = hit.answer->kept->status;
    hit.is_traced = words.has_trace && tracing_is_wanted(&context->tracing);
    if (words.none_match.at != NULL) {
        hit.status = 304;
        if (!span_equal(words.none_match, hit.answer->kept->etag))
            return none; // it is for condition.c
    }
    const struct app *app = hit.lease->edition->apps[hit.answer->service];
    if (app->cors.is_declared) {
        hit.cors = &app->cors;
        hit.origin = words.origin;
    }
    hit.now_ns = (int64_t)clock_monotonic_ns();
    return passes(context, exchange, loop, &words, &hit) && pays(context, exchange, &hit) ? hit : none;
}

void near_hit_reply(struct near_hit *hit, struct http_exchange *exchange)
{
    char text[TOLL_CHARS + CORS_CHARS];
    struct header_lines lines;
    const struct kept *kept = hit->answer->kept;
    header_lines_init(&lines, text, sizeof(text));
    if (hit->toll.quota != NULL)
        toll_write(&hit->toll, hit->now_ns, &lines);
    if (hit->cors != NULL)
        cors_write(hit->cors, hit->origin, &lines);
    http_reply(exchange, &(struct http_reply){.status = hit->status,
                             .content_type = kept->content_type,
                             .headers = kept->headers.at,
                             .more_headers = header_lines_text(&lines),
                             .body = blob_ref(kept->body)});
    toll_fini(&hit->toll);
}

void near_hit_describe(const struct near_hit *hit, struct request *request)
{
    request->lease = hit->lease;
    request->lease->holders++;
    request->client = hit->client;
    request->app = hit->lease->edition->apps[hit->answer->service];
    request->service = hit->answer->service;
    request->endpoint = hit->answer->endpoint;
    request->is_let_in = request->is_cached = request->is_near = true;
    request->series = hit->answer->series;
    request->response.status = hit->status;
    request->response.rows = hit->answer->kept->rows;
    if (hit->client != NULL)
        request->line.client = hit->client->id;
}

void near_hit_note(const struct request *request, const struct http_request *head)
{
    struct near_words words;
    const struct endpoint *endpoint = request->endpoint;
    bool is_plain = !request->context->watches_files && request->cursor.len == 0 &&
                    !endpoint->goes_by_clock && // words that mean another day tomorrow
                    !endpoint->is_personal && !request->shows_in_query && // which are a client's own
                    !versions_lag(request->context->services[request->service].store);
    const struct near_answer answer = {
        .kept = request->kept, .endpoint = endpoint, .service = request->service, .series = request->series};
    if (is_plain && near_words_of(head, &words))
        near_note(loop_state(request->ref.loop)->near, &words, request->lease->number, &answer);
}
