// SPDX-License-Identifier: Apache-2.0
// Connections are found by place and generation, so that an answer which comes back for a client that has
// gone meets nobody, rather than a connection that came after it. On the lane's thread.
//
// A connection is in the table from lane_enter to lane_leave, and counts as open until lane_forget. The tick
// runs while any is open.
#include "http/lane.h"

#include "base/clock.h"
#include "base/mem.h"
#include "http/backlog.h"
#include "http/connection.h"
#include "http/exchange.h"

enum { NO_SLOT = UINT32_MAX, FIRST_SLOTS = 64 };

// Reading so many connections before their answers are written keeps the code of each warm in the processor's
// caches; more of them gain nothing, and the first one would wait for the others.
enum { TURNS_AT_ONCE = 8 };

uint64_t lane_now_ms(const struct lane *lane)
{
    return uv_now(loop_uv(lane->loop));
}

// --- deadlines

// Whether the loop, or the process, was held up, so that what clients have sent lies in the sockets yet: that
// is not their fault, and they get another tick. Never twice in a row, as else they would need no deadlines.
static bool is_late(struct lane *lane, uint64_t now_ms)
{
    bool late = now_ms - lane->tick_ms > 2 * lane->shared->limits.tick_ms && !lane->was_late;
    lane->tick_ms = now_ms;
    lane->was_late = late;
    return late;
}

static void on_tick(uv_timer_t *tick)
{
    struct lane *lane = tick->data;
    uint64_t now_ms = lane_now_ms(lane);
    bool late = is_late(lane, now_ms);
    for (uint32_t i = 0; i < lane->slot_count; i++) {
        struct connection *connection = lane->slots[i].connection;
        if (connection != NULL && lane->draining)
            connection_tick_of_drain(connection, now_ms);
        else if (connection != NULL && lane->moving)
            connection_drain(connection);
        connection = lane->slots[i].connection; // it may be closed
        if (connection != NULL && !late)
            connection_tick(connection, now_ms);
    }
}

static void start_tick(struct lane *lane)
{
    enum { DRAIN_TICK_MS = 50 };
    uint64_t every_ms = lane->shared->limits.tick_ms;
    if ((lane->draining || lane->moving) && every_ms > DRAIN_TICK_MS)
        every_ms = DRAIN_TICK_MS;
    uv_update_time(loop_uv(lane->loop)); // the loop may have slept for long
    lane->tick_ms = lane_now_ms(lane);
    uv_timer_start(&lane->tick, on_tick, every_ms, every_ms);
}

// --- turns

static void turn_touched(struct lane *lane)
{
    while (lane->touched != NULL)
        connection_turn(lane->touched); // untouches it
}

static void after_turn(void *ctx)
{
    struct lane *lane = ctx;
    turn_touched(lane);
    backlog_tell(lane);
    while (backlog_is_over(lane)) {
        connection_close(backlog_largest(lane));
        backlog_tell(lane);
    }
}

void lane_touch(struct lane *lane, struct connection *connection)
{
    if (connection->touched)
        return;
    connection->touched = true;
    lane->touched_count++;
    connection->touched_before = NULL;
    connection->touched_after = lane->touched;
    if (lane->touched != NULL)
        lane->touched->touched_before = connection;
    lane->touched = connection;
}

void lane_untouch(struct lane *lane, struct connection *connection)
{
    if (!connection->touched)
        return;
    connection->touched = false;
    lane->touched_count--;
    if (connection->touched_before != NULL)
        connection->touched_before->touched_after = connection->touched_after;
    else
        lane->touched = connection->touched_after;
    if (connection->touched_after != NULL)
        connection->touched_after->touched_before = connection->touched_before;
}

void lane_touch_soon(struct lane *lane, struct connection *connection)
{
    lane_touch(lane, connection);
    if (lane->touched_count >= TURNS_AT_ONCE)
        turn_touched(lane);
}

// --- life

enum err_code lane_new(struct loop *loop, struct lane_shared *shared, struct lane **ret_lane, struct err *err)
{
    struct lane *lane = mem_zalloc(1, sizeof(*lane));
    if (lane == NULL)
        return err_no_memory(err);
    lane->shared = shared;
    lane->loop = loop;
    lane->free_slot = NO_SLOT;
    http_parser_init(&lane->parser);
    uv_timer_init(loop_uv(loop), &lane->tick); // cannot fail
    lane->tick.data = lane;
    loop_after_turn(loop, after_turn, lane);
    *ret_lane = lane;
    return ERR_NONE;
}

void lane_free(struct lane *lane)
{
    if (lane == NULL)
        return;
    lane->ended = true;
    for (uint32_t i = 0; i < lane->slot_count; i++)
        connection_free(lane->slots[i].connection);
    while (lane->spare != NULL) {
        struct http_exchange *exchange = lane->spare;
        lane->spare = exchange->next;
        mem_free(exchange);
    }
    trusted_let_go(&lane->trusted);
    mem_free(lane->slots);
    mem_free(lane);
}

static bool add_slots(struct lane *lane)
{
    uint32_t count = lane->slot_count > 0 ? lane->slot_count * 2 : FIRST_SLOTS;
    struct slot *slots = mem_realloc(lane->slots, count * sizeof(*slots));
    if (slots == NULL)
        return false;
    for (uint32_t i = lane->slot_count; i < count; i++)
        slots[i] = (struct slot){.next_free = i + 1 < count ? i + 1 : NO_SLOT};
    lane->free_slot = lane->slot_count;
    lane->slots = slots;
    lane->slot_count = count;
    return true;
}

bool lane_enter(struct lane *lane, struct connection *connection)
{
    if (lane->free_slot == NO_SLOT && !add_slots(lane))
        return false;
    uint32_t place = lane->free_slot;
    struct slot *slot = &lane->slots[place];
    lane->free_slot = slot->next_free;
    slot->connection = connection;
    connection->slot = place;
    connection->generation = slot->generation;
    if (lane->open++ == 0)
        start_tick(lane);
    return true;
}

void lane_leave(struct lane *lane, struct connection *connection)
{
    struct slot *slot = &lane->slots[connection->slot];
    slot->connection = NULL;
    slot->generation++;
    slot->next_free = lane->free_slot;
    lane->free_slot = connection->slot;
}

struct connection *lane_find(struct lane *lane, uint32_t slot, uint32_t generation)
{
    if (slot >= lane->slot_count || lane->slots[slot].generation != generation)
        return NULL;
    return lane->slots[slot].connection;
}

static void end_if_drained(struct lane *lane)
{
    if (!lane->draining || lane->drained || lane->open > 0)
        return;
    lane->drained = true;
    uv_close((uv_handle_t *)&lane->tick, NULL);
    lane->shared->on_lane_drained(lane);
}

void lane_forget(struct lane *lane)
{
    atomic_fetch_sub_explicit(&lane->shared->open, 1, memory_order_relaxed);
    if (--lane->open == 0)
        uv_timer_stop(&lane->tick);
    end_if_drained(lane);
}

static void drain_all(struct lane *lane)
{
    for (uint32_t i = 0; i < lane->slot_count; i++) {
        if (lane->slots[i].connection != NULL)
            connection_drain(lane->slots[i].connection);
    }
}

void lane_move(struct lane *lane)
{
    lane->moving = atomic_load(&lane->shared->is_moving);
    if (lane->open > 0)
        start_tick(lane);
    drain_all(lane);
}

void lane_drain(struct lane *lane)
{
    const struct http_limits *limits = &lane->shared->limits;
    lane->draining = true;
    start_tick(lane);
    lane->grace_until = lane_now_ms(lane) + limits->grace_ms;
    lane->drain_until = lane_now_ms(lane) + limits->drain_ms;
    lane->close_at = lane->drain_until + limits->last_ms;
    drain_all(lane);
    end_if_drained(lane);
}

// --- what connections use in common

struct http_exchange *lane_take_exchange(struct lane *lane)
{
    struct http_exchange *exchange = lane->spare;
    if (exchange == NULL)
        return mem_zalloc(1, sizeof(*exchange));
    lane->spare = exchange->next;
    lane->spare_count--;
    memset(exchange, 0, offsetof(struct http_exchange, inline_head));
    return exchange;
}

void lane_give_exchange(struct lane *lane, struct http_exchange *exchange)
{
    if (lane->spare_count == LIMIT_SPARE_EXCHANGES) {
        mem_free(exchange);
        return;
    }
    exchange->next = lane->spare;
    lane->spare = exchange;
    lane->spare_count++;
}

bool lane_claim_file(struct lane *lane, bool may_fail)
{
    struct lane_shared *shared = lane->shared;
    size_t before = atomic_fetch_add_explicit(&shared->files, 1, memory_order_relaxed);
    if (before < shared->max_files || !may_fail)
        return true;
    atomic_fetch_sub_explicit(&shared->files, 1, memory_order_relaxed);
    return false;
}

void lane_drop_file(struct lane *lane, struct http_file *file)
{
    atomic_fetch_sub_explicit(&lane->shared->files, 1, memory_order_relaxed);
    if (lane->ended)
        http_file_free(file);
    else
        http_file_free_later(file, lane->loop);
}

const char *lane_date(struct lane *lane)
{
    uint64_t now_ms = lane_now_ms(lane);
    if (now_ms >= lane->date_until_ms) {
        int64_t wall_ms = clock_wall_ms();
        lane->date_until_ms = now_ms + 1000 - (uint64_t)(wall_ms % 1000);
        date_http(wall_ms / 1000, lane->date);
    }
    return lane->date;
}

void lane_count_write(struct lane *lane)
{
    uint64_t writes = atomic_load_explicit(&lane->writes, memory_order_relaxed);
    atomic_store_explicit(&lane->writes, writes + 1, memory_order_relaxed); // this thread alone writes it
}
