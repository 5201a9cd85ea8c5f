// SPDX-License-Identifier: Apache-2.0
// What a connection may take its time over, and how long. Heads and idleness are absolute from the moment
// that they began; bodies and answers may take long, but have to get on in each window of time (pace.h). So a
// byte now and then buys no time; `now_ms` is a parameter. On the lane's thread.
#include "http/deadline.h"

#include "http/exchange.h"
#include "http/stream_socket.h"

static void refuse_slow(struct connection *connection, struct http_exchange *exchange, const char *detail)
{
    if (exchange == NULL) {
        connection_close(connection);
        return;
    }
    struct http_refusal refusal;
    http_refuse(&refusal, 408, "%s", detail);
    exchange_refuse(exchange, &refusal); // touches the connection
}

static bool is_body_slow(struct http_exchange *exchange, const struct http_limits *limits, uint64_t now_ms)
{
    if (exchange->state != EXCHANGE_RECEIVING && exchange->state != EXCHANGE_HELD)
        return false; // the handler is the one that takes its time
    if (exchange->continue_due)
        return false; // we are: the client waits for 100 Continue
    if (exchange_lacks_credit(exchange))
        return false; // the handler has as much of it as it can take
    return pace_is_slow(&exchange->pace, &limits->body, exchange->body_came, now_ms);
}

// While a part of a file is read nothing is written, so that our disk's time is not the client's.
static bool is_write_slow(struct connection *connection, const struct http_limits *limits, uint64_t now_ms)
{
    if (!connection->stream.is_writing)
        return false;
    return pace_is_slow(&connection->pace, &limits->write, stream_taken(&connection->stream), now_ms);
}

static bool is_idle_for_long(
    const struct connection *connection, const struct http_limits *limits, uint64_t now_ms)
{
    bool is_new = connection->next_number == 0 && !connection->is_adopted;
    return connection_is_idle(connection) &&
           now_ms - connection->idle_ms >= (is_new ? limits->head_ms : limits->idle_ms);
}

// While a connection is not read, the loop does not tell that its client has gone: that is while it has more
// bytes than it can work on, and after the client's end. So the socket is asked.
static enum stream_client look_after_client(struct connection *connection, uint64_t now_ms)
{
    if (connection->running == 0 || connection->stream.is_reading)
        return STREAM_CLIENT_THERE;
    enum stream_client client = stream_client(&connection->stream);
    if (client != STREAM_CLIENT_THERE && connection->ended_ms == 0)
        connection->ended_ms = now_ms;
    return client;
}

// Whether the client is taken for gone that has ended its side. A request that is not safe is carried out all
// the same, so its answer is kept for whoever may wait for it.
static bool has_left(const struct connection *connection, const struct http_limits *limits, uint64_t now_ms)
{
    bool waits = connection->running > 0 && connection->exclusive == NULL && !connection->stream.is_writing &&
                 connection->sending == NULL;
    return waits && connection->ended_ms != 0 && now_ms - connection->ended_ms >= limits->half_closed_ms;
}

// Answers with 503 what the handler has and is not a write, and a body that still comes. An answer that is
// held back until the body has come waits no longer.
static void refuse_rest(struct connection *connection)
{
    struct http_refusal refusal;
    http_refuse(&refusal, 503, "the server shuts down: send it again");
    for (struct http_exchange *exchange = connection->first; exchange != NULL; exchange = exchange->next) {
        bool is_safe = connection->exclusive != exchange && exchange->state == EXCHANGE_RUNNING;
        if (is_safe || exchange->state == EXCHANGE_RECEIVING) {
            exchange_refuse(exchange, &refusal);
        } else if (exchange->state == EXCHANGE_HELD) {
            exchange_stop_skipping(exchange);
            lane_touch(connection->lane, connection);
        }
    }
}

static void look_at_drain(struct connection *connection, uint64_t now_ms)
{
    const struct lane *lane = connection->lane;
    if (now_ms >= lane->close_at_ms)
        connection_close(connection);
    else if (now_ms >= lane->drain_until_ms)
        refuse_rest(connection);
    else
        connection_drain(connection);
}

static void look_at_client(struct connection *connection, uint64_t now_ms)
{
    const struct http_limits *limits = &connection->lane->shared->limits;
    if (connection->phase == CONNECTION_LINGER) {
        if (now_ms - connection->linger_ms >= limits->linger_ms)
            connection_close(connection);
    } else if (look_after_client(connection, now_ms) == STREAM_CLIENT_GONE ||
               has_left(connection, limits, now_ms)) {
        connection_close(connection);
    } else if (is_write_slow(connection, limits, now_ms)) {
        connection_close(connection);
    } else if (connection->receiver != NULL && is_body_slow(connection->receiver, limits, now_ms)) {
        refuse_slow(connection, connection->receiver, "the body came too slowly");
    } else if (connection->head_ms != 0 && now_ms - connection->head_ms >= limits->head_ms) {
        connection->head_ms = 0;
        refuse_slow(connection, exchange_new(connection), "the head took too long to come");
    } else if (is_idle_for_long(connection, limits, now_ms)) {
        connection_close(connection);
    }
}

void connection_tick(struct connection *connection, uint64_t now_ms, bool is_late)
{
    const struct lane *lane = connection->lane;
    if (connection->phase == CONNECTION_BROKEN) // its turn closes it
        return;
    if (lane->draining)
        look_at_drain(connection, now_ms);
    else if (lane->moving)
        connection_drain(connection);
    if (connection->phase != CONNECTION_CLOSED && !is_late)
        look_at_client(connection, now_ms);
}
