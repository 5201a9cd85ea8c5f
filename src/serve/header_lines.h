// SPDX-License-Identifier: Apache-2.0
// Header lines that are put together as an answer is sent, in memory of the caller's that has room for all
// that may come. Written by hand, without formats, as answers of the quickest kind have them. Any thread.
#ifndef RECKONER_SERVE_HEADER_LINES_H
#define RECKONER_SERVE_HEADER_LINES_H

#include <stddef.h>
#include <stdint.h>

struct header_lines {
    char *text;  // borrowed; a C string
    size_t len;  // of it
    size_t room; // its NUL included
};

// Empty ones; `room`, 1 or more, bytes at `text` are borrowed while they are used.
void header_lines_init(struct header_lines *lines, char *text, size_t room);

// What there is, as a reply wants it; NULL: no line.
const char *header_lines_text(const struct header_lines *lines);

// Appends bytes, or the digits of a number. There has to be room for them.
void header_lines_add(struct header_lines *lines, const char *text, size_t len);
void header_lines_add_number(struct header_lines *lines, uint64_t number);

// Appends a string literal.
#define HEADER_LINES_ADD(lines, literal) header_lines_add(lines, "" literal, sizeof(literal) - 1)

#endif
