// SPDX-License-Identifier: Apache-2.0
// The server's own pages, below /-/: one table with a row for each. Routing (route.h) gets it handed in, and
// the handler calls the row that was found. Immutable; a page is answered on the loop.
#ifndef RECKONER_SERVE_OWN_PAGES_H
#define RECKONER_SERVE_OWN_PAGES_H

#include <stdbool.h>

#include "base/span.h"
#include "http/message.h"

struct context;
struct http_listen;
struct request;

struct own_page {
    const char *path;        // "/-/livez"; a part in braces is any. NULL: the end of the table
    enum http_method method; // that it answers
    bool is_for_clients;     // answered where the apps are also when there is a listener apart for the admin
    bool shows_apps; // it is made of the apps' files, so a request waits until edited ones are in force

    // Of a request that is routed; never blocks. A page that has to read a store leaves the response unset,
    // and sets request->page_run, and /-/metrics request->is_scrape; one that has to know which keys there
    // are, leaves both unset.
    void (*set_response)(struct request *request, const struct http_request *head);
};

extern const struct own_page own_pages[];

// Whether something is answered where a request came in: a page, or NULL for what is an app's.
bool own_page_is_for(const struct own_page *page, const struct http_listen *listen, bool has_admin);

// Whether /-/readyz is green. Any thread.
bool own_pages_are_ready(const struct context *context);

// Whether a request at this path, as it came, is the server's own business: it need not wait for edited
// files, as the server is well whatever becomes of them.
bool own_pages_ignore_apps(struct span path);

#endif
