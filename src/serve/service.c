// SPDX-License-Identifier: Apache-2.0
#include "serve/service.h"

#include "base/mem.h"

// --- services

enum err_code service_start(
    struct service *service, struct app *app, struct store *store, struct store_conn *conn, struct err *err)
{
    AUTO(diags_fini) struct diags diags;
    diags_init(&diags);
    enum err_code code = writer_new(app, conn, &diags, &service->writer, err);
    if (code != ERR_NONE)
        return diags_explain(&diags, err);
    service->app = app;
    service->store = store;
    return ERR_NONE;
}

void service_fini(struct service *service)
{
    if (service == NULL)
        return;
    writer_free(service->writer);
    store_close(service->read_store);
    store_close(service->store);
    app_unref(service->app);
    *service = (struct service){0};
}

// --- readers

static void free_plans(struct plan **plans, size_t count)
{
    for (size_t i = 0; plans != NULL && i < count; i++)
        plan_free(plans[i]);
    mem_free(plans);
}

static void drop_app(struct service_reader *reader)
{
    if (reader->app != NULL)
        free_plans(reader->plans, READER_LANES * reader->app->endpoint_count);
    app_unref(reader->app);
    mem_free(reader->marked);
    reader->app = NULL;
    reader->plans = NULL;
    reader->marked = NULL;
}

// The app was checked before it was served: when this fails, the store has changed since.
static enum err_code prepare_plan(
    struct service_reader *reader, const struct endpoint *endpoint, struct plan **ret_plan, struct err *err)
{
    AUTO(diags_fini) struct diags diags;
    diags_init(&diags);
    enum err_code code = plan_new(endpoint, reader->conn, &diags, ret_plan, err);
    return code == ERR_NONE ? ERR_NONE : diags_explain(&diags, err);
}

// Of a replica. What cannot even be planned fails on the store, where it is told as it should be.
static enum err_code find_out_if_marked(struct service_reader *next, size_t endpoint, struct err *err)
{
    struct err wrong = {0};
    enum err_code code = plan_is_marked(next->plans[endpoint], &next->marked[endpoint], &wrong);
    return code == ERR_NONE || code == ERR_STORE ? ERR_NONE : err_set(err, code, "%s", wrong.text);
}

// Into `next`, which has room for the plans and, of a replica, for what they may miss.
static enum err_code prepare_reads(struct service_reader *next, struct err *err)
{
    const struct app *app = next->app;
    enum err_code code = ERR_NONE;
    for (size_t i = 0; code == ERR_NONE && i < app->endpoint_count; i++) {
        if (app->endpoints[i].method != HTTP_GET)
            continue;
        code = prepare_plan(next, &app->endpoints[i], &next->plans[i], err);
        if (code == ERR_NONE && next->is_replica)
            code = find_out_if_marked(next, i, err);
    }
    return code;
}

static enum err_code prepare(struct service_reader *reader, struct app *app, struct err *err)
{
    struct service_reader next = {
        .conn = reader->conn, .app = app_ref(app), .is_replica = reader->is_replica};
    next.plans = mem_zalloc(READER_LANES * app->endpoint_count, sizeof(*next.plans));
    if (next.is_replica)
        next.marked = mem_zalloc(app->endpoint_count, sizeof(*next.marked));
    bool has_room = next.plans != NULL && (next.marked != NULL || !next.is_replica);
    enum err_code code = has_room ? prepare_reads(&next, err) : err_no_memory(err);
    if (code != ERR_NONE) {
        drop_app(&next);
        return code;
    }
    drop_app(reader);
    *reader = next;
    return ERR_NONE;
}

enum err_code reader_plan(struct service_reader *reader, struct app *app, const struct endpoint *endpoint,
    struct plan **ret_plan, struct err *err)
{
    if (app != reader->app) {
        enum err_code code = prepare(reader, app, err);
        if (code != ERR_NONE)
            return code;
    }
    *ret_plan = reader->plans[endpoint - app->endpoints];
    return ERR_NONE;
}

enum err_code reader_renew(
    struct service_reader *reader, const struct endpoint *endpoint, struct plan **ret_plan, struct err *err)
{
    const struct app *app = reader->app;
    struct plan **plans = &reader->plans[endpoint - app->endpoints];
    struct plan *next = NULL;
    enum err_code code = prepare_plan(reader, endpoint, &next, err);
    if (code != ERR_NONE)
        return code;
    for (size_t lane = 0; lane < READER_LANES; lane++) {
        plan_free(plans[lane * app->endpoint_count]);
        plans[lane * app->endpoint_count] = NULL;
    }
    *ret_plan = plans[0] = next;
    return ERR_NONE;
}

bool reader_may_miss(
    const struct service_reader *reader, const struct app *app, const struct endpoint *endpoint)
{
    return app == reader->app && reader->is_replica && !reader->marked[endpoint - app->endpoints];
}

enum err_code reader_lane(struct service_reader *reader, const struct endpoint *endpoint, size_t lane,
    struct plan **ret_plan, struct err *err)
{
    const struct app *app = reader->app;
    struct plan **plan = &reader->plans[lane * app->endpoint_count + (size_t)(endpoint - app->endpoints)];
    enum err_code code = *plan == NULL ? prepare_plan(reader, endpoint, plan, err) : ERR_NONE;
    if (code == ERR_NONE)
        *ret_plan = *plan;
    return code;
}

static enum err_code init_reader(struct service_reader *reader, struct store *store, struct app *app,
    bool is_replica, uint64_t deadline_ns, struct err *err)
{
    *reader = (struct service_reader){.is_replica = is_replica};
    enum err_code code = store_connect(store, STORE_READ, &reader->conn, err);
    if (code != ERR_NONE)
        return code;
    store_deadline(reader->conn, deadline_ns);
    return prepare(reader, app, err);
}

enum err_code reader_init(
    struct service_reader *reader, struct store *store, struct app *app, struct err *err)
{
    return init_reader(reader, store, app, false, 0, err);
}

enum err_code reader_init_replica(struct service_reader *reader, struct store *store, struct app *app,
    uint64_t deadline_ns, struct err *err)
{
    return init_reader(reader, store, app, true, deadline_ns, err);
}

void reader_fini(struct service_reader *reader)
{
    drop_app(reader);
    store_disconnect(reader->conn);
    *reader = (struct service_reader){0};
}

enum err_code reader_set_init(
    struct reader_set *set, const struct service *services, size_t count, struct err *err)
{
    *set = (struct reader_set){.readers = mem_zalloc(count, sizeof(*set->readers)), .count = count};
    if (set->readers == NULL)
        return err_no_memory(err);
    enum err_code code = ERR_NONE;
    for (size_t i = 0; code == ERR_NONE && i < count; i++)
        code = reader_init(&set->readers[i], services[i].store, services[i].app, err);
    return code;
}

void reader_set_fini(struct reader_set *set)
{
    if (set == NULL || set->readers == NULL)
        return;
    for (size_t i = 0; i < set->count; i++)
        reader_fini(&set->readers[i]);
    mem_free(set->readers);
    *set = (struct reader_set){0};
}
