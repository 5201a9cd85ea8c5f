// SPDX-License-Identifier: Apache-2.0
// Makes tokens of a stream of JSON (RFC 8259), however it is cut, and keeps count of lines and columns.
// Strings come without quotes and escapes, and are checked: UTF-8 (RFC 3629), no control characters, no half
// of a surrogate pair. Words come as they are written, and punctuation is not put in order: that is left to
// the grammar (json_rows.c). One thread at a time.
#ifndef RECKONER_TEXT_JSON_LEXER_H
#define RECKONER_TEXT_JSON_LEXER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/span.h"

enum json_token_kind {
    JSON_TOKEN_PUNCTUATION, // one of { } [ ] , :
    JSON_TOKEN_LINE_END,    // a line feed between tokens
    JSON_TOKEN_STRING,      // its text is without quotes and escapes
    JSON_TOKEN_WORD,        // a run of letters, digits, + - and .
};

struct json_token {
    enum json_token_kind kind; // what it is
    struct span text;          // valid UTF-8; borrowed until the next call
};

struct json_lexer {
    struct err failure;  // the first one; nothing is read behind it
    int64_t offset;      // of the next byte
    int64_t line;        // of the last token, from 1
    int64_t line_start;  // offset of that line's first byte
    int64_t token;       // offset of the last token, which is on that line, for failures
    int64_t word_end;    // offset behind the last word
    struct buf tail;     // the start of a string or word whose end has not come
    struct buf unquoted; // the last string that was not plain, without quotes and escapes
    bool is_tail_whole;  // the tail is the last token; else it waits for more
    bool is_line_over;   // the last token was the end of the line
    bool is_plain;       // the current string has no escapes and nothing but ASCII so far
    bool is_escaped;     // the last byte of the tail is a backslash that escapes the next one
};

// At the start of the input. Nothing is allocated yet.
void json_lexer_init(struct json_lexer *lexer);

// Frees; a zeroed lexer is fine.
void json_lexer_fini(struct json_lexer *lexer);

// Takes the next token off the front of *bytes. False when none of them ends there: the bytes are kept then,
// and more may come; or when something is broken: then there is a failure. ERR_MALFORMED; ERR_TOO_LARGE for a
// value over LIMIT_VALUE_BYTES; ERR_NO_MEMORY. Not to be called after a failure.
MUST_CHECK bool json_lexer_next(struct json_lexer *lexer, struct span *bytes, struct json_token *ret_token);

// The input has ended. True when it ends inside of a string; what is broken in that is a failure.
MUST_CHECK bool json_lexer_is_in_string(struct json_lexer *lexer);

// Fails at an offset on the last token's line, unless there is a failure already.
void json_lexer_fail(struct json_lexer *lexer, int64_t offset, enum err_code code, const char *format, ...)
    PRINTF_LIKE(4, 5);

#endif
