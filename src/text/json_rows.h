// SPDX-License-Identifier: Apache-2.0
// JSON in (RFC 8259), as a stream: bytes go in however they come, rows come out one at a time, and there is
// never a tree of the whole. A row is an object: the only one, an element of the only array, or, in NDJSON, a
// line. Leaves to others what the names mean, doubles among them, and what the values may be.
#ifndef RECKONER_TEXT_JSON_ROWS_H
#define RECKONER_TEXT_JSON_ROWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/err.h"
#include "base/span.h"

enum json_kind {
    JSON_NULL,
    JSON_BOOLEAN,
    JSON_NUMBER,
    JSON_STRING,
    JSON_NESTED, // an object or an array; what is in it is checked, and dropped but where the handler keeps
                 // it
};

struct json_member {
    struct span name;    // without escapes; valid UTF-8, which may hold NUL
    enum json_kind kind; // what the value is
    struct span
        text; // a string's content without escapes, a number as it was written, true or false; else empty
};

struct json_rows_handler {
    void *ctx;         // handed back
    bool keeps_nested; // the text of a JSON_NESTED is its normal form (json_normal.h)
    // An object. `line`: its place among the elements of the array, from 1; 1 for an only object; the
    // physical line for NDJSON. The members are borrowed for the call; their spans are never NULL. False
    // stops: the rest of the input is ignored.
    bool (*on_row)(void *ctx, int64_t line, const struct json_member *members, size_t count);
    // An element or NDJSON line that is something else. False stops.
    bool (*on_not_object)(void *ctx, int64_t line);
};

struct json_rows;

// A reader; the handler is copied, the caller owns the result. A byte order mark is skipped. NDJSON: lines
// end with LF or CR LF, the last one may lack it, blank ones are skipped.
MUST_CHECK enum err_code json_rows_new(
    const struct json_rows_handler *handler, bool ndjson, struct json_rows **ret_json, struct err *err);

// Takes the next bytes. ERR_MALFORMED, with the line and column of the token or byte that is wrong, for
// broken JSON, and for an input that is neither an object nor an array; ERR_TOO_LARGE, likewise, for more
// than LIMIT_JSON_DEPTH levels, more than LIMIT_FIELDS members in a row, a value or name over
// LIMIT_VALUE_BYTES or a row over LIMIT_ROW_BYTES; ERR_NO_MEMORY. Rows before the fault have come out. Once
// failed, every call fails in the same way.
MUST_CHECK enum err_code json_rows_feed(struct json_rows *json, struct span bytes, struct err *err);

// The input has ended. ERR_MALFORMED when it is cut short or there was nothing in it.
MUST_CHECK enum err_code json_rows_finish(struct json_rows *json, struct err *err);

// NULL is fine.
void json_rows_free(struct json_rows *json);

#endif
