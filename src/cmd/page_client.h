// SPDX-License-Identifier: Apache-2.0
// Asks a running server for one of its own pages, wherever it listens: for commands that look at a server
// from outside. It blocks. On the main thread.
#ifndef RECKONER_CMD_PAGE_CLIENT_H
#define RECKONER_CMD_PAGE_CLIENT_H

#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/span.h"

// Asks for `page` ("/-/metrics") at an address as --listen takes it ("8080", ":8080", "[::1]:8080",
// "unix:PATH"; with ,proxy behind it the connection begins with a PROXY header) or a URL without a path. All
// addresses of a machine mean this one. The body is appended to `body`, whose maximum bounds it. Certificates
// are not checked: the address of a machine's own is in none. ERR_CONFIG for an address that is none;
// ERR_TIMEOUT; ERR_TOO_LARGE; ERR_IO.
MUST_CHECK enum err_code page_get(struct span address, const char *page, uint64_t timeout_ms,
    struct buf *body, long *ret_status, struct err *err);

#endif
