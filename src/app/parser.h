// SPDX-License-Identifier: Apache-2.0
// The parser of one endpoint's file: what it has read so far, and what all of its parts need. directives.c
// walks through the file and makes it. The files declare*.c and statements.c read the lines; what can only be
// known at the end is found out by endpoint_check.c, presence.c, depends_hide.c and examples.c. For these
// files alone. One thread.
#ifndef RECKONER_APP_PARSER_H
#define RECKONER_APP_PARSER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "app/csv_options.h"
#include "app/endpoint.h"
#include "app/words.h"
#include "base/limits.h"
#include "text/sql_scan.h"

// A directive whose line is being read.
struct directive {
    const char *name; // "@param"
    uint32_t line;    // in the file
    uint32_t column;  // of its @
};

// A parameter that a statement uses.
struct use {
    struct span name;         // without the colon
    uint32_t line;            // in the file, of its first use
    uint32_t column;          // of the colon
    enum statement_kind kind; // of the statement of that
};

struct parser {
    const char *file;         // as the endpoint has it
    struct arena *arena;      // where the endpoint's parts go
    struct diags *diags;      // where errors go
    struct sql_scan scan;     // the way through the file
    struct endpoint endpoint; // as far as read
    struct buf description;   // free comment lines so far
    enum err_code status;     // ERR_NO_MEMORY once the arena had no room

    // What was declared.
    uint32_t path_column;     // of the path, in @endpoint's line
    uint32_t strict_line;     // of @strict; 0: none
    uint32_t private_line;    // of @private; 0: none
    uint32_t parallel_line;   // of @parallel; 0: none
    struct directive one;     // the last @one; name NULL: there is none
    struct directive lenient; // the last @lenient; name NULL: there is none
    uint32_t under_line;      // of @under; 0: none
    bool hides_badly;         // a @depends has an error
    uint32_t cache_line;      // of @cache; 0: none
    struct directive stale;  // @stale; line 0: there is none; name NULL: there is none, or it is out of place
    uint32_t page_max;       // rows that a client may ask for
    struct directive page;   // @page; line 0: there is none; name NULL: there is none, or it has an error
    struct csv_options csv;  // of the @csv lines so far
    struct directive csv_at; // the first of them; name NULL: there is none
    struct directive shape;  // @shape; line 0: there is none
    struct directive early;  // the first directive above @endpoint; name NULL: there is none

    // Statements.
    struct directive pending; // of the next statement
    struct statement next;    // what it said, without SQL
    struct directive answer;  // the last @answer; name NULL: none yet
    const char *last_name;    // directive of the latest kind so far: no reject may follow a write
    enum statement_kind rank; // its kind
    uint32_t always_line;     // of the @answer without a condition; 0: none yet
    size_t start;             // of the statement's SQL in the file, in bytes
    size_t end;               // of its last token so far
    uint32_t start_line;      // line of start
    uint32_t start_column;    // column of start
    uint32_t last_line;       // line on which the last token that is no line comment ended
    uint32_t semicolon_line;  // line of the last semicolon

    size_t use_count;                   //
    struct use uses[LIMIT_DIAGNOSTICS]; // used names that were no parameter when they were found
    bool used[LIMIT_PARAMS];            // params[i] is used by a statement

    bool has_endpoint;   // @endpoint was there, right or wrong
    bool has_method;     // and its method is known
    bool has_pending;    // a statement's directive waits for its SQL
    bool in_statement;   // SQL has begun, and its semicolon has not come
    bool seen_statement; // some SQL has begun
    bool has_write;      // @write was there
    bool is_broken;      // a quote has no end, so anything that seems to be missing may stand behind it
};

// Room for one item more in an array of `count` that grew by parser_grow alone; NULL sets parser's status.
void *parser_grow(struct parser *parser, void *items, size_t count, size_t size);

// Whether the endpoint reads by its method, whatever else it says.
static inline bool parser_reads(const struct parser *parser)
{
    return parser->has_method &&
           (parser->endpoint.method == HTTP_GET || parser->endpoint.method == HTTP_QUERY);
}

// Its method, for messages.
static inline const char *parser_method(const struct parser *parser)
{
    return http_method_name(parser->endpoint.method);
}

// Whether the directive is the first one of its kind in the file, whose line is noted in *first_line, which
// is 0 at first; reports any other.
bool parser_is_first(struct words *words, const struct directive *directive, uint32_t *first_line);

// Reports an error at the directive.
void parser_fail(struct parser *parser, const struct directive *directive, const char *text);

// Marks a parameter as used; false when none of that name is declared so far.
bool parser_mark_used(struct parser *parser, struct span name);

// Notes that SQL uses a parameter, which may be declared further down, with its place in the file.
void parser_use(struct parser *parser, struct span name, uint32_t line, uint32_t column);

// What SQL has used under that name that was no parameter then; NULL: nothing.
const struct use *parser_find_use(const struct parser *parser, const char *name);

// Adds a parameter that the file does not declare itself, and returns its number; -1 where there is no room,
// which is reported, and without memory.
int parser_add_param(struct parser *parser, struct rule rule);

// Whether the file has given a parameter a name that means something else, which is reported; `why` stands
// behind "is taken".
bool parser_fail_taken(struct parser *parser, const char *name, const char *why);

// Reports a string, quoted name or comment that has no end, with its place in the file.
void parser_fail_unterminated(struct parser *parser, struct span token, uint32_t line, uint32_t column);

#endif
