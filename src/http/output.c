// SPDX-License-Identifier: Apache-2.0
// Answers are written from where they lie, so the exchanges of a write stay until the stream has done with
// it, and the next write waits that long. A body in a file is file_output.c's to send, behind its head. On
// the lane's thread.
#include "http/output.h"

#include <assert.h>

#include "http/exchange.h"
#include "http/file_output.h"

enum { MAX_PARTS = 2 * (LIMIT_PIPELINE + 1) + 1 }; // one refusal beside a full pipeline, one interim answer

static char CONTINUE[] = "HTTP/1.1 100 Continue\r\n\r\n"; // not const, as uv_buf_t wants it; never written to

// What goes out in one write.
struct outgoing {
    uv_buf_t parts[MAX_PARTS];       // borrowed
    unsigned part_count;             // parts in use
    size_t exchanges;                // answers that are in it whole, from the first one on
    struct http_exchange *continued; // 100 Continue of this one is the last part; NULL for none
};

static void add(struct outgoing *out, char *bytes, size_t len)
{
    assert(out->part_count < MAX_PARTS);
    out->parts[out->part_count++] = (uv_buf_t){.base = bytes, .len = len};
}

// The exchange's file is sent once all that was gathered is written, head and all. Without memory there is
// another answer; or none to a request that may have changed something, as its client would do that again.
static void add_file(struct connection *connection, struct http_exchange *exchange)
{
    connection->sending = file_output_new(connection, exchange->file);
    if (connection->sending != NULL) {
        exchange->file = NULL;
        return;
    }
    if (exchange->is_unsafe) {
        connection_break(connection);
        return;
    }
    struct http_refusal refusal;
    http_refuse(&refusal, 503, "there is no memory for the answer now: ask again later");
    exchange_refuse(exchange, &refusal);
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
        if (exchange->file != NULL)
            add_file(connection, exchange);
        if (connection->phase == CONNECTION_BROKEN)
            return;
        add(out, exchange->head, exchange->head_len);
        if (exchange->body != NULL)
            add(out, exchange->body->data, exchange->body->len);
        exchange->started = true;
        if (connection->sending != NULL)
            return;
        out->exchanges++;
        if (exchange->close)
            return;
    }
}

static size_t body_len(const struct http_exchange *exchange)
{
    return exchange->body != NULL ? exchange->body->len : exchange->file_bytes;
}

// After an exchange that closes, those behind it are given up with the connection.
void output_finish(struct connection *connection, size_t count)
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

// --- writing

bool output_write(struct connection *connection, uv_buf_t *parts, unsigned part_count)
{
    struct stream *stream = &connection->stream;
    connection->write_bytes = 0;
    for (unsigned i = 0; i < part_count; i++)
        connection->write_bytes += parts[i].len;
    lane_count_write(connection->lane);
    switch (stream_write(stream, parts, part_count)) {
    case STREAM_WRITTEN:
        return true;
    case STREAM_WRITING:
        lane_count_write(connection->lane);
        pace_start(&connection->pace, stream_taken(stream), lane_now_ms(connection->lane));
        break;
    case STREAM_BROKEN:
        connection_break(connection);
        break;
    }
    return false;
}

void output_written(struct connection *connection)
{
    output_finish(connection, connection->written_exchanges);
    if (connection->sending != NULL)
        file_output_start(connection);
}

bool output_flush(struct connection *connection)
{
    if (connection->stream.is_writing || connection->sending != NULL || connection->first == NULL ||
        connection->phase == CONNECTION_BROKEN)
        return false;
    struct outgoing out;
    out.part_count = 0;
    out.exchanges = 0;
    out.continued = NULL;
    gather(connection, &out);
    if (out.part_count == 0 || connection->phase == CONNECTION_BROKEN)
        return false;
    if (out.continued != NULL) {
        out.continued->continue_due = out.continued->awaits_continue = false;
        pace_start(&out.continued->pace, 0, lane_now_ms(connection->lane)); // it has sent nothing so far
    }
    connection->written_exchanges = out.exchanges;
    if (!output_write(connection, out.parts, out.part_count))
        return false;
    output_written(connection);
    return out.exchanges > 0;
}

// --- giving up

// Bytes that were handed to the socket, from the first byte of the first answer on.
static size_t sent_bytes(struct connection *connection)
{
    const struct file_output *sending = connection->sending;
    size_t sent = 0;
    if (sending != NULL && sending->state != FILE_WAITS)
        sent = connection->first->head_len + sending->sent;
    if (connection->stream.is_writing)
        sent += connection->write_bytes - stream_unsent(&connection->stream);
    return sent;
}

void output_abandon(struct connection *connection)
{
    size_t sent = sent_bytes(connection);
    for (struct http_exchange *exchange = connection->first; exchange != NULL; exchange = exchange->next) {
        size_t head = sent < exchange->head_len ? sent : exchange->head_len;
        sent -= head;
        size_t body = sent < body_len(exchange) ? sent : body_len(exchange);
        sent -= body;
        exchange->started = head > 0;
        exchange_tell_end(exchange, body);
    }
}
