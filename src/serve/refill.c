// SPDX-License-Identifier: Apache-2.0
// Each on a connection of its own, so that the writer goes on meanwhile. Whether a store is a draft is asked
// in the transaction that empties it: a batch that came before has ended it. On the reload thread.
#include "serve/refill.h"

#include "base/clock.h"
#include "batch/first_load.h"
#include "batch/writer.h"
#include "store/notes.h"
#include "text/timestamp.h"

// --- emptying

static enum err_code empty(struct store_conn *conn, bool *ret_emptied, struct err *err)
{
    char draft[NOTE_BYTES];
    enum err_code code = note_read(conn, NOTE_DRAFT, draft, err);
    *ret_emptied = code == ERR_NONE && draft[0] != '\0';
    if (*ret_emptied)
        code = store_empty(conn, err);
    return code == ERR_NONE ? store_commit(conn, err) : code;
}

static enum err_code note_draft(const struct service *service, struct store_conn *conn, struct err *err)
{
    enum err_code code = notes_make(conn, err);
    if (code == ERR_NONE)
        code = writer_make_tables(conn, err);
    if (code == ERR_NONE)
        code = note_write(conn, NOTE_DRAFT, "yes", err);
    if (code == ERR_NONE)
        writer_set_draft(service->writer);
    return code;
}

enum err_code refill_empty_draft(const struct service *service, bool *ret_emptied, struct err *err)
{
    struct store_conn *conn = NULL;
    *ret_emptied = false;
    enum err_code code = store_connect(service->store, STORE_WRITE, &conn, err);
    if (code == ERR_NONE)
        code = notes_make(conn, err);
    if (code == ERR_NONE)
        code = store_begin(conn, err);
    if (code == ERR_NONE)
        code = empty(conn, ret_emptied, err);
    store_disconnect(conn);
    conn = NULL;
    if (code == ERR_NONE && *ret_emptied)
        code = store_connect(service->store, STORE_WRITE, &conn, err);
    if (conn != NULL)
        code = note_draft(service, conn, err);
    store_disconnect(conn);
    return code;
}

// --- the first load

static void on_file(void *ctx, const char *path, enum first_load_event event, const struct report *warnings)
{
    if (event == FIRST_LOAD_DONE && warnings->total > 0)
        log_printf(ctx, "reckoner: loaded %s, warnings: %zu", path, warnings->total);
    else if (event == FIRST_LOAD_DONE)
        log_printf(ctx, "reckoner: loaded %s", path);
    else if (event == FIRST_LOAD_NO_FILE)
        log_printf(ctx, "reckoner: %s is not there: nothing loaded from it", path);
}

static void log_report(struct log *log, const char *path, const struct report *report)
{
    for (size_t i = 0; i < report->kept_count; i++) {
        const struct fault *fault = report_fault(report, i);
        log_printf(log, "%s:%lld: %.*s: %.*s", path, (long long)fault->line, (int)fault->field.len,
            fault->field.at, (int)fault->detail.len, fault->detail.at);
    }
}

enum err_code refill_first_load(
    struct app *app, const struct service *service, struct log *log, struct err *err)
{
    char now[TIMESTAMP_CHARS];
    timestamp_format(clock_wall_ms() * 1000, false, now);
    struct first_load_options options = {
        .data_dir = service->data_dir, .now = now, .on_file = on_file, .ctx = log};
    AUTO(report_fini) struct report report = {0};
    struct store_conn *conn = NULL;
    const char *path = NULL;
    if (app->first_load_count == 0)
        return ERR_NONE;
    enum err_code code = store_connect(service->store, STORE_WRITE, &conn, err);
    if (code == ERR_NONE)
        code = first_load_run(app, conn, &options, &report, &path, err);
    store_disconnect(conn);
    if (code != ERR_NONE && path != NULL) {
        log_report(log, path, &report);
        err_prefix(err, "%s", path);
    }
    return code;
}
