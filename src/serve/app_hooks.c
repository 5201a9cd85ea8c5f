// SPDX-License-Identifier: Apache-2.0
// Couriers are started by the main thread and by the reloader's, and go on to the end: an app that has no
// hooks any more may have some again.
#include "serve/app_hooks.h"

#include <pthread.h>
#include <stdatomic.h>

#include "base/mem.h"
#include "serve/context.h"
#include "serve/deferred.h"

struct app_hook {
    struct deferred deferred;          // what the courier is told
    _Atomic(struct courier *) courier; // owned; NULL: none
};

struct app_hooks {
    pthread_mutex_t lock;         // guards the next three
    struct hook_secrets *secrets; // owned reference
    struct hook_secrets *wanted;  // owned reference: the last that were set; NULL is fine
    bool has_wanted;              // they take the place of `secrets` when the apps fit them
    struct log *log;              // borrowed
    size_t count;
    struct app_hook items[];
};

// --- for the courier

static struct hook_secrets *take_secrets(struct app_hooks *hooks)
{
    pthread_mutex_lock(&hooks->lock);
    struct hook_secrets *secrets = hook_secrets_ref(hooks->secrets);
    pthread_mutex_unlock(&hooks->lock);
    return secrets;
}

static struct hook_secrets *secrets_in_force(void *ctx)
{
    const struct deferred *deferred = ctx;
    return take_secrets(deferred->context->hooks);
}

// --- life

// Whether the app's hooks can be signed.
static enum err_code check(const struct app *app, const struct hook_secrets *secrets, struct err *err)
{
    for (size_t i = 0; i < app->endpoint_count; i++) {
        const struct endpoint *endpoint = &app->endpoints[i];
        if (!outbox_is_for(endpoint))
            continue;
        if (secrets == NULL) {
            (void)err_set(err, ERR_CONFIG,
                "%s has a [hook], and there is no secret to sign it with: name a file of it "
                "by --hook-secrets FILE",
                app->name);
            err_hint(err, "(umask 077; echo \"whsec_$(openssl rand -base64 32)\" > hook-secrets) makes one");
            return ERR_CONFIG;
        }
        if (!hook_secrets_fit(secrets, endpoint->hook))
            return err_set(err, ERR_CONFIG,
                "%s: no secret is for the hook of %s %.*s: add a line with its https://HOST in front, or one for "
                "all",
                app->name, http_method_name(endpoint->method), SHOW(endpoint->path));
    }
    return ERR_NONE;
}

static enum err_code start(struct app_hook *item, struct err *err)
{
    struct deferred *deferred = &item->deferred;
    const struct service *service = &deferred->context->services[deferred->service];
    const struct courier_options options = {.store = service->store,
        .writer = service->writer,
        .ctx = deferred,
        .app = deferred_app,
        .secrets = secrets_in_force,
        .log = deferred_log(deferred)};
    struct courier *courier;
    enum err_code code = courier_new(&options, &courier, err);
    if (code == ERR_NONE)
        atomic_store(&item->courier, courier);
    return code;
}

// Whether the hooks of all apps can be signed, with `app` in the place of that service's; at NULL as they
// are.
static enum err_code check_all(struct app_hooks *hooks, size_t service, const struct app *app,
    const struct hook_secrets *secrets, struct err *err)
{
    enum err_code code = ERR_NONE;
    for (size_t i = 0; code == ERR_NONE && i < hooks->count; i++) {
        struct app *current = deferred_app(&hooks->items[i].deferred);
        code = check(app != NULL && i == service ? app : current, secrets, err);
        app_unref(current);
    }
    return code;
}

// With the lock held. Takes over a reference; *ret_former is to be dropped without the lock.
static void put_secrets(
    struct app_hooks *hooks, struct hook_secrets *secrets, struct hook_secrets **ret_former)
{
    *ret_former = hooks->secrets;
    hooks->secrets = secrets;
    hooks->has_wanted = false;
}

// Signs with those that wait, if the app is what they have waited for.
static void take_wanted(struct app_hooks *hooks, size_t service, const struct app *app)
{
    struct err ignored = {0};
    struct hook_secrets *former = NULL;
    pthread_mutex_lock(&hooks->lock);
    bool has_wanted = hooks->has_wanted;
    struct hook_secrets *wanted = hook_secrets_ref(hooks->wanted);
    pthread_mutex_unlock(&hooks->lock);
    if (has_wanted && check_all(hooks, service, app, wanted, &ignored) == ERR_NONE) {
        pthread_mutex_lock(&hooks->lock);
        if (hooks->has_wanted && hooks->wanted == wanted) // no other ones have come
            put_secrets(hooks, hook_secrets_ref(wanted), &former);
        pthread_mutex_unlock(&hooks->lock);
    }
    hook_secrets_unref(wanted);
    hook_secrets_unref(former);
}

enum err_code app_hooks_follow(
    struct app_hooks *hooks, size_t service, const struct app *app, struct err *err)
{
    struct app_hook *item = &hooks->items[service];
    take_wanted(hooks, service, app);
    struct hook_secrets *secrets = take_secrets(hooks);
    enum err_code code = check(app, secrets, err);
    hook_secrets_unref(secrets);
    if (code == ERR_NONE && outbox_is_for_app(app) && atomic_load(&item->courier) == NULL)
        code = start(item, err);
    return code;
}

enum err_code app_hooks_new(
    struct context *context, struct hook_secrets *secrets, struct app_hooks **ret_hooks, struct err *err)
{
    size_t count = context->service_count;
    struct app_hooks *hooks = mem_zalloc(1, sizeof(*hooks) + count * sizeof(hooks->items[0]));
    if (hooks == NULL)
        return err_no_memory(err);
    pthread_mutex_init(&hooks->lock, NULL);
    hooks->secrets = hook_secrets_ref(secrets);
    hooks->log = context->error_log;
    hooks->count = count;
    *ret_hooks = hooks; // couriers find the secrets by the context
    enum err_code code = ERR_NONE;
    for (size_t i = 0; code == ERR_NONE && i < count; i++) {
        hooks->items[i].deferred = (struct deferred){.context = context, .service = i, .what = "a hook"};
        code = app_hooks_follow(hooks, i, context->services[i].app, err);
    }
    if (code != ERR_NONE) {
        app_hooks_free(hooks);
        *ret_hooks = NULL;
    }
    return code;
}

void app_hooks_set_secrets(struct app_hooks *hooks, struct hook_secrets *secrets)
{
    struct err err = {0};
    struct hook_secrets *former = NULL;
    bool waits = check_all(hooks, 0, NULL, secrets, &err) != ERR_NONE;
    if (waits)
        log_printf(hooks->log, "reckoner: %s; the former secrets are in force until the app is changed, too",
            err.text);
    pthread_mutex_lock(&hooks->lock);
    struct hook_secrets *unwanted = hooks->wanted;
    hooks->wanted = hook_secrets_ref(secrets);
    if (waits)
        hooks->has_wanted = true;
    else
        put_secrets(hooks, hook_secrets_ref(secrets), &former);
    pthread_mutex_unlock(&hooks->lock);
    hook_secrets_unref(unwanted);
    hook_secrets_unref(former);
}

struct courier *app_hooks_of(const struct app_hooks *hooks, size_t service)
{
    return hooks != NULL ? atomic_load(&hooks->items[service].courier) : NULL;
}

void app_hooks_wake(const struct app_hooks *hooks, size_t service)
{
    struct courier *courier = app_hooks_of(hooks, service);
    if (courier != NULL)
        courier_wake(courier);
}

void app_hooks_rest(struct app_hooks *hooks, bool rests)
{
    for (size_t i = 0; hooks != NULL && i < hooks->count; i++) {
        if (app_hooks_of(hooks, i) != NULL)
            courier_rest(app_hooks_of(hooks, i), rests);
    }
}

bool app_hooks_are_waiting(const struct app_hooks *hooks)
{
    for (size_t i = 0; hooks != NULL && i < hooks->count; i++) {
        struct courier *courier = app_hooks_of(hooks, i);
        if (courier != NULL && courier_is_waiting(courier))
            return true;
    }
    return false;
}

void app_hooks_end(struct app_hooks *hooks, uint64_t until_ns)
{
    app_hooks_rest(hooks, true); // all at once, then one after the other
    for (size_t i = 0; hooks != NULL && i < hooks->count; i++) {
        if (app_hooks_of(hooks, i) != NULL)
            courier_end(app_hooks_of(hooks, i), until_ns);
    }
}

void app_hooks_free(struct app_hooks *hooks)
{
    if (hooks == NULL)
        return;
    for (size_t i = 0; i < hooks->count; i++)
        courier_free(app_hooks_of(hooks, i));
    hook_secrets_unref(hooks->secrets);
    hook_secrets_unref(hooks->wanted);
    pthread_mutex_destroy(&hooks->lock);
    mem_free(hooks);
}
