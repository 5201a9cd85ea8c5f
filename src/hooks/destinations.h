// SPDX-License-Identifier: Apache-2.0
// The destinations of an app's hooks, one for each endpoint that has had one since the start. The courier's
// thread.
#ifndef RECKONER_HOOKS_DESTINATIONS_H
#define RECKONER_HOOKS_DESTINATIONS_H

#include <stddef.h>

#include "app/app.h"
#include "base/span.h"
#include "hooks/destination.h"
#include "hooks/hook_secrets.h"

// A list that only grows, so that a number in it stays the same destination's. Zeroed, it is empty.
struct destinations {
    struct destination *items; // owned
    size_t count, room;        //
};

// Notes which of them the app in force has, and their URLs; adds those that are new. `app`: NULL has none.
// Without memory some are left for the next time.
void destinations_see(
    struct destinations *destinations, const struct app *app, const struct hook_secrets *secrets);

// The one of an endpoint ("POST /prices"), or NULL; valid until the next destinations_see.
struct destination *destinations_find(const struct destinations *destinations, struct span endpoint);

void destinations_fini(struct destinations *destinations);

#endif
