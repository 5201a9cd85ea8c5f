// SPDX-License-Identifier: Apache-2.0
// A small HTTP/1.1 client for `reckoner test`: one request, one answer, one connection. It blocks, trusts its
// server no further than the bounds below, and does nothing by itself: no redirects, no retries. Any thread.
#ifndef RECKONER_CMD_HTTP_CLIENT_H
#define RECKONER_CMD_HTTP_CLIENT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/span.h"

struct client_answer {
    struct buf bytes;   // as they came; owned
    int status;         // 100 to 999
    struct span fields; // the header section without the status line; borrows bytes
    struct span body;   // likewise
};

// Sends `request`, a whole request with "Connection: close", to `address` ("127.0.0.1:8080") and has the
// answer. `has_body` false: the answer to a HEAD, whose Content-Length counts nothing. ERR_TIMEOUT when it is
// not whole after timeout_ms; ERR_IO; ERR_MALFORMED for what is no HTTP/1.1 answer or is cut short;
// ERR_TOO_LARGE; ERR_NO_MEMORY.
MUST_CHECK enum err_code client_call(const char *address, struct span request, bool has_body,
    uint64_t timeout_ms, struct client_answer *ret_answer, struct err *err);

// The next field of that name, in any case, behind *walk, which starts as answer->fields; its value without
// the blanks around it. False when there is none.
bool client_next_field(struct span *walk, struct span name, struct span *ret_value);

// Frees; a zeroed struct and NULL are fine.
void client_answer_fini(struct client_answer *answer);

#endif
