// SPDX-License-Identifier: Apache-2.0
// An answer's tag is a hash of its bytes: so it is the same from every node and after a restart, and a client
// that has the bytes already is told so whatever was written meanwhile. Any thread.
#include "serve/answer_head.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

const char CACHE_PRIVATE[] = "Cache-Control: private, no-cache\r\n";

static void add(struct answer_lines *lines, const char *text)
{
    size_t len = strlen(text);
    memcpy(lines->text + lines->len, text, len + 1);
    lines->len += len;
}

// Writes the tag, with its quotes.
static size_t write_tag(char *ret_tag, const struct digest *digest)
{
    static const char DIGITS[] = "0123456789abcdef";
    char *at = ret_tag;
    *at++ = '"';
    for (size_t i = 0; i < sizeof(digest->bytes); i++) {
        *at++ = DIGITS[digest->bytes[i] >> 4];
        *at++ = DIGITS[digest->bytes[i] & 15];
    }
    *at++ = '"';
    return (size_t)(at - ret_tag);
}

static void add_etag(struct answer_lines *lines, const struct answer_head *head)
{
    add(lines, "ETag: ");
    char *tag = lines->text + lines->len;
    size_t len = head->etag.len;
    if (head->digest != NULL)
        len = write_tag(tag, head->digest);
    else
        memcpy(tag, head->etag.at, len);
    lines->etag = (struct span){.at = tag, .len = len};
    lines->len += len;
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

// Milliseconds with three decimals, as Server-Timing has them; by hand, as this is most of a cheap answer's
// head.
static void add_ms(struct answer_lines *lines, uint64_t ns)
{
    char digits[24];
    size_t at = sizeof(digits);
    uint64_t us = ns / 1000;
    for (unsigned i = 0; i < 5 || us > 0; i++) {
        if (i == 3) {
            digits[--at] = '.';
            continue;
        }
        digits[--at] = (char)('0' + us % 10);
        us /= 10;
    }
    memcpy(lines->text + lines->len, digits + at, sizeof(digits) - at);
    lines->len += sizeof(digits) - at;
    lines->text[lines->len] = '\0';
}

void answer_head_write(const struct answer_head *head, struct answer_lines *ret_lines)
{
    struct answer_lines *lines = ret_lines;
    lines->len = 0;
    lines->etag = (struct span){0};
    add(lines, head->is_confidential ? CACHE_PRIVATE : "Cache-Control: no-cache\r\n");
    if (head->is_read)
        add(lines, coding_lines(head->coding, head->varies));
    else if (head->varies)
        add(lines, "Vary: Accept\r\n");
    if (head->digest != NULL || head->etag.at != NULL)
        add_etag(lines, head);
    add_source(lines, head);
    if (head->queue_ns != 0 || head->sql_ns != 0) {
        add(lines, "Server-Timing: queue;dur=");
        add_ms(lines, head->queue_ns);
        add(lines, ", sql;dur=");
        add_ms(lines, head->sql_ns);
        add(lines, "\r\n");
    }
    if (head->batch_id != 0) {
        lines->len += (size_t)snprintf(lines->text + lines->len, sizeof(lines->text) - lines->len,
            "Batch-Id: %" PRId64 "\r\n", head->batch_id);
    }
    if (head->is_replayed)
        add(lines, "Idempotency-Replayed: true\r\n");
}
