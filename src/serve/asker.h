// SPDX-License-Identifier: Apache-2.0
// Whose key a request for one of the server's own pages shows. Each app says for itself whose it is, as one
// key may be of several apps. On the loop.
#ifndef RECKONER_SERVE_ASKER_H
#define RECKONER_SERVE_ASKER_H

#include <stdbool.h>

#include "http/message.h"
#include "serve/door.h"
#include "serve/request.h"

// What the doors say that do not know the client. A key that is new may be of any app whose keeper has not
// been asked, so each of them is asked, one after the other.
struct asker_told {
    enum door_verdict verdict;         // the most telling one of them …
    size_t service;                    // … and whose door that is
    bool has_unasked;                  // some keeper is still to be asked …
    size_t unasked;                    // … first the one of this service …
    enum door_verdict unasked_verdict; // … whose door says this
};

struct asker_client {
    size_t service;   // in whose app …
    struct span id;   // … the client is known by that id; the lease's
    const char *kind; // and what kind it is, as sender_kind has it
};

struct asker {
    size_t count;                 // of clients
    struct asker_client *clients; // the arena's
    struct asker_told told; // its verdict is DOOR_CLIENT when some app knows the client, DOOR_MISSING when
                            // no key is shown where some app wants keys
};

// An endpoint that asks no more of a client than to be known.
extern const struct endpoint ASKER_ENDPOINT;

// Judges the credential at the door of one app; what it says that does not know it, is added to *told, which
// is zeroed at first.
enum door_verdict asker_judge(struct request *request, const struct credential *credential, size_t service,
    struct client **ret_client, struct asker_told *told);

// The clients of all apps whose key the request shows; request->client is one of them. False, with the
// response, without memory.
MUST_CHECK bool asker_find(struct request *request, const struct http_request *head, struct asker *ret_asker);

// Settles what was told, as door_settle does, in the name of the app whose door it is.
MUST_CHECK bool asker_settle(
    struct request *request, const struct http_request *head, const struct asker_told *told);

#endif
