// SPDX-License-Identifier: Apache-2.0
// A request as a person types it, "GET /rates?origin=…", and the endpoint and parameters that the server
// would find for it. What a key would say of who asks stands in the query, too (typed_client.h), as no key is
// at hand; whether a client may ask at all is not looked at. Any thread.
#ifndef RECKONER_CMD_TYPED_REQUEST_H
#define RECKONER_CMD_TYPED_REQUEST_H

#include <stdbool.h>

#include "app/app.h"
#include "base/arena.h"

struct typed_request {
    const struct endpoint *endpoint; // the app's
    struct value *params;            // the arena's; one for each of the endpoint's
    enum answer_format format;       // of the answer
};

// Finds out which endpoint of `app` the text asks for, private ones included, as a load could ask for them.
// False, after the server's words on stderr, for a request that the server would refuse.
bool typed_request_read(
    struct app *app, const char *text, struct arena *arena, struct typed_request *ret_request);

#endif
