// SPDX-License-Identifier: Apache-2.0
// A borrowed run of bytes: a pointer and a length, not ended by NUL. Whoever hands one out says how long it
// stays valid.
#ifndef RECKONER_BASE_SPAN_H
#define RECKONER_BASE_SPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

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

// Equal when ASCII letters of either case are the same (field names, media types).
static inline bool span_is_nocase(struct span a, const char *text)
{
    for (size_t i = 0; i < a.len; i++) {
        unsigned char x = (unsigned char)a.at[i], y = (unsigned char)text[i];
        if (x >= 'A' && x <= 'Z')
            x = (unsigned char)(x | 0x20);
        if (y >= 'A' && y <= 'Z')
            y = (unsigned char)(y | 0x20);
        if (x != y || y == '\0')
            return false;
    }
    return text[a.len] == '\0';
}

// Without the blanks and tabs around it.
static inline struct span span_trim(struct span text)
{
    while (text.len > 0 && (text.at[0] == ' ' || text.at[0] == '\t')) {
        text.at++;
        text.len--;
    }
    while (text.len > 0 && (text.at[text.len - 1] == ' ' || text.at[text.len - 1] == '\t'))
        text.len--;
    return text;
}

// Takes what is before the next `separator`, or all, off the front of *rest, and the separator with it.
static inline struct span span_split(struct span *rest, char separator)
{
    const char *found = rest->len > 0 ? memchr(rest->at, separator, rest->len) : NULL;
    struct span part = {.at = rest->at, .len = found != NULL ? (size_t)(found - rest->at) : rest->len};
    size_t taken = part.len + (found != NULL);
    if (taken > 0)
        rest->at += taken;
    rest->len -= taken;
    return part;
}

#endif
