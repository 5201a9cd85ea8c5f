// SPDX-License-Identifier: Apache-2.0
// What is served at one time: the apps as their files were read, and what is made of all of them together. An
// edition never changes once it is in force; when files change, a new one takes its place, and requests that
// the old one has routed go on with it to their end. Loops have it by leases (lease.h), other threads by
// references.
#ifndef RECKONER_SERVE_EDITION_H
#define RECKONER_SERVE_EDITION_H

#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "app/app.h"
#include "base/blob.h"
#include "base/err.h"
#include "serve/route.h"
#include "serve/tally.h"

struct edition {
    atomic_uint references;       // editions_current, edition_unref; any thread
    struct app **apps;            // owned references; by number of their service
    size_t app_count;             //
    struct routes *routes;        // owned; of all apps and of `pages`
    const struct own_page *pages; // borrowed
    struct blob *docs;            // the page /-/docs; a reference
    uint64_t number;              // of those in force, counted from 1; set when it is published
};

// An edition of the server's own pages (own_pages.h), which are borrowed, and of these apps, of each of which
// it keeps a reference. The caller owns one reference to it. ERR_CONFIG when two apps claim one route;
// ERR_NO_MEMORY.
MUST_CHECK enum err_code edition_new(const struct own_page *pages, struct app *const *apps, size_t count,
    struct edition **ret_edition, struct err *err);

// The edition `from` with another app for a service. Errors of edition_new.
MUST_CHECK enum err_code edition_with(const struct edition *from, size_t service, struct app *app,
    struct edition **ret_edition, struct err *err);

// Drops a reference; the last one frees. NULL is fine. Any thread.
void edition_unref(struct edition *edition);

// The place where the one in force is found.
struct editions {
    pthread_mutex_t lock;        // guards `current`; held for a few instructions
    struct edition *current;     // owned reference; NULL: none yet
    struct tally *tally;         // borrowed; has a series for each route; NULL: nothing is counted. Fixed
    atomic_uint_fast64_t number; // of `current`; 0: none yet. Written under the lock, read by any thread
};

// `tally` may be NULL.
void editions_init(struct editions *editions, struct tally *tally);
void editions_fini(struct editions *editions);

// A reference to the one in force, which the caller owns. Any thread.
struct edition *editions_current(struct editions *editions);

// The number of the one in force, by one atomic load. Any thread.
uint64_t editions_number(const struct editions *editions);

// Puts `edition` in force, its routes with their series; takes the caller's reference. A thread that learns
// of the publication after this call has returned, finds it in force. Any thread.
void editions_publish(struct editions *editions, struct edition *edition);

#endif
