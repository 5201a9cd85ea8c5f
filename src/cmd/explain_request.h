// SPDX-License-Identifier: Apache-2.0
// A request as it is typed, "GET /rates?origin=…", to the endpoint and parameters that the server would find.
// Any thread.
#ifndef RECKONER_CMD_EXPLAIN_REQUEST_H
#define RECKONER_CMD_EXPLAIN_REQUEST_H

#include <stdbool.h>

#include "app/app.h"
#include "base/arena.h"

struct asked {
    const struct endpoint *endpoint; // the app's
    struct value *params;            // the arena's; one for each of the endpoint's
    enum answer_format format;       // of the answer
};

// Finds out what `text` asks of `app`; private endpoints too, as a load could. False, after the server's
// words on stderr, when it would not be answered.
bool ask(struct app *app, const char *text, struct arena *arena, struct asked *ret_asked);

#endif
