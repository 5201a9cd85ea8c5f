// SPDX-License-Identifier: Apache-2.0
// The server's own pages, below /-/: one table with a row for each. Routing (route.h) gets it handed in. To
// add a page is to add its row here, and a file that has the functions of the row. Immutable.
#ifndef RECKONER_SERVE_OWN_PAGES_H
#define RECKONER_SERVE_OWN_PAGES_H

#include <stdbool.h>

#include "base/span.h"
#include "http/message.h"

struct http_listen;
struct request;
struct task;

struct own_page {
    const char *path;        // "/-/livez"; a part in braces is any. NULL: the end of the table
    enum http_method method; // that it answers
    bool is_for_clients;     // answered where the apps are also when there is a listener apart for the admin
    bool shows_apps; // it is made of the apps' files, so a request waits until edited ones are in force

    // What is done with a request that is routed. The first two on the loop, where they never block.
    //
    // Of a page that is at hand: sets the response.
    void (*set_response)(struct request *request, const struct http_request *head);
    // Of any other one: reads what is asked for, as request->page_ask. False with the response; or without
    // one as door_settle has it, where it has to be known first which keys there are.
    bool (*begin)(struct request *request, const struct http_request *head);
    // Then, of one that reads stores: the task of a worker, as own_page_run does it.
    void (*run)(struct task *task, void *worker);
    // Or, of one that another thread writes: lends the request to that thread, until its mail. On the loop.
    void (*ask)(struct request *request);
};

extern const struct own_page own_pages[];

// Whether something is answered where a request came in: a page, or NULL for what is an app's.
bool own_page_is_for(const struct own_page *page, const struct http_listen *listen, bool has_admin);

// Whether a request at this path, as it came, is the server's own business: it need not wait for edited
// files, as the server is well whatever becomes of them.
bool own_pages_ignore_apps(struct span path);

#endif
