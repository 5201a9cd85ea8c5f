// SPDX-License-Identifier: Apache-2.0
// Answers are written from where they lie, so the exchanges of a write stay until the stream has done with
// it, and the next write waits that long. Leaves to outgoing.c how they are written and what is over then. A
// body in a file is file_output.c's to send, behind its head. On the lane's thread.
#include "http/output.h"

#include <assert.h>

#include "http/exchange.h"
#include "http/file_output.h"
#include "http/outgoing.h"

enum { MAX_PARTS = 2 * (LIMIT_PIPELINE + 1) + 1 }; // one refusal beside a full pipeline, one interim answer

static char CONTINUE[] = "HTTP/1.1 100 Continue\r\n\r\n"; // not const, as uv_buf_t wants it; never written to

// What goes out in one write.
struct gathered {
    uv_buf_t parts[MAX_PARTS];       // borrowed
    unsigned part_count;             // parts in use
    size_t exchanges;                // answers that are in it whole, from the first one on
    struct http_exchange *continued; // 100 Continue of this one is the last part; NULL for none
};

static void add(struct gathered *out, char *bytes, size_t len)
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

static void gather(struct connection *connection, struct gathered *out)
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

void output_written(struct connection *connection)
{
    outgoing_finish(connection, connection->written_exchanges);
    if (connection->sending != NULL)
        file_output_start(connection);
}

bool output_flush(struct connection *connection)
{
    if (connection->stream.is_writing || connection->sending != NULL || connection->first == NULL ||
        connection->phase == CONNECTION_BROKEN)
        return false;
    struct gathered out;
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
    if (!outgoing_write(connection, out.parts, out.part_count))
        return false;
    output_written(connection);
    return out.exchanges > 0;
}
