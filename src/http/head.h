// SPDX-License-Identifier: Apache-2.0
// The head of an answer as bytes. Pure, any thread.
#ifndef RECKONER_HTTP_HEAD_H
#define RECKONER_HTTP_HEAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"

enum http_persistence {
    HTTP_STAYS_OPEN, // nothing to say in HTTP/1.1
    HTTP_KEEP_ALIVE, // said to a client of HTTP/1.0 that asked for it
    HTTP_CLOSE,      // the last answer of its connection
};

struct http_head {
    int status;                        // 200 to 599
    const char *content_type;          // NULL for none
    bool has_length;                   // whether Content-Length is said at all
    size_t content_length;             // bytes
    const char *date;                  // IMF-fixdate
    enum http_persistence persistence; // what Connection says
    const char *headers;               // further lines, each ended by CRLF; NULL for none
    const char *more_headers;          // likewise
};

// The most bytes that http_head_write will write.
size_t http_head_max(const struct http_head *head);

// Writes status line, fields and the empty line, without a NUL; returns the bytes written.
size_t http_head_write(const struct http_head *head, char *out);

#endif
