// SPDX-License-Identifier: Apache-2.0
// An app: a folder of SQL files, read into an immutable table of endpoints. What is here has been read and
// checked as text; whether its SQL prepares is plan.h's to find out. Immutable once loaded, so any thread may
// read it.
#ifndef RECKONER_APP_APP_H
#define RECKONER_APP_APP_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "app/diag.h"
#include "app/endpoint.h"
#include "base/arena.h"
#include "base/err.h"
#include "http/message.h"
#include "store/migrate.h"

struct load {
    const struct endpoint *endpoint; // a write
    struct span file;                // name of the data file, relative to the data folder
    uint32_t line;                   // in app.ini
};

// A file of public/.
struct public_file {
    struct span path;       // as requests name it, decoded: "/map/index.html"
    const char *file;       // to open
    const char *media_type; // static
};

struct app {
    atomic_uint references;            // app_ref, app_unref; any thread
    struct arena arena;                // owns everything below
    const char *dir;                   // the folder as given, without slashes at its end
    const char *name;                  // the folder's last part: [a-z][a-z0-9_-]*
    struct span title;                 // of app.ini; the name when there is none
    struct endpoint *endpoints;        // sorted by path, then method
    size_t endpoint_count;             //
    struct migration_file *migrations; // sorted by number
    size_t migration_count;            //
    struct load *loads;                // in order of app.ini
    size_t load_count;                 //
    struct public_file *public_files;  // sorted by path
    size_t public_count;               //
};

// Reads the folder `dir` for a store of that kind ("sqlite"): name.sql on every kind, name.sqlite.sql on that
// one only, and instead of name.sql. Every error of every file goes into `diags`; ERR_CONFIG when there is
// one: then *ret_app is set too, to what has none, so that app_check can look for more. ERR_NO_MEMORY. The
// caller owns one reference.
MUST_CHECK enum err_code app_load(
    const char *dir, const char *store_kind, struct diags *diags, struct app **ret_app, struct err *err);

// One more reference; returns app. Any thread.
struct app *app_ref(struct app *app);

// Drops a reference; the last one frees. NULL is fine. Any thread.
void app_unref(struct app *app);

// The endpoint of that method and path as it is declared ("/things/{id}"), private ones too, or NULL.
const struct endpoint *app_find(const struct app *app, enum http_method method, struct span path);

#endif
