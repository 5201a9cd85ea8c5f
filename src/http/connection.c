// SPDX-License-Identifier: Apache-2.0
// The life of a connection: phases, reading and pausing, turns. A turn works on what has come, writes what is
// ready, and repeats while each lets the other go on. Nothing is freed inside a turn: closing tells the
// handler at once, and memory goes when libuv has let go of the socket.
#include "http/connection.h"

#include <assert.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"
#include "http/backlog.h"
#include "http/exchange.h"
#include "http/file_output.h"
#include "http/input.h"
#include "http/output.h"

struct connection *connection_new(struct lane *lane, int fd, const union peer *peer)
{
    struct connection *connection = mem_zalloc(1, sizeof(*connection));
    if (connection == NULL)
        return NULL;
    connection->lane = lane;
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
    input_drop(connection);
    mem_free(connection);
}

bool connection_is_idle(const struct connection *connection)
{
    return connection->phase == CONNECTION_OPEN && connection->first == NULL && connection->head_ms == 0 &&
           connection->input == NULL;
}

// --- closing

static void on_closed(uv_handle_t *handle)
{
    struct connection *connection = handle->data;
    struct lane *lane = connection->lane;
    connection_free(connection);
    lane_forget(lane);
}

void connection_close(struct connection *connection)
{
    if (connection->phase == CONNECTION_CLOSED)
        return;
    connection->phase = CONNECTION_CLOSED;
    lane_untouch(connection->lane, connection);
    lane_leave(connection->lane, connection);
    output_abandon(connection);
    for (struct http_exchange *exchange = connection->first; exchange != NULL; exchange = exchange->next)
        backlog_remove(exchange);
    file_output_abandon(connection);
    uv_close((uv_handle_t *)&connection->tcp, on_closed);
}

// Closing a socket with unread input resets the connection, which can destroy an answer on its way (RFC 9112
// section 9.6). So our side is shut first, and what still comes is dropped until the client has ended its
// side, or for as long as we are willing to wait.
static void linger(struct connection *connection)
{
    uv_os_fd_t fd;
    if (connection->ended || uv_fileno((uv_handle_t *)&connection->tcp, &fd) != 0 ||
        shutdown(fd, SHUT_WR) != 0) {
        connection_close(connection);
        return;
    }
    connection->phase = CONNECTION_LINGER;
    connection->linger_ms = lane_now_ms(connection->lane);
    connection->stalled = false;
    input_drop(connection);
}

// --- reading

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
    (void)suggested;
    struct connection *connection = handle->data;
    bool for_body = connection->receiver != NULL || connection->phase == CONNECTION_LINGER;
    *buf = (uv_buf_t){
        .base = connection->lane->bytes, .len = for_body ? LIMIT_READ_BYTES : LIMIT_HEAD_READ_BYTES};
}

// The client sends no more. It may still wait for answers, as one does that has shut its own side only.
static void on_end(struct connection *connection)
{
    connection->ended = true;
    connection->reading = false;
    connection->head_ms = 0;
    if (connection->phase == CONNECTION_LINGER)
        connection_close(connection);
    else if (connection->phase == CONNECTION_OPEN)
        connection->phase = CONNECTION_LAST;
}

// Whether both directions are shut: the client has reset the connection, for which libuv says the end when
// bytes came before it. poll(2): POLLHUP is for both, a client that has shut its own side only does not raise
// it.
static bool is_gone(const struct connection *connection)
{
    struct pollfd socket = {.fd = -1};
    if (uv_fileno((const uv_handle_t *)&connection->tcp, &socket.fd) != 0)
        return true;
    return poll(&socket, 1, 0) > 0 && (socket.revents & (POLLHUP | POLLERR)) != 0;
}

static void on_read(uv_stream_t *stream, ssize_t len, const uv_buf_t *buf)
{
    struct connection *connection = stream->data;
    if (len == 0)
        return;
    if (len == UV_EOF && !is_gone(connection)) {
        on_end(connection);
    } else if (len < 0) {
        connection_close(connection);
    } else if (connection->phase == CONNECTION_LINGER) {
        connection->linger_bytes += (size_t)len;
        if (connection->linger_bytes > LIMIT_LINGER_BYTES)
            connection_close(connection);
        return;
    } else {
        connection->turning = true;
        input_take(connection, (struct span){.at = buf->base, .len = (size_t)len});
        connection->turning = false;
    }
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
    bool want = !connection->ended && !connection->stalled;
    uv_stream_t *stream = (uv_stream_t *)&connection->tcp;
    if (want == connection->reading)
        return;
    connection->reading = want;
    if (!want)
        uv_read_stop(stream);
    else if (uv_read_start(stream, on_alloc, on_read) != 0)
        connection_close(connection);
}

// Goes on to the next phase where it is time.
static void settle(struct connection *connection)
{
    if (connection->phase == CONNECTION_LAST && connection->first == NULL)
        linger(connection);
    if (connection->lane->draining)
        connection_drain(connection);
    if (connection->phase != CONNECTION_CLOSED)
        read_or_pause(connection);
}

void connection_turn(struct connection *connection)
{
    lane_untouch(connection->lane, connection);
    if (connection->phase == CONNECTION_CLOSED)
        return;
    connection->turning = true;
    do {
        if (connection->phase != CONNECTION_LINGER)
            input_resume(connection);
        refuse_cut_body(connection);
    } while (output_flush(connection) && connection->phase != CONNECTION_CLOSED && connection->input != NULL);
    connection->turning = false;
    if (connection->phase != CONNECTION_CLOSED)
        settle(connection);
}

void connection_open(struct connection *connection)
{
    struct lane *lane = connection->lane;
    if (!lane_enter(lane, connection)) {
        close(connection->fd);
        atomic_fetch_sub_explicit(&lane->shared->open, 1, memory_order_relaxed);
        connection_free(connection);
        return;
    }
    uv_tcp_init(loop_uv(lane->loop), &connection->tcp); // makes no socket, and cannot fail
    connection->tcp.data = connection;
    connection->idle_ms = lane_now_ms(lane);
    if (uv_tcp_open(&connection->tcp, connection->fd) != 0) {
        close(connection->fd);
        connection_close(connection);
        return;
    }
    read_or_pause(connection);
}

void connection_drain(struct connection *connection)
{
    if (!connection_is_idle(connection))
        return;
    uv_os_fd_t fd;
    char byte;
    bool has_bytes = uv_fileno((uv_handle_t *)&connection->tcp, &fd) == 0 &&
                     recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
    if (!has_bytes) // else a request has come already, and is answered
        connection_close(connection);
}
