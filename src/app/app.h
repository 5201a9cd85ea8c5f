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
#include "app/rule.h"
#include "base/arena.h"
#include "base/err.h"
#include "http/message.h"
#include "store/migrate.h"
#include "store/store.h"
#include "text/sql_scan.h"

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
    int status;               // of a reject or an answer
    struct span when;         // of an answer: the SQL expression that has to be true for it; empty: none
    uint32_t when_column;     // of `when`, in the line of the directive
    uint32_t when_line;       // of the directive
    struct span text;         // of a reject or warn: what is wrong, in words
    struct span code;         // the same for programs: "unknown port" becomes "unknown_port"
    struct span sql;          // without the semicolon
    enum sql_dialect dialect; // of `when` and `sql`
    uint32_t line;            // in the file, of the SQL's first byte
    uint32_t column;          // likewise
};

// What the rows of an answer become.
enum answer_shape {
    SHAPE_ROWS,   // [{…}, …]
    SHAPE_OBJECT, // {…}, the first row
    SHAPE_VALUES, // […], the one column
    SHAPE_VALUE,  // the one column of the first row
    SHAPE_TEXT,   // the same as text/plain, as it is
};

enum answer_format {
    FORMAT_JSON,   //
    FORMAT_NDJSON, // a row a line
    FORMAT_CSV,    // RFC 4180 with a header row
    FORMAT_TEXT,   // of SHAPE_TEXT, which has no other
};

// A part of a path, between slashes.
struct path_part {
    struct span text; // a literal, or the parameter's name without braces
    int param;        // index in params, or -1 for a literal
};

// A request that shows what the endpoint does.
struct example {
    struct span target; // "/rates?origin=…"; empty: the endpoint's path
    struct span body;   // JSON of a write; empty for none
    uint32_t line;      // in the file
    uint32_t column;    // of what stands behind @example
};

struct endpoint {
    const char *file;               // path as opened, for messages
    struct span description;        // the free comment lines, one text; may be empty
    enum http_method method;        // GET for reads; POST, PUT, PATCH or DELETE for writes
    struct span path;               // "/rates", "/ids/lastname/{lastname}"
    struct path_part *parts;        // of the path; none for "/"
    size_t part_count;              //
    bool is_private;                // for loads only: it has no route
    bool strict;                    // unknown query parameters are refused
    enum answer_shape shape;        //
    struct span under;              // the key that the JSON stands under; empty: none
    uint32_t page_rows;             // of @page: how many rows when no limit is given; 0: no pages
    int limit_param;                // index in params of the page's limit, which @page has added; -1: none
    int cursor_param;               // likewise of its cursor
    struct example *examples;       // in order of the file
    size_t example_count;           //
    struct rule *params;            // @param in order, then those of @page
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

// Why no file can be put through the endpoint ("has no fields to load"), or NULL: by [load] or `reckoner
// load`.
const char *endpoint_load_problem(const struct endpoint *endpoint);

// Whether answers of the endpoint come in that format.
static inline bool endpoint_gives(const struct endpoint *endpoint, enum answer_format format)
{
    if (endpoint->shape == SHAPE_TEXT || format == FORMAT_TEXT)
        return endpoint->shape == SHAPE_TEXT && format == FORMAT_TEXT;
    return format == FORMAT_JSON || !endpoint->warns;
}

#endif
