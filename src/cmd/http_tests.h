// SPDX-License-Identifier: Apache-2.0
// The files tests/*.http of an app: requests, and what is expected of their answers.
//
//     ### an unknown port is refused          the test's name
//     # comment lines, empty lines
//     POST /prices                            the request, as it is sent
//     X-API-Key: {{key: tenant=acme}}         with a key that is made for it (test_keys.h)
//     Content-Type: text/csv
//
//     orig_code,dest_code,day,price           its body
//     HTTP 422                                the status expected
//     Content-Type: application/problem+json  fields expected
//
//     {"status": 422, "...": "..."}           the body expected
#ifndef RECKONER_CMD_HTTP_TESTS_H
#define RECKONER_CMD_HTTP_TESTS_H

#include <stddef.h>
#include <stdint.h>

#include "app/diag.h"
#include "base/arena.h"
#include "base/err.h"
#include "base/span.h"
#include "cmd/test_keys.h"

struct test_field {
    struct span name;  // as written
    struct span value; // without the blanks around it
    uint32_t line;     // in the file
};

struct http_test {
    struct span name;            // METHOD /target where none is given
    uint32_t line;               // of the request line
    struct span method;          //
    struct span target;          // starts with "/"
    struct test_field *fields;   // of the request
    size_t field_count;          //
    struct span body;            // of the request, without empty lines around it; empty for none
    int status;                  // expected
    uint32_t status_line;        // where that stands
    struct test_field *expected; // fields of the answer
    size_t expected_count;       //
    struct span expected_body;   // likewise; empty: not compared
    uint32_t expected_body_line; // where it starts
};

struct http_tests {
    struct http_test *tests; // in order of the file; in the arena, with all texts
    size_t count;            //
    struct test_keys keys;   // that requests ask for, in their targets and fields
};

// Parses the text of the file `path`, which stays in place as long as the tests. What is wrong with it goes
// into `diags`, all of it, and *ret_tests has the tests that are fine. ERR_NO_MEMORY only. Any thread.
MUST_CHECK enum err_code http_tests_parse(const char *path, struct span text, struct arena *arena,
    struct diags *diags, struct http_tests *ret_tests, struct err *err);

// Reads a file into the arena and parses it; the same otherwise.
MUST_CHECK enum err_code http_tests_read(const char *path, struct arena *arena, struct diags *diags,
    struct http_tests *ret_tests, struct err *err);

#endif
