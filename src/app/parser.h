// SPDX-License-Identifier: Apache-2.0
// What the two halves of the directive parser share: directives.c walks through the file, declare.c reads the
// lines that declare. Private to them. One parser, one file, one thread.
#ifndef RECKONER_APP_PARSER_H
#define RECKONER_APP_PARSER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "app/app.h"
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
    struct span name; // without the colon
    uint32_t line;    // in the file, of its first use
    uint32_t column;  // of the colon
};

struct parser {
    const char *file;         // as the endpoint has it
    struct arena *arena;      // where the endpoint's parts go
    struct diags *diags;      // where errors go
    struct sql_scan scan;     // the way through the file
    struct endpoint endpoint; // as far as read
    enum err_code status;     // ERR_NO_MEMORY once the arena had no room

    bool has_endpoint;      // @endpoint was there, right or wrong
    bool has_method;        // and its method is known
    struct directive early; // the first directive above @endpoint; name NULL when there is none
    uint32_t strict_line;   // of @strict; 0: none
    struct buf description; // free comment lines so far

    bool has_pending;         // a statement's directive waits for its SQL
    struct directive pending; // that directive
    struct statement next;    // what it said, without SQL

    bool in_statement;        // SQL has begun, and its semicolon has not come
    bool seen_statement;      // some SQL has begun
    size_t start;             // of the statement's SQL in the file, in bytes
    size_t end;               // of its last token so far
    uint32_t start_line;      // line of start
    uint32_t start_column;    // column of start
    uint32_t last_line;       // line on which the last token that is no line comment ended
    uint32_t semicolon_line;  // line of the last semicolon
    bool has_write;           // @write was there
    uint32_t answer_line;     // of @answer; 0: none yet
    const char *last_name;    // directive of the latest kind so far: no reject may follow a write
    enum statement_kind rank; // its kind

    struct use uses[LIMIT_DIAGNOSTICS]; // used names that were no parameter when they were found
    size_t use_count;                   //
    bool used[LIMIT_PARAMS];            // params[i] is used by a statement
    bool is_broken;                     // a quote has no end: what is missing may stand behind it
};

// Room for one item more in an array of `count` that grew by parser_grow alone; NULL sets parser's status.
void *parser_grow(struct parser *parser, void *items, size_t count, size_t size);

// The lines that declare; `words` stand behind the directive's name.
void declare_endpoint(struct parser *parser, struct words *words, const struct directive *directive);
void declare_param(struct parser *parser, struct words *words, const struct directive *directive);
void declare_field(struct parser *parser, struct words *words, const struct directive *directive);
void declare_column(struct parser *parser, struct words *words, const struct directive *directive);
void declare_strict(struct parser *parser, struct words *words, const struct directive *directive);

#endif
