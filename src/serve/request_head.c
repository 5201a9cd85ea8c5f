// SPDX-License-Identifier: Apache-2.0
// The order in which a head is read, which decides what a request with several faults is told. Where each
// part leads is another file's: routing.c, door.c, paying.c, params.c, body_head.c. Runs on the request's
// loop, and never waits: what it would have to wait for it tells as a step.
#include "serve/request_head.h"

#include <stdio.h>

#include "serve/body_head.h"
#include "serve/condition.h"
#include "serve/cors.h"
#include "serve/credential.h"
#include "serve/door.h"
#include "serve/loop_state.h"
#include "serve/own_pages.h"
#include "serve/params.h"
#include "serve/paying.h"
#include "serve/preference.h"
#include "serve/question.h"
#include "serve/repeating.h"
#include "serve/routing.h"

enum { DETAIL_BYTES = 256 };

// Reads the preconditions.
static bool read_condition(struct request *request, const struct http_request *head)
{
    struct err err = {0};
    if (condition_read(head, &request->arena, &request->condition, &err) == ERR_NONE)
        return true;
    request_set_error(request, &err, &request->report);
    return false;
}

// Whether a write may be done as far as its preconditions go. They come last: what is refused without them is
// refused for its own reason (RFC 9110 section 13.2.1).
static bool check_condition(struct request *request)
{
    const char *field = condition_of_write(&request->condition);
    if (field == NULL)
        return true;
    char detail[DETAIL_BYTES];
    snprintf(detail, sizeof(detail),
        "what is here has neither an entity tag nor a time of modification, so %s cannot be met: "
        "nothing was written",
        field);
    request_refuse(request, 412, detail);
    return false;
}

// Whether the request may come in to its endpoint. Who is not let in has the response, or has to wait.
static bool let_in(
    struct request *request, const struct http_exchange *exchange, const struct http_request *head)
{
    request->is_let_in = door_let_in(request, exchange, head) &&
                         (request->app->quota_count == 0 || paying_admit(request, exchange));
    return request->is_let_in;
}

static enum next_step not_let_in(const struct request *request)
{
    if (request->asks_ration)
        return NEXT_RATION;
    return request->response.status == 0 ? NEXT_KEYS : NEXT_REPLY;
}

static enum next_step read_page(struct request *request, const struct http_request *head)
{
    const struct own_page *page = request->page;
    if (page->set_response != NULL) {
        page->set_response(request, head);
        return NEXT_REPLY;
    }
    return page->begin(request, head) ? NEXT_PAGE : not_let_in(request);
}

static enum next_step read_of_read(struct request *request, const struct http_request *head)
{
    if (request->endpoint->is_question && (head->content_length > 0 || head->chunked))
        return question_expect_body(request, head) ? NEXT_QUESTION : NEXT_REPLY;
    return params_read(request) && params_negotiate(request, head) ? NEXT_READ : NEXT_REPLY;
}

static enum next_step read_of_write(struct request *request, const struct http_request *head)
{
    if (!params_read(request) || !params_negotiate(request, head))
        return NEXT_REPLY;
    preference_read(request, head);
    if (!body_head_check(request, head) || !check_condition(request) || !repeating_begin(request, head))
        return NEXT_REPLY;
    return request->endpoint->field_count == 0 ? NEXT_WRITE : NEXT_ROWS;
}

// The head of a request that is routed.
static enum next_step read_routed(struct request *request, const struct http_exchange *exchange,
    const struct http_request *head, const struct route_match *match)
{
    const struct route *route = match->route;
    request->series = route->series;
    request->page = route->page;
    if (route->page != NULL)
        return read_page(request, head);
    request->service = route->service;
    request->app = request->lease->edition->apps[route->service];
    request->endpoint = route->endpoint;
    request->file = route->file;
    cors_begin(request, request->app, head);
    if (route->is_folder) {
        routing_set_redirect(request, head);
        return NEXT_REPLY;
    }
    if (route->file != NULL || endpoint_is_read(route->endpoint))
        request->coding = coding_accepted(head);
    if (route->file != NULL)
        return NEXT_FILE;
    if (!let_in(request, exchange, head))
        return not_let_in(request);
    if (!params_keep(request, head, match->parts))
        return NEXT_REPLY;
    return endpoint_is_read(route->endpoint) ? read_of_read(request, head) : read_of_write(request, head);
}

void request_head_mask_credentials(struct request *request, const struct http_request *head)
{
    const struct edition *edition = request->lease->edition;
    for (size_t i = 0; head->query.len > 0 && i < edition->app_count; i++) {
        struct span name = edition->apps[i]->access.query;
        if (name.len > 0)
            credential_mask(request->line.target, request->line.target_len, name);
    }
}

enum next_step request_head_read(
    struct request *request, const struct http_exchange *exchange, const struct http_request *head)
{
    struct route_match match;
    request->lease = lease_borrow(&loop_state(request->ref.loop)->leases);
    if (request->lease == NULL) {
        request_set_busy(request, "out of memory");
        return NEXT_REPLY;
    }
    request_head_mask_credentials(request, head);
    if (!routing_find(request, exchange, head, &match) || !read_condition(request, head))
        return NEXT_REPLY;
    return read_routed(request, exchange, head, &match);
}
