// SPDX-License-Identifier: Apache-2.0
//
//     in turn     turn ─ BEGIN ─┐
//     staged      BEGIN ─ first batch ─ early checks ─ turn ─┤
//     parallel    BEGIN ─┤
//                        └─ { attempt } for each batch of the group ─ turn given ─ COMMIT
//
// Staged is what goes on while another lane, or another node, writes: a batch that its early checks refuse
// ends before it has had a turn. A parallel endpoint's batches have none at all. A store of one writer knows
// only groups that are in turn from their beginning. The lane's own turn is given back before COMMIT: the
// next lane then waits for the store's, which ends with the commit, in the database itself.
#include "batch/group.h"

#include <assert.h>

#include "base/clock.h"
#include "base/crash_point.h"
#include "base/limits.h"
#include "batch/attempt.h"
#include "batch/violated.h"
#include "store/notes.h"

static void end(struct group *group, enum group_state state)
{
    assert(group->state == GROUP_OPEN && state != GROUP_OPEN);
    group->state = state;
}

void group_add(struct group *group, struct batch *batch)
{
    batch->next = NULL;
    if (group->last != NULL)
        group->last->next = batch;
    else
        group->first = batch;
    group->last = batch;
    group->count++;
    group->rows += batch->rows.count;
}

// Whether the next task in the queue is a batch that may join the group; for pool_take.
static bool may_join(void *ctx, struct task *next)
{
    const struct group *group = ctx;
    const struct batch *batch = CONTAINER_OF(next, struct batch, task);
    return next->run == group->lane->write && batch->app == group->first->app &&
           *lane_plan_of(group->lane, batch) != NULL && group->count < LIMIT_GROUP_BATCHES &&
           group->rows + batch->rows.count <= LIMIT_GROUP_ROWS;
}

// --- beginning

static void give_turn(struct group *group)
{
    if (group->has_turn)
        turn_give(&group->lane->common->turn);
    group->has_turn = false;
}

// What came of the beginning, or of taking the store's turn.
static enum err_code note_begin(struct group *group, enum err_code code)
{
    if (code == ERR_BUSY)
        end(group, GROUP_LOCKED);
    return code;
}

static enum err_code begin_in_turn(struct group *group)
{
    struct lane *lane = group->lane;
    (void)turn_take(&lane->common->turn, UINT64_MAX);
    group->has_turn = true;
    if (lane_is_ended(lane, &group->err))
        return group->err.code;
    return note_begin(group, store_begin(lane->conn, &group->err));
}

// Begins, and runs all of the first batch that needs no turn. What is returned is the batch's own error, or
// that of a transaction that could not begin, which stands in group->err.
static enum err_code stage(struct group *group)
{
    enum err_code code = note_begin(group, store_begin_early(group->lane->conn, &group->err));
    return code == ERR_NONE ? attempt_early(group) : code;
}

static void unstage(struct group *group)
{
    store_rollback(group->lane->conn);
    attempt_forget(group->first);
    report_fini(&group->warnings);
    group->warnings = (struct report){0};
    group->is_staged = false;
    group->staging_ns = 0;
}

// What is to be done when the first batch has failed before it had its turn.
static enum err_code end_staging(struct group *group, enum err_code code)
{
    struct err *own = &group->first->err;
    switch (code) {
    case ERR_ABORTED:
    case ERR_STALE: // the transaction begins anew
        return err_set(&group->err, code, "%s", own->text);
    case ERR_VALUE:
    case ERR_CONFLICT:
    case ERR_CONSTRAINT: // which row is looked for in a savepoint
        unstage(group);
        group->entry = ENTRY_IN_TURN;
        return begin_in_turn(group);
    default:
        if (code != ERR_INVALID)
            (void)lane_is_ended(group->lane, own);
        end(group, GROUP_REFUSED);
        return ERR_NONE;
    }
}

static enum err_code begin_staged(struct group *group)
{
    struct lane *lane = group->lane;
    struct turn *turn = &lane->common->turn;
    enum err_code code = stage(group);
    if (code == ERR_NONE) {
        group->has_turn = turn_take(turn, clock_monotonic_ns() + LIMIT_STAGED_MS * NS_PER_MS);
        if (!group->has_turn) { // another lane's batch takes long: this one stages again when that is done
            unstage(group);
            group->has_turn = turn_take(turn, UINT64_MAX);
            code = stage(group);
        }
    }
    if (group->err.code != ERR_NONE)
        return code;
    if (code != ERR_NONE) {
        give_turn(group);
        return end_staging(group, code);
    }
    if (lane_is_ended(lane, &group->err))
        return group->err.code;
    return note_begin(group, store_take_turn(lane->conn, &group->err));
}

static enum err_code begin(struct group *group)
{
    const struct lane *lane = group->lane;
    if (!lane->plans.is_early)
        group->entry = ENTRY_IN_TURN;
    else if (lane->is_parallel && !atomic_load(&lane->common->is_draft))
        group->entry = ENTRY_PARALLEL;
    else if (group->first->is_lenient) // its early checks may refuse some of it only
        group->entry = ENTRY_IN_TURN;
    else
        group->entry = ENTRY_STAGED;
    if (group->entry == ENTRY_IN_TURN)
        return begin_in_turn(group);
    if (group->entry == ENTRY_STAGED)
        return begin_staged(group);
    return note_begin(group, store_begin_early(lane->conn, &group->err));
}

// --- batches

// Whether a batch that was tried has ended the transaction of all with its own failure, as a trigger that
// rolls back does: its statement has failed, and when its savepoint was to be taken back there was no
// transaction any more.
static bool has_ended_all(const struct batch *batch, enum err_code code)
{
    return code == ERR_BUSY && batch->err.code != ERR_NONE;
}

// Runs the first batch and, if `takes_more`, those that wait behind it.
static enum err_code run_all(struct group *group, bool takes_more)
{
    struct lane *lane = group->lane;
    struct task *next = NULL;
    do {
        if (next != NULL)
            group_add(group, CONTAINER_OF(next, struct batch, task));
        enum err_code code = attempt_run(group, group->last);
        if (has_ended_all(group->last, code))
            group->culprit = group->last;
        if (code != ERR_NONE)
            return code;
        bool is_over = !takes_more || atomic_load_explicit(&lane->common->is_ended, memory_order_relaxed);
        next = is_over ? NULL : pool_take(lane->pool, may_join, group);
    } while (next != NULL);
    return ERR_NONE;
}

// Notes that the store is more than a draft from this transaction on, if one of its batches goes in.
static enum err_code end_draft(struct group *group)
{
    struct lane *lane = group->lane;
    for (const struct batch *batch = group->first; batch != NULL && !group->ends_draft; batch = batch->next)
        group->ends_draft = batch_goes_in(batch) && atomic_load(&lane->common->is_draft);
    return group->ends_draft ? note_write(lane->conn, NOTE_DRAFT, "", &group->err) : ERR_NONE;
}

// --- the end

// Ends it; from here on the next lane may wait for the store's turn.
static void commit(struct group *group)
{
    struct lane *lane = group->lane;
    struct batch *sole = group->count == 1 ? group->first : NULL;
    struct err *err = &group->err;
    give_turn(group);
    CRASH_POINT("batch-commit");
    enum err_code code = ERR_NONE;
    if (group->has_rolled_back && !group->has_writes) // there is nothing to bring to the disk
        store_rollback(lane->conn);
    else
        code = store_commit(lane->conn, err);
    end(group, code == ERR_NONE ? GROUP_COMMITTED : GROUP_LOST_AT_COMMIT);
    CRASH_POINT("batch-committed");
    uint64_t now_ns = clock_monotonic_ns();
    for (struct batch *batch = group->first; batch != NULL; batch = batch->next)
        batch->over_ns = now_ns;
    if (sole != NULL && (code == ERR_CONFLICT || code == ERR_CONSTRAINT))
        violated_words(lane->conn, sole->endpoint, err);
}

// Whether COMMIT has found what is wrong with the only batch, and not with which row.
static bool lacks_culprit(const struct group *group)
{
    enum err_code code = group->err.code;
    return group->count == 1 && (code == ERR_CONFLICT || code == ERR_CONSTRAINT) &&
           group->first->err.code == ERR_NONE && (group->first->found.total == 0 || group->first->is_lenient);
}

// Looks for that row, in a transaction that is rolled back. The failure is the batch's own from here on.
static void culprit_at_commit(struct group *group)
{
    struct lane *lane = group->lane;
    struct batch *batch = group->first;
    struct err lost = {0}; // then the words stay alone
    batch->err = group->err;
    group->err = (struct err){0};
    (void)turn_take(&lane->common->turn, UINT64_MAX);
    group->has_turn = true;
    if (!lane_is_ended(lane, &lost) && store_begin(lane->conn, &lost) == ERR_NONE)
        (void)!attempt_find_culprit(group, batch, true, &lost);
    store_rollback(lane->conn);
    give_turn(group);
}

void group_write(struct group *group, bool takes_more)
{
    struct lane *lane = group->lane;
    enum err_code code = lane_plans_need(&lane->plans, group->first, &group->err);
    if (code == ERR_NONE)
        code = begin(group);
    bool goes_on = code == ERR_NONE && group->state == GROUP_OPEN;
    if (goes_on)
        code = run_all(group, takes_more);
    if (goes_on && code == ERR_NONE)
        code = end_draft(group);
    if (code != ERR_NONE)
        (void)lane_is_ended(lane, &group->err);
    if (goes_on && code == ERR_NONE)
        commit(group);
    if (group->state == GROUP_OPEN)
        end(group, GROUP_LOST);
    if (group->state != GROUP_COMMITTED)
        store_rollback(lane->conn);
    else if (group->ends_draft)
        atomic_store(&lane->common->is_draft, false);
    if (goes_on && lacks_culprit(group))
        culprit_at_commit(group);
    give_turn(group);
    report_fini(&group->warnings);
    if (group->err.code != ERR_ABORTED && group->err.code != ERR_STALE) // else all run again
        slowest_tell(&group->slowest, &lane->common->observer);
    if (group->last->err.code == ERR_STALE)
        lane_plans_drop(&lane->plans, group->last);
    if (group->err.code != ERR_NONE)
        own_statements_fini(&lane->own); // the next one prepares them anew
}
