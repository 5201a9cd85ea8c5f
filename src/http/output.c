// SPDX-License-Identifier: Apache-2.0
// uv_try_write first: nearly always the socket takes all of it, and nothing has to be kept. What it does not
// take goes to uv_write, one at a time; the exchanges that it is of stay until it is done, as their heads and
// blobs are written from where they are.
#include "http/output.h"

#include <assert.h>

#include "http/exchange.h"

enum { MAX_PARTS = 2 * (LIMIT_PIPELINE + 1) + 1 }; // one refusal beside a full pipeline, one interim answer

static char CONTINUE[] = "HTTP/1.1 100 Continue\r\n\r\n"; // not const, as uv_buf_t wants it; never written to

// What goes out in one write.
struct outgoing {
    uv_buf_t parts[MAX_PARTS];       // borrowed
    unsigned part_count;             // parts in use
    size_t bytes;                    // of all parts
    size_t exchanges;                // answers that are in it whole, from the first one on
    struct http_exchange *continued; // 100 Continue of this one is the last part; NULL for none
};

static void add(struct outgoing *out, char *bytes, size_t len)
{
    assert(out->part_count < MAX_PARTS);
    out->parts[out->part_count++] = (uv_buf_t){.base = bytes, .len = len};
    out->bytes += len;
}

static void gather(struct connection *connection, struct outgoing *out)
{
    for (struct http_exchange *exchange = connection->first; exchange != NULL; exchange = exchange->next) {
        if (exchange->state != EXCHANGE_ANSWERED) {
            if (exchange->continue_due) {
                add(out, CONTINUE, sizeof(CONTINUE) - 1);
                out->continued = exchange;
            }
            return;
        }
        add(out, exchange->head, exchange->head_len);
        if (exchange->body != NULL)
            add(out, exchange->body->data, exchange->body->len);
        exchange->started = true;
        out->exchanges++;
        if (exchange->close)
            return;
    }
}

// Takes `bytes` that are written off the front of the parts.
static void advance(struct outgoing *out, size_t bytes, uv_buf_t **ret_parts, unsigned *ret_count)
{
    uv_buf_t *part = out->parts;
    while (bytes >= part->len) {
        bytes -= part->len;
        part++;
    }
    part->base += bytes;
    part->len -= bytes;
    *ret_parts = part;
    *ret_count = out->part_count - (unsigned)(part - out->parts);
}

static size_t body_len(const struct http_exchange *exchange)
{
    return exchange->body != NULL ? exchange->body->len : 0;
}

// The first `count` exchanges are out. After one that closes, those behind it are given up with the
// connection.
static void finish(struct connection *connection, size_t count)
{
    while (count-- > 0) {
        struct http_exchange *exchange = connection->first;
        assert(exchange != NULL);
        connection->first = exchange->next;
        if (connection->first == NULL)
            connection->last = NULL;
        connection->exchanges--;
        exchange_tell_end(exchange, body_len(exchange));
        bool close = exchange->close;
        exchange_free(exchange);
        if (close && connection->first != NULL) {
            output_abandon(connection);
            while (connection->first != NULL) {
                struct http_exchange *behind = connection->first;
                connection->first = behind->next;
                exchange_free(behind);
            }
            connection->last = NULL;
            connection->exchanges = connection->running = 0;
            connection->receiver = connection->exclusive = NULL;
        }
    }
    if (connection->first == NULL)
        connection->idle_ms = lane_now_ms(connection->lane);
}

static void on_written(uv_write_t *write, int status)
{
    struct connection *connection = write->data;
    if (connection->phase == CONNECTION_CLOSED)
        return;
    if (status < 0) {
        connection_close(connection);
        return;
    }
    connection->writing = false;
    finish(connection, connection->written_exchanges);
    connection_turn(connection);
}

// Leaves to libuv what the socket did not take.
static void write_rest(struct connection *connection, struct outgoing *out, size_t written)
{
    uv_buf_t *parts;
    unsigned count;
    advance(out, written, &parts, &count);
    connection->write.data = connection;
    connection->written_exchanges = out->exchanges;
    connection->write_bytes = out->bytes;
    connection->write_ms = lane_now_ms(connection->lane);
    connection->writing = true;
    uv_stream_t *stream = (uv_stream_t *)&connection->tcp;
    lane_count_write(connection->lane);
    int failed = uv_write(&connection->write, stream, parts, count, on_written);
    connection->write_left = failed ? out->bytes - written : uv_stream_get_write_queue_size(stream);
    if (failed)
        connection_close(connection);
}

bool output_flush(struct connection *connection)
{
    if (connection->writing || connection->first == NULL)
        return false;
    struct outgoing out;
    out.part_count = 0;
    out.bytes = 0;
    out.exchanges = 0;
    out.continued = NULL;
    gather(connection, &out);
    if (out.part_count == 0)
        return false;
    if (out.continued != NULL)
        out.continued->continue_due = out.continued->awaits_continue = false;

    lane_count_write(connection->lane);
    int written = uv_try_write((uv_stream_t *)&connection->tcp, out.parts, out.part_count);
    if (written == UV_EAGAIN)
        written = 0;
    if (written < 0) {
        connection_close(connection);
        return false;
    }
    if ((size_t)written < out.bytes) {
        write_rest(connection, &out, (size_t)written);
        return false;
    }
    finish(connection, out.exchanges);
    return out.exchanges > 0;
}

void output_abandon(struct connection *connection)
{
    size_t sent = connection->writing ? connection->write_bytes - connection->write_left : 0;
    for (struct http_exchange *exchange = connection->first; exchange != NULL; exchange = exchange->next) {
        size_t head = sent < exchange->head_len ? sent : exchange->head_len;
        sent -= head;
        size_t body = sent < body_len(exchange) ? sent : body_len(exchange);
        sent -= body;
        exchange->started = head > 0;
        exchange_tell_end(exchange, body);
    }
}
