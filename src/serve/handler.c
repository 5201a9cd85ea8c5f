// SPDX-License-Identifier: Apache-2.0
// What http calls, and the one place that decides where a request goes next. A request that its loop has
// answered lately in the same words goes no further than near_hit.c; of all others the head is read, and
// go_on hands them to the file that knows the rest. Runs on the request's loop, and nothing here waits.
//
// A request is the loop's, except while it is away (request.h says with whom). If its client goes meanwhile,
// on_end marks it and its mail frees it; otherwise on_end frees it. So it is always freed on its loop.
#include "serve/handler.h"

#include "base/limits.h"
#include "serve/away.h"
#include "serve/cors.h"
#include "serve/counting.h"
#include "serve/metering.h"
#include "serve/near_hit.h"
#include "serve/own_pages.h"
#include "serve/read_begin.h"
#include "serve/reads_task.h"
#include "serve/reply.h"
#include "serve/request.h"
#include "serve/request_head.h"
#include "serve/request_log.h"
#include "serve/static.h"
#include "serve/upload.h"
#include "serve/waiting.h"
#include "serve/write_begin.h"

static void on_waited(struct mail *mail);

static void start_page(struct request *request, struct http_exchange *exchange)
{
    if (request->page->run != NULL) {
        reads_task_start(request, exchange, request->page->run);
        return;
    }
    away_begin_for_reply(request, exchange);
    request->page->ask(request);
}

static void go_on(struct request *request, struct http_exchange *exchange, const struct http_request *head)
{
    switch (request_head_read(request, exchange, head)) {
    case NEXT_REPLY:
        reply_send(request, exchange);
        break;
    case NEXT_KEYS:
        waiting_for_keys(request, exchange, head, on_waited);
        break;
    case NEXT_RATION:
        waiting_for_ration(request, exchange, head, on_waited);
        break;
    case NEXT_PAGE:
        start_page(request, exchange);
        break;
    case NEXT_FILE:
        reads_task_start(request, exchange, static_run);
        break;
    case NEXT_QUESTION:
        http_receive_body(exchange, LIMIT_FORM_BYTES);
        break;
    case NEXT_READ:
        read_begin(request, exchange, head);
        break;
    case NEXT_WRITE:
        write_begin(request, exchange);
        break;
    case NEXT_ROWS:
        write_begin_rows(request, exchange, head);
        break;
    }
}

static void on_waited(struct mail *mail)
{
    struct request *request = CONTAINER_OF(mail, struct request, mail);
    struct http_exchange *exchange = waiting_end(request);
    if (exchange != NULL)
        go_on(request, exchange, request->heard);
}

// Without memory for it links go without.
static void keep_prefix(struct request *request, const struct http_exchange *exchange)
{
    struct span prefix = http_prefix(exchange);
    const char *kept = prefix.len > 0 ? arena_strndup(&request->arena, prefix.at, prefix.len) : NULL;
    if (kept != NULL)
        request->prefix = (struct span){.at = kept, .len = prefix.len};
}

static void on_request(void *ctx, struct http_exchange *exchange, const struct http_request *head)
{
    struct context *context = ctx;
    struct near_hit hit = near_hit_find(context, exchange, head);
    if (hit.answer != NULL && context->access_log == NULL && !hit.is_traced) {
        counting_note_near(exchange, &hit);
        metering_count_near(context, http_exchange_ref(exchange).loop, &hit, head->method);
        near_hit_reply(&hit, exchange);
        return;
    }
    struct request *request = request_new(context, head);
    if (request == NULL) {
        toll_fini(&hit.toll);
        http_reply(exchange, &(struct http_reply){.status = 503, .headers = RETRY_SOON});
        return;
    }
    http_set_user(exchange, request);
    request->ref = http_exchange_ref(exchange);
    keep_prefix(request, exchange);
    if (hit.answer != NULL) {
        near_hit_describe(&hit, request);
        request_head_mask_credentials(request, head);
        near_hit_reply(&hit, exchange);
    } else if (!waiting_for_reload(request, exchange, head, on_waited)) {
        go_on(request, exchange, head);
    }
}

static void on_body(void *ctx, struct http_exchange *exchange)
{
    (void)ctx;
    struct request *request = http_user(exchange);
    if (!request->away) // else it is taken when the task is back
        upload_take_part(request, exchange);
}

static void on_end(void *ctx, struct http_exchange *exchange, int status, size_t body_bytes)
{
    struct context *context = ctx;
    struct request *request = http_user(exchange);
    // An address takes longer to write than a hit.
    bool is_logged = context->access_log != NULL || (request != NULL && request->trace != NULL);
    request_log_end(context, request, is_logged ? http_peer(exchange) : "", status, body_bytes);
    counting_end(context, request, exchange, status, body_bytes);
    if (request == NULL)
        return;
    request->sent_status = status;
    request->sent_bytes = body_bytes;
    if (!request->away || flights_leave(context->flights, &request->flight))
        request_free(request);
    else
        atomic_store_explicit(&request->abandoned, true, memory_order_relaxed); // freed when its mail comes
}

// The request may be a worker's just now, so nothing of it is changed.
static void on_refuse(
    void *ctx, struct http_exchange *exchange, int status, const char *detail, struct http_reply *answer)
{
    static _Thread_local char text[CORS_CHARS];
    const struct request *request = http_user(exchange);
    struct header_lines lines;
    (void)ctx;
    header_lines_init(&lines, text, sizeof(text));
    if (request != NULL && request->cors != NULL)
        cors_write(request->cors, request->origin, &lines);
    answer->more_headers = header_lines_text(&lines);
    answer->content_type = PROBLEM_MEDIA_TYPE;
    answer->body = problem_blob(&(struct problem){.status = status, .detail = detail});
    if (answer->body == NULL)
        answer->content_type = NULL;
    if (status == 503)
        answer->headers = RETRY_SOON;
}

static void on_turned_away(void *ctx, const char *peer, const char *why)
{
    struct context *context = ctx;
    turned_away_tell(&context->turned_away, context->error_log, peer, why);
}

struct http_handler request_handler(struct context *context)
{
    return (struct http_handler){.ctx = context,
        .on_request = on_request,
        .on_body = on_body,
        .on_end = on_end,
        .on_refuse = on_refuse,
        .on_turned_away = on_turned_away};
}
