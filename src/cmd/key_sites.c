// SPDX-License-Identifier: Apache-2.0
// Opening does not migrate: a key is made or revoked beside a server that still runs an older version of the
// app. Transactions begin without a turn, so that where a store has several writers none of them waits for a
// batch. On the main thread.
#include "cmd/key_sites.h"

#include <stdio.h>
#include <string.h>

#include "access/key_store.h"
#include "base/limits.h"
#include "base/mem.h"
#include "cmd/cmd.h"
#include "cmd/message.h"
#include "cmd/store_site.h"
#include "cmd/var_dir.h"
#include "cmd/workspace.h"
#include "store/notes.h"

// --- opening

static bool names_differ(const struct key_sites *sites)
{
    for (size_t i = 0; i < sites->count; i++) {
        for (size_t k = 0; k < i; k++) {
            if (strcmp(sites->items[i].app->name, sites->items[k].app->name) != 0)
                continue;
            fprintf(stderr, "reckoner: %s and %s are the same app to a store: name it once\n",
                sites->items[k].app->dir, sites->items[i].app->dir);
            return false;
        }
    }
    return true;
}

bool key_sites_read(const struct options *options, const char *const *dirs, size_t count,
    struct key_sites *ret_sites, int *ret_exit)
{
    *ret_exit = EXIT_USAGE;
    if (options->store != NULL && is_sqlite(options->store) && count > 1) {
        fputs(
            "reckoner: a file is one app's store: give several apps --var, where each has its own\n", stderr);
        return false;
    }
    *ret_exit = EXIT_FAILED;
    struct key_sites sites = {.items = mem_zalloc(count, sizeof(*sites.items))};
    bool done = sites.items != NULL;
    if (!done)
        fputs("reckoner: out of memory\n", stderr);
    for (size_t i = 0; sites.items != NULL && i < count; i++, sites.count++) { // on after one with errors
        sites.items[i].app = workspace_read_app(dirs[i], options->store);
        done = done && sites.items[i].app != NULL;
    }
    done = done && names_differ(&sites);
    if (done)
        *ret_sites = sites;
    else
        key_sites_fini(&sites);
    return done;
}

static enum err_code make_tables(struct store_conn *conn, struct err *err)
{
    enum err_code code = notes_make(conn, err);
    return code == ERR_NONE ? key_store_make(conn, err) : code;
}

static bool open_site(struct key_site *site, const struct options *options, bool may_make)
{
    struct err err = {0};
    char text[STORE_URL_BYTES];
    const char *url = workspace_store_url(options, site->app, text);
    bool is_there = workspace_store_is_there(url);
    if (!may_make && !is_there) {
        message_print(store_shown(options, url),
            "there is no such store, so it has no keys; --var says in which folder it is");
        return false;
    }
    if (options->store == NULL && !var_dir_make(options->var))
        return false;
    site->is_new = !is_there;
    if (store_site_connect(options, url, site->app->name, make_tables, &site->store, &site->conn, &err) ==
        ERR_NONE)
        return true;
    message_error(store_shown(options, url), &err);
    return false;
}

bool key_sites_open(struct key_sites *sites, const struct options *options, bool may_make)
{
    for (size_t i = 0; i < sites->count; i++) {
        if (!open_site(&sites->items[i], options, may_make))
            return false;
    }
    return true;
}

void key_sites_fini(struct key_sites *sites)
{
    for (size_t i = 0; i < sites->count; i++) {
        store_disconnect(sites->items[i].conn);
        store_close(sites->items[i].store);
        app_unref(sites->items[i].app);
    }
    mem_free(sites->items);
    *sites = (struct key_sites){0};
}

// --- changing

static void roll_back(struct key_sites *sites, size_t first)
{
    for (size_t i = first; i < sites->count; i++)
        store_rollback(sites->items[i].conn);
}

// Brings the change into a transaction of each store; *ret_site is the one at which it failed.
static enum err_code write_all(struct key_sites *sites,
    enum err_code (*change)(void *ctx, struct key_site *site, struct err *err), void *ctx,
    struct key_site **ret_site, struct err *err)
{
    for (size_t i = 0; i < sites->count; i++) {
        *ret_site = &sites->items[i];
        enum err_code code = store_begin_early(sites->items[i].conn, err);
        if (code == ERR_NONE)
            code = change(ctx, &sites->items[i], err);
        if (code != ERR_NONE)
            return code;
    }
    return ERR_NONE;
}

// Commits one after the other; *ret_done tells how many were.
static enum err_code commit_all(
    struct key_sites *sites, size_t *ret_done, struct key_site **ret_site, struct err *err)
{
    for (*ret_done = 0; *ret_done < sites->count; ++*ret_done) {
        *ret_site = &sites->items[*ret_done];
        enum err_code code = store_commit((*ret_site)->conn, err);
        if (code != ERR_NONE)
            return code;
    }
    return ERR_NONE;
}

// Somebody else has changed keys at the same time.
static bool is_worth_a_try(const struct err *err, unsigned *tries)
{
    return (err->code == ERR_CONFLICT || err->code == ERR_ABORTED) && ++*tries < LIMIT_WRITE_TRIES;
}

static void tell_done(const struct key_sites *sites, size_t done)
{
    for (size_t i = 0; i < sites->count; i++)
        fprintf(stderr, "  %s: %s\n", sites->items[i].app->name,
            i < done    ? "is changed"
            : i == done ? "may be changed: ask 'reckoner key list'"
                        : "is as it was");
}

bool key_sites_change(struct key_sites *sites,
    enum err_code (*change)(void *ctx, struct key_site *site, struct err *err), void *ctx)
{
    unsigned tries = 0, waits = 0;
    for (;;) {
        struct err err = {0};
        struct key_site *site = NULL;
        size_t done = 0;
        enum err_code code = write_all(sites, change, ctx, &site, &err);
        if (code == ERR_NONE)
            code = commit_all(sites, &done, &site, &err);
        if (code == ERR_NONE)
            return true;
        roll_back(sites, done);
        if (done == 0 && (is_worth_a_try(&err, &tries) || workspace_try_again(&err, &waits)))
            continue;
        message_error(site->app->dir, &err);
        if (done > 0)
            tell_done(sites, done);
        return false;
    }
}
