// SPDX-License-Identifier: Apache-2.0
// The header lines that an endpoint's answer has beside those that http writes. Pure functions.
#ifndef RECKONER_SERVE_ANSWER_HEAD_H
#define RECKONER_SERVE_ANSWER_HEAD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/digest.h"
#include "base/span.h"
#include "serve/coding.h"

enum { ANSWER_HEAD_CHARS = 512 }; // without the link to a next page

// Where an answer comes from, for Cache-Status (RFC 9211 section 2).
enum answer_source {
    SOURCE_NONE,    // of a write: nothing is said
    SOURCE_BYPASS,  // answers of this endpoint are not kept
    SOURCE_REQUEST, // the client has asked for the database: Cache-Control: no-cache
    SOURCE_MISS,    // there was none
    SOURCE_STALE,   // there was one of an earlier state
    SOURCE_HIT,
};

struct answer_head {
    bool varies;                 // Accept has chosen the format
    bool is_confidential;        // shared caches must not have it (RFC 9111 section 5.2.2.7)
    bool is_read;                // of a GET, which could have had other codings
    enum coding coding;          // of the answer
    const struct digest *digest; // of its bytes, of which the entity tag is made; NULL: it is `etag`
    struct span etag;            // with its quotes; at NULL: it has none
    enum answer_source source;
    int64_t batch_id;  // of a write: the batch's; 0: it has none
    bool is_replayed;  // it is what the batch was answered before
    bool is_stored;    // the answer is kept now
    bool is_collapsed; // it was read for another request
    uint64_t queue_ns; // of Server-Timing: waiting …
    uint64_t sql_ns;   // … and reading; both 0: nothing is said
};

struct answer_lines {
    char text[ANSWER_HEAD_CHARS]; // each line ended by CRLF; a C string
    size_t len;                   //
    struct span etag;             // in `text`, with its quotes; at NULL: there is none
};

// The line of what shared caches must not have. Vary names no credential: no-cache has each use confirmed
// here, with the credential of who asks then (RFC 9111 section 4.3), and RFC 9110 section 12.5.5 asks for
// none either.
extern const char CACHE_PRIVATE[];

// Cache-Control, Vary, ETag, Cache-Status, Server-Timing, Batch-Id, Idempotency-Replayed.
void answer_head_write(const struct answer_head *head, struct answer_lines *ret_lines);

#endif
