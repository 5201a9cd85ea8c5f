// SPDX-License-Identifier: Apache-2.0
// A borrowed run of bytes: a pointer and a length, not ended by NUL. The function that hands one out says how
// long it stays valid.
#ifndef RECKONER_BASE_SPAN_H
#define RECKONER_BASE_SPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "base/ascii.h"

struct span {
    const char *at; // first byte; may be NULL when len is 0
    size_t len;     // bytes
};

// The span of a string literal or any NUL-ended string.
static inline struct span span_of(const char *text)
{
    return (struct span){.at = text, .len = strlen(text)};
}

static inline bool span_equal(struct span a, struct span b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.at, b.at, a.len) == 0);
}

static inline bool span_is(struct span a, const char *text)
{
    return span_equal(a, span_of(text));
}

// Orders two texts by their bytes, as strcmp does: less than 0, 0, or more.
static inline int span_compare(struct span a, struct span b)
{
    size_t shorter = a.len < b.len ? a.len : b.len;
    int order = shorter > 0 ? memcmp(a.at, b.at, shorter) : 0;
    return order != 0 ? order : (a.len > b.len) - (a.len < b.len);
}

// Equal when ASCII letters of either case are the same (field names, media types).
static inline bool span_equal_nocase(struct span a, struct span b)
{
    if (a.len != b.len)
        return false;
    for (size_t i = 0; i < a.len; i++) {
        if (ascii_lower(a.at[i]) != ascii_lower(b.at[i]))
            return false;
    }
    return true;
}

static inline bool span_is_nocase(struct span a, const char *text)
{
    return span_equal_nocase(a, span_of(text));
}

static inline bool span_starts_with(struct span text, const char *start)
{
    size_t len = strlen(start);
    return text.len >= len && (len == 0 || memcmp(text.at, start, len) == 0);
}

static inline bool span_starts_with_nocase(struct span text, const char *start)
{
    size_t len = strlen(start);
    return text.len >= len && span_is_nocase((struct span){.at = text.at, .len = len}, start);
}

static inline bool span_ends_with(struct span text, const char *end)
{
    size_t len = strlen(end);
    return text.len >= len && (len == 0 || memcmp(text.at + text.len - len, end, len) == 0);
}

static inline bool span_ends_with_nocase(struct span text, const char *end)
{
    size_t len = strlen(end);
    return text.len >= len &&
           span_is_nocase((struct span){.at = text.at + (text.len - len), .len = len}, end);
}

// What is behind the first `bytes` of it, of which there are as many at least.
static inline struct span span_from(struct span text, size_t bytes)
{
    return (struct span){.at = bytes > 0 ? text.at + bytes : text.at, .len = text.len - bytes};
}

// Takes so many bytes off the front of *rest, of which there are as many at least.
static inline void span_drop(struct span *rest, size_t bytes)
{
    *rest = span_from(*rest, bytes);
}

// Without the blanks and tabs around it.
static inline struct span span_trim(struct span text)
{
    while (text.len > 0 && (text.at[0] == ' ' || text.at[0] == '\t'))
        span_drop(&text, 1);
    while (text.len > 0 && (text.at[text.len - 1] == ' ' || text.at[text.len - 1] == '\t'))
        text.len--;
    return text;
}

// Takes what is before the next `separator`, or all, off the front of *rest, and the separator with it.
static inline struct span span_split(struct span *rest, char separator)
{
    const char *found = rest->len > 0 ? memchr(rest->at, separator, rest->len) : NULL;
    struct span part = {.at = rest->at, .len = found != NULL ? (size_t)(found - rest->at) : rest->len};
    span_drop(rest, part.len + (found != NULL));
    return part;
}

// Takes the next line off the front of *rest; it comes without its LF or CR LF.
static inline struct span span_line(struct span *rest)
{
    struct span line = span_split(rest, '\n');
    if (line.len > 0 && line.at[line.len - 1] == '\r')
        line.len--;
    return line;
}

#endif
