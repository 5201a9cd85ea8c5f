// SPDX-License-Identifier: Apache-2.0
// Counts what a write has in it, so that whoever is given up in the middle of it learns how far his answer
// came. Leaves to output.c and file_output.c what is written. On the lane's thread.
#include "http/outgoing.h"

#include <assert.h>

#include "http/exchange.h"
#include "http/file_output.h"

static size_t body_len(const struct http_exchange *exchange)
{
    return exchange->body != NULL ? exchange->body->len : exchange->file_bytes;
}

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

void outgoing_abandon(struct connection *connection)
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

// Gives up all that is behind an exchange that ends the connection.
static void give_up_rest(struct connection *connection)
{
    outgoing_abandon(connection);
    while (connection->first != NULL) {
        struct http_exchange *behind = connection->first;
        connection->first = behind->next;
        exchange_free(behind);
    }
    connection->last = NULL;
    connection->exchanges = connection->running = 0;
    connection->receiver = connection->exclusive = NULL;
}

static void finish_first(struct connection *connection)
{
    struct http_exchange *exchange = connection->first;
    assert(exchange != NULL);
    connection->first = exchange->next;
    if (connection->first == NULL)
        connection->last = NULL;
    connection->exchanges--;
    exchange_tell_end(exchange, body_len(exchange));
    bool close = exchange->close;
    exchange_free(exchange);
    if (close && connection->first != NULL)
        give_up_rest(connection);
}

void outgoing_finish(struct connection *connection, size_t count)
{
    while (count-- > 0)
        finish_first(connection);
    if (connection->first == NULL)
        connection->idle_ms = lane_now_ms(connection->lane);
}

bool outgoing_write(struct connection *connection, uv_buf_t *parts, unsigned part_count)
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
