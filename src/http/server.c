// SPDX-License-Identifier: Apache-2.0
// Ties listeners on loops[0] to a lane on every loop. Connections are dealt out in turn, as a listener that
// loops share was seen to leave nearly all to one of them.
//
// Drain, on loops[0]: the listeners take no new handshakes, and close a little later after a last round of
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
#include "http/lane_run.h"
#include "http/listener.h"

struct http_server {
    struct lane_shared shared;     // what the lanes share
    struct http_handler handler;   // copied
    struct listener *listeners;    // owned; loops[0]'s
    size_t listener_count;         // made so far; fixed
    size_t listeners_open;         // of a drain: not closed yet; loops[0]'s
    struct lane **lanes;           // owned; one a loop; fixed
    size_t lane_count;             // fixed
    size_t next_lane;              // which gets the next connection; loops[0]'s
    size_t lanes_open;             // not drained yet; loops[0]'s
    size_t max_connections;        // fixed
    atomic_uint_fast64_t accepted; // connections; written by loops[0]
    atomic_uint_fast64_t refused;  // of them those over the limit; written by loops[0]
    atomic_bool draining;          // http_server_drain was called; any thread
    struct mail drain_mail;        // its way to loops[0]
    struct mail move_mail;         // likewise, when is_moving has changed
    atomic_bool is_move_posted;    // it is on its way; any thread
    // What shared.give calls; set before is_moving is. Any thread, as a lane may not have heard yet that the
    // upgrade before has failed.
    bool (*_Atomic give)(void *ctx, int fd, size_t place, const char *peer);
    _Atomic(void *) give_ctx;      // borrowed
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
    enum { MAX_READS = 64 };
    char request[1024];
    (void)!send(fd, answer, sizeof(answer) - 1, MSG_DONTWAIT | MSG_NOSIGNAL);
    shutdown(fd, SHUT_WR);
    // Unread input would make close() reset the connection, and the answer be lost.
    for (int i = 0;
         i < MAX_READS && recv(fd, request, sizeof(request), MSG_DONTWAIT) == (ssize_t)sizeof(request); i++)
        ;
    close(fd);
}

static void on_dealt(struct mail *mail)
{
    connection_open(CONTAINER_OF(mail, struct connection, mail));
}

static void deal(struct listener *listener, int fd, const union address *peer, bool is_adopted)
{
    struct http_server *server = listener->ctx;
    atomic_fetch_add_explicit(&server->accepted, 1, memory_order_relaxed);
    struct lane *lane = server->lanes[server->next_lane];
    bool room = listener->listen.is_admin || // who looks what is wrong when there is no room
                atomic_load_explicit(&server->shared.open, memory_order_relaxed) < server->max_connections;
    struct connection *connection = room ? connection_new(lane, &listener->listen, fd, peer) : NULL;
    if (connection == NULL) {
        atomic_fetch_add_explicit(&server->refused, 1, memory_order_relaxed);
        if (listener->listen.tls != NULL)
            close(fd); // it understands nothing else before a handshake
        else
            turn_away(fd);
        return;
    }
    connection->is_adopted = is_adopted;
    server->next_lane = (server->next_lane + 1) % server->lane_count;
    atomic_fetch_add_explicit(&server->shared.open, 1, memory_order_relaxed);
    connection->mail.deliver = on_dealt;
    loop_post(lane->loop, &connection->mail);
}

static void on_accept(struct listener *listener, int fd, const union address *peer)
{
    deal(listener, fd, peer, false);
}

// --- to and from another process

// A connection on its way to loops[0].
struct adopted {
    struct mail mail;
    struct listener *listener; // borrowed
    int fd;                    // owned
    union address peer;        //
};

static void on_adopted(struct mail *mail)
{
    struct adopted *adopted = CONTAINER_OF(mail, struct adopted, mail);
    deal(adopted->listener, adopted->fd, &adopted->peer, true);
    mem_free(adopted);
}

void http_server_adopt(struct http_server *server, int fd, size_t place, const char *peer)
{
    struct adopted *adopted = place < server->listener_count ? mem_zalloc(1, sizeof(*adopted)) : NULL;
    if (adopted == NULL || !address_read_written(span_of(peer), &adopted->peer)) {
        mem_free(adopted);
        close(fd);
        return;
    }
    adopted->listener = &server->listeners[place];
    adopted->fd = fd;
    adopted->mail.deliver = on_adopted;
    loop_post(server->lanes[0]->loop, &adopted->mail);
}

static bool give_away(struct lane_shared *shared, struct connection *connection)
{
    struct http_server *server = CONTAINER_OF(shared, struct http_server, shared);
    size_t place = 0;
    while (&server->listeners[place].listen != connection->listen)
        place++;
    char peer[ADDRESS_BYTES];
    address_write(&connection->peer, peer);
    bool (*give)(void *ctx, int fd, size_t place, const char *peer) = atomic_load(&server->give);
    return give(atomic_load(&server->give_ctx), connection->stream.fd, place, peer);
}

static void move_lane(struct mail *mail)
{
    struct lane *lane = CONTAINER_OF(mail, struct lane, move_mail);
    atomic_store(&lane->is_move_posted, false);
    lane_move(lane);
}

// On loops[0]. The lanes' mail comes after that of the last connection that was accepted.
static void move(struct mail *mail)
{
    struct http_server *server = CONTAINER_OF(mail, struct http_server, move_mail);
    atomic_store(&server->is_move_posted, false);
    bool is_moving = atomic_load(&server->shared.is_moving);
    for (size_t i = 0; i < server->listener_count && server->listeners_open == 0; i++) {
        if (is_moving)
            listener_rest(&server->listeners[i]);
        else
            listener_resume(&server->listeners[i]);
    }
    for (size_t i = 0; i < server->lane_count; i++) {
        struct lane *lane = server->lanes[i];
        lane->move_mail.deliver = move_lane;
        if (!atomic_exchange(&lane->is_move_posted, true))
            loop_post(lane->loop, &lane->move_mail);
    }
}

static void set_moving(struct http_server *server, bool is_moving)
{
    atomic_store(&server->shared.is_moving, is_moving);
    server->move_mail.deliver = move;
    if (!atomic_exchange(&server->is_move_posted, true))
        loop_post(server->lanes[0]->loop, &server->move_mail);
}

void http_server_leave(
    struct http_server *server, bool (*give)(void *ctx, int fd, size_t place, const char *peer), void *ctx)
{
    atomic_store(&server->give, give);
    atomic_store(&server->give_ctx, ctx);
    set_moving(server, true);
}

void http_server_stay(struct http_server *server)
{
    set_moving(server, false);
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

static void on_listener_closed(void *ctx)
{
    struct http_server *server = ctx;
    if (--server->listeners_open > 0)
        return;
    server->lanes_open = server->lane_count;
    for (size_t i = 0; i < server->lane_count; i++) {
        server->lanes[i]->drain_mail.deliver = drain_lane;
        loop_post(server->lanes[i]->loop, &server->lanes[i]->drain_mail);
    }
}

static void drain(struct mail *mail)
{
    struct http_server *server = CONTAINER_OF(mail, struct http_server, drain_mail);
    server->listeners_open = server->listener_count;
    for (size_t i = 0; i < server->listener_count; i++)
        listener_end(&server->listeners[i], on_listener_closed);
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

void http_server_set_drain(struct http_server *server, uint64_t drain_ms, uint64_t last_ms)
{
    server->shared.limits.drain_ms = drain_ms; // which loops read when they drain
    server->shared.limits.last_ms = last_ms;
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

static enum err_code make_listeners(
    struct http_server *server, const struct http_options *options, struct err *err)
{
    enum err_code code = ERR_NONE;
    server->listeners = mem_zalloc(options->listen_count, sizeof(*server->listeners));
    if (server->listeners == NULL)
        return err_no_memory(err);
    for (size_t i = 0; code == ERR_NONE && i < options->listen_count; i++) {
        code = listener_init(&server->listeners[i], &options->listens[i], err);
        server->listener_count++;
    }
    return code;
}

static enum err_code start_listeners(struct http_server *server, struct loop *loop, struct err *err)
{
    enum err_code code = ERR_NONE;
    for (size_t i = 0; code == ERR_NONE && i < server->listener_count; i++)
        code = listener_start(&server->listeners[i], loop_uv(loop), on_accept, server, err);
    return code;
}

// Lets go of loops that never ran, so that they can be used for another server or be freed.
static void leave_loops(struct http_server *server)
{
    for (size_t i = 0; i < server->listener_count; i++)
        listener_cancel(&server->listeners[i]);
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
    server->shared.give = give_away;
    trusted_init(&server->shared.trusted);
    enum err_code code = trusted_set(&server->shared.trusted, options->trust, err);
    if (code == ERR_NONE)
        code = make_listeners(server, options, err);
    if (code == ERR_NONE)
        code = make_lanes(server, loops, loop_count, err);
    if (code == ERR_NONE)
        code = start_listeners(server, loops[0], err);
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
    for (size_t i = 0; i < server->listener_count; i++)
        listener_fini(&server->listeners[i]);
    mem_free(server->listeners);
    for (size_t i = 0; i < server->lane_count; i++)
        lane_free(server->lanes[i]);
    trusted_fini(&server->shared.trusted);
    mem_free(server->lanes);
    mem_free(server);
}

const char *http_server_address(const struct http_server *server)
{
    size_t first = 0;
    while (first + 1 < server->listener_count && server->listeners[first].listen.is_admin)
        first++;
    return server->listeners[first].name;
}

const char *http_server_address_at(const struct http_server *server, size_t i)
{
    return i < server->listener_count ? server->listeners[i].name : NULL;
}

enum err_code http_server_trust(struct http_server *server, const struct trust *trust, struct err *err)
{
    return trusted_set(&server->shared.trusted, trust, err);
}

struct http_stats http_server_stats(const struct http_server *server)
{
    struct http_stats stats = {
        .accepted = atomic_load_explicit(&server->accepted, memory_order_relaxed),
        .refused = atomic_load_explicit(&server->refused, memory_order_relaxed),
        .open = atomic_load_explicit(&server->shared.open, memory_order_relaxed),
        .unsafe = atomic_load_explicit(&server->shared.unsafe, memory_order_relaxed),
        .max_open = server->max_connections,
        .bodies_bytes = atomic_load_explicit(&server->shared.budget.used_bytes, memory_order_relaxed),
        .max_bodies_bytes = server->shared.budget.max_bytes,
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
