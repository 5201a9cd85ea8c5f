// SPDX-License-Identifier: Apache-2.0
// The life of a connection: phases, reading and pausing, turns. A turn works on what has come, writes what is
// ready, and repeats while each lets the other go on. Nothing is freed inside a turn: closing tells the
// handler at once, and memory goes when the loop has let go of the stream. On the lane's thread.
#include "http/connection.h"

#include <unistd.h>

#include "base/mem.h"
#include "http/backlog.h"
#include "http/exchange.h"
#include "http/file_output.h"
#include "http/input.h"
#include "http/outgoing.h"
#include "http/output.h"
#include "http/preface.h"

struct connection *connection_new(
    struct lane *lane, const struct http_listen *listen, int fd, const union address *peer)
{
    struct connection *connection = mem_zalloc(1, sizeof(*connection));
    if (connection == NULL)
        return NULL;
    connection->lane = lane;
    connection->listen = listen;
    connection->fd = fd;
    connection->peer = *peer;
    return connection;
}

void connection_free(struct connection *connection)
{
    if (connection == NULL)
        return;
    while (connection->first != NULL) {
        struct http_exchange *exchange = connection->first;
        connection->first = exchange->next;
        exchange_free(exchange);
    }
    file_output_free(connection->sending);
    preface_drop(connection);
    input_drop(connection);
    stream_fini(&connection->stream);
    mem_free(connection);
}

bool connection_is_idle(const struct connection *connection)
{
    return connection->phase == CONNECTION_OPEN && connection->first == NULL && connection->head_ms == 0 &&
           connection->input == NULL;
}

// --- closing

static struct connection *connection_of(struct stream *stream)
{
    return CONTAINER_OF(stream, struct connection, stream);
}

static void on_closed(struct stream *stream)
{
    struct connection *connection = connection_of(stream);
    struct lane *lane = connection->lane;
    connection_free(connection);
    lane_forget(lane);
}

void connection_close(struct connection *connection)
{
    if (connection->phase == CONNECTION_CLOSED)
        return;
    phase_move(connection, CONNECTION_CLOSED);
    lane_untouch(connection->lane, connection);
    lane_leave(connection->lane, connection);
    outgoing_abandon(connection);
    for (struct http_exchange *exchange = connection->first; exchange != NULL; exchange = exchange->next)
        backlog_remove(exchange);
    file_output_abandon(connection);
    stream_close(&connection->stream);
}

// Closing a socket with unread input resets the connection, which can destroy an answer on its way (RFC 9112
// section 9.6). So our side is shut first, and what still comes is dropped until the client has ended its
// side, or for as long as we are willing to wait. A client that has said that it sends no more need not be
// waited for.
static void linger(struct connection *connection)
{
    if (connection->ended || connection->parting || !stream_shut(&connection->stream)) {
        connection_close(connection);
        return;
    }
    phase_move(connection, CONNECTION_LINGER);
    connection->linger_ms = lane_now_ms(connection->lane);
    connection->stalled = false;
    input_drop(connection);
}

// --- reading

static uv_buf_t room(struct stream *stream)
{
    struct connection *connection = connection_of(stream);
    bool for_body = connection->receiver != NULL || connection->phase == CONNECTION_LINGER;
    return (uv_buf_t){
        .base = connection->lane->bytes, .len = for_body ? LIMIT_READ_BYTES : LIMIT_HEAD_READ_BYTES};
}

// Whether bytes that come now are of no use, or not yet: they are left to the client's system, which stops
// the client when its buffers are full.
static bool must_pause(const struct connection *connection)
{
    if (connection->ended || connection->stalled)
        return true;
    return connection->receiver != NULL && exchange_lacks_credit(connection->receiver);
}

// The client sends no more. It may still wait for answers, as one does that has shut its own side only: for
// how long is deadline.c's.
static void on_end(struct stream *stream, bool is_broken)
{
    struct connection *connection = connection_of(stream);
    connection->ended = true;
    connection->ended_ms = lane_now_ms(connection->lane);
    connection->head_ms = 0;
    if (is_broken || connection->phase == CONNECTION_LINGER)
        connection_close(connection);
    else
        connection_take_no_more(connection);
    connection_turn(connection);
}

// Reading so many connections before their answers are written keeps the code of each warm in the processor's
// caches; more of them gain nothing, and the first one would wait for the others.
enum { TURNS_AT_ONCE = 8 };

static void turn_soon(struct connection *connection)
{
    struct lane *lane = connection->lane;
    lane_touch(lane, connection);
    if (lane->touched_count >= TURNS_AT_ONCE)
        connection_turn_touched(lane);
}

static bool on_preface(struct stream *stream)
{
    struct connection *connection = connection_of(stream);
    enum http_progress progress = preface_take(connection);
    if (progress == HTTP_REFUSED)
        connection_close(connection);
    return progress == HTTP_DONE;
}

static void on_bytes(struct stream *stream, struct span bytes)
{
    struct connection *connection = connection_of(stream);
    if (connection->phase == CONNECTION_LINGER) {
        connection->linger_bytes += bytes.len;
        if (connection->linger_bytes > LIMIT_LINGER_BYTES)
            connection_close(connection);
        return;
    }
    connection->turning = true;
    input_take(connection, bytes);
    connection->turning = false;
    if (connection->phase == CONNECTION_OPEN && !must_pause(connection))
        turn_soon(connection);
    else
        connection_turn(connection);
}

// --- turns

// A body that the client has left unfinished.
static void refuse_cut_body(struct connection *connection)
{
    struct http_exchange *exchange = connection->receiver;
    if (!connection->ended || exchange == NULL || connection->input != NULL)
        return;
    if (exchange->state != EXCHANGE_RECEIVING && exchange->state != EXCHANGE_HELD)
        return;
    struct http_refusal refusal;
    http_refuse(&refusal, 400, "the connection ended inside the body");
    exchange_refuse(exchange, &refusal);
}

static void read_or_pause(struct connection *connection)
{
    if (must_pause(connection))
        stream_stop_reading(&connection->stream);
    else if (!stream_start_reading(&connection->stream))
        connection_close(connection);
}

// Goes on to the next phase where it is time.
static void settle(struct connection *connection)
{
    if (connection->phase == CONNECTION_LAST && connection->first == NULL)
        linger(connection);
    if (connection->lane->draining || connection->lane->moving)
        connection_drain(connection);
    if (connection->phase != CONNECTION_CLOSED)
        read_or_pause(connection);
}

// Works and writes while each lets the other go on.
static void go_on(struct connection *connection)
{
    do {
        if (connection->phase != CONNECTION_LINGER)
            input_resume(connection);
        if (connection->phase == CONNECTION_BROKEN)
            return;
        refuse_cut_body(connection);
    } while (output_flush(connection) && connection->input != NULL);
}

void connection_turn(struct connection *connection)
{
    lane_untouch(connection->lane, connection);
    if (connection->phase == CONNECTION_CLOSED)
        return;
    connection->turning = true;
    if (connection->phase != CONNECTION_BROKEN)
        go_on(connection);
    connection->turning = false;
    if (connection->phase == CONNECTION_BROKEN)
        connection_close(connection);
    else
        settle(connection);
}

void connection_turn_touched(struct lane *lane)
{
    while (lane->touched != NULL)
        connection_turn(lane->touched); // untouches it
}

static void on_written(struct stream *stream, bool is_broken)
{
    struct connection *connection = connection_of(stream);
    const struct file_output *sending = connection->sending;
    if (is_broken) {
        connection_close(connection);
        return;
    }
    if (sending != NULL && sending->state == FILE_WRITES)
        file_output_written(connection);
    else
        output_written(connection);
    connection_turn(connection);
}

static const struct stream_owner STREAM_OWNER = {.room = room,
    .on_bytes = on_bytes,
    .on_end = on_end,
    .on_written = on_written,
    .on_preface = on_preface,
    .on_closed = on_closed};

void connection_open(struct connection *connection)
{
    struct lane *lane = connection->lane;
    if (!lane_enter(lane, connection)) {
        close(connection->fd);
        atomic_fetch_sub_explicit(&lane->shared->open, 1, memory_order_relaxed);
        connection_free(connection);
        return;
    }
    connection->idle_ms = lane_now_ms(lane);
    if (stream_open(
            &connection->stream, lane->loop, connection->fd, &STREAM_OWNER, connection->listen->tls) &&
        preface_begin(connection))
        read_or_pause(connection);
    else
        connection_close(connection);
}

// What has come and is not read goes along, in the socket, and so does the peer's address. That a PROXY
// header is still to come does not.
static bool may_move(const struct connection *connection)
{
    return connection_is_movable(connection) && connection_is_idle(connection) && !connection->ended &&
           !connection->stream.is_writing && connection->sending == NULL && connection->preface == NULL;
}

void connection_drain(struct connection *connection)
{
    struct lane *lane = connection->lane;
    if (lane->moving && may_move(connection) && lane->shared->give(lane->shared, connection)) {
        connection_close(connection);
        return;
    }
    if (lane->draining && lane_now_ms(lane) >= lane->grace_until_ms && connection_is_idle(connection) &&
        !stream_has_bytes(&connection->stream))
        linger(connection); // a request that is on its way would else meet a reset
}
