// SPDX-License-Identifier: Apache-2.0
// Editing while the server runs. A thread of its own reads an app anew when its files have changed (serve
// --watch), or when it is asked to (SIGHUP), brings the schema up to date, checks every statement on the
// store, and puts the new edition in force. What is broken changes nothing: its errors are logged once, and
// what was served before stays.
//
// With --watch a request sees every edit that was finished before it was sent: on its arrival the loop takes
// what inotify tells, and when a reload is due or under way the request waits for it.
#ifndef RECKONER_SERVE_RELOAD_H
#define RECKONER_SERVE_RELOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/log.h"
#include "net/loop.h"
#include "serve/app_files.h"
#include "serve/edition.h"
#include "serve/keys.h"
#include "serve/limits.h"
#include "serve/service.h"

struct app_hooks; // app_hooks.h
struct app_jobs;  // app_jobs.h
struct reloader;

// A request that waits; embedded in it.
struct reload_wait {
    struct loop *loop;        // where its mail goes; set by the request, as mail
    struct mail *mail;        // posted when the reload is done
    uint64_t change;          // the reloader's own, as next: which change it waits for
    struct reload_wait *next; //
};

struct reloader_options {
    const struct service *services; // borrowed, as all here
    size_t count;                   // of them
    struct editions *editions;      // has its first edition
    struct limits *limits;          // NULL: no app may have plans
    struct keys *keys;              // NULL: no app may want keys
    bool takes_tokens;              // `keys` knows issuers, and keeps clients of certificates
    struct app_hooks *hooks;        // NULL: none are sent
    bool is_metered;                // usage is counted where an app wants that
    struct app_files *files;        //
    struct app_jobs *jobs;          //
    bool is_watching;               // files are watched; else only reloader_ask begins a round
    int64_t read_ms;                // of the wall clock, before the apps were read
    struct log *log;                //
};

// Watches the folders of all apps, if it is to, and starts the thread. Errors of file_watch.h; ERR_IO.
MUST_CHECK enum err_code reloader_new(
    const struct reloader_options *options, struct reloader **ret_reloader, struct err *err);

// Has all apps whose files have changed read anew, soon; at a doubt, others too. What the server was not
// started for, keys say where no app wanted any, is told in the log and leaves the app as it was. Any thread.
void reloader_ask(struct reloader *reloader);

// When files have changed that are not in force yet: true, and wait->mail is posted when they are, or are
// found to be broken. False: go on at once. Never blocks for long. Any thread.
bool reloader_waits(struct reloader *reloader, struct reload_wait *wait);

// From here on no request waits and no further round begins. Those that wait are told to go on with what is
// in force. NULL is fine. Any thread.
void reloader_end(struct reloader *reloader);

// Ends the thread, when its round is over. NULL is fine.
void reloader_free(struct reloader *reloader);

#endif
