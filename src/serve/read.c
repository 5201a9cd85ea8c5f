// SPDX-License-Identifier: Apache-2.0
#include "serve/read.h"

#include "app/findings.h"
#include "app/plan.h"
#include "base/clock.h"
#include "base/limits.h"
#include "serve/replica.h"
#include "serve/request.h"

// The cursor is the one parameter that only the statement can judge.
static enum err_code report_cursor(struct request *request, struct err *err)
{
    size_t i = (size_t)request->endpoint->cursor_param;
    struct report *report = &request->batch.report;
    struct fault fault = {.parameter = request->endpoint->params[i].outside,
        .value = request->params[i].kind == VALUE_TEXT ? request->params[i].text : (struct span){0},
        .code = span_of("cursor"),
        .detail = span_of(err->text)};
    if (report_add(report, &fault) != ERR_NONE)
        return err->code; // it is told in words still
    report_finish(report);
    report->status = 400;
    return err->code;
}

// A read, and what it is worked out into.
struct reading {
    struct request *request;  // borrowed; NULL once it was sent back
    uint64_t start_ns;        // monotonic; when its turn came
    uint64_t deadline_ns;     // likewise; of all its statements
    struct spool out;         // the answer
    struct answered answered; // what is told beside it
    struct plan *usual;       // of one in a group: what the handle has for the endpoint
    struct plan *plan;        // likewise: its own, of the handle's seats; NULL: it has none
};

static enum err_code find_answer(struct reading *reading, struct plan *plan, struct err *err)
{
    struct request *request = reading->request;
    struct report *report = &request->batch.report;
    enum err_code code = findings_collect(plan, STATEMENT_REJECT, request->params, true, report, err);
    if (code == ERR_NONE && report->total > 0)
        return err_set(err, ERR_INVALID, "%.*s", (int)report_fault(report, 0)->detail.len,
            report_fault(report, 0)->detail.at);
    if (code == ERR_NONE)
        code = plan_answer(plan, request->params, request->format, &reading->out, &reading->answered, err);
    if (code == ERR_INVALID && request->endpoint->cursor_param >= 0)
        code = report_cursor(request, err);
    return code;
}

// A transaction of one committed state, with `mark` in it; NULL: any.
static enum err_code begin(struct handle *handle, const struct span *mark, struct err *err)
{
    return mark == NULL ? store_begin(handle->conn, err) : store_begin_at(handle->conn, *mark, err);
}

static enum err_code read_once(struct reading *reading, struct handle *handle, struct plan *plan,
    const struct span *mark, struct err *err)
{
    enum err_code code = begin(handle, mark, err);
    if (code != ERR_NONE)
        return code;
    code = find_answer(reading, plan, err);
    store_rollback(handle->conn); // nothing was written: only the snapshot is given back
    return code;
}

// Forgets a try that came to nothing, and what of the answer it had worked out.
static void forget_try(struct reading *reading)
{
    spool_reset(&reading->out);
    report_fini(&reading->request->batch.report);
}

// A check tells more when it is asked alone. What a replica ends for its replay, and what has changed under
// it, is done on the store.
static bool is_worth_a_try(enum err_code code, const struct span *mark)
{
    return code == ERR_AGAIN || (mark == NULL && (code == ERR_ABORTED || code == ERR_STALE));
}

// The types of the keys in a cursor are found out when the page is prepared: where a column has become of
// another one, the statement that it is compared in is what fails.
static bool has_cursor(const struct request *request)
{
    int cursor = request->endpoint->cursor_param;
    return cursor >= 0 && request->params[cursor].kind == VALUE_TEXT;
}

// On one store.
static enum err_code read_on(
    struct reading *reading, struct handle *handle, const struct span *mark, struct err *err)
{
    struct request *request = reading->request;
    struct plan *plan;
    struct err failure = {0};
    store_deadline(handle->conn, reading->deadline_ns);
    enum err_code code =
        handle_plan(handle, request->edition->apps[request->app], request->endpoint, &plan, err);
    if (code != ERR_NONE)
        return code;
    code = read_once(reading, handle, plan, mark, &failure);
    if (code == ERR_STORE && mark == NULL && has_cursor(request))
        code = ERR_STALE;
    for (unsigned tries = 1; tries < LIMIT_READ_TRIES && is_worth_a_try(code, mark); tries++) {
        forget_try(reading);
        failure = (struct err){0};
        code = code == ERR_STALE ? handle_renew(handle, request->endpoint, &plan, &failure) : ERR_NONE;
        if (code == ERR_NONE)
            code = read_once(reading, handle, plan, mark, &failure);
    }
    plan_took(plan, clock_monotonic_ns() - reading->start_ns);
    if (code != ERR_NONE) {
        *err = failure;
        return code;
    }
    return spool_end(&reading->out, err);
}

// --- with a replica

// Whether that is what becomes of the request, wherever it is read.
static bool is_final(enum err_code code)
{
    return code == ERR_NONE || code == ERR_MALFORMED || code == ERR_INVALID || code == ERR_UNKNOWN ||
           code == ERR_TIMEOUT;
}

// The next try has what is left of the time, or a little more.
static void start_again(struct reading *reading)
{
    uint64_t least_ns = clock_monotonic_ns() + LIMIT_AGAIN_MS * NS_PER_MS;
    forget_try(reading);
    if (reading->deadline_ns < least_ns)
        reading->deadline_ns = least_ns;
}

static enum err_code read_after_all(struct reading *reading, struct handle *handle, struct replica *replica,
    const struct err *failure, struct err *err)
{
    start_again(reading);
    enum err_code code = read_on(reading, handle, NULL, err);
    replica_failed(replica, failure, code == ERR_NONE);
    return code;
}

// On the replica, if that can be and it has seen what was committed when the request came; else, and whatever
// else goes wrong there, on the store.
static enum err_code read_on_either(
    struct reading *reading, struct handle *handle, struct replica *replica, struct err *err)
{
    const struct request *request = reading->request;
    struct app *app = request->edition->apps[request->app];
    struct plan *plan;
    struct err failure = {0};
    struct span mark;
    store_deadline(replica->handle.conn, reading->deadline_ns);
    if (handle_plan(&replica->handle, app, request->endpoint, &plan, &failure) != ERR_NONE)
        return read_after_all(reading, handle, replica, &failure, err);
    if (handle_may_miss(&replica->handle, app, request->endpoint)) {
        start_again(reading);
        return read_on(reading, handle, NULL, err);
    }
    store_deadline(handle->conn, reading->deadline_ns);
    if (replica_mark(replica, handle->conn, request->access.start_ns, &mark, &failure) != ERR_NONE)
        return read_on(reading, handle, NULL, err); // tells what is wrong with the store, if it still is
    enum err_code code = read_on(reading, &replica->handle, &mark, &failure);
    if (is_final(code)) {
        replica_answered(replica, &failure);
        *err = failure;
        return code;
    }
    return read_after_all(reading, handle, replica, &failure, err);
}

// --- alone

// The worker's replica, if it may be used for the request now; else NULL.
static struct replica *find_replica(const struct handles *handles, const struct request *request)
{
    struct replica *replica = handles->replicas != NULL ? &handles->replicas[request->app] : NULL;
    if (replica == NULL || !replica_is_ready(replica))
        return NULL;
    const struct app *app = request->edition->apps[request->app];
    return handle_may_miss(&replica->handle, app, request->endpoint) ? NULL : replica;
}

static void start_reading(struct reading *reading)
{
    reading->start_ns = clock_monotonic_ns();
    reading->deadline_ns = reading->start_ns + LIMIT_STATEMENT_MS * NS_PER_MS;
}

// Sends a request back for which nobody waits any more; false: somebody does.
static bool give_up_abandoned(struct request *request)
{
    bool is_abandoned = request_is_abandoned(request);
    if (is_abandoned)
        request_send_back(request);
    return is_abandoned;
}

static void send_answer(struct reading *reading)
{
    request_set_answer(reading->request, reading->answered.status, &reading->out, reading->answered.cursor);
    request_send_back(reading->request);
    reading->request = NULL;
}

static void send_error(struct reading *reading, const struct err *err)
{
    request_set_error(reading->request, err, &reading->request->batch.report);
    request_send_back(reading->request);
    reading->request = NULL;
}

static void read_alone(struct reading *reading, const struct handles *handles)
{
    struct request *request = reading->request;
    struct handle *handle = &handles->primaries[request->app];
    struct replica *replica = find_replica(handles, request);
    struct err err = {0};
    start_reading(reading);
    enum err_code code = replica != NULL ? read_on_either(reading, handle, replica, &err)
                                         : read_on(reading, handle, NULL, &err);
    if (code == ERR_NONE)
        send_answer(reading);
    else
        send_error(reading, &err);
}

// --- together

// Reads of one app that would wait for a store on another machine one after the other. They are one
// transaction, in which each is asked before the first is answered. One that goes wrong there, or is behind
// one that does, is read once more, alone.
struct read_group {
    const struct handles *handles;         // borrowed
    struct replica *replica;               // that is asked; NULL: the store itself
    struct handle *handle;                 // on either of them
    struct reading readings[HANDLE_SEATS]; // in the order in which they came
    size_t count;                          // of them
};

static void fini_group(struct read_group *group)
{
    for (size_t i = 0; i < group->count; i++)
        spool_fini(&group->readings[i].out);
}

static struct plan *usual_plan(const struct read_group *group, const struct request *request)
{
    const struct app *app = request->edition->apps[request->app];
    return group->handle->app == app ? group->handle->plans[request->endpoint - app->endpoints] : NULL;
}

static bool goes_together(const struct read_group *group, const struct request *request)
{
    const struct plan *plan = usual_plan(group, request);
    return plan != NULL && plan_goes_together(plan);
}

static bool may_join(void *ctx, struct task *next)
{
    const struct read_group *group = ctx;
    const struct request *first = group->readings[0].request;
    if (next->run != read_run)
        return false;
    const struct request *request = CONTAINER_OF(next, struct request, task);
    return request->app == first->app && request->edition == first->edition &&
           find_replica(group->handles, request) == group->replica && goes_together(group, request);
}

static struct reading *join(struct read_group *group, struct request *request)
{
    struct reading *reading = &group->readings[group->count++];
    *reading = (struct reading){.request = request, .usual = usual_plan(group, request)};
    spool_init(&reading->out, &request->context->spools, LIMIT_SPOOL_FILE_BYTES);
    return reading;
}

static enum err_code take_seat(struct read_group *group, struct reading *reading, struct err *err)
{
    const struct endpoint *endpoint = reading->request->endpoint;
    size_t seat = 0;
    for (const struct reading *before = group->readings; before < reading; before++)
        seat += before->request->endpoint == endpoint;
    return handle_seat(group->handle, endpoint, seat, &reading->plan, err);
}

// Takes what is waiting for a worker and goes together with the first. False when that is nothing, or one of
// them could not be prepared.
static bool gather(struct read_group *group)
{
    struct reading *first = &group->readings[0];
    struct pool *pool = first->request->context->reads;
    struct err err = {0};
    struct task *next;
    if (!goes_together(group, first->request))
        return false;
    start_reading(first);
    store_deadline(group->handle->conn, first->deadline_ns);
    bool is_fine = take_seat(group, first, &err) == ERR_NONE;
    while (is_fine && group->count < HANDLE_SEATS && (next = pool_take(pool, may_join, group)) != NULL) {
        struct request *request = CONTAINER_OF(next, struct request, task);
        if (!give_up_abandoned(request))
            is_fine = take_seat(group, join(group, request), &err) == ERR_NONE;
    }
    return is_fine && group->count > 1;
}

// As read_once and read_on_either have it, for the one that came last.
static enum err_code begin_together(struct read_group *group, struct err *err)
{
    struct span mark;
    uint64_t came_ns = 0;
    if (group->replica == NULL)
        return begin(group->handle, NULL, err);
    for (size_t i = 0; i < group->count; i++) {
        uint64_t start_ns = group->readings[i].request->access.start_ns;
        came_ns = start_ns > came_ns ? start_ns : came_ns;
    }
    struct store_conn *store = group->handles->primaries[group->readings[0].request->app].conn;
    store_deadline(store, group->readings[0].deadline_ns);
    enum err_code code = replica_mark(group->replica, store, came_ns, &mark, err);
    return code == ERR_NONE ? begin(group->handle, &mark, err) : code;
}

static void ask_all(struct read_group *group)
{
    struct err ignored = {0};
    for (size_t i = 0; i < group->count; i++) {
        struct reading *reading = &group->readings[i];
        bool is_last = i + 1 == group->count;
        if (plan_ask(reading->plan, reading->request->params, is_last, &ignored) != ERR_NONE)
            reading->plan = NULL;
    }
}

// Sends back those that succeed. How many those are, and what the first failure is called; ERR_NONE: none.
static size_t answer_all(struct read_group *group, enum err_code *ret_failed)
{
    size_t answered = 0;
    *ret_failed = ERR_NONE;
    for (size_t i = 0; i < group->count; i++) {
        struct reading *reading = &group->readings[i];
        struct err ignored = {0};
        if (reading->plan == NULL)
            continue;
        enum err_code code = find_answer(reading, reading->plan, &ignored);
        if (code == ERR_NONE)
            code = spool_end(&reading->out, &ignored);
        if (code == ERR_NONE) {
            send_answer(reading);
            answered++;
            continue;
        }
        if (code == ERR_TIMEOUT && *ret_failed == ERR_NONE)
            plan_took(reading->usual, UINT64_MAX);
        if (*ret_failed == ERR_NONE)
            *ret_failed = code;
        forget_try(reading);
    }
    return answered;
}

// One of them was slow for once, which is the first that is left: the others are for whoever is free.
static void put_back(struct read_group *group)
{
    bool is_first = true;
    for (size_t i = 0; i < group->count; i++) {
        struct reading *reading = &group->readings[i];
        if (reading->request == NULL)
            continue;
        if (!is_first && pool_submit(reading->request->context->reads, &reading->request->task))
            reading->request = NULL;
        is_first = false;
    }
}

static void read_together(struct read_group *group)
{
    struct err err = {0};
    enum err_code failed;
    if (begin_together(group, &err) != ERR_NONE)
        return; // of which each tells by itself
    uint64_t start_ns = clock_monotonic_ns();
    store_deadline(group->handle->conn, start_ns + LIMIT_TOGETHER_MS * NS_PER_MS);
    ask_all(group);
    size_t answered = answer_all(group, &failed);
    store_rollback(group->handle->conn);
    uint64_t ns = clock_monotonic_ns() - start_ns;
    // All have waited for the last one, so each is charged the same.
    for (size_t i = 0; failed == ERR_NONE && i < group->count; i++)
        plan_took(group->readings[i].usual, ns / group->count);
    if (group->replica != NULL && answered > 0)
        replica_answered(group->replica, &err);
    if (failed == ERR_TIMEOUT)
        put_back(group);
}

// --- the task

void read_run(struct task *task, void *worker)
{
    struct request *request = CONTAINER_OF(task, struct request, task);
    const struct handles *handles = worker;
    AUTO(fini_group) struct read_group group;
    group.handles = handles;
    group.count = 0;
    if (give_up_abandoned(request))
        return;
    group.replica = find_replica(handles, request);
    group.handle = group.replica != NULL ? &group.replica->handle : &handles->primaries[request->app];
    join(&group, request);
    if (gather(&group))
        read_together(&group);
    for (size_t i = 0; i < group.count; i++) {
        struct request *left = group.readings[i].request;
        if (left != NULL && !give_up_abandoned(left))
            read_alone(&group.readings[i], handles);
    }
}
