// SPDX-License-Identifier: Apache-2.0
// `reckoner serve`: opens the apps, does their first loads, runs the server until a signal ends it. All that
// a request needs is in serve/; this file runs on the main thread only, before the first and after the last
// request.
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/trim.h"
#include "batch/first_load.h"
#include "cmd/cmd.h"
#include "cmd/first_load.h"
#include "cmd/help.h"
#include "cmd/mending.h"
#include "cmd/message.h"
#include "cmd/options.h"
#include "cmd/reset.h"
#include "cmd/var_dir.h"
#include "cmd/workspace.h"
#include "http/listener.h"
#include "serve/descriptors.h"
#include "serve/own_pages.h"
#include "serve/route.h"
#include "serve/server.h"
#include "store/notes.h"
#include "store/versions.h"

static const struct usage USAGE = {
    .command = COMMAND_SERVE,
    .forms = "serve [OPTION]... APP...",
    .about =
        "Answers HTTP requests for each APP, a folder of SQL files. At the first start the files that its\n"
        "app.ini names under [load] go through its own write endpoints.\n",
    .notes =
        "SIGTERM and SIGINT end it: what runs is finished first, for as long as --drain says. A second one\n"
        "ends it at once.\n",
    .min_words = 1,
    .max_words = SIZE_MAX,
    .wanted = WANTED_APPS,
};

// --- what has to be right before any store is touched

static bool stores_fit(const struct options *options)
{
    const char *store = options->store, *read_store = options->read_store;
    bool is_standby = read_store == NULL ||
                      (!is_sqlite(store) && strcmp(store_kind_of(store), store_kind_of(read_store)) == 0);
    if (!is_standby)
        fputs("reckoner: a read store (--read-store, RECKONER_READ_STORE) is a standby of a --store on "
              "PostgreSQL\n",
            stderr);
    else if (store != NULL && is_sqlite(store) && options->word_count > 1)
        fputs("reckoner: a file is one app's store: serve several with --var, which gives each its own\n",
            stderr);
    else
        return true;
    return false;
}

static bool read_apps(const struct options *options, struct app **apps)
{
    bool done = true;
    for (size_t i = 0; i < options->word_count; i++) { // on after one with errors: all are told
        apps[i] = workspace_read_app(options->words[i], options->store);
        done = done && apps[i] != NULL;
    }
    return done;
}

static bool names_differ(struct app *const *apps, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; k < i; k++) {
            if (strcmp(apps[k]->name, apps[i]->name) == 0) {
                fprintf(stderr, "reckoner: two apps are named %s: give each folder its own name\n",
                    apps[i]->name);
                return false;
            }
        }
    }
    return true;
}

static bool routes_differ(struct app *const *apps, size_t count)
{
    struct err err = {0};
    struct routes *routes = NULL;
    if (routes_new(own_pages, apps, count, &routes, &err) != ERR_NONE)
        message_error("serve", &err);
    routes_free(routes);
    return routes != NULL;
}

static bool is_an_app(struct span name, struct app *const *apps, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (span_is(name, apps[i]->name))
            return true;
    }
    return false;
}

// Each APP=DIR names an app, and a DIR for several has a file of at least one of them.
static bool data_is_there(const struct options *options, struct app *const *apps, size_t count)
{
    for (size_t i = 0; i < options->data.count; i++) {
        struct span rest = span_of(options->data.texts[i]);
        bool is_for_one = memchr(rest.at, '=', rest.len) != NULL;
        struct span name = span_split(&rest, '=');
        if (is_for_one && !is_an_app(name, apps, count)) {
            fprintf(stderr, "reckoner: --data %s: no app is named %.*s\n", options->data.texts[i],
                (int)name.len, name.at);
            return false;
        }
    }
    bool any = options->data.count == 0;
    for (size_t i = 0; i < count; i++) {
        char text[DATA_DIR_BYTES];
        const char *dir = data_dir_of(options, apps[i], text);
        any = any || dir == NULL || apps[i]->first_load_count == 0 || first_load_has_files(apps[i], dir);
    }
    const char *last = options->data.count > 0 ? options->data.texts[options->data.count - 1] : "";
    if (!any && memchr(last, '=', strlen(last)) == NULL && access(last, F_OK) != 0)
        fprintf(stderr, "reckoner: --data %s: there is no such folder\n", last);
    else if (!any)
        fprintf(stderr, "reckoner: %s: has none of the files that [load] of any app names\n", last);
    return any;
}

// Before a first load, which may take long.
static bool can_listen(const char *address, int *ret_exit)
{
    struct err err = {0};
    enum err_code code = listener_try(address, &err);
    if (code != ERR_NONE)
        message_error("serve", &err);
    *ret_exit = code == ERR_CONFIG ? EXIT_USAGE : EXIT_FAILED;
    return code == ERR_NONE;
}

// --- services

// Opening is no connecting: that a replica cannot be reached is no reason not to start.
static bool open_read_store(const struct app *app, const char *url, struct store **ret_store)
{
    struct err err = {0};
    if (url == NULL || store_open_replica(url, app->name, ret_store, &err) == ERR_NONE)
        return true;
    message_error(option_source("--read-store", url), &err);
    return false;
}

// First loads, and whether the store is a draft then.
static bool fill(struct workspace *workspace, const struct options *options, bool *ret_is_draft)
{
    char draft[NOTE_BYTES];
    struct err err = {0};
    if (!workspace_first_load(workspace, options, true))
        return false;
    if (note_read(workspace->conn, NOTE_DRAFT, draft, &err) != ERR_NONE) {
        message_error(workspace->app->dir, &err);
        return false;
    }
    *ret_is_draft = draft[0] != '\0';
    return true;
}

static bool start_service(struct app *app, const struct options *options, struct service *service)
{
    struct workspace workspace;
    if (!open_read_store(app, options->read_store, &service->read_store) ||
        !workspace_open_store(app, options, &workspace))
        return false;
    struct err err = {0};
    char text[DATA_DIR_BYTES];
    const char *data_dir = data_dir_of(options, app, text);
    bool is_draft, done = fill(&workspace, options, &is_draft);
    if (done && service_start(service, workspace.app, workspace.store, workspace.conn, &err) != ERR_NONE) {
        message_error(app->dir, &err);
        done = false;
    }
    if (!done) {
        workspace_fini(&workspace);
        return false;
    }
    if (data_dir != NULL)
        service->data_dir = arena_strdup(&service->app->arena, data_dir);
    if (is_draft)
        writer_set_draft(service->writer);
    if (service->read_store != NULL)
        versions_follow(service->read_store, service->store);
    return true;
}

static void end_services(struct service *services, size_t count)
{
    for (size_t i = 0; services != NULL && i < count; i++)
        service_fini(&services[i]);
}

// Opens all apps with their stores. False after messages; then some may be open.
static bool start_services(const struct options *options, struct service *services)
{
    size_t count = options->word_count;
    struct app **apps = mem_zalloc(count, sizeof(struct app *));
    if (apps == NULL) {
        fputs("reckoner: out of memory\n", stderr);
        return false;
    }
    bool done = read_apps(options, apps) && names_differ(apps, count) && routes_differ(apps, count) &&
                data_is_there(options, apps, count);
    for (size_t i = 0; done && options->reset && i < count; i++)
        done = reset_store(apps[i], options);
    for (size_t i = 0; done && i < count; i++)
        done = start_service(apps[i], options, &services[i]);
    for (size_t i = 0; i < count; i++)
        app_unref(apps[i]);
    mem_free(apps);
    return done;
}

// --- the server

static size_t count_endpoints(const struct service *services, size_t count)
{
    size_t endpoints = 0;
    for (size_t i = 0; i < count; i++)
        endpoints += services[i].app->endpoint_count;
    return endpoints;
}

// Meanwhile this thread, which has nothing else to do, gives memory back.
static void wait_for_signal(const sigset_t *signals, struct server *server)
{
    struct trim trim = {0};
    const struct timespec pause = clock_timespec(LIMIT_TRIM_MS * NS_PER_MS);
    while (sigtimedwait(signals, NULL, &pause) < 0) { // EAGAIN; or interrupted
        server_trim(server);
        trim_idle(&trim);
    }
}

// Runs until a signal. Everything below is closed when it returns, but the loops, which `*ret_server` keeps.
static int run(const struct server_options *options, struct service *services, size_t count)
{
    // Until here a signal ends the process as ever, and a first load with it. From here on the main thread
    // waits for it.
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    pthread_sigmask(SIG_BLOCK, &signals, NULL);

    struct err err = {0};
    struct server *server;
    if (server_start(options, services, count, &server, &err) != ERR_NONE) {
        message_error("serve", &err);
        return EXIT_FAILED;
    }
    if (geteuid() == 0)
        fputs("reckoner: runs as root, which nothing here needs: give it a user of its own\n", stderr);
    fprintf(stderr, "reckoner: listening on http://%s, %zu endpoints: see http://%s/-/docs\n",
        server_address(server), count_endpoints(services, count), server_address(server));
    wait_for_signal(&signals, server);
    // A second SIGTERM changes nothing, as who ends a whole group of processes may well send two. Ctrl-C at a
    // terminal is somebody who does not want to wait.
    sigdelset(&signals, SIGTERM);
    pthread_sigmask(SIG_UNBLOCK, &signals, NULL);
    server_stop(server);
    for (size_t i = 0; i < count; i++)
        service_fini(&services[i]);
    server_free(server);
    return EXIT_OK;
}

// With --watch, what is wrong with the apps' files is waited for to be mended.
static bool start_services_or_wait(const struct options *options, struct service *services)
{
    struct options again = *options;
    if (!options->watch)
        return start_services(options, services);
    struct mending *mending = mending_new((const char *const *)options->words, options->word_count);
    bool done = false;
    while (mending != NULL && !(done = start_services(&again, services))) {
        end_services(services, options->word_count);
        again.reset = false; // which was asked for once
        fputs("reckoner: waits for an edit that mends it; Ctrl-C ends it\n", stderr);
        mending_wait(mending);
    }
    mending_free(mending);
    return done;
}

static int serve(const struct options *options)
{
    struct err err = {0};
    struct log *access_log = NULL, *error_log = NULL;
    struct service *services = mem_zalloc(options->word_count, sizeof(*services));
    int result = EXIT_FAILED;
    if (services == NULL || log_new(STDERR_FILENO, &error_log, &err) != ERR_NONE ||
        (!options->quiet && log_new(STDOUT_FILENO, &access_log, &err) != ERR_NONE)) {
        message_error("serve", &err);
    } else if (start_services_or_wait(options, services)) {
        struct server_options server_options = {
            .listen = options->listen,
            .loops = options->loops,
            .workers = options->workers,
            .max_body_bytes = options->max_body_bytes,
            .cache_bytes = options->cache_mib << 20,
            .drain_ms = options->drain_s * 1000,
            .access_log = access_log,
            .error_log = error_log,
            .spool_dir = options->var,
            .watch = options->watch,
            .tells_failures = options->watch,
        };
        result = run(&server_options, services, options->word_count);
    }
    end_services(services, options->word_count);
    mem_free(services);
    log_free(access_log);
    log_free(error_log);
    return result;
}

int cmd_serve(int argc, char **argv)
{
    struct options options;
    int result;
    if (!options_read(argc, argv, &USAGE, &options, &result))
        return result;
    if (!stores_fit(&options))
        return EXIT_USAGE;
    if (!can_listen(options.listen, &result))
        return result;
    options.several_apps = options.word_count > 1;
    signal(SIGPIPE, SIG_IGN);
    descriptors_raise();
    return var_dir_make(options.var) ? serve(&options) : EXIT_FAILED;
}
