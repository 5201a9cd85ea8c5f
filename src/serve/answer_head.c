// SPDX-License-Identifier: Apache-2.0
// An answer's tag is a hash of its bytes: so it is the same from every node and after a restart, and a client
// that has the bytes already is told so whatever was written meanwhile. Any thread.
#include "serve/answer_head.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <xxhash.h>

static void add(struct answer_lines *lines, const char *text)
{
    size_t len = strlen(text);
    memcpy(lines->text + lines->len, text, len + 1);
    lines->len += len;
}

static void add_etag(struct answer_lines *lines, const struct blob *body)
{
    static const char NAME[] = "ETag: ", DIGITS[] = "0123456789abcdef";
    XXH128_hash_t hash = XXH3_128bits(body->data, body->len);
    XXH128_canonical_t bytes;
    XXH128_canonicalFromHash(&bytes, hash);
    add(lines, NAME);
    char *at = lines->text + lines->len;
    lines->etag.at = at;
    *at++ = '"';
    for (size_t i = 0; i < sizeof(bytes.digest); i++) {
        *at++ = DIGITS[bytes.digest[i] >> 4];
        *at++ = DIGITS[bytes.digest[i] & 15];
    }
    *at++ = '"';
    *at = '\0';
    lines->len = (size_t)(at - lines->text);
    lines->etag.len = (size_t)(at - lines->etag.at);
    add(lines, "\r\n");
}

static void add_source(struct answer_lines *lines, const struct answer_head *head)
{
    static const char *const names[] = {
        [SOURCE_BYPASS] = "Cache-Status: Reckoner; fwd=bypass",
        [SOURCE_REQUEST] = "Cache-Status: Reckoner; fwd=request",
        [SOURCE_MISS] = "Cache-Status: Reckoner; fwd=uri-miss",
        [SOURCE_STALE] = "Cache-Status: Reckoner; fwd=stale",
        [SOURCE_HIT] = "Cache-Status: Reckoner; hit",
    };
    if (head->source == SOURCE_NONE)
        return;
    add(lines, names[head->source]);
    if (head->is_stored)
        add(lines, "; stored");
    if (head->is_collapsed)
        add(lines, "; collapsed");
    add(lines, "\r\n");
}

void answer_head_write(const struct answer_head *head, struct answer_lines *ret_lines)
{
    struct answer_lines *lines = ret_lines;
    lines->len = 0;
    lines->etag = (struct span){0};
    add(lines, "Cache-Control: no-cache\r\n");
    if (head->is_read)
        add(lines, coding_lines(head->coding, head->varies));
    else if (head->varies)
        add(lines, "Vary: Accept\r\n");
    if (head->body != NULL)
        add_etag(lines, head->body);
    add_source(lines, head);
    if (head->queue_ns != 0 || head->sql_ns != 0) { // milliseconds (Server-Timing, section 3)
        uint64_t queue_us = head->queue_ns / 1000, sql_us = head->sql_ns / 1000;
        lines->len += (size_t)snprintf(lines->text + lines->len, ANSWER_HEAD_CHARS - lines->len,
            "Server-Timing: queue;dur=%" PRIu64 ".%03" PRIu64 ", sql;dur=%" PRIu64 ".%03" PRIu64 "\r\n",
            queue_us / 1000, queue_us % 1000, sql_us / 1000, sql_us % 1000);
    }
}
