// SPDX-License-Identifier: Apache-2.0
// What a lane does from turn to turn: after each one its connections that something happened to have their
// turn, those with too much that waits are closed, and the tick is started or stopped. Leaves to connection.c
// and deadline.c what happens to one of them. On the lane's thread.
//
// after_turn runs before each of the loop's waits, also behind callbacks that tell of closed connections: so
// whoever enters or leaves the lane has no need to look at the tick, nor at whether all are gone.
#include "http/lane_run.h"

#include "base/mem.h"
#include "http/backlog.h"
#include "http/connection.h"
#include "http/deadline.h"
#include "http/exchange.h"

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
        if (lane->slots[i].connection != NULL)
            connection_tick(lane->slots[i].connection, now_ms, late);
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

// Has the tick run while anything is open.
static void follow_tick(struct lane *lane)
{
    bool runs = uv_is_active((const uv_handle_t *)&lane->tick) != 0;
    if (lane->open > 0 && !runs)
        start_tick(lane);
    else if (lane->open == 0 && runs)
        uv_timer_stop(&lane->tick);
}

// --- turns

// Once. The loop may go on, and the lane with it, which has nothing to do then.
static void end_if_drained(struct lane *lane)
{
    if (!lane->draining || lane->drained || lane->open > 0)
        return;
    lane->drained = true;
    uv_close((uv_handle_t *)&lane->tick, NULL);
    lane->shared->on_lane_drained(lane);
}

static void make_room(struct lane *lane)
{
    backlog_tell(lane);
    while (backlog_is_over(lane)) {
        connection_close(backlog_largest(lane));
        backlog_tell(lane);
    }
}

static void after_turn(void *ctx)
{
    struct lane *lane = ctx;
    connection_turn_touched(lane);
    make_room(lane);
    if (!lane->drained)
        follow_tick(lane);
    end_if_drained(lane);
}

// --- life

enum err_code lane_new(struct loop *loop, struct lane_shared *shared, struct lane **ret_lane, struct err *err)
{
    struct lane *lane = mem_zalloc(1, sizeof(*lane));
    if (lane == NULL)
        return err_no_memory(err);
    lane->shared = shared;
    lane->loop = loop;
    lane->free_slot = LANE_NO_SLOT;
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
    exchanges_free_spare(lane);
    trusted_let_go(&lane->trusted);
    mem_free(lane->slots);
    mem_free(lane);
}

// --- leaving

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
    lane->grace_until_ms = lane_now_ms(lane) + limits->grace_ms;
    lane->drain_until_ms = lane_now_ms(lane) + limits->drain_ms;
    lane->close_at_ms = lane->drain_until_ms + limits->last_ms;
    drain_all(lane);
}
