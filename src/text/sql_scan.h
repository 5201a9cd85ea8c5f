// SPDX-License-Identifier: Apache-2.0
// Splits SQL text into what a reader of endpoint files has to tell apart: parameters, ends of statements,
// comments, and all the rest. It knows the quotes and comments of SQLite and of PostgreSQL, and nothing of
// grammar. Pure; any thread.
#ifndef RECKONER_TEXT_SQL_SCAN_H
#define RECKONER_TEXT_SQL_SCAN_H

#include <stddef.h>
#include <stdint.h>

#include "base/span.h"

enum sql_dialect {
    SQL_SQLITE,
    SQL_POSTGRESQL,
};

enum sql_kind {
    SQL_END,           // there is no more text
    SQL_CODE,          // one word, number, operator, string or quoted name
    SQL_PARAMETER,     // :name, with its colon
    SQL_SEMICOLON,     // the end of a statement
    SQL_LINE_COMMENT,  // from -- to the end of the line, without CR and LF
    SQL_BLOCK_COMMENT, // from /* to its */
    SQL_UNTERMINATED,  // a string, quoted name or block comment that the text's end cuts off
};

struct sql_token {
    enum sql_kind kind;
    struct span text; // borrows the scanned text; empty for SQL_END
    size_t offset;    // of its first byte
    uint32_t line;    // 1-based, of its first byte
    uint32_t column;  // 1-based byte in that line
};

struct sql_scan {
    struct span text;         // what is scanned; borrowed
    enum sql_dialect dialect; // in which it is written
    size_t offset;            // of the next byte
    size_t line_start;        // offset of the current line's first byte
    uint32_t line;            // 1-based, of the next byte
};

// Starts at the first byte of `text`, which stays in place as long as the scan and its tokens. A byte order
// mark is passed over and counts in no column.
void sql_scan_init(struct sql_scan *scan, struct span text, enum sql_dialect dialect);

// The next token; blanks and line ends between tokens are left out. After SQL_END and SQL_UNTERMINATED there
// is only SQL_END.
//
// Quotes are '…' and "…", doubled to stand for themselves. SQLite has `…` and […], too. PostgreSQL has E'…'
// with backslashes and $tag$…$tag$ (4.1.2); block comments within block comments (4.1.5); and brackets for
// arrays, so that ARRAY[:a] holds a parameter. A parameter's name is letters, digits, _ and bytes from 0x80
// up, in PostgreSQL with no digit in front, as in x[1:2]; "::" is a cast.
struct sql_token sql_scan_next(struct sql_scan *scan);

// The next token that is no comment.
struct sql_token sql_scan_next_code(struct sql_scan *scan);

// Whether a word is one of these, in any case.
bool sql_is_one_of(struct span word, const char *const *words, size_t count);

// The 1-based line and byte column of an offset in `sql`, in which a byte order mark counts in no column.
void sql_place(struct span sql, size_t offset, uint32_t *ret_line, uint32_t *ret_column);

#endif
