// SPDX-License-Identifier: Apache-2.0
// An app: a folder of SQL files, read into an immutable table of endpoints (app_read.h). Its files were
// checked as text; whether the database accepts its SQL is for app_check.h to find out. Immutable once read,
// so any thread may use it.
#ifndef RECKONER_APP_APP_H
#define RECKONER_APP_APP_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "app/access.h"
#include "app/cors.h"
#include "app/diag.h"
#include "app/endpoint.h"
#include "base/arena.h"
#include "base/err.h"
#include "http/message.h"
#include "store/history.h"
#include "store/migrate.h"

// A line of [load] in app.ini: a file that goes through an endpoint once in the life of a store.
struct first_load {
    const struct endpoint *endpoint; // a write
    struct span file;                // name of the data file, relative to the data folder
    uint32_t line;                   // in app.ini
};

// Where files of a watched folder go, in that folder, when they were taken.
#define WATCH_DONE     "done"
#define WATCH_REJECTED "rejected"
// What stands behind the name of a rejected file in that of its report.
#define WATCH_REPORT_ENDING ".report.json"

// A line of [watch] in app.ini: files that go through an endpoint by themselves (inbox/).
struct watch_line {
    const struct endpoint *endpoint; // a write
    const char *folder;              // its path, as app->dir is one
    const char *pattern;             // of names in it, for fnmatch(3)
    bool takes_repeats;              // a file with the bytes of an earlier one goes in, too
    uint32_t line;                   // in app.ini
};

// A line of [reload] in app.ini: a file that goes through an endpoint each time that it has changed (inbox/).
struct reload_line {
    const struct endpoint *endpoint; // a write
    const char *path;                // as app->dir is one
    const char *name;                // "PUT /catalogue = data/catalogue.csv": by which stores know it
    uint32_t line;                   // in app.ini
};

// When such files are loaded.
struct reload_times {
    int64_t at_s;      // not before this second of the machine's day; -1: at any
    uint64_t quiet_ms; // not before so long without a request for the app; 0: at any time
};

// A file of public/.
struct public_file {
    struct span path;       // as requests name it, decoded: "/map/index.html"
    const char *file;       // to open
    const char *media_type; // static
    bool shrinks;           // by compression: it is of no type that is compressed already
};

struct app {
    atomic_uint references;            // app_ref, app_unref; any thread
    uint64_t number;                   // of the apps that this process has read; no other one has it
    struct arena arena;                // owns everything below
    const char *dir;                   // the folder as given, without slashes at its end
    const char *name;                  // the folder's last part: [a-z][a-z0-9_-]*
    struct span title;                 // of app.ini; the name when there is none
    struct app_access access;          // whom it lets in
    struct cors cors;                  // from which web pages
    struct quota *quotas;              // of [plan NAME], in order of app.ini
    size_t quota_count;                //
    struct endpoint *endpoints;        // sorted by path, then method
    size_t endpoint_count;             //
    struct migration_file *migrations; // sorted by number
    size_t migration_count;            //
    struct first_load *first_loads;    // in order of app.ini
    size_t first_load_count;           //
    struct watch_line *watch_lines;    // in order of app.ini
    size_t watch_line_count;           //
    struct reload_line *reload_lines;  // in order of app.ini
    size_t reload_line_count;          //
    struct reload_times reload_times;  //
    struct history_rule *histories;    // of [history], in order of app.ini
    size_t history_count;              //
    struct public_file *public_files;  // sorted by path
    size_t public_count;               //
};

// One more reference; returns app. Any thread.
struct app *app_ref(struct app *app);

// Drops a reference; the last one frees. NULL is fine. Any thread.
void app_unref(struct app *app);

// The endpoint of that method and path as it is declared ("/things/{id}"), private ones too, or NULL.
const struct endpoint *app_find(const struct app *app, enum http_method method, struct span path);

// What the plan of that name allows; NULL: there is none.
const struct quota *app_find_quota(const struct app *app, struct span name);

// The endpoint that a misspelt "POST /path" was most likely meant to be, or NULL.
const struct endpoint *app_nearest(const struct app *app, struct span name);

#endif
