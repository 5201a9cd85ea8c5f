// SPDX-License-Identifier: Apache-2.0
// On the main thread, but for the handler of signals, which sets one flag.
#include "cmd/backup_work.h"

#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "app/app_read.h"
#include "cmd/message.h"

static atomic_bool is_to_stop;

static void on_signal(int number)
{
    (void)number;
    atomic_store_explicit(&is_to_stop, true, memory_order_relaxed);
}

const atomic_bool *backup_work_stop(void)
{
    struct sigaction action = {.sa_handler = on_signal};
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGHUP, &action, NULL);
    return &is_to_stop;
}

struct app *backup_work_app(const char *dir, const struct options *options)
{
    struct err err = {0};
    struct app *app = NULL;
    AUTO(diags_fini) struct diags diags;
    diags_init(&diags);
    const char *kind = options->store != NULL ? store_kind_of(options->store) : "sqlite";
    enum err_code code = app_read(dir, kind, &diags, &app, &err);
    if (code == ERR_NONE)
        return app;
    bool is_read = app != NULL && app->name != NULL && (app->endpoint_count > 0 || app->migration_count > 0);
    if (!is_read) {
        message_diags(dir, &diags, &err);
        app_unref(app);
        return NULL;
    }
    message_print(dir, "has errors, which 'reckoner check' tells: its store is looked at all the same");
    return app;
}

static void print_fault(const void *ctx, const char *text)
{
    message_print(ctx, text);
}

struct backup_check backup_work_check(const struct app *app, const char *subject)
{
    return (struct backup_check){
        .files = app != NULL ? app->migrations : NULL,
        .file_count = app != NULL ? app->migration_count : 0,
        .on_fault = print_fault,
        .ctx = subject,
    };
}

void backup_work_fail(const char *file, const char *shown, const struct err *err)
{
    bool is_about_file = strncmp(err->text, file, strlen(file)) == 0;
    message_error(is_about_file ? file : shown, err);
}
