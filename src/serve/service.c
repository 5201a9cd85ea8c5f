// SPDX-License-Identifier: Apache-2.0
#include "serve/service.h"

#include "base/mem.h"

// What does not prepare was told with its place when the app was checked; here it means that the store has
// changed since.
static enum err_code prepare_failed(const struct diags *diags, struct err *err)
{
    if (diags->count > 0)
        err_prefix(err, "%s:%u:%u: %s", diags->items[0].file, diags->items[0].line, diags->items[0].column,
            diags->items[0].text);
    return err->code;
}

enum err_code service_start(
    struct service *service, struct app *app, struct store *store, struct store_conn *conn, struct err *err)
{
    AUTO(diags_fini) struct diags diags;
    diags_init(&diags);
    enum err_code code = writer_new(app, conn, &diags, &service->writer, err);
    if (code != ERR_NONE)
        return prepare_failed(&diags, err);
    service->app = app;
    service->store = store;
    return ERR_NONE;
}

void service_fini(struct service *service)
{
    if (service == NULL)
        return;
    writer_free(service->writer);
    store_close(service->store);
    app_free(service->app);
    *service = (struct service){0};
}

static enum err_code reader_init(
    struct service_reader *reader, const struct service *service, struct err *err)
{
    const struct app *app = service->app;
    AUTO(diags_fini) struct diags diags;
    diags_init(&diags);
    reader->plans = mem_zalloc(app->endpoint_count, sizeof(*reader->plans));
    if (reader->plans == NULL)
        return err_no_memory(err);
    enum err_code code = store_connect(service->store, STORE_READ, &reader->conn, err);
    for (size_t i = 0; code == ERR_NONE && i < app->endpoint_count; i++) {
        if (app->endpoints[i].method != HTTP_GET)
            continue;
        code = plan_new(&app->endpoints[i], reader->conn, &diags, &reader->plans[i], err);
        if (code != ERR_NONE)
            return prepare_failed(&diags, err);
    }
    return code;
}

enum err_code reader_set_init(
    struct reader_set *set, const struct service *services, size_t count, struct err *err)
{
    *set = (struct reader_set){.readers = mem_zalloc(count, sizeof(*set->readers)), .count = count};
    if (set->readers == NULL)
        return err_no_memory(err);
    enum err_code code = ERR_NONE;
    for (size_t i = 0; code == ERR_NONE && i < count; i++)
        code = reader_init(&set->readers[i], &services[i], err);
    return code;
}

void reader_set_fini(struct reader_set *set, const struct service *services)
{
    if (set == NULL || set->readers == NULL)
        return;
    for (size_t i = 0; i < set->count; i++) {
        struct service_reader *reader = &set->readers[i];
        for (size_t k = 0; reader->plans != NULL && k < services[i].app->endpoint_count; k++)
            plan_free(reader->plans[k]);
        mem_free(reader->plans);
        store_disconnect(reader->conn);
    }
    mem_free(set->readers);
    *set = (struct reader_set){0};
}
