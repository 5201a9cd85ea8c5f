// SPDX-License-Identifier: Apache-2.0
// What a handler asks for, and what becomes of it. Nothing here writes to a socket or calls back into the
// handler's on_body: a connection that something happened to gets its turn (connection.c) when the caller is
// done, so that a handler may call these from anywhere on the loop. On the lane's thread.
#include "http/exchange.h"

#include <assert.h>
#include <stdio.h>

#include "base/mem.h"
#include "http/backlog.h"
#include "http/head.h"

static const struct http_handler *handler_of(const struct http_exchange *exchange)
{
    return exchange->connection->lane->shared->handler;
}

static void touch(struct connection *connection)
{
    if (!connection->turning)
        lane_touch(connection->lane, connection);
}

// --- life

// Of the lane's spare ones where there are any; zeroed. NULL without memory.
static struct http_exchange *take_zeroed(struct lane *lane)
{
    struct http_exchange *exchange = lane->spare;
    if (exchange == NULL)
        return mem_zalloc(1, sizeof(*exchange));
    lane->spare = exchange->next;
    lane->spare_count--;
    memset(exchange, 0, offsetof(struct http_exchange, inline_head));
    return exchange;
}

static void give_back(struct lane *lane, struct http_exchange *exchange)
{
    if (lane->spare_count == LIMIT_SPARE_EXCHANGES) {
        mem_free(exchange);
        return;
    }
    exchange->next = lane->spare;
    lane->spare = exchange;
    lane->spare_count++;
}

void exchanges_free_spare(struct lane *lane)
{
    while (lane->spare != NULL) {
        struct http_exchange *exchange = lane->spare;
        lane->spare = exchange->next;
        mem_free(exchange);
    }
}

struct http_exchange *exchange_new(struct connection *connection)
{
    struct http_exchange *exchange = take_zeroed(connection->lane);
    if (exchange == NULL)
        return NULL;
    exchange->connection = connection;
    exchange->number = connection->next_number++;
    exchange->head = exchange->inline_head;
    if (connection->last != NULL)
        connection->last->next = exchange;
    else
        connection->first = exchange;
    connection->last = exchange;
    connection->exchanges++;
    connection->running++;
    return exchange;
}

void exchange_run_alone(struct http_exchange *exchange)
{
    struct connection *connection = exchange->connection;
    connection->exclusive = exchange;
    exchange->is_unsafe = true;
    atomic_fetch_add_explicit(&connection->lane->shared->unsafe, 1, memory_order_relaxed);
}

static void drop_answer(struct http_exchange *exchange)
{
    if (exchange->head != exchange->inline_head)
        mem_free(exchange->head);
    exchange->head = exchange->inline_head;
    blob_unref(exchange->body);
    exchange->body = NULL;
    if (exchange->file != NULL)
        lane_drop_file(exchange->connection->lane, exchange->file);
    exchange->file = NULL;
    exchange->file_bytes = 0;
    backlog_remove(exchange);
}

void exchange_free(struct http_exchange *exchange)
{
    drop_answer(exchange);
    http_body_fini(&exchange->received);
    if (exchange->is_unsafe)
        atomic_fetch_sub_explicit(&exchange->connection->lane->shared->unsafe, 1, memory_order_relaxed);
    mem_free(exchange->client);
    give_back(exchange->connection->lane, exchange);
}

void exchange_tell_end(struct http_exchange *exchange, size_t body_bytes)
{
    const struct http_handler *handler = handler_of(exchange);
    handler->on_end(handler->ctx, exchange, exchange->started ? exchange->status : 0, body_bytes);
}

// --- the answer

// Whether reading the rest of a body that nobody wants is cheaper than a new connection. A client that still
// waits for 100 Continue may never send it.
static bool is_worth_skipping(const struct http_exchange *exchange)
{
    return !exchange->awaits_continue && (exchange->chunked || exchange->body_left <= LIMIT_SKIP_BYTES);
}

// Nothing of this request runs any more.
static void stop_running(struct http_exchange *exchange)
{
    struct connection *connection = exchange->connection;
    if (exchange->state == EXCHANGE_RUNNING || exchange->state == EXCHANGE_RECEIVING)
        connection->running--;
    if (connection->exclusive == exchange)
        connection->exclusive = NULL;
    http_body_fini(&exchange->received);
    exchange->continue_due = false;
}

static enum http_persistence persistence(const struct http_exchange *exchange)
{
    if (exchange->close)
        return HTTP_CLOSE;
    return exchange->old_client ? HTTP_KEEP_ALIVE : HTTP_STAYS_OPEN;
}

static size_t reply_bytes(const struct http_reply *reply)
{
    if (reply->file != NULL)
        return http_file_bytes(reply->file);
    return reply->body != NULL ? reply->body->len : 0;
}

// Whether bytes of the reply's body are sent.
static bool has_body(const struct http_exchange *exchange, const struct http_reply *reply)
{
    return !exchange->is_head && reply->status != 204 && reply->status != 304 && reply_bytes(reply) > 0;
}

// Content-Length stands for a body that is left out, too.
static void write_head(struct http_exchange *exchange, const struct http_reply *reply, size_t body_bytes)
{
    bool has_length =
        reply->status != 204 && (reply->status != 304 || reply->body != NULL || reply->file != NULL);
    struct http_head head = {
        .status = reply->status,
        .content_type = reply->content_type,
        .has_length = has_length, // RFC 9110 section 8.6
        .content_length = body_bytes,
        .date = lane_date(exchange->connection->lane),
        .persistence = persistence(exchange),
        .headers = reply->headers,
        .more_headers = reply->more_headers,
    };
    size_t max = http_head_max(&head);
    char *large = max > sizeof(exchange->inline_head) ? mem_alloc(max) : NULL;
    if (large != NULL) {
        exchange->head = large;
    } else if (max > sizeof(exchange->inline_head)) { // say no more than fits
        drop_answer(exchange);
        exchange->close = true;
        exchange->status = 503;
        head = (struct http_head){
            .status = 503, .has_length = true, .date = head.date, .persistence = HTTP_CLOSE};
        if (exchange->is_unsafe) // a 503 would have its client do again what is done
            connection_break(exchange->connection);
    }
    exchange->head_len = http_head_write(&head, exchange->head);
}

// The client's time for its body begins, anew when only the rest of it is to be dropped.
static void start_body(struct http_exchange *exchange)
{
    exchange->body_came = 0;
    pace_start(&exchange->pace, 0, lane_now_ms(exchange->connection->lane));
}

// Whether the connection ends after the answer. True when the rest of an unread body is read first.
static bool decide_end(struct http_exchange *exchange, bool wants_close)
{
    struct connection *connection = exchange->connection;
    bool unread = connection->receiver == exchange;
    bool skip = unread && exchange->keep_alive && !wants_close && is_worth_skipping(exchange);
    bool last_of_drain =
        connection_has_to_end(connection) && connection->last == exchange && connection->input == NULL;
    exchange->close = !exchange->keep_alive || wants_close || (unread && !skip) || last_of_drain;
    if (unread && !skip)
        connection->receiver = NULL;
    return skip;
}

// Takes what the reply has, or frees it where none of it is sent.
static void take_body(struct http_exchange *exchange, const struct http_reply *reply, size_t body_bytes)
{
    if (has_body(exchange, reply)) {
        exchange->body = reply->body;
        exchange->file = reply->file;
        exchange->file_bytes = reply->file != NULL ? body_bytes : 0;
    } else {
        blob_unref(reply->body);
        http_file_free_later(reply->file, exchange->connection->lane->loop);
    }
}

static void answer(struct http_exchange *exchange, const struct http_reply *reply)
{
    assert(reply->status >= 200 && reply->status <= 599);
    struct connection *connection = exchange->connection;
    size_t body_bytes = reply_bytes(reply);
    stop_running(exchange);
    bool skip = decide_end(exchange, reply->close);
    exchange->status = reply->status;
    take_body(exchange, reply, body_bytes);
    write_head(exchange, reply, body_bytes);
    if (exchange->file == NULL)
        backlog_add(exchange);
    exchange->state = skip ? EXCHANGE_HELD : EXCHANGE_ANSWERED;
    start_body(exchange);
    if (exchange->close)
        connection_take_no_more(connection);
    touch(connection);
}

static void refuse(struct http_exchange *exchange, const struct http_refusal *refusal, bool close)
{
    const struct http_handler *handler = handler_of(exchange);
    struct http_reply reply = {.status = refusal->status};
    if (refusal->status == 503)
        reply.headers = "Retry-After: 1\r\n";
    if (handler->on_refuse != NULL)
        handler->on_refuse(handler->ctx, exchange, refusal->status, refusal->detail, &reply);
    reply.status = refusal->status;
    reply.close = close;
    drop_answer(exchange);
    answer(exchange, &reply);
}

void http_reply(struct http_exchange *exchange, const struct http_reply *reply)
{
    assert(exchange->state == EXCHANGE_RUNNING || exchange->state == EXCHANGE_RECEIVING);
    assert(reply->body == NULL || reply->file == NULL);
    struct lane *lane = exchange->connection->lane;
    bool is_safe = exchange->connection->exclusive != exchange;
    if (reply->file == NULL || !has_body(exchange, reply) || lane_claim_file(lane, is_safe)) {
        answer(exchange, reply);
        return;
    }
    http_file_free_later(reply->file, lane->loop);
    struct http_refusal refusal;
    http_refuse(&refusal, 503, "too many answers are under way: ask again later");
    refuse(exchange, &refusal, reply->close);
}

void exchange_refuse(struct http_exchange *exchange, const struct http_refusal *refusal)
{
    refuse(exchange, refusal, true);
}

// --- the body

void exchange_refuse_body(struct http_exchange *exchange, enum err_code code)
{
    struct http_refusal refusal;
    if (code == ERR_TOO_LARGE)
        http_refuse(&refusal, 413, "the body is larger than %zu bytes", exchange->max_body_bytes);
    else
        http_refuse(&refusal, 503, "there is no room for the body now: send it again later");
    exchange_refuse(exchange, &refusal);
}

void exchange_body_has_come(struct http_exchange *exchange)
{
    assert(exchange->state == EXCHANGE_RECEIVING);
    handler_of(exchange)->on_body(handler_of(exchange)->ctx, exchange);
}

void exchange_body_is_whole(struct http_exchange *exchange)
{
    struct connection *connection = exchange->connection;
    exchange->whole = true;
    if (connection->receiver == exchange)
        connection->receiver = NULL;
    if (exchange->state == EXCHANGE_HELD) {
        exchange->state = EXCHANGE_ANSWERED;
    } else {
        assert(exchange->state == EXCHANGE_RECEIVING);
        exchange->state = EXCHANGE_RUNNING;
        handler_of(exchange)->on_body(handler_of(exchange)->ctx, exchange);
        assert(exchange->state != EXCHANGE_RUNNING || exchange->deferred);
    }
}

void exchange_stop_skipping(struct http_exchange *exchange)
{
    struct connection *connection = exchange->connection;
    assert(exchange->state == EXCHANGE_HELD);
    exchange->state = EXCHANGE_ANSWERED;
    exchange->close = true; // too late to say so
    connection->receiver = NULL;
    connection_take_no_more(connection);
}

void http_receive_body(struct http_exchange *exchange, size_t max_bytes)
{
    assert(exchange->state == EXCHANGE_RUNNING);
    struct connection *connection = exchange->connection;
    struct budget *budget = &connection->lane->shared->budget;
    exchange->max_body_bytes = max_bytes;
    if (exchange->body_left > max_bytes) {
        exchange_refuse_body(exchange, ERR_TOO_LARGE);
        return;
    }
    if (budget_is_spent(budget)) {
        exchange_refuse_body(exchange, ERR_BUSY);
        return;
    }
    http_body_init(&exchange->received, budget, exchange->body_left);
    exchange->state = EXCHANGE_RECEIVING;
    start_body(exchange);
    exchange->continue_due = exchange->awaits_continue;
    touch(connection);
}

size_t http_body_waiting(const struct http_exchange *exchange)
{
    return exchange->received.len;
}

bool http_body_is_whole(const struct http_exchange *exchange)
{
    return exchange->whole;
}

void http_take_body(struct http_exchange *exchange, struct http_body *ret_body)
{
    assert(exchange->state == EXCHANGE_RECEIVING || exchange->state == EXCHANGE_RUNNING);
    struct http_body *received = &exchange->received;
    *ret_body = *received;
    http_body_init(received, ret_body->budget, exchange->body_left);
}

bool exchange_lacks_credit(const struct http_exchange *exchange)
{
    return exchange->state == EXCHANGE_RECEIVING && exchange->unpaid_bytes >= LIMIT_BODY_WINDOW_BYTES;
}

// The client's time begins anew with its credit: that it could send nothing meanwhile was not its fault. What
// it has sent before counts for the new window, so a client that sends much at once may pause as long as if
// it had been read all the while.
void http_credit_body(struct http_exchange *exchange, size_t bytes)
{
    struct connection *connection = exchange->connection;
    bool lacked = exchange_lacks_credit(exchange);
    assert(bytes <= exchange->unpaid_bytes);
    exchange->unpaid_bytes -= bytes;
    if (!lacked || exchange_lacks_credit(exchange))
        return;
    pace_resume(&exchange->pace, lane_now_ms(connection->lane));
    touch(connection);
}

// --- what else a handler asks

void http_defer(struct http_exchange *exchange)
{
    exchange->deferred = true;
}

void http_set_user(struct http_exchange *exchange, void *user)
{
    exchange->user = user;
}

void *http_user(const struct http_exchange *exchange)
{
    return exchange->user;
}

void http_set_note(struct http_exchange *exchange, struct http_note note)
{
    exchange->note = note;
}

struct http_note http_note(const struct http_exchange *exchange)
{
    return exchange->note;
}

size_t http_received_bytes(const struct http_exchange *exchange)
{
    return exchange->body_bytes;
}

bool http_is_head(const struct http_exchange *exchange)
{
    return exchange->is_head;
}

const struct http_listen *http_listen_of(const struct http_exchange *exchange)
{
    return exchange->connection->listen;
}

const struct tls_peer *http_certificate(const struct http_exchange *exchange)
{
    return stream_peer(&exchange->connection->stream);
}

struct http_ref http_exchange_ref(const struct http_exchange *exchange)
{
    const struct connection *connection = exchange->connection;
    return (struct http_ref){
        .loop = connection->lane->loop,
        .slot = connection->slot,
        .generation = connection->generation,
        .number = exchange->number,
    };
}
