// SPDX-License-Identifier: Apache-2.0
// An app: a folder of SQL files, read into an immutable table of endpoints. What is here has been read and
// checked as text; whether its SQL prepares is plan.h's to find out. Immutable once loaded, so any thread may
// read it.
#ifndef RECKONER_APP_APP_H
#define RECKONER_APP_APP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "app/diag.h"
#include "app/rule.h"
#include "base/arena.h"
#include "base/err.h"
#include "http/message.h"
#include "store/migrate.h"
#include "store/store.h"

struct column {
    struct span name;     // as the statement names it
    enum value_type type; // how its values become JSON, whatever the store says they are
    uint32_t line;        // in the file
    uint32_t column;      // of the name
};

enum statement_kind {
    STATEMENT_REJECT, // a row ends the request with `status`
    STATEMENT_WARN,   // rows are told beside the answer
    STATEMENT_WRITE,  // changes the store
    STATEMENT_ANSWER, // its rows are the answer
};

struct statement {
    enum statement_kind kind;
    int status;       // of a reject or an answer
    struct span text; // of a reject or warn: what is wrong, in words
    struct span code; // the same for programs: "unknown port" becomes "unknown_port"
    struct span sql;  // without the semicolon
    uint32_t line;    // in the file, of the SQL's first byte
    uint32_t column;  // likewise
};

struct endpoint {
    const char *file;               // path as opened, for messages
    struct span description;        // the free comment lines, one text; may be empty
    enum http_method method;        // GET for reads; POST, PUT, PATCH or DELETE for writes
    struct span path;               // "/rates"
    bool strict;                    // unknown query parameters are refused
    struct rule *params;            // @param in order
    size_t param_count;             //
    struct rule *fields;            // @field in order; none for a read
    size_t field_count;             //
    struct store_name *param_names; // of params, for store_prepare
    struct store_name *field_names; // of fields, for store_batch_open
    struct column *columns;         // @column in order
    size_t column_count;            //
    struct statement *statements;   // in order of the file
    size_t statement_count;         //
    bool warns;                     // has an @warn: the answer is wrapped, with the warnings beside it
    uint32_t line;                  // of @endpoint in the file
    uint32_t column;                // likewise
};

struct load {
    const struct endpoint *endpoint; // a write
    struct span file;                // name of the data file, relative to the data folder
    uint32_t line;                   // in app.ini
};

struct app {
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
};

// Reads the folder `dir` for a store of that kind ("sqlite"): name.sql on every kind, name.sqlite.sql on that
// one only, and instead of name.sql. Every error of every file goes into `diags`; ERR_CONFIG when there is
// one, ERR_NO_MEMORY. The caller owns the app (app_free).
MUST_CHECK enum err_code app_load(
    const char *dir, const char *store_kind, struct diags *diags, struct app **ret_app, struct err *err);

// NULL is fine.
void app_free(struct app *app);

// The endpoint of that method and path, or NULL.
const struct endpoint *app_find(const struct app *app, enum http_method method, struct span path);

#endif
