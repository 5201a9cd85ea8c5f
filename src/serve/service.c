// SPDX-License-Identifier: Apache-2.0
// Starts and ends the writer of an app that cmd/ has opened. Migrations, checks and first loads are cmd's,
// read handles are handles.c's. Runs on the main thread, before the server starts and after it has stopped.
#include "serve/service.h"

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
