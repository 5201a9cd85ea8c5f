// SPDX-License-Identifier: Apache-2.0
// Editing while the server runs (serve --watch). A thread of its own reads an app anew when its files have
// changed, brings the schema up to date, checks every statement on the store, and puts the new edition in
// force. What is broken changes nothing: its errors are logged once, and what was served before stays.
//
// A request sees every edit that was finished before it was sent: on its arrival the loop takes what inotify
// tells, and when a reload is due or under way the request waits for it.
#ifndef RECKONER_SERVE_RELOAD_H
#define RECKONER_SERVE_RELOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/log.h"
#include "net/loop.h"
#include "serve/edition.h"
#include "serve/keys.h"
#include "serve/limits.h"
#include "serve/service.h"

struct reloader;

// A request that waits; embedded in it.
struct reload_wait {
    struct loop *loop;        // where its mail goes; set by the request, as mail
    struct mail *mail;        // posted when the reload is done
    uint64_t change;          // the reloader's own, as next: which change it waits for
    struct reload_wait *next; //
};

// Watches the folders of all apps and starts the thread. `editions` has its first edition; `limits` and
// `keys` may be NULL. All is borrowed. Errors of file_watch.h; ERR_IO.
MUST_CHECK enum err_code reloader_new(const struct service *services, size_t count, struct editions *editions,
    struct limits *limits, struct keys *keys, struct log *log, struct reloader **ret_reloader,
    struct err *err);

// When files have changed that are not in force yet: true, and wait->mail is posted when they are, or are
// found to be broken. False: go on at once. Never blocks for long. Any thread.
bool reloader_waits(struct reloader *reloader, struct reload_wait *wait);

// From here on no request waits and no further round begins. Those that wait are told to go on with what is
// in force. NULL is fine. Any thread.
void reloader_end(struct reloader *reloader);

// Ends the thread, when its round is over. NULL is fine.
void reloader_free(struct reloader *reloader);

#endif
