// SPDX-License-Identifier: Apache-2.0
// The server's own pages, below /-/: one table with a row for each. Routing (route.h) gets it handed in, and
// the handler calls the row that was found. Immutable; a page is answered on the loop.
#ifndef RECKONER_SERVE_OWN_PAGES_H
#define RECKONER_SERVE_OWN_PAGES_H

#include <stdbool.h>

#include "base/span.h"

struct http_request;
struct request;

struct own_page {
    const char *path; // "/-/livez", answered to GET; NULL: the end of the table
    bool shows_apps;  // it is made of the apps' files, so a request waits until edited ones are in force

    // Of a request that is routed; never blocks. A page that has to read a store leaves the response unset,
    // and sets request->page_run; one that has to know which keys there are, leaves both unset.
    void (*set_response)(struct request *request, const struct http_request *head);
};

extern const struct own_page own_pages[];

// Whether a request at this path, as it came, is the server's own business: it need not wait for edited
// files, as the server is well whatever becomes of them.
bool own_pages_ignore_apps(struct span path);

#endif
