// SPDX-License-Identifier: Apache-2.0
// An answer against what a test expects of it. Any thread.
#ifndef RECKONER_CMD_EXPECT_H
#define RECKONER_CMD_EXPECT_H

#include <stdbool.h>

#include "base/buf.h"
#include "cmd/http_client.h"
#include "cmd/http_tests.h"

// Whether `answer` is as `test`, of the file `path`, has it: its status; each field, compared whole ("..." is
// any value); its body, as JSON where the answer says that it is JSON (json_match.h), as text otherwise, with
// CR LF as good as LF. What is not goes to `out`, a line each: "rates.http:7: expected status 200, got 404".
bool expect_answer(
    const struct http_test *test, const char *path, const struct client_answer *answer, struct buf *out);

#endif
