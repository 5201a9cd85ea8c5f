// SPDX-License-Identifier: Apache-2.0
// The hooks of all apps of a server (hooks/courier.h): which of them have a courier, and what it goes by.
#ifndef RECKONER_SERVE_APP_HOOKS_H
#define RECKONER_SERVE_APP_HOOKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "hooks/courier.h"
#include "hooks/hook_secrets.h"

struct context;

struct app_hooks;

// Starts a courier for each app that has hooks. The context is borrowed, and set up; the secrets get a
// reference, and may be NULL. ERR_CONFIG with what to do where they do not fit the hooks; errors of
// courier_new.
MUST_CHECK enum err_code app_hooks_new(
    struct context *context, struct hook_secrets *secrets, struct app_hooks **ret_hooks, struct err *err);

// An app is about to be in force in the place of another one: starts a courier where it is the first that
// wants one. Errors as above. On the reloader's thread.
MUST_CHECK enum err_code app_hooks_follow(
    struct app_hooks *hooks, size_t service, const struct app *app, struct err *err);

// Signs with others from here on, which may be NULL. Where they do not fit the apps in force the log says so,
// and they wait for apps that they fit: an edit of an app is read after its secrets. On the main thread.
void app_hooks_set_secrets(struct app_hooks *hooks, struct hook_secrets *secrets);

// The courier of a service; NULL: it has none. Any thread, as all below; `hooks` may be NULL.
struct courier *app_hooks_of(const struct app_hooks *hooks, size_t service);

// A batch of an endpoint with a hook is in.
void app_hooks_wake(const struct app_hooks *hooks, size_t service);

// As courier_is_waiting, courier_rest and courier_end, of all.
bool app_hooks_are_waiting(const struct app_hooks *hooks);
void app_hooks_rest(struct app_hooks *hooks, bool rests);
void app_hooks_end(struct app_hooks *hooks, uint64_t until_ns);

// While the writers are there. NULL is fine.
void app_hooks_free(struct app_hooks *hooks);

#endif
