// SPDX-License-Identifier: Apache-2.0
// Problem documents (RFC 9457), and the one table from error codes to what the client and the log are told.
#ifndef RECKONER_SERVE_PROBLEM_H
#define RECKONER_SERVE_PROBLEM_H

#include <stdbool.h>

#include "app/report.h"
#include "base/blob.h"
#include "base/err.h"

extern const char PROBLEM_MEDIA_TYPE[]; // application/problem+json

enum problem_log {
    LOG_NOTHING, // the client is at fault, and is told
    LOG_LINE,    // the server could not do what was right: both are told
    LOG_FAILURE, // the server is at fault: the log has the cause, the client an id to find it by
};

// What becomes of an error.
struct problem_class {
    int status;      // 400 to 599; a @reject that found something has a status of its own
    int read_status; // the same of a GET
    enum problem_log log;
    bool may_work_soon; // the client is told to try again
};

const struct problem_class *problem_class(enum err_code code);

// The status that an error is told with. For ERR_INVALID that of its report wins, where it has one, as who
// has made the report knows what was wrong: 400 of parameters, a dialect or a cursor, 403 of a claim, that of
// a @reject which found something, or of the rows that a lenient batch is refused for. All others have that
// of their class; `is_read`: of a read.
int problem_status(enum err_code code, const struct report *report, bool is_read);

struct problem {
    int status;                  // 400 to 599
    const char *type;            // a URI; NULL: about:blank
    const char *title;           // of that type; NULL: the status' reason phrase
    struct span violated;        // a JSON array, "violated-policies"; empty: none
    const char *detail;          // what is wrong with this request and what to do; NULL for none
    uint32_t line;               // in the body, where it cannot be read further; 0: none
    uint32_t column;             // likewise
    const struct report *report; // becomes "errors" and "errors_total"; NULL for none
    const char *request_id;      // to find the server's log line by; NULL for none
    const char *trace_id;        // of the request; NULL or "" for none
};

// The document as JSON, with one reference, or NULL without memory: the answer then goes without a body.
MUST_CHECK struct blob *problem_blob(const struct problem *problem);

// The same document for a request of another trace: a reference, or NULL as above. Both may be "".
MUST_CHECK struct blob *problem_retraced(struct blob *from, const char *trace_id, const char *other_trace_id);

#endif
