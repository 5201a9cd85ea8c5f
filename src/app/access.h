// SPDX-License-Identifier: Apache-2.0
// Whom an app lets in, as app.ini and @access say it. Immutable once the app is read.
#ifndef RECKONER_APP_ACCESS_H
#define RECKONER_APP_ACCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "app/issuer.h"
#include "app/quota.h"
#include "base/span.h"

enum access_kind {
    ACCESS_OPEN,  // anybody
    ACCESS_KEY,   // a client that is known
    ACCESS_SCOPE, // one that has a scope, too
};

// Of an endpoint.
struct endpoint_access {
    enum access_kind kind;
    struct span scope; // of ACCESS_SCOPE: its name
    uint32_t line;     // of @access in the file; 0: there is none, and the app's standard holds
    uint32_t column;   // likewise
};

// Of an app.
struct app_access {
    enum access_kind standard;      // of endpoints without @access: open or key
    struct span query;              // the parameter of the query that may hold a key; empty: none
    const struct quota *key_quota;  // of keys that name no plan; NULL: no limits
    const struct quota *open_quota; // of requests without a key, by address; NULL: no limits
    const struct issuer *issuers;   // whose tokens count, each of another `issuer`
    size_t issuer_count;            // LIMIT_ISSUERS at most
    bool takes_certificates;        // of clients, as credentials: [access] has certificate = on
    bool wants_keys;                // credentials are looked at: there is an [access], a plan, an issuer, an
                                    // endpoint that is not open, or one whose SQL sees the client
    bool is_metered;                // usage is counted: wants_keys, unless [access] has usage = off
};

#endif
