// SPDX-License-Identifier: Apache-2.0
// An endpoint: the file of SQL that answers one method and path, as its directives declare it. Immutable once
// the app that it is part of is read, so any thread may read it; the app's arena owns all of it.
#ifndef RECKONER_APP_ENDPOINT_H
#define RECKONER_APP_ENDPOINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "app/access.h"
#include "app/place.h"
#include "app/rule.h"
#include "base/limits.h"
#include "http/message.h"
#include "store/store.h"
#include "text/csv_dialect.h"
#include "text/sql_scan.h"

struct column {
    struct span name;      // as the statement names it
    struct rule_type type; // how its values become JSON, whatever the store says they are
    bool micros;           // of a timestamp: with six decimal places
    uint32_t line;         // in the file
    uint32_t column;       // of the name
};

enum statement_kind {
    STATEMENT_REJECT, // a row ends the request with `status`
    STATEMENT_WARN,   // rows are told beside the answer
    STATEMENT_WRITE,  // changes the store
    STATEMENT_ANSWER, // its rows are the answer
};

// Its word behind the @: "reject".
const char *statement_kind_word(enum statement_kind kind);

// What @depends says: of a table, the statements see no other rows than those with these values.
struct depends {
    struct span table; // as the file names it: a plain word
    uint32_t line;     // in the file
    uint32_t column;   // of the table's name
    size_t count;      // of the columns
    struct {
        struct span name;       // as the file names it: a plain word
        struct span param_name; // without the colon
        int param;              // index in params; -1: not found out yet
        uint32_t column;        // of `name` in the line
        uint32_t param_column;  // of the colon
    } columns[LIMIT_BUCKET_COLUMNS];
};

struct statement {
    enum statement_kind kind;
    int status;               // of a reject or an answer
    struct span when;         // of an answer: the SQL expression that has to be true for it; empty: none
    uint32_t when_column;     // of `when`, in the line of the directive
    uint32_t when_line;       // of the directive
    struct span text;         // of a reject or warn: what is wrong, in words
    struct span code;         // the same for programs: "unknown port" becomes "unknown_port"
    struct span sql;          // without the semicolon; empty: an answer of status 204 has none
    struct span file_sql;     // of an endpoint with @depends: `sql` as the file has it
    uint32_t hidden;          // bit i: a line in front of `sql` hides rows by the endpoint's depends[i]
    uint32_t when_hidden;     // the same of `when`; the line stands in `when_before`
    struct span when_before;  // with its line feed; empty: none
    struct place hider;       // in the file, of the first @depends of them
    enum sql_dialect dialect; // of `when` and `sql`
    uint32_t line;            // in the file, of the SQL's first byte
    uint32_t column;          // likewise
};

// Where a place in the statement's `sql` is in the file; line 0: where it starts.
static inline struct place statement_place(const struct statement *statement, struct place inside)
{
    struct place start = {.line = statement->line, .column = statement->column};
    if (statement->hidden != 0 && inside.line == 1)
        return statement->hider;
    if (statement->hidden != 0 && inside.line > 1)
        inside.line--;
    return place_in_file(start, inside);
}

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
    enum http_method method;        // GET or QUERY for reads; PUT, PATCH or DELETE for writes; POST for both
    bool is_question;               // a read whose parameters come in a body too: QUERY, or POST
    struct span path;               // "/rates", "/ids/lastname/{lastname}"
    struct path_part *parts;        // of the path; none for "/"
    size_t part_count;              //
    bool is_private;                // for loads only: it has no route
    bool is_parallel;               // its batches take no turn among those that write to the app
    bool is_one;                    // of a write with fields: a body has exactly one row
    bool is_lenient;                // of a write with fields: who prefers so has bad rows left out
    struct endpoint_access access;  // who may ask: @access, or the app's standard
    struct span hook;               // of a write: the URL that is told of its batches (app.ini); empty: none
    bool is_personal;               // its SQL sees the client: :client, or a @claim
    bool strict;                    // unknown query parameters are refused
    bool is_kept;                   // of a read: its answers may be kept (@cache off; cache = off in app.ini)
    struct depends *depends;        // in order of the file
    size_t depends_count;           //
    uint32_t stale_ms;              // @stale: for so long a kept answer counts unasked; 0: never
    enum answer_shape shape;        //
    struct span under;              // the key that the JSON stands under; empty: none
    uint32_t page_rows;             // of @page: how many rows when no limit is given; 0: no pages
    int limit_param;                // index in params of the page's limit, which @page has added; -1: none
    int cursor_param;               // likewise of its cursor
    int batch_param;                // likewise of :batch_id, of a write whose SQL names it; -1: none
    struct example *examples;       // in order of the file
    size_t example_count;           //
    struct rule *params;            // @param in order, then those of @page
    size_t param_count;             //
    bool goes_by_clock;             // the same request may have other parameters later (rule_goes_by_clock)
    struct rule *fields;            // @field in order; none for a read
    size_t field_count;             //
    const struct csv_dialect *csv;  // of @csv: how CSV bodies and files come; NULL: as RFC 4180 has it
    struct store_name *param_names; // of params, for store_prepare
    size_t *has_fields;             // numbers of the fields of which `batch` tells whether they were sent
    size_t has_count;               //
    struct store_name *field_names; // columns of `batch`: of fields, then of has_fields; for store_batch_open
    struct column *columns;         // @column in order
    size_t column_count;            //
    struct statement *statements;   // in order of the file
    size_t statement_count;         //
    bool warns;                     // has an @warn: the answer is wrapped, with the warnings beside it
    uint32_t line;                  // of @endpoint in the file
    uint32_t column;                // likewise
};

// Where a method and path come in the order of an app's endpoints, which is by path, then method: less than 0
// before `endpoint`, 0 at it, more behind it.
int endpoint_order(enum http_method method, struct span path, const struct endpoint *endpoint);

enum { ENDPOINT_NAME_CHARS = LIMIT_PATH_BYTES + 16 }; // a method, a blank, a path and a NUL

// Writes "POST /prices".
void endpoint_name(const struct endpoint *endpoint, char ret_name[ENDPOINT_NAME_CHARS]);

// Why no file can be put through the endpoint ("has no fields to load"), or NULL: by [load] or `reckoner
// load`.
const char *endpoint_load_problem(const struct endpoint *endpoint);

// Whether it reads, and has no rows.
static inline bool endpoint_is_read(const struct endpoint *endpoint)
{
    return endpoint->method == HTTP_GET || endpoint->is_question;
}

// How many columns the table batch has for the endpoint, without the line.
static inline size_t endpoint_batch_columns(const struct endpoint *endpoint)
{
    return endpoint->field_count + endpoint->has_count;
}

// Whether answers of the endpoint come in that format.
static inline bool endpoint_gives(const struct endpoint *endpoint, enum answer_format format)
{
    if (endpoint->shape == SHAPE_TEXT || format == FORMAT_TEXT)
        return endpoint->shape == SHAPE_TEXT && format == FORMAT_TEXT;
    return format == FORMAT_JSON || !endpoint->warns;
}

// The media type of a format, as Content-Type has it: "application/json".
const char *answer_media_type(enum answer_format format);

#endif
