// SPDX-License-Identifier: Apache-2.0
// The page /-/docs: what the endpoints of all apps take and give, for people.
#ifndef RECKONER_SERVE_DOCS_H
#define RECKONER_SERVE_DOCS_H

#include <stddef.h>

#include "app/app.h"
#include "base/attr.h"
#include "base/blob.h"

// The address in the lines of curl.
#define DOCS_EXAMPLE_HOST "localhost:8080"

// An HTML page of itself, without scripts or anything to fetch, about the apps in their order and every
// endpoint that has a route. All texts of an app are escaped: they show as they are written. The caller owns
// a reference. NULL without memory, or when the page would be larger than LIMIT_ANSWER_BYTES. Any thread.
MUST_CHECK struct blob *docs_write(struct app *const *apps, size_t count);

#endif
