// SPDX-License-Identifier: Apache-2.0
#include "cmd/open.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "app/app_read.h"
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
    app_unref(opened->app);
    *opened = (struct opened){0};
}

bool wait_for_others(struct err *err, unsigned *tries)
{
    enum { MAX_TRIES = 120 }; // each waits for the lock already, LIMIT_STORE_BUSY_MS long
    if (err->code != ERR_BUSY || *tries == MAX_TRIES)
        return false;
    if ((*tries)++ == 0)
        fprintf(stderr, "reckoner: waits for somebody else who works on the store\n");
    *err = (struct err){0};
    return true;
}

static enum err_code connect_writer(struct opened *opened, struct err *err)
{
    enum err_code code;
    unsigned tries = 0;
    do
        code = store_connect(opened->store, STORE_WRITE, &opened->conn, err);
    while (code != ERR_NONE && wait_for_others(err, &tries));
    return code;
}

static enum err_code migrate_app(const struct app *app, struct store_conn *conn, struct err *err)
{
    enum err_code code;
    unsigned tries = 0;
    do {
        size_t applied;
        code = migrate(conn, app->migrations, app->migration_count, &applied, err);
    } while (code != ERR_NONE && wait_for_others(err, &tries));
    return code;
}

void show_diags(const char *subject, struct diags *diags, const struct err *err)
{
    diags_sort(diags);
    diags_print(diags, stderr);
    if (diags->count == 0)
        show_error(subject, err);
}

static enum err_code open_scratch(const char *url, struct opened *opened, struct err *err)
{
    struct store *like = NULL;
    if (is_sqlite(url))
        url = NULL; // in memory, whatever the file: it need not be there
    enum err_code code = store_open(url != NULL ? url : "sqlite::memory:", opened->app->name, &like, err);
    if (code == ERR_NONE)
        code = store_scratch(like, &opened->store, err);
    store_close(like);
    if (code == ERR_NONE)
        code = connect_writer(opened, err);
    return code;
}

// Migrates and checks on a store that is open already.
static enum err_code prepare(struct opened *opened, struct diags *diags, struct err *err)
{
    enum err_code code = migrate_app(opened->app, opened->conn, err);
    return code == ERR_NONE ? app_check(opened->app, opened->conn, diags, err) : code;
}

static bool prepare_or_tell(struct opened *opened)
{
    struct err err = {0};
    AUTO(diags_fini) struct diags diags;
    diags_init(&diags);
    enum err_code code = prepare(opened, &diags, &err);
    if (code != ERR_NONE)
        show_diags(opened->app->dir, &diags, &err);
    return code == ERR_NONE;
}

// Some files have errors: looks for more in the statements of the others.
static void check_the_rest(struct app *app, const char *url, struct diags *diags)
{
    struct opened opened = {.app = app_ref(app)};
    struct err ignored = {0}; // the errors that are known may be its cause
    if (open_scratch(url, &opened, &ignored) == ERR_NONE)
        (void)!prepare(&opened, diags, &ignored);
    opened_fini(&opened);
}

struct app *read_app(const char *dir, const char *url)
{
    struct err err = {0};
    struct app *app = NULL;
    AUTO(diags_fini) struct diags diags;
    diags_init(&diags);
    if (app_read(dir, url != NULL ? store_kind_of(url) : "sqlite", &diags, &app, &err) == ERR_NONE)
        return app;
    if (app != NULL)
        check_the_rest(app, url, &diags);
    show_diags(dir, &diags, &err);
    app_unref(app);
    return NULL;
}

bool make_var(const char *path)
{
    if (mkdir(path, MADE_DIR_MODE) == 0 || errno == EEXIST)
        return true;
    fprintf(stderr, "reckoner: %s: could not be made: %s; name another folder with --var\n", path,
        strerror(errno));
    return false;
}

bool open_store_of(struct app *app, const struct options *options, struct opened *ret_opened)
{
    struct opened opened = {.app = app_ref(app)};
    struct err err = {0};
    char url[PATH_BYTES];
    snprintf(url, sizeof(url), "sqlite:%s/%s.db", options->var, app->name);
    const char *store = options->store != NULL ? options->store : url;
    bool done = options->store != NULL || make_var(options->var);
    if (done) {
        enum err_code code = store_open(store, app->name, &opened.store, &err);
        if (code == ERR_NONE)
            code = connect_writer(&opened, &err);
        if (code != ERR_NONE)
            show_error(store_shown(store), &err);
        done = code == ERR_NONE && prepare_or_tell(&opened);
    }
    if (!done) {
        opened_fini(&opened);
        return false;
    }
    *ret_opened = opened;
    return true;
}

bool open_app(const char *dir, const struct options *options, struct opened *ret_opened)
{
    struct app *app = read_app(dir, options->store);
    bool done = app != NULL && open_store_of(app, options, ret_opened);
    app_unref(app);
    return done;
}

bool open_app_scratch(const char *dir, const char *url, struct opened *ret_opened)
{
    struct err err = {0};
    struct opened opened = {.app = read_app(dir, url)};
    if (opened.app == NULL)
        return false;
    enum err_code code = open_scratch(url, &opened, &err);
    if (code != ERR_NONE)
        show_error(url != NULL ? store_shown(url) : dir, &err);
    if (code != ERR_NONE || !prepare_or_tell(&opened)) {
        opened_fini(&opened);
        return false;
    }
    *ret_opened = opened;
    return true;
}
