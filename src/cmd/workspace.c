// SPDX-License-Identifier: Apache-2.0
// Reads an app, opens a store for it and makes them fit. Another process, such as a node that starts too, may
// hold the store's lock meanwhile: every step that takes the lock is tried again. First loads are left to
// first_load.c. The main thread.
#include "cmd/workspace.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "access/key_store.h"
#include "access/usage_store.h"
#include "app/app_check.h"
#include "app/app_read.h"
#include "batch/outbox.h"
#include "cmd/message.h"
#include "cmd/recovered.h"
#include "cmd/var_dir.h"
#include "inbox/receiver.h"
#include "jobs/job_store.h"
#include "store/history.h"
#include "store/notes.h"

void workspace_fini(struct workspace *workspace)
{
    store_disconnect(workspace->conn);
    store_close(workspace->store);
    app_unref(workspace->app);
    *workspace = (struct workspace){0};
}

bool workspace_try_again(struct err *err, unsigned *tries)
{
    enum { MAX_TRIES = 120 }; // each waits for the lock already, LIMIT_STORE_BUSY_MS long
    if (err->code != ERR_BUSY || *tries == MAX_TRIES)
        return false;
    if ((*tries)++ == 0)
        fprintf(stderr, "reckoner: waits for somebody else who works on the store\n");
    *err = (struct err){0};
    return true;
}

static enum err_code connect_writer(struct workspace *workspace, struct err *err)
{
    enum err_code code;
    unsigned tries = 0;
    do
        code = store_connect(workspace->store, STORE_WRITE, &workspace->conn, err);
    while (code != ERR_NONE && workspace_try_again(err, &tries));
    return code;
}

// Whether it has a write with rows, which may be put off.
static bool takes_rows(const struct app *app)
{
    for (size_t i = 0; i < app->endpoint_count; i++) {
        if (!endpoint_is_read(&app->endpoints[i]) && app->endpoints[i].field_count > 0)
            return true;
    }
    return false;
}

static enum err_code migrate_app(const struct app *app, struct store_conn *conn, struct err *err)
{
    enum err_code code;
    unsigned tries = 0;
    do {
        code = history_migrate(
            conn, app->migrations, app->migration_count, app->histories, app->history_count, err);
        if (code == ERR_NONE && app->access.wants_keys) // not later: in SQLite it is a change of the schema
            code = key_store_make(conn, err);
        if (code == ERR_NONE && app->access.is_metered)
            code = usage_store_make(conn, err);
        if (code == ERR_NONE)
            code = receiver_make_tables(app, conn, err);
        if (code == ERR_NONE && takes_rows(app))
            code = job_store_make(conn, err);
        if (code == ERR_NONE && outbox_is_for_app(app))
            code = outbox_make_table(conn, err);
    } while (code != ERR_NONE && workspace_try_again(err, &tries));
    return code;
}

static enum err_code open_scratch(const char *url, struct workspace *workspace, struct err *err)
{
    struct store *like = NULL;
    if (is_sqlite(url))
        url = NULL; // in memory, whatever the file: it need not be there
    enum err_code code = store_open(url != NULL ? url : "sqlite::memory:", workspace->app->name, &like, err);
    if (code == ERR_NONE)
        code = store_scratch(like, &workspace->store, err);
    store_close(like);
    if (code == ERR_NONE)
        code = connect_writer(workspace, err);
    return code;
}

// Migrates and checks on a store that is open already.
static enum err_code prepare(struct workspace *workspace, struct diags *diags, struct err *err)
{
    enum err_code code = migrate_app(workspace->app, workspace->conn, err);
    return code == ERR_NONE ? app_check(workspace->app, workspace->conn, diags, err) : code;
}

static bool prepare_or_tell(struct workspace *workspace)
{
    struct err err = {0};
    AUTO(diags_fini) struct diags diags;
    diags_init(&diags);
    enum err_code code = prepare(workspace, &diags, &err);
    if (code != ERR_NONE)
        message_diags(workspace->app->dir, &diags, &err);
    return code == ERR_NONE;
}

// Some files have errors: looks for more in the statements of the others.
static void check_the_rest(struct app *app, const char *url, struct diags *diags)
{
    struct workspace workspace = {.app = app_ref(app)};
    struct err ignored = {0}; // the errors that are known may be its cause
    if (open_scratch(url, &workspace, &ignored) == ERR_NONE)
        (void)!prepare(&workspace, diags, &ignored);
    workspace_fini(&workspace);
}

struct app *workspace_read_app(const char *dir, const char *url)
{
    struct err err = {0};
    struct app *app = NULL;
    AUTO(diags_fini) struct diags diags;
    diags_init(&diags);
    if (app_read(dir, url != NULL ? store_kind_of(url) : "sqlite", &diags, &app, &err) == ERR_NONE)
        return app;
    if (app != NULL)
        check_the_rest(app, url, &diags);
    message_diags(dir, &diags, &err);
    app_unref(app);
    return NULL;
}

const char *workspace_store_url(
    const struct options *options, const struct app *app, char ret_url[STORE_URL_BYTES])
{
    if (options->store != NULL)
        return options->store;
    snprintf(ret_url, STORE_URL_BYTES, "sqlite:%s/%s.db", options->var, app->name);
    return ret_url;
}

// Whether the app was never in the store, and nobody else's tables are, which could not be made anew; nor
// keys that were made before the first start.
static bool is_new(const struct workspace *workspace)
{
    char sql[512];
    if (strcmp(store_kind(workspace->store), "sqlite") == 0)
        snprintf(sql, sizeof(sql),
            "SELECT name FROM sqlite_schema WHERE name IN ('reckoner_migrations', 'reckoner_keys') OR name NOT GLOB 'reckoner_*'");
    else
        snprintf(sql, sizeof(sql),
            "SELECT c.relname FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace "
            "WHERE n.nspname = '%s' AND (c.relname IN ('reckoner_migrations', 'reckoner_keys') OR c.relname !~ '^reckoner_')",
            workspace->app->name); // which has no quotes
    struct store_stmt *stmt = NULL;
    struct err ignored = {0}; // where it cannot be told, the store is kept
    bool has_row = true;
    enum err_code code = store_prepare(workspace->conn, span_of(sql), NULL, 0, &stmt, &ignored);
    if (code == ERR_NONE)
        code = store_bind(stmt, NULL, &ignored);
    if (code == ERR_NONE)
        code = store_step(stmt, &has_row, &ignored);
    store_finalize(stmt);
    return code == ERR_NONE && !has_row;
}

// Notes whether the store is a draft (store/notes.h): one that `serve --watch` makes is, until another
// command opens it.
static enum err_code note_draft(struct store_conn *conn, bool is_watched, bool is_made, struct err *err)
{
    char draft[NOTE_BYTES] = "";
    enum err_code code = notes_make(conn, err);
    if (code == ERR_NONE)
        code = note_read(conn, NOTE_DRAFT, draft, err);
    if (code == ERR_NONE && is_watched && is_made)
        code = note_write(conn, NOTE_DRAFT, "yes", err);
    else if (code == ERR_NONE && !is_watched && draft[0] != '\0')
        code = note_write(conn, NOTE_DRAFT, "", err);
    return code;
}

static bool prepare_store(struct workspace *workspace, const struct options *options, const char *shown)
{
    struct err err = {0};
    bool is_made = is_new(workspace);
    if (!prepare_or_tell(workspace))
        return false;
    if (note_draft(workspace->conn, options->watch, is_made, &err) == ERR_NONE)
        return true;
    message_error(shown, &err);
    return false;
}

bool workspace_open_store(struct app *app, const struct options *options, struct workspace *ret_workspace)
{
    struct workspace workspace = {.app = app_ref(app)};
    struct err err = {0};
    char url[STORE_URL_BYTES];
    const char *store = workspace_store_url(options, app, url);
    bool done = options->store != NULL || var_dir_make(options->var);
    if (done) {
        enum err_code code = store_open(store, app->name, &workspace.store, &err);
        if (code == ERR_NONE)
            recovered_tell(workspace.store, store_shown(options, store));
        if (code == ERR_NONE)
            code = connect_writer(&workspace, &err);
        if (code != ERR_NONE)
            message_error(store_shown(options, store), &err);
        done = code == ERR_NONE && prepare_store(&workspace, options, store_shown(options, store));
    }
    if (!done) {
        workspace_fini(&workspace);
        return false;
    }
    *ret_workspace = workspace;
    return true;
}

bool workspace_store_is_there(const char *url)
{
    return !is_sqlite(url) || access(strchr(url, ':') + 1, F_OK) == 0;
}

bool workspace_open(const char *dir, const struct options *options, struct workspace *ret_workspace)
{
    struct app *app = workspace_read_app(dir, options->store);
    bool done = app != NULL && workspace_open_store(app, options, ret_workspace);
    app_unref(app);
    return done;
}

bool workspace_open_scratch(const char *dir, const char *url, struct workspace *ret_workspace)
{
    struct err err = {0};
    struct workspace workspace = {.app = workspace_read_app(dir, url)};
    if (workspace.app == NULL)
        return false;
    enum err_code code = open_scratch(url, &workspace, &err);
    if (code != ERR_NONE)
        message_error(url != NULL ? store_shown(NULL, url) : dir, &err);
    if (code != ERR_NONE || !prepare_or_tell(&workspace)) {
        workspace_fini(&workspace);
        return false;
    }
    *ret_workspace = workspace;
    return true;
}
