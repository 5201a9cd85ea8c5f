// SPDX-License-Identifier: Apache-2.0
// Connections are found by place and generation, so that an answer which comes back for a client that has
// gone meets nobody, rather than a connection that came after it. A connection is in the table from
// lane_enter to lane_leave, and counts as open until lane_forget. Leaves to lane_run.c when what is done with
// them. On the lane's thread.
#include "http/lane.h"

#include "base/clock.h"
#include "base/mem.h"
#include "http/connection.h"
#include "http/file.h"

enum { FIRST_SLOTS = 64 };

uint64_t lane_now_ms(const struct lane *lane)
{
    return uv_now(loop_uv(lane->loop));
}

// --- those that need a turn

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

// --- places

static bool add_slots(struct lane *lane)
{
    uint32_t count = lane->slot_count > 0 ? lane->slot_count * 2 : FIRST_SLOTS;
    struct slot *slots = mem_realloc(lane->slots, count * sizeof(*slots));
    if (slots == NULL)
        return false;
    for (uint32_t i = lane->slot_count; i < count; i++)
        slots[i] = (struct slot){.next_free = i + 1 < count ? i + 1 : LANE_NO_SLOT};
    lane->free_slot = lane->slot_count;
    lane->slots = slots;
    lane->slot_count = count;
    return true;
}

bool lane_enter(struct lane *lane, struct connection *connection)
{
    if (lane->free_slot == LANE_NO_SLOT && !add_slots(lane))
        return false;
    uint32_t place = lane->free_slot;
    struct slot *slot = &lane->slots[place];
    lane->free_slot = slot->next_free;
    slot->connection = connection;
    connection->slot = place;
    connection->generation = slot->generation;
    lane->open++;
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

void lane_forget(struct lane *lane)
{
    atomic_fetch_sub_explicit(&lane->shared->open, 1, memory_order_relaxed);
    lane->open--;
}

// --- what connections use in common

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
