// SPDX-License-Identifier: Apache-2.0
#include "cmd/open.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "app/check.h"
#include "base/mem.h"
#include "store/migrate.h"

enum { PATH_BYTES = 4096, MADE_DIR_MODE = 0755 };

void show_error(const char *subject, const struct err *err)
{
    fprintf(stderr, "reckoner: %s: %s", subject, err->text);
    if (err->line > 0)
        fprintf(stderr, " (line %u, column %u)", err->line, err->column);
    fprintf(stderr, "%s%s\n", err->hint[0] != '\0' ? "\n  hint: " : "", err->hint);
}

void opened_fini(struct opened *opened)
{
    store_disconnect(opened->conn);
    store_close(opened->store);
    app_free(opened->app);
    *opened = (struct opened){0};
}

static enum err_code migrate_app(const struct app *app, struct store_conn *conn, struct err *err)
{
    size_t applied;
    return migrate(conn, app->migrations, app->migration_count, &applied, err);
}

// Loads, migrates and checks on a store that is open already.
static bool prepare(const char *dir, struct opened *opened)
{
    struct err err = {0};
    AUTO(diags_fini) struct diags diags;
    diags_init(&diags);
    enum err_code code = ERR_NONE;
    if (opened->app == NULL)
        code = app_load(dir, store_kind(opened->store), &diags, &opened->app, &err);
    if (code == ERR_NONE)
        code = store_connect(opened->store, STORE_WRITE, &opened->conn, &err);
    if (code == ERR_NONE)
        code = migrate_app(opened->app, opened->conn, &err);
    if (code == ERR_NONE)
        code = app_check(opened->app, opened->conn, &diags, &err);
    if (diags.count > 0) {
        diags_sort(&diags);
        diags_print(&diags, stderr);
    } else if (code != ERR_NONE) {
        show_error(dir, &err);
    }
    return code == ERR_NONE;
}

static bool make_dir(const char *path)
{
    if (mkdir(path, MADE_DIR_MODE) == 0 || errno == EEXIST)
        return true;
    fprintf(stderr, "reckoner: %s: could not be made: %s; name another folder with --var\n", path,
        strerror(errno));
    return false;
}

static bool open_store(const char *url, struct opened *opened)
{
    struct err err = {0};
    if (store_open(url, &opened->store, &err) == ERR_NONE)
        return true;
    show_error(url, &err);
    return false;
}

// The app's folder is read before its store is opened, as the store's file has the app's name.
static bool open_default_store(const char *dir, const struct options *options, struct opened *opened)
{
    struct err err = {0};
    AUTO(diags_fini) struct diags diags;
    diags_init(&diags);
    if (app_load(dir, "sqlite", &diags, &opened->app, &err) != ERR_NONE) {
        diags_sort(&diags);
        diags_print(&diags, stderr);
        if (diags.count == 0)
            show_error(dir, &err);
        return false;
    }
    char url[PATH_BYTES];
    snprintf(url, sizeof(url), "sqlite:%s/%s.db", options->var, opened->app->name);
    return make_dir(options->var) && open_store(url, opened);
}

bool open_app(const char *dir, const struct options *options, struct opened *ret_opened)
{
    struct opened opened = {0};
    bool done = options->store != NULL ? open_store(options->store, &opened)
                                       : open_default_store(dir, options, &opened);
    if (!done || !prepare(dir, &opened)) {
        opened_fini(&opened);
        return false;
    }
    *ret_opened = opened;
    return true;
}

bool open_app_in_memory(const char *dir, struct opened *ret_opened)
{
    struct opened opened = {0};
    if (!open_store("sqlite::memory:", &opened) || !prepare(dir, &opened)) {
        opened_fini(&opened);
        return false;
    }
    *ret_opened = opened;
    return true;
}
