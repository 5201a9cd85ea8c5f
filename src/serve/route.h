// SPDX-License-Identifier: Apache-2.0
// From a request's path to what answers there, over all apps of the process: a tree by the parts between
// slashes. Made once, then immutable, so any thread may look something up.
#ifndef RECKONER_SERVE_ROUTE_H
#define RECKONER_SERVE_ROUTE_H

#include <stddef.h>
#include <stdint.h>

#include "app/app.h"
#include "base/arena.h"
#include "base/err.h"

struct own_page;

// What answers one method at one path.
struct route {
    const struct endpoint *endpoint; // NULL: a file or a page
    const struct public_file *file;  // of public/, for GET; NULL: an endpoint or a page
    bool is_folder;              // the file is the index of the folder that the path is, without its slash
    const struct own_page *page; // of the server; NULL: an endpoint or a file
    size_t service;              // of the endpoint or file; its number
    uint32_t series;             // what its requests count as (tally.h); set before others see the table
};

struct routes;

// A table over the server's own pages (own_pages.h), and the public endpoints and static files of all apps,
// all of which are borrowed. ERR_CONFIG, naming both files, when two of them claim the same method and path;
// ERR_NO_MEMORY.
MUST_CHECK enum err_code routes_new(const struct own_page *pages, struct app *const *apps, size_t count,
    struct routes **ret_routes, struct err *err);

// NULL is fine.
void routes_free(struct routes *routes);

// Calls for each route, in no particular order, before other threads see the table.
void routes_each(struct routes *routes, void (*on_route)(void *ctx, struct route *route), void *ctx);

enum route_result {
    ROUTE_FOUND,
    ROUTE_NONE,     // nothing has this path
    ROUTE_METHOD,   // something has, but not for this method
    ROUTE_ENCODING, // the path is badly percent-encoded
    ROUTE_MEMORY,   // the arena is full
};

#define ROUTE_NO_SERVICE SIZE_MAX

struct route_match {
    const struct route *route; // ROUTE_FOUND
    struct span *parts; // ROUTE_FOUND: the path's parts, decoded; the arena's, but texts may borrow path
    unsigned methods;   // ROUTE_METHOD: a bit for each method that is answered, 1 << method
    size_t service;     // ROUTE_METHOD: of one that answers there; ROUTE_NO_SERVICE: the server itself
};

// Finds what answers `method` at `path`, percent-encoded as it came. Of several that match the most literal
// wins, part by part from the left, and among those the first one with that method; HEAD is answered by
// GET's. *ret_match is set for ROUTE_FOUND and ROUTE_METHOD.
MUST_CHECK enum route_result routes_find(const struct routes *routes, struct span path,
    enum http_method method, struct arena *arena, struct route_match *ret_match);

enum { ALLOW_CHARS = 80 };

// Writes the value of Allow, "GET, HEAD, OPTIONS" (RFC 9110 section 10.2.1).
void route_allow(unsigned methods, char ret_allow[ALLOW_CHARS]);

#endif
