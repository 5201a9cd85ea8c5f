// SPDX-License-Identifier: Apache-2.0
// Gathers a group from the queue, asks for all of its reads, and sends back what comes of it. Reads that are
// left are read_alone's, which the caller goes on to. The worker's thread.
#include "serve/read_together.h"

#include "base/clock.h"
#include "base/limits.h"
#include "serve/landing.h"
#include "serve/read_policy.h"
#include "serve/replica.h"

static struct plan *usual_plan(const struct read_group *group, const struct request *request)
{
    const struct app *app = request->app;
    return group->handle->app == app ? group->handle->plans[request->endpoint - app->endpoints] : NULL;
}

static void join(struct read_group *group, struct request *request)
{
    struct seat *seat = &group->seats[group->count++];
    seat->usual = usual_plan(group, request);
    seat->plan = NULL;
    seat->dependence = NULL;
    reading_init(&seat->reading, request, &group->handles->primaries[request->service]);
}

void read_group_init(struct read_group *group, const struct handles *handles, struct request *request)
{
    group->handles = handles;
    group->count = group->counted = 0;
    group->replica = replica_find(handles, request->service, request->app, request->endpoint);
    group->handle = group->replica != NULL ? &group->replica->handle : &handles->primaries[request->service];
    join(group, request);
}

void read_group_fini(struct read_group *group)
{
    for (size_t i = 0; i < group->count; i++)
        reading_fini(&group->seats[i].reading);
}

// --- gathering

static bool goes_together(const struct plan *usual)
{
    return usual != NULL && plan_goes_together(usual);
}

// Whether the next task in the queue may join the group; for shared_pool_take.
static bool may_join(void *ctx, struct task *next)
{
    const struct read_group *group = ctx;
    const struct request *first = group->seats[0].reading.request;
    if (next->run != first->task.run) // a file, say
        return false;
    const struct request *request = CONTAINER_OF(next, struct request, task);
    return request->app == first->app &&
           replica_find(group->handles, request->service, request->app, request->endpoint) ==
               group->replica &&
           goes_together(usual_plan(group, request));
}

// Prepares the last seat's plan: the n-th read of an endpoint in the group takes the endpoint's n-th seat.
static enum err_code prepare_last(struct read_group *group, struct err *err)
{
    struct seat *last = &group->seats[group->count - 1];
    const struct endpoint *endpoint = last->reading.request->endpoint;
    size_t number = 0;
    for (const struct seat *before = group->seats; before < last; before++)
        number += before->reading.request->endpoint == endpoint;
    enum err_code code = reading_dependence(&last->reading, &last->dependence, err);
    return code != ERR_NONE ? code : handle_seat(group->handle, endpoint, number, &last->plan, err);
}

// False when no other read goes together with the first, or one of them could not be prepared.
static bool gather(struct read_group *group)
{
    struct reading *first = &group->seats[0].reading;
    struct shared_pool *pool = first->request->context->reads;
    struct err err = {0};
    struct task *next;
    if (!goes_together(group->seats[0].usual))
        return false;
    reading_start(first);
    store_deadline(group->handle->conn, first->deadline_ns);
    bool is_fine = prepare_last(group, &err) == ERR_NONE;
    while (
        is_fine && group->count < HANDLE_SEATS && (next = shared_pool_take(pool, may_join, group)) != NULL) {
        struct request *request = CONTAINER_OF(next, struct request, task);
        if (landing_give_up(request))
            continue;
        join(group, request);
        is_fine = prepare_last(group, &err) == ERR_NONE;
    }
    return is_fine && group->count > 1;
}

// --- reading

// Begins a transaction that sees all that was committed when the last of the requests came.
static enum err_code begin(struct read_group *group, struct err *err)
{
    struct span vector;
    uint64_t came_ns = 0;
    bool is_noted = false;
    for (size_t i = 0; i < group->count; i++) {
        is_noted = is_noted || group->seats[i].dependence != NULL;
        reading_begin(&group->seats[i].reading, group->replica != NULL);
    }
    if (group->replica == NULL)
        return handle_begin(group->handle, NULL, is_noted, err);
    for (size_t i = 0; i < group->count; i++) {
        uint64_t start_ns = group->seats[i].reading.request->came_ns;
        came_ns = start_ns > came_ns ? start_ns : came_ns;
    }
    const struct reading *first = &group->seats[0].reading;
    struct store_conn *primary = group->handles->primaries[first->request->service].conn;
    store_deadline(primary, first->deadline_ns);
    enum err_code code = replica_vector(group->replica, primary, came_ns, &vector, err);
    return code == ERR_NONE ? handle_begin(group->handle, &vector, is_noted, err) : code;
}

static void ask_all(struct read_group *group)
{
    struct err ignored = {0};
    for (size_t i = 0; i < group->count; i++) {
        struct seat *seat = &group->seats[i];
        bool is_last = i + 1 == group->count;
        if (plan_ask(seat->plan, seat->reading.request->params, is_last, &ignored) != ERR_NONE)
            seat->plan = NULL;
    }
}

static enum err_code answer(struct seat *seat)
{
    struct err ignored = {0}; // the read is tried again alone, where it fails with an error to be told
    enum err_code code = reading_ask(&seat->reading, seat->plan, &ignored);
    if (code == ERR_NONE)
        code = spool_end(&seat->reading.out, &ignored);
    if (code == ERR_NONE && seat->dependence != NULL)
        reading_note(&seat->reading, seat->plan, seat->dependence);
    if (code == ERR_NONE)
        reading_send_answer(&seat->reading);
    else
        reading_forget(&seat->reading);
    return code;
}

// Sends back the reads that succeed and returns their number. *ret_failed: the code of the first failure.
static size_t answer_all(struct read_group *group, enum err_code *ret_failed)
{
    size_t answered = 0;
    *ret_failed = ERR_NONE;
    for (size_t i = 0; i < group->count; i++) {
        struct seat *seat = &group->seats[i];
        if (seat->plan == NULL)
            continue;
        enum err_code code = answer(seat);
        answered += code == ERR_NONE;
        if (*ret_failed != ERR_NONE)
            continue;
        *ret_failed = code;
        if (code == ERR_TIMEOUT) // the endpoint that held up the others goes alone for a while
            plan_took(seat->usual, UINT64_MAX);
    }
    return answered;
}

// Leaves the first read that has no answer, which is the slow one, to this worker, and the others to any.
static void requeue(struct read_group *group)
{
    bool is_first = true;
    for (size_t i = 0; i < group->count; i++) {
        struct reading *reading = &group->seats[i].reading;
        if (reading->request == NULL)
            continue;
        struct shared_pool *pool = reading->request->context->reads;
        if (is_first) {
            shared_pool_blame(pool, &reading->request->task);
            group->counted = i;
        } else if (shared_pool_submit(pool, &reading->request->task)) {
            reading->request = NULL;
        }
        is_first = false;
    }
}

static void read_all(struct read_group *group)
{
    struct err err = {0};
    enum err_code failed;
    if (begin(group, &err) != ERR_NONE)
        return; // each read fails alone, too, and tells why
    uint64_t start_ns = clock_monotonic_ns();
    store_deadline(group->handle->conn, start_ns + LIMIT_TOGETHER_MS * NS_PER_MS);
    ask_all(group);
    size_t answered = answer_all(group, &failed);
    store_rollback(group->handle->conn);
    uint64_t ns = clock_monotonic_ns() - start_ns;
    // All have waited for the last one, so each endpoint is charged the same.
    for (size_t i = 0; failed == ERR_NONE && i < group->count; i++)
        plan_took(group->seats[i].usual, ns / group->count);
    if (group->replica != NULL && answered > 0)
        replica_answered(group->replica, &err);
    if (read_next(READ_TOGETHER, failed, 1) == READ_REQUEUE)
        requeue(group);
}

void read_together(struct read_group *group)
{
    if (gather(group))
        read_all(group);
}
