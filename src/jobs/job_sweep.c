// SPDX-License-Identifier: Apache-2.0
// The body of a job that is done goes as soon as there is nothing else to do; what is refused or failed keeps
// its body for as long as itself.
#include "jobs/job_sweep.h"

#include "base/clock.h"
#include "base/limits.h"
#include "jobs/job_body.h"
#include "jobs/job_store.h"
#include "jobs/job_view.h"

enum { FIRST_MS = 60000 }; // after the start, which has other things to write

void job_sweep_init(struct job_sweep *sweep)
{
    sweep->next_ns = clock_monotonic_ns() + FIRST_MS * NS_PER_MS;
}

// What one transaction does.
struct step {
    int64_t now_ms;
    bool is_full; // also what is old
    bool more;    // out: there may be more to do
};

static enum err_code drop_body(struct own_statements *own, const char *id, struct step *step, struct err *err)
{
    bool more = false;
    enum err_code code = job_body_drop(own, span_of(id), &more, err);
    if (code == ERR_NONE && !more)
        code = job_store_note_gone(own, id, err);
    step->more = true;
    return code;
}

static enum err_code make(void *ctx, struct own_statements *own, struct err *err)
{
    struct step *step = ctx;
    char id[JOB_ID_CHARS + 1];
    const int64_t day_ms = INT64_C(86400000);
    int64_t before_ms = step->is_full ? step->now_ms - LIMIT_JOB_KEPT_DAYS * day_ms : 0;
    step->more = false;
    enum err_code code = job_store_spent(own, before_ms, id, err);
    if (code != ERR_NONE || id[0] != '\0')
        return code == ERR_NONE ? drop_body(own, id, step, err) : code;
    if (!step->is_full)
        return ERR_NONE;
    code = job_store_prune(own, before_ms, &step->more, err);
    if (code != ERR_NONE || step->more)
        return code;
    code = job_body_stray(own, step->now_ms - LIMIT_JOB_STRAY_MS, id, err);
    return code == ERR_NONE && id[0] != '\0' ? drop_body(own, id, step, err) : code;
}

bool job_sweep_step(
    struct job_sweep *sweep, int64_t now_ms, struct own_statements *own, struct meantime *meantime)
{
    uint64_t now_ns = clock_monotonic_ns();
    struct err ignored = {0};
    struct step step = {.now_ms = now_ms, .is_full = now_ns >= sweep->next_ns};
    if (now_ms == 0 || (!step.is_full && !job_view_has_spent(own)))
        return false;
    if (meantime_ask_desk(meantime, make, &step, &ignored) != ERR_NONE)
        return false;
    if (step.is_full && !step.more)
        sweep->next_ns = now_ns + LIMIT_JOB_SWEEP_MS * NS_PER_MS;
    return step.more;
}
