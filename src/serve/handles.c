// SPDX-License-Identifier: Apache-2.0
// Prepares an app's read endpoints on a connection and keeps their plans. When a read happens, and on which
// handle, is decided by read.c and the files under it. A handle is used by the worker that owns it, or by the
// replicas' thread while that makes it, and by one of them at a time.
#include "serve/handles.h"

#include "base/clock.h"
#include "base/limits.h"
#include "base/mem.h"
#include "store/prompt.h"

static void free_plans(struct plan **plans, size_t count)
{
    for (size_t i = 0; plans != NULL && i < count; i++)
        plan_free(plans[i]);
    mem_free(plans);
}

static void drop_app(struct handle *handle)
{
    size_t count = handle->app != NULL ? handle->app->endpoint_count : 0;
    free_plans(handle->plans, HANDLE_SEATS * count);
    mem_free(handle->covered);
    for (size_t i = 0; handle->dependences != NULL && i < count; i++)
        dependence_fini(&handle->dependences[i]);
    mem_free(handle->dependences);
    handle->dependences = NULL;
    app_unref(handle->app);
    handle->app = NULL;
    handle->plans = NULL;
    handle->covered = NULL;
}

// The app was checked before it was served: when this fails, the store has changed since.
static enum err_code prepare_plan(
    struct handle *handle, const struct endpoint *endpoint, struct plan **ret_plan, struct err *err)
{
    AUTO(diags_fini) struct diags diags;
    diags_init(&diags);
    enum err_code code = plan_new(endpoint, handle->conn, &diags, ret_plan, err);
    return code == ERR_NONE ? ERR_NONE : diags_explain(&diags, err);
}

// Of a replica. A statement that the database cannot plan counts as not covered: its read goes to the
// primary, which tells what is wrong.
static enum err_code find_out_if_covered(struct handle *next, size_t endpoint, struct err *err)
{
    struct err wrong = {0};
    enum err_code code = plan_is_covered(next->plans[endpoint], &next->covered[endpoint], &wrong);
    return code == ERR_NONE || code == ERR_STORE ? ERR_NONE : err_set(err, code, "%s", wrong.text);
}

// Prepares all reads of next->app into `next`, whose arrays are made.
static enum err_code prepare_reads(struct handle *next, struct err *err)
{
    const struct app *app = next->app;
    enum err_code code = ERR_NONE;
    for (size_t i = 0; code == ERR_NONE && i < app->endpoint_count; i++) {
        if (!endpoint_is_read(&app->endpoints[i]))
            continue;
        code = prepare_plan(next, &app->endpoints[i], &next->plans[i], err);
        if (code == ERR_CONFIG && next->is_prompt)
            code = ERR_NONE;
        if (code == ERR_NONE && next->is_replica)
            code = find_out_if_covered(next, i, err);
    }
    return code;
}

static enum err_code prepare(struct handle *handle, struct app *app, struct err *err)
{
    struct handle next = {.conn = handle->conn,
        .app = app_ref(app),
        .is_replica = handle->is_replica,
        .is_prompt = handle->is_prompt};
    next.plans = mem_zalloc(HANDLE_SEATS * app->endpoint_count, sizeof(*next.plans));
    if (next.is_replica)
        next.covered = mem_zalloc(app->endpoint_count, sizeof(*next.covered));
    else
        next.dependences = mem_zalloc(app->endpoint_count, sizeof(*next.dependences));
    bool has_room = next.plans != NULL && (next.covered != NULL || next.dependences != NULL);
    enum err_code code = has_room ? prepare_reads(&next, err) : err_no_memory(err);
    if (code != ERR_NONE) {
        drop_app(&next);
        return code;
    }
    drop_app(handle);
    *handle = next;
    return ERR_NONE;
}

enum err_code handle_plan(struct handle *handle, struct app *app, const struct endpoint *endpoint,
    struct plan **ret_plan, struct err *err)
{
    if (app != handle->app) {
        enum err_code code = prepare(handle, app, err);
        if (code != ERR_NONE)
            return code;
    }
    *ret_plan = handle->plans[endpoint - app->endpoints];
    return ERR_NONE;
}

enum err_code handle_renew(
    struct handle *handle, const struct endpoint *endpoint, struct plan **ret_plan, struct err *err)
{
    const struct app *app = handle->app;
    struct plan **plans = &handle->plans[endpoint - app->endpoints];
    struct plan *next = NULL;
    enum err_code code = prepare_plan(handle, endpoint, &next, err);
    if (code != ERR_NONE)
        return code;
    for (size_t seat = 0; seat < HANDLE_SEATS; seat++) {
        plan_free(plans[seat * app->endpoint_count]);
        plans[seat * app->endpoint_count] = NULL;
    }
    *ret_plan = plans[0] = next;
    if (handle->dependences != NULL)
        dependence_fini(&handle->dependences[endpoint - app->endpoints]);
    return ERR_NONE;
}

enum err_code handle_begin(struct handle *handle, const struct span *vector, bool is_noted, struct err *err)
{
    if (vector != NULL)
        return is_noted ? store_begin_seen_at(handle->conn, *vector, err)
                        : store_begin_at(handle->conn, *vector, err);
    return is_noted ? store_begin_seen(handle->conn, err) : store_begin(handle->conn, err);
}

// Fills the dependence of an endpoint. One that the database cannot tell stays zeroed: then the answer is not
// kept. An error is one for which a read would fail as well: the database is out of reach, say.
static enum err_code find_dependence(
    struct handle *handle, struct store *store, size_t endpoint, struct err *err)
{
    struct err failure = {0};
    struct dependence *dependence = &handle->dependences[endpoint];
    enum err_code code = dependence_find(handle->plans[endpoint], store, dependence, &failure);
    if (code == ERR_NONE)
        return ERR_NONE;
    dependence_fini(dependence);
    if (code == ERR_STORE || code == ERR_CONFIG || code == ERR_STALE)
        return ERR_NONE;
    *err = failure;
    return code;
}

enum err_code handle_dependence(struct handle *handle, struct store *store, const struct endpoint *endpoint,
    const struct dependence **ret_dependence, struct err *err)
{
    size_t number = (size_t)(endpoint - handle->app->endpoints);
    struct dependence *dependence = &handle->dependences[number];
    bool is_old =
        dependence_is_found(dependence) && !dependence_is_current(dependence, handle->plans[number]);
    if (is_old && !handle->is_prompt) // which is prepared anew as a whole
        dependence_fini(dependence);
    enum err_code code = ERR_NONE;
    if (!dependence_is_found(dependence) && !handle->is_prompt)
        code = find_dependence(handle, store, number, err);
    *ret_dependence = dependence_is_found(dependence) ? dependence : NULL;
    return code;
}

bool handle_may_miss(const struct handle *handle, const struct app *app, const struct endpoint *endpoint)
{
    return app == handle->app && handle->is_replica && !handle->covered[endpoint - app->endpoints];
}

enum err_code handle_seat(struct handle *handle, const struct endpoint *endpoint, size_t seat,
    struct plan **ret_plan, struct err *err)
{
    const struct app *app = handle->app;
    struct plan **plan = &handle->plans[seat * app->endpoint_count + (size_t)(endpoint - app->endpoints)];
    enum err_code code = *plan == NULL ? prepare_plan(handle, endpoint, plan, err) : ERR_NONE;
    if (code == ERR_NONE)
        *ret_plan = *plan;
    return code;
}

static enum err_code init_reader(struct handle *handle, struct store *store, struct app *app, bool is_replica,
    uint64_t deadline_ns, struct err *err)
{
    *handle = (struct handle){.is_replica = is_replica};
    enum err_code code = store_connect(store, STORE_READ, &handle->conn, err);
    if (code != ERR_NONE)
        return code;
    store_deadline(handle->conn, deadline_ns);
    return prepare(handle, app, err);
}

enum err_code handle_init_replica(
    struct handle *handle, struct store *store, struct app *app, uint64_t deadline_ns, struct err *err)
{
    return init_reader(handle, store, app, true, deadline_ns, err);
}

enum err_code handle_prepare_prompt(
    struct handle *handle, struct store *store, struct app *app, uint64_t deadline_ns, struct err *err)
{
    enum err_code code = ERR_NONE;
    handle->is_prompt = true;
    if (handle->conn == NULL)
        code = prompt_connect(store, &handle->conn, err);
    if (code != ERR_NONE || handle->conn == NULL)
        return code;
    store_deadline(handle->conn, deadline_ns); // before, it had that of a read
    code = prompt_pause(handle->conn, err);
    if (code != ERR_NONE)
        return code;
    code = prepare(handle, app, err);
    for (size_t i = 0; code == ERR_NONE && i < app->endpoint_count; i++) {
        if (handle->plans[i] != NULL)
            code = find_dependence(handle, store, i, err); // the loop has no time for that
    }
    return code == ERR_NONE ? prompt_resume(handle->conn, err) : code;
}

void handle_fini(struct handle *handle)
{
    drop_app(handle);
    store_disconnect(handle->conn);
    *handle = (struct handle){0};
}

enum err_code handles_init(
    struct handles *handles, const struct service *services, size_t count, struct err *err)
{
    *handles = (struct handles){
        .services = services, .primaries = mem_zalloc(count, sizeof(*handles->primaries)), .count = count};
    return handles->primaries == NULL ? err_no_memory(err) : ERR_NONE;
}

enum err_code handles_connect(
    struct handles *handles, size_t service, struct app *app, uint64_t deadline_ns, struct err *err)
{
    struct handle *primary = &handles->primaries[service];
    if (primary->app != NULL)
        return ERR_NONE;
    struct store *store = handles->services[service].store;
    enum err_code code = init_reader(primary, store, app, false, deadline_ns, err);
    if (code != ERR_NONE)
        handle_fini(primary);
    return code;
}

enum err_code handles_lend(
    struct handles *handles, size_t service, struct app *app, struct store_conn **ret_conn, struct err *err)
{
    uint64_t deadline_ns = clock_monotonic_ns() + LIMIT_STATEMENT_MS * NS_PER_MS;
    enum err_code code = handles_connect(handles, service, app, deadline_ns, err);
    if (code != ERR_NONE)
        return code;
    *ret_conn = handles->primaries[service].conn;
    store_deadline(*ret_conn, deadline_ns);
    return ERR_NONE;
}

void handles_take_back(struct store_conn *conn)
{
    if (conn != NULL)
        store_deadline(conn, 0);
}

void handles_fini(struct handles *handles)
{
    if (handles == NULL || handles->primaries == NULL)
        return;
    for (size_t i = 0; i < handles->count; i++)
        handle_fini(&handles->primaries[i]);
    mem_free(handles->primaries);
    *handles = (struct handles){0};
}
