// SPDX-License-Identifier: Apache-2.0
// `reckoner serve`: opens the apps and does their first loads; running.c then runs the server until a signal
// ends it. All that a request needs is in serve/; this file runs on the main thread only, before the first
// and after the last request.
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "batch/first_load.h"
#include "cmd/cmd.h"
#include "cmd/first_load.h"
#include "cmd/help.h"
#include "cmd/hook_file.h"
#include "cmd/logs.h"
#include "cmd/mending.h"
#include "cmd/message.h"
#include "cmd/options.h"
#include "cmd/privileges.h"
#include "cmd/proxies.h"
#include "cmd/reload.h"
#include "cmd/reset.h"
#include "cmd/running.h"
#include "cmd/serving_tls.h"
#include "cmd/sockets.h"
#include "cmd/syscalls.h"
#include "cmd/var_dir.h"
#include "cmd/workspace.h"
#include "serve/descriptors.h"
#include "serve/own_pages.h"
#include "serve/route.h"
#include "serve/server.h"
#include "store/notes.h"
#include "store/versions.h"

static const struct usage USAGE = {
    .command = COMMAND_SERVE,
    .forms = "serve [OPTION]... APP...\nserve --config FILE [OPTION]... [APP]...",
    .about =
        "Answers HTTP requests for each APP, a folder of SQL files. At the first start the files that its\n"
        "app.ini names under [load] go through its own write endpoints.\n",
    .notes =
        "SIGTERM and SIGINT end it: what runs is finished first, for as long as --drain says. A second SIGINT\n"
        "ends it at once. SIGHUP has it read the configuration file and all apps anew.\n",
    .min_words = 1,
    .max_words = SIZE_MAX,
    .wanted = WANTED_APPS,
    .takes_apps_of_file = true,
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
    for (size_t i = 0; options->data.source != SOURCE_FILE && i < options->data.count; i++) {
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

// --- services

// Opening is no connecting: that a replica cannot be reached is no reason not to start.
static bool open_read_store(const struct app *app, const struct options *options, struct store **ret_store)
{
    struct err err = {0};
    const char *url = options->read_store;
    if (url == NULL || store_open_replica(url, app->name, ret_store, &err) == ERR_NONE)
        return true;
    message_error(option_named(options, "--read-store"), &err);
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

// The name of the folder that first loads at a reload take; without memory they would take another one.
static bool keep_data_dir(struct app *app, const char *data_dir, struct service *service)
{
    struct err err = {0};
    service->data_dir = data_dir != NULL ? arena_strdup(&app->arena, data_dir) : NULL;
    if (data_dir == NULL || service->data_dir != NULL)
        return true;
    (void)err_no_memory(&err);
    message_error(app->dir, &err);
    return false;
}

static bool start_service(struct app *app, const struct options *options, struct service *service)
{
    struct workspace workspace;
    if (!open_read_store(app, options, &service->read_store) ||
        !workspace_open_store(app, options, &workspace))
        return false;
    struct err err = {0};
    char text[DATA_DIR_BYTES];
    const char *data_dir = data_dir_of(options, app, text);
    bool is_draft, done = fill(&workspace, options, &is_draft);
    done = done && keep_data_dir(app, data_dir, service);
    if (done && service_start(service, workspace.app, workspace.store, workspace.conn, &err) != ERR_NONE) {
        message_error(app->dir, &err);
        done = false;
    }
    if (!done) {
        workspace_fini(&workspace);
        return false;
    }
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

// With --watch, what is wrong with the apps' files is waited for to be mended. Not so in a process that
// replaces another one, which goes on when there are errors, and has reset the stores if it was asked to; and
// may still write, so that batches wait.
static bool start_services_or_wait(const struct options *options, struct service *services, bool is_upgrade)
{
    struct options again = *options;
    if (is_upgrade) {
        again.reset = false;
        bool done = start_services(&again, services);
        for (size_t i = 0; done && i < options->word_count; i++)
            writer_hold(services[i].writer);
        return done;
    }
    if (!options->watch)
        return start_services(options, services);
    struct mending *mending = mending_new(options->words, options->word_count);
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

static int serve(struct reload *reload, const struct trust *trust, struct tls *tls, struct sockets *sockets,
    struct predecessor *predecessor)
{
    const struct options *options = reload->options;
    struct err err = {0};
    struct logs *logs = reload->logs;
    int64_t read_ms = clock_wall_ms();
    struct service *services = mem_zalloc(options->word_count, sizeof(*services));
    int result = EXIT_FAILED;
    struct hook_secrets *secrets = NULL;
    if (services == NULL || logs_open(options, logs, &err) != ERR_NONE ||
        hook_file_read(options, &secrets, &err) != ERR_NONE) {
        message_error("serve", &err);
    } else if (start_services_or_wait(options, services, predecessor != NULL)) {
        struct server_options server_options = {
            .listens = sockets->listens,
            .listen_count = sockets->count,
            .tls = tls,
            .loops = options->loops,
            .workers = options->workers,
            .max_body_bytes = options->max_body_bytes,
            .cache_bytes = options->cache_mib << 20,
            .trust = trust,
            .otlp_url = options->otlp,
            .sends_hooks = true,
            .hook_secrets = secrets,
            .access_log = logs->access,
            .error_log = logs->error,
            .spool_dir = options->var,
            .read_ms = read_ms,
            .watch = options->watch,
            .tells_failures = options->watch,
        };
        reload_follow(&server_options, options);
        result = running_run(
            options, reload, &server_options, sockets, predecessor, services, options->word_count);
    }
    end_services(services, options->word_count);
    mem_free(services);
    logs_close(logs);
    hook_secrets_unref(secrets);
    return result;
}

// What the server does not need from here on.
static bool give_up(const struct options *options, int *ret_exit)
{
    struct err err = {0};
    enum err_code code = options->user != NULL ? privileges_drop(options->user, &err) : ERR_NONE;
    if (code == ERR_NONE && options->seccomp)
        code = syscalls_refuse(&err);
    if (code != ERR_NONE)
        message_error("serve", &err);
    *ret_exit = code == ERR_CONFIG ? EXIT_USAGE : EXIT_FAILED;
    return code == ERR_NONE;
}

int cmd_serve(int argc, char **argv)
{
    AUTO(options_fini) struct options options = {0};
    struct err err = {0};
    struct predecessor *predecessor;
    if (predecessor_find(&predecessor, &err) != ERR_NONE) {
        message_error("serve", &err);
        return EXIT_FAILED;
    }
    int result;
    struct trust trust;
    struct sockets sockets; // opened before a first load, which may take long
    bool is_right = options_read(argc, argv, &USAGE, &options, &result);
    if (is_right && !stores_fit(&options)) {
        result = EXIT_USAGE;
        is_right = false;
    }
    if (is_right && proxies_read(&options, &trust, &err) != ERR_NONE) {
        message_error("serve", &err);
        result = EXIT_USAGE;
        is_right = false;
    }
    if (!is_right || !sockets_open(&sockets, &options, predecessor, &result)) {
        predecessor_free(predecessor);
        return result;
    }
    struct tls *tls = NULL;
    if (!serving_tls_open(&options, sockets_want_tls(&sockets), &tls, &result) ||
        !give_up(&options, &result)) {
        tls_free(tls);
        sockets_fini(&sockets);
        predecessor_free(predecessor);
        return result;
    }
    sockets_use_tls(&sockets, tls);
    options.several_apps = options.word_count > 1;
    running_hold_signals();
    signal(SIGPIPE, SIG_IGN);
    descriptors_raise();
    struct logs logs = {0};
    struct reload reload = {
        .argc = argc, .argv = argv, .usage = &USAGE, .options = &options, .tls = tls, .logs = &logs};
    result = var_dir_make(options.var) ? serve(&reload, &trust, tls, &sockets, predecessor) : EXIT_FAILED;
    reload_fini(&reload);
    sockets_fini(&sockets);
    tls_free(tls);
    return result;
}
