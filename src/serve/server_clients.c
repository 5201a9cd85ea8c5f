// SPDX-License-Identifier: Apache-2.0
// Makes what a server has for those who ask it: keys, what plans allow, and usage; each only where an app
// wants it, or may do so after an edit. Runs on the main thread.
#include "base/mem.h"
#include "serve/server_parts.h"

// Accounts are for apps that have plans, or may have some after an edit. What was saved of them is read
// before the first request.
enum err_code server_make_limits(struct server *server, const struct server_options *options, struct err *err)
{
    struct context *context = &server->context;
    bool is_wanted = options->watch;
    for (size_t i = 0; i < server->context.service_count; i++)
        is_wanted = is_wanted || server->context.services[i].app->quota_count > 0;
    if (!is_wanted)
        return ERR_NONE;
    enum err_code code = limits_new(
        server->context.services, server->context.service_count, context->error_log, &context->limits, err);
    for (size_t i = 0; code == ERR_NONE && i < server->context.service_count; i++)
        code = limits_follow(context->limits, i, server->context.services[i].app, err);
    return code;
}

// Keys are asked for where an app wants them, or may do so after an edit. They are known before the first
// request, if the store tells.
enum err_code server_make_keys(struct server *server, const struct server_options *options, struct err *err)
{
    struct context *context = &server->context;
    bool is_wanted = options->watch, takes_tokens = is_wanted;
    for (size_t i = 0; i < server->context.service_count; i++) {
        is_wanted = is_wanted || server->context.services[i].app->access.wants_keys;
        const struct app_access *access = &server->context.services[i].app->access;
        takes_tokens = takes_tokens || access->issuer_count > 0 || access->takes_certificates;
    }
    if (!is_wanted)
        return ERR_NONE;
    enum err_code code = keys_new(context, takes_tokens, &context->keys, err);
    for (size_t i = 0; code == ERR_NONE && i < server->context.service_count; i++)
        code = keys_follow_issuers(context->keys, server->context.services[i].app, err);
    for (size_t i = 0; code == ERR_NONE && i < server->context.service_count; i++)
        keys_follow(context->keys, i, server->context.services[i].app);
    return code;
}

static void tell_usage(void *ctx, const char *text)
{
    log_printf(ctx, "reckoner: %s", text);
}

// Usage is counted where an app wants that, or may do so after an edit.
enum err_code server_make_meter(struct server *server, const struct server_options *options, struct err *err)
{
    struct context *context = &server->context;
    size_t count = server->context.service_count;
    bool is_wanted = options->watch;
    for (size_t i = 0; i < count; i++)
        is_wanted = is_wanted || server->context.services[i].app->access.is_metered;
    if (!is_wanted)
        return ERR_NONE;
    context->meter_job_slot = options->loops;
    enum err_code code = meter_new(options->loops + count, &context->meter, err); // jobs of each service, too
    struct flusher_target *targets = mem_zalloc(count, sizeof(*targets));
    if (code == ERR_NONE && targets == NULL)
        code = err_no_memory(err);
    for (size_t i = 0; code == ERR_NONE && targets != NULL && i < count; i++)
        targets[i] = (struct flusher_target){
            .store = server->context.services[i].store, .name = server->context.services[i].app->name};
    struct flusher_options flusher = {.meter = context->meter,
        .targets = targets,
        .count = count,
        .log = {.tell = tell_usage, .ctx = context->error_log},
        .touch = context->keys != NULL ? keys_touch : NULL,
        .touch_ctx = context->keys};
    if (code == ERR_NONE)
        code = flusher_new(&flusher, &context->flusher, err);
    mem_free(targets);
    return code;
}
