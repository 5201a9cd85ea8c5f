// SPDX-License-Identifier: Apache-2.0
// The first job is asked for in each look. What waits is counted once in a while: of a long queue that takes
// longer than a small job.
#include "jobs/job_view.h"

#include "base/clock.h"
#include "base/limits.h"
#include "batch/desk.h"

enum { WAITED = 100 }; // jobs of other nodes that are asked for at a time

// A moment that is further off than any pause was written by another clock, as in a store that was restored
// elsewhere, and holds nothing up.
int64_t job_view_until_due_ms(const struct job *job, int64_t now_ms)
{
    int64_t until_ms = job->next_ms - now_ms;
    return until_ms > 0 && until_ms <= LIMIT_JOB_PAUSE_MAX_MS ? until_ms : 0;
}

static enum err_code count_jobs(struct job_view *view, struct own_statements *own, struct err *err)
{
    uint64_t now_ns = clock_monotonic_ns();
    if (!view->has_job) {
        view->counted_ns = 0;
        view->queue = (struct job_queue){0};
        return ERR_NONE;
    }
    if (view->counted_ns != 0 && now_ns - view->counted_ns < LIMIT_JOB_LOOK_MS * NS_PER_MS)
        return ERR_NONE;
    view->counted_ns = now_ns;
    return job_store_queue(own, &view->queue, err);
}

static enum err_code read_view(struct job_view *view, struct own_statements *own, struct err *err)
{
    AUTO(arena_fini) struct arena arena;
    struct job job;
    arena_init(&arena, JOB_VIEW_BYTES);
    enum err_code code = job_store_first(own, &arena, &job, &view->has_job, err);
    if (code == ERR_NONE)
        code = own_now_ms(own, &view->now_ms, err);
    if (code == ERR_NONE)
        code = count_jobs(view, own, err);
    if (code != ERR_NONE)
        return code;
    view->until_ms = view->has_job ? job_view_until_due_ms(&job, view->now_ms) : 0;
    view->is_due = view->has_job && view->until_ms == 0;
    return ERR_NONE;
}

enum err_code job_view_look(struct job_view *view, struct own_statements *own, struct err *err)
{
    struct job_view seen = *view;
    desk_give_time(own->conn);
    enum err_code code = read_view(&seen, own, err);
    store_deadline(own->conn, 0);
    if (code != ERR_NONE)
        own_statements_fini(own);
    view->counted_ns = seen.counted_ns;
    if (code == ERR_CONFIG || code == ERR_STALE) {
        seen = (struct job_view){.counted_ns = seen.counted_ns};
        code = ERR_NONE;
    }
    if (code == ERR_NONE)
        *view = seen;
    return code;
}

void job_view_tell_waits(struct own_statements *own, struct waits *waits)
{
    char ids[WAITED][JOB_ID_CHARS + 1];
    size_t count = waits_ids(waits, ids, WAITED);
    for (size_t i = 0; i < count; i++) {
        AUTO(arena_fini) struct arena arena;
        struct job job;
        int64_t ahead;
        bool is_found = false;
        struct err ignored = {0};
        arena_init(&arena, JOB_VIEW_BYTES);
        desk_give_time(own->conn);
        if (job_store_find(own, span_of(ids[i]), &arena, &job, &ahead, &is_found, &ignored) == ERR_NONE &&
            is_found && job_state_is_over(job.state))
            waits_tell(waits, ids[i]);
    }
    store_deadline(own->conn, 0);
}

bool job_view_has_spent(struct own_statements *own)
{
    char id[JOB_ID_CHARS + 1];
    struct err ignored = {0};
    desk_give_time(own->conn);
    bool has_spent = job_store_spent(own, 0, id, &ignored) == ERR_NONE && id[0] != '\0';
    store_deadline(own->conn, 0);
    return has_spent;
}
