// SPDX-License-Identifier: Apache-2.0
// Bytes are worked on where they were read, in the lane's buffer. What cannot be done yet is kept in a buffer
// of the connection's own, which is gone as soon as it is empty, so that an idle connection has none:
// - a head of which a part is missing (at most LIMIT_HEAD_BYTES);
// - what follows a head whose turn has not come, or a body that the handler has not decided about (at most
//   one more read, as reading pauses then).
// On the lane's thread.
#include "http/input.h"

#include <assert.h>

#include "base/mem.h"
#include "http/client.h"
#include "http/exchange.h"

enum { FIRST_INPUT_BYTES = 1024 };

struct input {
    struct http_parser parser; // of the head that starts at `start`
    size_t start;              // the first byte not worked on
    size_t len;                // bytes that are here, from 0
    size_t cap;                // bytes that fit
    char bytes[];              //
};

// --- bodies

// Keeps a run of data, or drops it where nobody wants it. False when it was refused.
static bool store(struct http_exchange *exchange, struct span data)
{
    if (exchange->state == EXCHANGE_HELD)
        return true;
    enum err_code code = ERR_TOO_LARGE;
    if (data.len <= exchange->max_body_bytes - exchange->body_bytes)
        code = http_body_append(&exchange->received, data);
    if (code != ERR_NONE) {
        exchange_refuse_body(exchange, code);
        return false;
    }
    exchange->body_bytes += data.len;
    exchange->unpaid_bytes += data.len;
    return true;
}

static void take_sized(struct http_exchange *exchange, struct span *input)
{
    size_t len = exchange->body_left < input->len ? (size_t)exchange->body_left : input->len;
    struct span data = {.at = input->at, .len = len};
    input->at += len;
    input->len -= len;
    exchange->body_left -= len;
    if (store(exchange, data) && exchange->body_left == 0)
        exchange_body_is_whole(exchange);
}

static void take_chunked(struct http_exchange *exchange, struct span *input)
{
    struct http_refusal refusal;
    struct span data;
    for (;;) {
        switch (http_chunks_next(&exchange->chunks, input, &data, &refusal)) {
        case HTTP_DATA:
            if (!store(exchange, data))
                return;
            break;
        case HTTP_DONE:
            exchange_body_is_whole(exchange);
            return;
        case HTTP_REFUSED:
            exchange_refuse(exchange, &refusal);
            return;
        case HTTP_MORE:
            return;
        }
    }
}

// Takes what is of the receiver's body off the input. When it is all there, or nobody waits for it any more,
// the connection has no receiver.
static void take_body(struct connection *connection, struct span *input)
{
    struct http_exchange *exchange = connection->receiver;
    size_t before = input->len, had_bytes = exchange->body_bytes;
    exchange->awaits_continue = exchange->continue_due = false; // the client did not wait
    if (exchange->chunked)
        take_chunked(exchange, input);
    else
        take_sized(exchange, input);
    if (connection->receiver != exchange)
        return;
    exchange->body_came += before - input->len;
    if (exchange->state == EXCHANGE_HELD && exchange->body_came > LIMIT_SKIP_BYTES)
        exchange_stop_skipping(exchange);
    else if (exchange->state == EXCHANGE_RECEIVING && exchange->body_bytes > had_bytes)
        exchange_body_has_come(exchange);
}

// The handler has said what becomes of the body.
static bool is_decided(const struct http_exchange *exchange)
{
    return exchange->state == EXCHANGE_RECEIVING || exchange->state == EXCHANGE_HELD;
}

// --- heads

static void refuse_head(struct connection *connection, const struct http_refusal *refusal)
{
    struct http_exchange *exchange = exchange_new(connection);
    if (exchange == NULL)
        connection_break(connection);
    else
        exchange_refuse(exchange, refusal);
}

// Safe requests run beside each other; any other one runs alone, so that what comes after it sees what it
// did. Nothing is started while the client does not take answers.
static bool may_start(const struct connection *connection, enum http_method method)
{
    bool is_busy = connection->stream.is_writing || connection->sending != NULL;
    if (connection->exchanges >= LIMIT_PIPELINE || is_busy || connection->exclusive != NULL)
        return false;
    return connection->running == 0 || http_method_is_safe(method);
}

// Hands the head at `input` to the handler.
static void start_exchange(struct connection *connection, const struct http_parser *parser, struct span input)
{
    struct http_request request;
    http_parser_request(parser, input.at, &request);
    bool is_whole = !request.chunked && request.content_length == 0;
    connection->parting = !request.keep_alive && is_whole;
    request.keep_alive = request.keep_alive && !connection_has_to_end(connection);
    struct http_exchange *exchange = exchange_new(connection);
    if (exchange == NULL) {
        connection_break(connection);
        return;
    }
    exchange->is_head = request.method == HTTP_HEAD;
    exchange->old_client = !request.minor_version;
    exchange->keep_alive = request.keep_alive;
    exchange->chunked = request.chunked;
    exchange->body_left = request.content_length;
    exchange->whole = is_whole;
    exchange->awaits_continue = request.expects_continue && input.len == parser->at;
    if (!exchange->whole)
        connection->receiver = exchange;
    if (!http_method_is_safe(request.method))
        exchange_run_alone(exchange);
    if (!request.keep_alive)
        connection_take_no_more(connection);
    if (!client_find(exchange, &request)) {
        connection_break(connection);
        return;
    }

    const struct http_handler *handler = connection->lane->shared->handler;
    handler->on_request(handler->ctx, exchange, &request);
    assert(exchange->state != EXCHANGE_RUNNING || exchange->deferred);
    if (exchange->state == EXCHANGE_RECEIVING && exchange->whole)
        exchange_body_is_whole(exchange);
}

// Parses on; false when there is nothing to do before more bytes, or something else, have come.
static bool take_head(struct connection *connection, struct http_parser *parser, struct span *input)
{
    struct http_refusal refusal;
    switch (http_parse(parser, *input, &refusal)) {
    case HTTP_DONE:
        connection->head_ms = 0;
        if (!may_start(connection, (enum http_method)parser->method)) {
            connection->stalled = true;
            return false;
        }
        start_exchange(connection, parser, *input);
        input->at += parser->at;
        input->len -= parser->at;
        http_parser_init(parser);
        return true;
    case HTTP_REFUSED:
        http_parser_init(parser);
        refuse_head(connection, &refusal);
        return true;
    default:
        if (input->len > 0 && connection->head_ms == 0)
            connection->head_ms = lane_now_ms(connection->lane);
        return false;
    }
}

// Works on `input` as far as possible, and takes off it what is done.
static void work(struct connection *connection, struct http_parser *parser, struct span *input)
{
    connection->stalled = false;
    while (connection->phase == CONNECTION_OPEN || connection->phase == CONNECTION_LAST) {
        if (connection->receiver != NULL) {
            if (!is_decided(connection->receiver)) {
                connection->stalled = input->len > 0;
                return;
            }
            if (input->len == 0)
                return;
            take_body(connection, input);
        } else if (connection->phase == CONNECTION_OPEN) {
            if (!take_head(connection, parser, input))
                return;
        } else {
            break;
        }
    }
    // Nothing that comes now is of a request that will be answered.
    connection->stalled = input->len > 0;
    connection->parting = connection->parting && input->len == 0;
    connection->head_ms = 0;
    input->len = 0;
}

// Bodies that are asked for late, of requests that have none.
static void give_empty_bodies(struct connection *connection)
{
    for (struct http_exchange *exchange = connection->first; exchange != NULL; exchange = exchange->next) {
        if (exchange->state == EXCHANGE_RECEIVING && exchange->whole)
            exchange_body_is_whole(exchange);
    }
}

// --- what is kept

void input_drop(struct connection *connection)
{
    mem_free(connection->input);
    connection->input = NULL;
}

// Makes room for `more` bytes behind those that are kept.
static bool reserve(struct connection *connection, size_t more)
{
    struct input *input = connection->input;
    size_t need = (input != NULL ? input->len : 0) + more;
    if (input != NULL && input->cap >= need)
        return true;
    size_t cap = input != NULL ? input->cap : FIRST_INPUT_BYTES;
    while (cap < need)
        cap *= 2;
    struct input *grown = mem_realloc(input, sizeof(*grown) + cap);
    if (grown == NULL)
        return false;
    if (input == NULL) {
        grown->start = 0;
        grown->len = 0;
        http_parser_init(&grown->parser);
    }
    grown->cap = cap;
    connection->input = grown;
    return true;
}

static bool append(struct connection *connection, struct span bytes)
{
    struct input *input = connection->input;
    if (input != NULL && input->start > 0) {
        input->len -= input->start;
        memmove(input->bytes, input->bytes + input->start, input->len);
        input->start = 0;
    }
    if (!reserve(connection, bytes.len))
        return false;
    input = connection->input;
    memcpy(input->bytes + input->len, bytes.at, bytes.len);
    input->len += bytes.len;
    return true;
}

void input_resume(struct connection *connection)
{
    give_empty_bodies(connection);
    struct input *input = connection->input;
    if (input == NULL)
        return;
    struct span bytes = {.at = input->bytes + input->start, .len = input->len - input->start};
    work(connection, &input->parser, &bytes);
    input->start = input->len - bytes.len;
    if (bytes.len == 0)
        input_drop(connection);
}

void input_take(struct connection *connection, struct span bytes)
{
    bool kept = true;
    if (connection->input != NULL) {
        kept = append(connection, bytes);
        if (kept)
            input_resume(connection);
    } else {
        struct http_parser *parser = &connection->lane->parser;
        work(connection, parser, &bytes);
        if (bytes.len > 0) {
            kept = append(connection, bytes);
            if (kept)
                http_parser_copy(&connection->input->parser, parser);
        }
        http_parser_init(parser);
    }
    if (!kept)
        connection_break(connection);
}
