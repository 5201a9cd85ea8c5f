// SPDX-License-Identifier: Apache-2.0
// Whether a GET endpoint's answer is kept already. On the request's loop; nothing here waits.
#ifndef RECKONER_SERVE_RECALL_H
#define RECKONER_SERVE_RECALL_H

#include "serve/request.h"

enum recall {
    RECALL_ANSWERED, // the response is set
    RECALL_ASK,      // there is an answer, if the store confirms that nothing was committed: recall_ask
    RECALL_RECODE,   // request->kept is the answer, but for its coding: recode.h
    RECALL_NOTHING,  // it has to be read
};

// Makes the key of the request's answer, unless answers of its endpoint are not kept. Once, before all else.
void recall_init(struct request *request, const struct http_request *head);

// Looks for the answer. `is_confirmed`: recall_ask was answered since the request came.
enum recall recall_find(struct request *request, bool is_confirmed);

// Asks the store whether anything was committed; the request, which is away, is sent back with the answer.
void recall_ask(struct request *request);

#endif
