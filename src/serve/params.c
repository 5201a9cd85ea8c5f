// SPDX-License-Identifier: Apache-2.0
// Hands what a request says to those who know what it means: parameters are query.c's and claims.c's, formats
// format.c's. The body of a question is whole by now (question.c). On the request's loop, but params_read.
#include "serve/params.h"

#include <stdio.h>

#include "serve/body_head.h"
#include "serve/claims.h"
#include "serve/format.h"
#include "serve/query.h"

bool params_keep(struct request *request, const struct http_request *head, struct span *parts)
{
    const struct endpoint *endpoint = request->endpoint;
    bool is_cut = request->query.at != NULL; // by the door
    bool kept = is_cut || arena_copy(&request->arena, head->query, &request->query);
    for (size_t i = 0; kept && i < endpoint->part_count; i++)
        kept = endpoint->parts[i].param < 0 || arena_copy(&request->arena, parts[i], &parts[i]);
    if (kept && endpoint->page_rows > 0)
        kept = arena_copy(&request->arena, head->path, &request->path);
    request->parts = parts;
    request->params = arena_zalloc(&request->arena, endpoint->param_count, sizeof(struct value));
    if (kept && request->params != NULL)
        return true;
    request_set_busy(request, "out of memory");
    return false;
}

bool params_read(struct request *request)
{
    struct report *report = &request->report;
    struct query_found found = {.values = request->params};
    struct err err = {0};
    const struct query_texts texts = {.parts = request->parts,
        .query = request->query,
        .body = buf_span(&request->asked.bytes),
        .body_is_json = request->asked.is_json};
    enum err_code code =
        claims_read(request->endpoint, request->client, &request->arena, request->params, report, &err);
    if (code != ERR_NONE) {
        request_set_error(request, &err, report);
        return false;
    }
    code = query_read(request->endpoint, &texts, &request->arena, &found, report, &err);
    if (code == ERR_NONE) {
        request->format = found.format;
        request->varies = !found.has_format;
        request->is_of_moment = found.is_of_moment;
        return true;
    }
    if (code == ERR_INVALID)
        report->status = 400;
    if (code == ERR_MEDIA_TYPE)
        body_head_refuse_question(request, err.text);
    else
        request_set_error(request, &err, report);
    return false;
}

bool params_negotiate(struct request *request, const struct http_request *head)
{
    if (!request->varies || format_accepted(request->endpoint, head, &request->format))
        return true;
    char types[FORMAT_LIST_CHARS], detail[FORMAT_LIST_CHARS + 64];
    format_types(request->endpoint, types);
    snprintf(detail, sizeof(detail), "the answer is %s, which Accept leaves out", types);
    request_set_problem(request, &(struct problem){.status = 406, .detail = detail}, "Vary: Accept\r\n");
    return false;
}
