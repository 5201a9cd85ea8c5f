// SPDX-License-Identifier: Apache-2.0
// The one error space. Functions that can fail return an err_code and fill a struct err, which the caller
// owns. The first error wins: a second err_set on a filled struct changes nothing, so that clean-up cannot
// hide the cause.
#ifndef RECKONER_BASE_ERR_H
#define RECKONER_BASE_ERR_H

#include <stdint.h>

#include "base/attr.h"

enum err_code {
    ERR_NONE = 0,
    ERR_MALFORMED,  // the input is not of its format at all, or is nothing that SQL can work with (400)
    ERR_INVALID,    // the input is of its format, and its values do not pass (400, or 422 for rows)
    ERR_UNKNOWN,    // what is asked for does not exist (404)
    ERR_MEDIA_TYPE, // a body in a format that is not spoken (415)
    ERR_TOO_LARGE,  // over a stated limit (413)
    ERR_CONFLICT,   // against what is stored: a key that exists already (409)
    ERR_CONSTRAINT, // against another constraint of the schema (422)
    ERR_VALUE,      // a statement cannot work with a value: the request's (400, or 422 for rows), or its own
    ERR_BUSY,       // a queue is full, the store is locked or out of reach: may work later (503)
    ERR_ABORTED,    // the database took the transaction back for the sake of another one: may work now (503)
    ERR_AGAIN,      // a merged check found something: begin anew, with each check by itself
    ERR_STALE,      // the tables have changed under a statement, which has to be prepared anew (503)
    ERR_BEHIND,     // a replica has not seen yet what it was asked to see (503)
    ERR_TIMEOUT,    // a statement took longer than it may (504)
    ERR_DISK_FULL,  // the store has no room (507)
    ERR_NO_MEMORY,  // (503)
    ERR_CONFIG,     // an app, an option or a file that the operator wrote is wrong (exit 1)
    ERR_IO,         // a file or socket failed (500)
    ERR_STORE,      // the database failed, or gave more than an answer may have (500)
};

enum { ERR_CODES = ERR_STORE + 1 }; // how many there are

struct err {
    enum err_code code; // ERR_NONE until something failed
    uint32_t line;      // 1-based line in the input or SQL text that failed; 0: none
    uint32_t column;    // 1-based byte column in that line; 0: none
    char text[512];     // what failed: short, lower case, no full stop; cut when longer
    char hint[160];     // what to do about it, or ""
};

// Fills err unless it holds an error already, and returns err's code. err may be NULL: code is returned then.
enum err_code err_set(struct err *err, enum err_code code, const char *format, ...) PRINTF_LIKE(3, 4);

// As err_set, with a place: 1-based line and column, 0 for none.
enum err_code err_set_at(struct err *err, enum err_code code, uint32_t line, uint32_t column,
    const char *format, ...) PRINTF_LIKE(5, 6);

// Hands `cause`, a function's own error, on to its caller's err, with the hint. Its place stays behind: it is
// one in another text. Like err_set otherwise.
enum err_code err_pass(struct err *err, const struct err *cause);

// Puts the formatted text and ": " before err's own text; does nothing without an error.
void err_prefix(struct err *err, const char *format, ...) PRINTF_LIKE(2, 3);

// Sets what the reader can do about the error; does nothing without an error, or when a hint is there.
void err_hint(struct err *err, const char *format, ...) PRINTF_LIKE(2, 3);

// Shorthand for ERR_NO_MEMORY with its text.
enum err_code err_no_memory(struct err *err);

#endif
