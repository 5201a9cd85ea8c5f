// SPDX-License-Identifier: Apache-2.0
// Reloads apps whose files have changed, on the reload thread, and lets requests wait for that. Which files
// have changed is told by file_watch.c; reading, migrating and checking an app are app/'s and store/'s;
// routes and documentation are made with the edition.
//
// Changes are counted: `wanted` is the number of the last one that was seen, `done` of the last one that a
// round of reloads has begun after. A request waits while done < wanted, for the number that was wanted when
// it came. A round takes all apps that have changed, one after another:
//
//     watch ─ read the files ─ routes with those of the others ─ schema ─ check all statements ─ first load ─
//     publish
//
// Lock order: the reloader's, then the file watch's own.
#include "serve/reload.h"

#include <poll.h>
#include <pthread.h>
#include <string.h>

#include "access/key_store.h"
#include "access/usage_store.h"
#include "app/app_check.h"
#include "app/app_read.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/thread.h"
#include "base/wake.h"
#include "batch/outbox.h"
#include "inbox/receiver.h"
#include "serve/app_hooks.h"
#include "serve/app_jobs.h"
#include "serve/file_watch.h"
#include "serve/folder_stamp.h"
#include "serve/refill.h"
#include "store/history.h"

struct reloader {
    struct reloader_options options; // fixed, as all down to `running`
    size_t count;                    // of services
    struct log *log;                 // borrowed
    const char **dirs;               // owned; the apps' folders, borrowed from services
    struct file_watch *watch;        // owned; NULL: files are not watched
    struct wake wake;                // the thread has something to look at
    pthread_t thread;                // valid while running
    bool running;                    //

    bool *clashing;   // owned, the thread's, as the next two: files are right, and clash with another app's
    uint64_t *stamps; // owned, the thread's; of the apps' folders as they were read; 0: not known
    bool *apps;       // owned; that the round has still to reload
    bool is_first;    // the round is the first one, for what was edited while the server started
    bool is_asked;    // the round was asked for

    pthread_mutex_t lock;      // guards what is below
    bool *changed;             // owned; apps with changes that no round has taken yet
    bool asks;                 // reloader_ask was called, and no round has begun since
    uint64_t wanted;           // see above
    uint64_t done;             // likewise
    struct reload_wait *first; // those that wait, in order of their change
    struct reload_wait **last; // where the next one is linked in
    bool ending;               // the thread has to end
};

// --- one app

static void log_diags(struct log *log, const char *dir, struct diags *diags, const struct err *err)
{
    diags_sort(diags);
    for (size_t i = 0; i < diags->count; i++) {
        const struct diag *item = &diags->items[i];
        if (item->column > 0)
            log_printf(
                log, "%s:%u:%u: %s", item->file, (unsigned)item->line, (unsigned)item->column, item->text);
        else if (item->line > 0)
            log_printf(log, "%s:%u: %s", item->file, (unsigned)item->line, item->text);
        else
            log_printf(log, "%s: %s", item->file, item->text);
    }
    if (diags->dropped > 0)
        log_printf(log, "%zu more errors are left out", diags->dropped);
    size_t len = strlen(dir);
    bool names_file = strncmp(err->text, dir, len) == 0 && err->text[len] == '/';
    if (diags->count == 0)
        log_printf(log, "%s%s%s", names_file ? "" : dir, names_file ? "" : ": ", err->text);
    if (diags->count == 0 && err->hint[0] != '\0')
        log_printf(log, "  hint: %s", err->hint);
    log_printf(log, "reckoner: %s: what was edited is not in force: what was served before stays", dir);
}

// Brings a store up to date with the app and checks all statements on it.
static enum err_code check_on_store(
    const struct app *app, struct store *store, struct diags *diags, struct err *err)
{
    struct store_conn *conn = NULL;
    enum err_code code = store_connect(store, STORE_WRITE, &conn, err);
    if (code == ERR_NONE)
        code = history_migrate(
            conn, app->migrations, app->migration_count, app->histories, app->history_count, err);
    if (code == ERR_NONE && app->access.wants_keys)
        code = key_store_make(conn, err);
    if (code == ERR_NONE && app->access.is_metered)
        code = usage_store_make(conn, err);
    if (code == ERR_NONE)
        code = receiver_make_tables(app, conn, err);
    if (code == ERR_NONE && outbox_is_for_app(app))
        code = outbox_make_table(conn, err);
    if (code == ERR_NONE)
        code = app_check(app, conn, diags, err);
    store_disconnect(conn);
    return code;
}

// The same on the store that is served. A draft that the schema's files do not fit any more is emptied first.
static enum err_code check_on_service(struct reloader *reloader, const struct app *app,
    const struct service *service, struct diags *diags, struct err *err)
{
    struct err misfit = {0};
    bool is_emptied;
    enum err_code code = check_on_store(app, service->store, diags, &misfit);
    if (code != ERR_CONFIG || diags->count > 0) {
        *err = misfit;
        return code;
    }
    code = refill_empty_draft(service, &is_emptied, err);
    if (code != ERR_NONE)
        return code;
    if (!is_emptied) {
        *err = misfit;
        return misfit.code;
    }
    log_printf(reloader->log, "reckoner: %s: the store is made anew, as only its first load was in it",
        service->app->dir);
    return check_on_store(app, service->store, diags, err);
}

// Checks the app on an empty store first. So what is wrong with its schema is found before the real store is
// touched, where a schema file that was applied cannot be taken back.
static enum err_code check_on_scratch(
    const struct app *app, struct store *like, struct diags *diags, struct err *err)
{
    struct store *store;
    enum err_code code = store_scratch(like, &store, err);
    if (code != ERR_NONE)
        return code;
    code = check_on_store(app, store, diags, err);
    store_close(store);
    return code;
}

// Some parts of a server are there only where an app wanted them at the start.
static enum err_code check_parts(
    const struct reloader_options *options, size_t number, const struct app *app, struct err *err)
{
    const char *what = NULL;
    if (app->access.wants_keys && options->keys == NULL)
        what = "wants keys, and no app did when the server was started";
    else if (app->access.issuer_count > 0 && !options->takes_tokens)
        what = "takes tokens, and no app did when the server was started";
    else if (app->access.takes_certificates && !options->takes_tokens)
        what = "takes certificates, and no app did when the server was started";
    else if (app->quota_count > 0 && options->limits == NULL)
        what = "has plans, and no app did when the server was started";
    else if (app->history_count > 0 && !options->is_watching &&
             options->services[number].app->history_count == 0)
        what = "moves rows to an archive, and did not when the server was started";
    else if (app->access.is_metered && !options->is_metered)
        what = "counts usage, and no app did when the server was started";
    if (what == NULL)
        return ERR_NONE;
    return err_set(err, ERR_CONFIG, "%s: an upgrade (SIGUSR2) or a new start puts it in force", what);
}

// Reads an app and puts it in force. *ret_clashes is set when the app is right by itself, but claims a route
// of another app.
static enum err_code reload_app(
    struct reloader *reloader, size_t number, struct diags *diags, bool *ret_clashes, struct err *err)
{
    const struct service *service = &reloader->options.services[number];
    struct store *store = service->store;
    struct edition *current = editions_current(reloader->options.editions), *edition = NULL;
    struct app *app = NULL;
    enum err_code code = ERR_NONE;
    if (reloader->watch != NULL)
        code = file_watch_app(reloader->watch, number, err);
    if (code == ERR_NONE)
        code = app_read(reloader->dirs[number], store_kind(store), diags, &app, err);
    if (code == ERR_NONE)
        code = check_parts(&reloader->options, number, app, err);
    if (code == ERR_NONE) {
        code = edition_with(current, number, app, &edition, err);
        *ret_clashes = code == ERR_CONFIG;
    }
    if (code == ERR_NONE)
        code = check_on_scratch(app, store, diags, err);
    if (code == ERR_NONE)
        code = check_on_service(reloader, app, service, diags, err);
    if (code == ERR_NONE)
        code = refill_first_load(app, service, reloader->log, err);
    if (code == ERR_NONE)
        code = limits_follow(reloader->options.limits, number, app, err);
    if (code == ERR_NONE)
        code = keys_follow_issuers(reloader->options.keys, app, err);
    if (code == ERR_NONE)
        code = app_files_follow(reloader->options.files, number, app, err);
    if (code == ERR_NONE)
        code = app_jobs_follow(reloader->options.jobs, number, app, err);
    if (code == ERR_NONE && reloader->options.hooks != NULL)
        code = app_hooks_follow(reloader->options.hooks, number, app, err);
    if (code == ERR_NONE) {
        keys_follow(reloader->options.keys, number, app);
        editions_publish(reloader->options.editions, edition);
        edition = NULL;
    }
    edition_unref(edition);
    edition_unref(current);
    app_unref(app);
    return code;
}

// --- a round

// Of the app's files, and of those of its first load where they lie elsewhere.
static uint64_t stamp_of(const struct reloader *reloader, size_t number, int64_t since_ms)
{
    const char *data_dir = reloader->options.services[number].data_dir;
    uint64_t stamp = folder_stamp(reloader->dirs[number], since_ms);
    uint64_t data = stamp != 0 && data_dir != NULL ? folder_stamp(data_dir, since_ms) : 1;
    return stamp != 0 && data != 0 ? (stamp ^ (data << 1)) | 1 : 0;
}

// Whether an app that was asked for is in force as its files are. *ret_stamp is of the files now.
static bool is_current(const struct reloader *reloader, size_t number, uint64_t *ret_stamp)
{
    *ret_stamp = stamp_of(reloader, number, clock_wall_ms());
    return reloader->is_asked && *ret_stamp != 0 && *ret_stamp == reloader->stamps[number];
}

// Reloads an app; true when another edition of it is in force. `tell_clash` only at the end of a round: until
// then the other app may give the route up.
static bool try_app(struct reloader *reloader, size_t number, bool tell_clash)
{
    struct err err = {0};
    AUTO(diags_fini) struct diags diags;
    diags_init(&diags);
    bool clashes = false;
    uint64_t stamp;
    if (is_current(reloader, number, &stamp))
        return false;
    enum err_code code = reload_app(reloader, number, &diags, &clashes, &err);
    reloader->clashing[number] = clashes;
    reloader->stamps[number] = code == ERR_NONE ? stamp : 0;
    if (code == ERR_NONE && !reloader->is_first)
        log_printf(reloader->log, "reckoner: %s: %s", reloader->dirs[number],
            reloader->is_asked ? "was read anew and is in force" : "what was edited is in force");
    else if (code != ERR_NONE && (!clashes || tell_clash))
        log_diags(reloader->log, reloader->dirs[number], &diags, &err);
    return code == ERR_NONE;
}

// Reloads those in `apps`. When one comes into force, those that clash are tried again, as it may have given
// their routes up.
static void run_round(struct reloader *reloader)
{
    bool *apps = reloader->apps, progress = true;
    for (size_t i = 0; i < reloader->count; i++)
        apps[i] |= reloader->clashing[i];
    while (progress) {
        progress = false;
        for (size_t i = 0; i < reloader->count; i++) {
            if (apps[i])
                progress |= try_app(reloader, i, false);
            apps[i] = reloader->clashing[i];
        }
    }
    for (size_t i = 0; i < reloader->count; i++) {
        if (apps[i])
            (void)try_app(reloader, i, true);
    }
}

// --- waiting for changes

// Takes the changes that the file watch has seen; true if there are any. Under the lock.
static bool look(struct reloader *reloader)
{
    bool any = reloader->watch != NULL && file_watch_read(reloader->watch, reloader->changed);
    reloader->wanted += any;
    return any;
}

// Waits until a round is due: at once while a request waits for it, or when it was asked for, else when no
// file has changed for LIMIT_RELOAD_QUIET_MS. False when the thread has to end. Under the lock, which it
// gives up meanwhile.
static bool wait_for_change(struct reloader *reloader)
{
    bool is_quiet = false;
    look(reloader);
    while (!reloader->ending && !reloader->asks &&
           (reloader->done == reloader->wanted || (reloader->first == NULL && !is_quiet))) {
        int watch_fd =
            reloader->watch != NULL ? file_watch_fd(reloader->watch) : -1; // which poll passes over
        struct pollfd fds[] = {
            {.fd = watch_fd, .events = POLLIN}, {.fd = reloader->wake.fd, .events = POLLIN}};
        int timeout_ms = reloader->done == reloader->wanted ? -1 : LIMIT_RELOAD_QUIET_MS;
        pthread_mutex_unlock(&reloader->lock);
        int ready = poll(fds, ARRAY_LEN(fds), timeout_ms);
        if (ready > 0 && fds[1].revents != 0)
            wake_clear(&reloader->wake);
        pthread_mutex_lock(&reloader->lock);
        is_quiet = !look(reloader) && ready == 0;
    }
    return !reloader->ending;
}

// Posts the mail of those that wait for a change up to `change`. Under the lock.
static void release(struct reloader *reloader, uint64_t change)
{
    while (reloader->first != NULL && reloader->first->change <= change) {
        struct reload_wait *wait = reloader->first;
        reloader->first = wait->next;
        loop_post(wait->loop, wait->mail); // the loop may free the request now
    }
    if (reloader->first == NULL)
        reloader->last = &reloader->first;
}

static void *run(void *arg)
{
    struct reloader *reloader = arg;
    reloader->is_first = reloader->options.is_watching;
    pthread_mutex_lock(&reloader->lock);
    while (wait_for_change(reloader)) {
        uint64_t change = reloader->wanted;
        for (size_t i = 0; i < reloader->count; i++) {
            reloader->apps[i] = reloader->changed[i];
            reloader->changed[i] = false;
        }
        reloader->is_asked = reloader->asks;
        reloader->asks = false;
        pthread_mutex_unlock(&reloader->lock);
        run_round(reloader);
        reloader->is_first = false;
        pthread_mutex_lock(&reloader->lock);
        reloader->done = change;
        release(reloader, change);
    }
    release(reloader, UINT64_MAX);
    pthread_mutex_unlock(&reloader->lock);
    return NULL;
}

void reloader_ask(struct reloader *reloader)
{
    pthread_mutex_lock(&reloader->lock);
    reloader->asks = true;
    reloader->wanted++;
    for (size_t i = 0; i < reloader->count; i++)
        reloader->changed[i] = true;
    pthread_mutex_unlock(&reloader->lock);
    wake_call(&reloader->wake);
}

bool reloader_waits(struct reloader *reloader, struct reload_wait *wait)
{
    pthread_mutex_lock(&reloader->lock);
    look(reloader);
    bool waits = reloader->done < reloader->wanted && !reloader->ending;
    if (waits) {
        wait->change = reloader->wanted;
        wait->next = NULL;
        *reloader->last = wait;
        reloader->last = &wait->next;
    }
    pthread_mutex_unlock(&reloader->lock);
    if (waits)
        wake_call(&reloader->wake);
    return waits;
}

// --- life

static enum err_code start(struct reloader *reloader, struct err *err)
{
    size_t count = reloader->count;
    reloader->dirs = mem_zalloc(count, sizeof(*reloader->dirs));
    reloader->changed = mem_zalloc(count, sizeof(*reloader->changed));
    reloader->clashing = mem_zalloc(count, sizeof(*reloader->clashing));
    reloader->apps = mem_zalloc(count, sizeof(*reloader->apps));
    reloader->stamps = mem_zalloc(count, sizeof(*reloader->stamps));
    if (reloader->dirs == NULL || reloader->changed == NULL || reloader->clashing == NULL ||
        reloader->stamps == NULL || reloader->apps == NULL)
        return err_no_memory(err);
    for (size_t i = 0; i < count; i++) {
        reloader->dirs[i] = reloader->options.services[i].app->dir;
        reloader->stamps[i] = stamp_of(reloader, i, reloader->options.read_ms);
        // Maybe, after its files were read and before they were watched.
        reloader->changed[i] = reloader->options.is_watching;
    }
    reloader->wanted = reloader->options.is_watching;
    enum err_code code = wake_init(&reloader->wake, err);
    if (code == ERR_NONE && reloader->options.is_watching)
        code = file_watch_new(reloader->dirs, count, &reloader->watch, err);
    for (size_t i = 0; code == ERR_NONE && reloader->watch != NULL && i < count; i++)
        code = file_watch_app(reloader->watch, i, err);
    if (code == ERR_NONE)
        code = thread_start(run, reloader, &reloader->thread, err);
    reloader->running = code == ERR_NONE;
    return code;
}

enum err_code reloader_new(
    const struct reloader_options *options, struct reloader **ret_reloader, struct err *err)
{
    struct reloader *reloader = mem_zalloc(1, sizeof(*reloader));
    if (reloader == NULL)
        return err_no_memory(err);
    pthread_mutex_init(&reloader->lock, NULL);
    reloader->options = *options;
    reloader->count = options->count;
    reloader->log = options->log;
    reloader->wake.fd = -1;
    reloader->last = &reloader->first;
    enum err_code code = start(reloader, err);
    if (code != ERR_NONE) {
        reloader_free(reloader);
        return code;
    }
    *ret_reloader = reloader;
    return ERR_NONE;
}

void reloader_end(struct reloader *reloader)
{
    if (reloader == NULL)
        return;
    pthread_mutex_lock(&reloader->lock);
    reloader->ending = true;
    release(reloader, UINT64_MAX);
    pthread_mutex_unlock(&reloader->lock);
    wake_call(&reloader->wake);
}

void reloader_free(struct reloader *reloader)
{
    if (reloader == NULL)
        return;
    if (reloader->running) {
        reloader_end(reloader);
        pthread_join(reloader->thread, NULL);
    }
    file_watch_free(reloader->watch);
    wake_fini(&reloader->wake);
    mem_free(reloader->dirs);
    mem_free(reloader->changed);
    mem_free(reloader->clashing);
    mem_free(reloader->apps);
    mem_free(reloader->stamps);
    pthread_mutex_destroy(&reloader->lock);
    mem_free(reloader);
}
