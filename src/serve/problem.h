// SPDX-License-Identifier: Apache-2.0
// Problem documents (RFC 9457), and the one table from error codes to HTTP status codes.
#ifndef RECKONER_SERVE_PROBLEM_H
#define RECKONER_SERVE_PROBLEM_H

#include "base/blob.h"
#include "base/err.h"
#include "app/report.h"

extern const char PROBLEM_MEDIA_TYPE[]; // application/problem+json

// The status of an error: 400 to 599.
int problem_status(enum err_code code);

struct problem {
    int status;                  // 400 to 599; its reason phrase becomes the title
    const char *detail;          // what is wrong with this request and what to do; NULL for none
    uint32_t line;               // in the body, where it cannot be read further; 0: none
    uint32_t column;             // likewise
    const struct report *report; // becomes "errors" and "errors_total"; NULL for none
    const char *request_id;      // to find the server's log line by; NULL for none
};

// The document as JSON, with one reference, or NULL without memory: the answer then goes without a body.
MUST_CHECK struct blob *problem_blob(const struct problem *problem);

#endif
