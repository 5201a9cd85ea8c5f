// SPDX-License-Identifier: Apache-2.0
// Goes by the table of option.c: a row that is reloadable is taken, another one that has changed is named.
// On the main thread.
#include "cmd/reload.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "cmd/hook_file.h"
#include "cmd/option.h"
#include "cmd/proxies.h"
#include "cmd/serving_tls.h"
#include "http/tls_context.h"

static void warn(void *ctx, const char *text)
{
    log_printf(ctx, "reckoner: %s", text);
}

static bool is_same_text(const char *a, const char *b)
{
    return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

static bool is_same_list(const struct option_list *a, const struct option_list *b)
{
    bool is_same = a->count == b->count;
    for (size_t i = 0; is_same && i < a->count; i++)
        is_same = is_same_text(a->texts[i], b->texts[i]);
    return is_same;
}

static bool is_same_value(
    const struct option_row *row, const struct options *before, const struct options *after)
{
    const void *a = (const char *)before + row->field, *b = (const char *)after + row->field;
    switch (row->type) {
    case OPTION_SWITCH:
        return *(const bool *)a == *(const bool *)b;
    case OPTION_TEXT:
    case OPTION_PATH:
    case OPTION_CHOICE:
    case OPTION_STORE:
        return is_same_text(*(const char *const *)a, *(const char *const *)b);
    case OPTION_COUNT:
    case OPTION_BYTES:
    case OPTION_TIME:
    case OPTION_THREADS:
        return *(const size_t *)a == *(const size_t *)b;
    case OPTION_LIST:
        return is_same_list(a, b);
    }
    return true;
}

static size_t size_of_field(const struct option_row *row)
{
    switch (row->type) {
    case OPTION_SWITCH:
        return sizeof(bool);
    case OPTION_TEXT:
    case OPTION_PATH:
    case OPTION_CHOICE:
    case OPTION_STORE:
        return sizeof(const char *);
    case OPTION_COUNT:
    case OPTION_BYTES:
    case OPTION_TIME:
    case OPTION_THREADS:
        return sizeof(size_t);
    case OPTION_LIST:
        return sizeof(struct option_list);
    }
    return 0;
}

// Takes the reloadable values. Their texts belong to `after`.
static void take(struct options *options, const struct options *after)
{
    for (size_t i = 0; i < option_row_count; i++) {
        const struct option_row *row = &option_rows[i];
        if (!row->is_reloadable)
            continue;
        memcpy((char *)options + row->field, (const char *)after + row->field, size_of_field(row));
        options->origins[i] = after->origins[i];
    }
}

static void tell_later(struct log *log, const char *what)
{
    log_printf(log, "reckoner: %s changed: that takes effect at the next upgrade (SIGUSR2) or start", what);
}

// Names what has changed and does not take effect. Said at each SIGHUP, for as long as it is so.
static void tell_others(const struct options *before, const struct options *after, struct log *log)
{
    char text[128];
    for (size_t i = 0; i < option_row_count; i++) {
        const struct option_row *row = &option_rows[i];
        if (row->is_reloadable || row->key == NULL || is_same_value(row, before, after))
            continue;
        snprintf(text, sizeof(text), "%s has", row->key);
        tell_later(log, text);
    }
    bool is_same = before->word_count == after->word_count && is_same_list(&before->data, &after->data);
    for (size_t i = 0; is_same && i < before->word_count; i++)
        is_same = is_same_text(before->words[i], after->words[i]);
    if (!is_same)
        tell_later(log, "the list of apps has");
}

void reload_follow(struct server_options *server_options, const struct options *options)
{
    server_options->drain_ms = options->drain_ms;
    server_options->slow_ms = options->slow_ms;
    server_options->logs_spans = options->spans;
    server_options->bounds = (struct server_bounds){
        .read_ms = options->read_ms,
        .write_ms = options->write_ms,
        .read_queue = options->read_queue,
        .write_queue = options->write_queue,
        .connections = options->connections,
        .spool_bytes = options->spool_bytes,
        .idle_ms = options->idle_ms,
    };
}

// Has the server go by what was read, all or nothing.
static enum err_code apply(struct reload *reload, const struct options *after, struct server *server,
    const struct server_options *server_options, struct err *err)
{
    struct server_options wanted = *server_options;
    struct trust trust;
    struct tls_context *context = NULL;
    enum err_code code = proxies_read(after, &trust, err);
    if (code == ERR_NONE)
        code = serving_tls_reload(after, reload->tls, &context, err);
    if (code != ERR_NONE)
        return code;
    struct hook_secrets *secrets;
    code = hook_file_read(after, &secrets, err);
    reload_follow(&wanted, after);
    wanted.trust = &trust;
    wanted.hook_secrets = secrets;
    if (code == ERR_NONE)
        code = server_reload(server, &wanted, err);
    hook_secrets_unref(secrets);
    if (code == ERR_NONE && context != NULL)
        tls_publish(reload->tls, context);
    else
        tls_context_unref(context);
    return code;
}

bool reload_run(struct reload *reload, struct server *server, struct server_options *server_options)
{
    struct log *log = server_options->error_log;
    struct options after = {0};
    struct err err = {0};
    enum err_code code = options_load(reload->argc, reload->argv, reload->usage, warn, log, &after, &err);
    if (code == ERR_NONE)
        code = apply(reload, &after, server, server_options, &err);
    if (code != ERR_NONE) {
        log_printf(log, "reckoner: %s: nothing is changed by this SIGHUP", err.text);
        options_fini(&after);
        return false;
    }
    tell_others(reload->options, &after, log);
    take(reload->options, &after);
    reload_follow(server_options, reload->options);
    logs_follow(reload->logs, reload->options);
    options_fini(&reload->latest);
    reload->latest = after;
    log_printf(log, "reckoner: the configuration was read anew (SIGHUP)");
    return true;
}

void reload_fini(struct reload *reload)
{
    options_fini(&reload->latest);
}
