// SPDX-License-Identifier: Apache-2.0
// Ties a listener on loops[0] to a lane on every loop. Connections are dealt out in turn, as a listener that
// loops share was seen to leave nearly all to one of them.
//
// Drain, on loops[0]: the listener takes no new handshakes, and closes a little later after a last round of
// accepting; then each lane is told, in mail that comes after its last connection's; each says when it is
// done. Leaves to lanes and connections what happens on one of them.
#include "http/server.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/mem.h"
#include "http/connection.h"
#include "http/exchange.h"
#include "http/lane.h"
#include "http/listener.h"

struct http_server {
    struct lane_shared shared;     // what the lanes share
    struct http_handler handler;   // copied
    struct listener listener;      // loops[0]'s
    struct lane **lanes;           // owned; one a loop; fixed
    size_t lane_count;             // fixed
    size_t next_lane;              // which gets the next connection; loops[0]'s
    size_t lanes_open;             // not drained yet; loops[0]'s
    size_t max_connections;        // fixed
    atomic_uint_fast64_t accepted; // connections; written by loops[0]
    atomic_uint_fast64_t refused;  // of them those over the limit; written by loops[0]
    atomic_bool draining;          // http_server_drain was called; any thread
    struct mail drain_mail;        // its way to loops[0]
    void (*on_drained)(void *ctx); // set before drain_mail is posted
    void *on_drained_ctx;          // borrowed
};

// --- accepting, on loops[0]

// Over the limit: a fixed answer, once, to whoever can take it at once.
static void turn_away(int fd)
{
    static const char answer[] = "HTTP/1.1 503 Service Unavailable\r\n"
                                 "Content-Length: 0\r\n"
                                 "Retry-After: 1\r\n"
                                 "X-Content-Type-Options: nosniff\r\n"
                                 "Connection: close\r\n"
                                 "\r\n";
    char request[1024];
    (void)!send(fd, answer, sizeof(answer) - 1, MSG_DONTWAIT | MSG_NOSIGNAL);
    shutdown(fd, SHUT_WR);
    while (recv(fd, request, sizeof(request), MSG_DONTWAIT) == (ssize_t)sizeof(request))
        ; // unread input would make close() reset the connection, and the answer be lost
    close(fd);
}

static void on_dealt(struct mail *mail)
{
    connection_open(CONTAINER_OF(mail, struct connection, mail));
}

static void on_accept(void *ctx, int fd, const union address *peer)
{
    struct http_server *server = ctx;
    atomic_fetch_add_explicit(&server->accepted, 1, memory_order_relaxed);
    struct lane *lane = server->lanes[server->next_lane];
    bool room = atomic_load_explicit(&server->shared.open, memory_order_relaxed) < server->max_connections;
    struct connection *connection = room ? connection_new(lane, fd, peer) : NULL;
    if (connection == NULL) {
        atomic_fetch_add_explicit(&server->refused, 1, memory_order_relaxed);
        turn_away(fd);
        return;
    }
    server->next_lane = (server->next_lane + 1) % server->lane_count;
    atomic_fetch_add_explicit(&server->shared.open, 1, memory_order_relaxed);
    connection->mail.deliver = on_dealt;
    loop_post(lane->loop, &connection->mail);
}

// --- drain

static void on_lane_reported(struct mail *mail)
{
    struct lane *lane = CONTAINER_OF(mail, struct lane, drained_mail);
    struct http_server *server = CONTAINER_OF(lane->shared, struct http_server, shared);
    if (--server->lanes_open == 0)
        server->on_drained(server->on_drained_ctx);
}

static void on_lane_drained(struct lane *lane)
{
    struct http_server *server = CONTAINER_OF(lane->shared, struct http_server, shared);
    lane->drained_mail.deliver = on_lane_reported;
    loop_post(server->lanes[0]->loop, &lane->drained_mail);
}

static void drain_lane(struct mail *mail)
{
    lane_drain(CONTAINER_OF(mail, struct lane, drain_mail));
}

static void drain_lanes(void *ctx)
{
    struct http_server *server = ctx;
    server->lanes_open = server->lane_count;
    for (size_t i = 0; i < server->lane_count; i++) {
        server->lanes[i]->drain_mail.deliver = drain_lane;
        loop_post(server->lanes[i]->loop, &server->lanes[i]->drain_mail);
    }
}

static void drain(struct mail *mail)
{
    struct http_server *server = CONTAINER_OF(mail, struct http_server, drain_mail);
    listener_end(&server->listener, drain_lanes);
}

void http_server_drain(struct http_server *server, void (*on_drained)(void *ctx), void *ctx)
{
    if (atomic_exchange(&server->draining, true))
        return;
    server->on_drained = on_drained;
    server->on_drained_ctx = ctx;
    server->drain_mail.deliver = drain;
    loop_post(server->lanes[0]->loop, &server->drain_mail);
}

// --- life

struct http_limits http_limits_default(void)
{
    return (struct http_limits){
        .head_ms = LIMIT_HEAD_MS,
        .idle_ms = LIMIT_IDLE_MS,
        .body = {.window_ms = LIMIT_BODY_WINDOW_MS, .rate = LIMIT_BODY_RATE},
        .write = {.window_ms = LIMIT_WRITE_WINDOW_MS, .rate = LIMIT_WRITE_RATE},
        .half_closed_ms = LIMIT_HALF_CLOSED_MS,
        .linger_ms = LIMIT_LINGER_MS,
        .grace_ms = LIMIT_DRAIN_GRACE_MS,
        .drain_ms = LIMIT_DRAIN_MS - LIMIT_DRAIN_LAST_MS,
        .last_ms = LIMIT_DRAIN_LAST_MS,
        .tick_ms = LIMIT_TICK_MS,
    };
}

static enum err_code make_lanes(
    struct http_server *server, struct loop **loops, size_t loop_count, struct err *err)
{
    server->lanes = mem_zalloc(loop_count, sizeof(struct lane *));
    if (server->lanes == NULL)
        return err_no_memory(err);
    while (server->lane_count < loop_count) {
        size_t i = server->lane_count;
        enum err_code code = lane_new(loops[i], &server->shared, &server->lanes[i], err);
        if (code != ERR_NONE)
            return code;
        server->lane_count++;
    }
    return ERR_NONE;
}

// Lets go of loops that never ran, so that they can be used for another server or be freed.
static void leave_loops(struct http_server *server)
{
    for (size_t i = 0; i < server->lane_count; i++) {
        loop_after_turn(server->lanes[i]->loop, NULL, NULL);
        uv_close((uv_handle_t *)&server->lanes[i]->tick, NULL);
        uv_run(loop_uv(server->lanes[i]->loop), UV_RUN_NOWAIT);
    }
}

enum err_code http_server_new(const struct http_options *options, struct loop **loops, size_t loop_count,
    const struct http_handler *handler, struct http_server **ret_server, struct err *err)
{
    struct http_server *server = mem_zalloc(1, sizeof(*server));
    if (server == NULL)
        return err_no_memory(err);
    server->handler = *handler;
    server->max_connections = options->max_connections;
    server->shared.handler = &server->handler;
    server->shared.limits = options->limits != NULL ? *options->limits : http_limits_default();
    server->shared.budget.max_bytes = options->max_bodies_bytes;
    server->shared.max_files = options->max_files > 0 ? options->max_files : LIMIT_FILE_ANSWERS;
    struct backlog_budget *backlog = &server->shared.backlog_budget;
    backlog->max_bytes = options->max_answers_bytes > 0 ? options->max_answers_bytes : LIMIT_ANSWERS_BYTES;
    backlog->share_bytes = backlog->max_bytes / loop_count;
    server->shared.on_lane_drained = on_lane_drained;
    enum err_code code = listener_open(&server->listener, options->listen, err);
    if (code == ERR_NONE)
        code = make_lanes(server, loops, loop_count, err);
    if (code == ERR_NONE)
        code = listener_start(&server->listener, loop_uv(loops[0]), on_accept, server, err);
    if (code != ERR_NONE) {
        leave_loops(server);
        http_server_free(server);
        return code;
    }
    *ret_server = server;
    return ERR_NONE;
}

void http_server_free(struct http_server *server)
{
    if (server == NULL)
        return;
    listener_fini(&server->listener);
    for (size_t i = 0; i < server->lane_count; i++)
        lane_free(server->lanes[i]);
    mem_free(server->lanes);
    mem_free(server);
}

const char *http_server_address(const struct http_server *server)
{
    return server->listener.address;
}

struct http_stats http_server_stats(const struct http_server *server)
{
    struct http_stats stats = {
        .accepted = atomic_load_explicit(&server->accepted, memory_order_relaxed),
        .refused = atomic_load_explicit(&server->refused, memory_order_relaxed),
        .open = atomic_load_explicit(&server->shared.open, memory_order_relaxed),
    };
    for (size_t i = 0; i < server->lane_count; i++)
        stats.writes += atomic_load_explicit(&server->lanes[i]->writes, memory_order_relaxed);
    return stats;
}

struct http_exchange *http_exchange_find(struct http_server *server, struct http_ref ref)
{
    struct connection *connection = NULL;
    for (size_t i = 0; i < server->lane_count; i++) {
        if (server->lanes[i]->loop == ref.loop)
            connection = lane_find(server->lanes[i], ref.slot, ref.generation);
    }
    if (connection == NULL)
        return NULL;
    struct http_exchange *exchange = connection->first;
    while (exchange != NULL && exchange->number != ref.number)
        exchange = exchange->next;
    bool runs =
        exchange != NULL && (exchange->state == EXCHANGE_RUNNING || exchange->state == EXCHANGE_RECEIVING);
    return runs ? exchange : NULL;
}
