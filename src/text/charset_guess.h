// SPDX-License-Identifier: Apache-2.0
// Which encoding a text is in, by its bytes. Sure of UTF-8, and of UTF-16 by its mark or its zero bytes; of
// 8-bit encodings a guess between those that spreadsheets of western Europe write. Pure; one thread at a
// time.
#ifndef RECKONER_TEXT_CHARSET_GUESS_H
#define RECKONER_TEXT_CHARSET_GUESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/span.h"

enum { CHARSET_START_BYTES = 4 };

struct charset_guess {
    uint64_t bytes;                           // so far
    uint64_t zeros[2];                        // NUL bytes at even and at odd offsets
    uint64_t seen[256];                       // how often each byte came
    unsigned char start[CHARSET_START_BYTES]; // the first bytes
    unsigned char low, high;                  // range of the next byte of a UTF-8 sequence
    unsigned more;                            // bytes that the sequence still wants
    bool is_not_utf8;                         //
};

// Takes the next bytes. A zeroed struct has seen none.
void charset_guess_feed(struct charset_guess *guess, struct span bytes);

// The encoding of what was fed, which is the whole text or its start, by a name that iconv(3) knows: "UTF-8"
// (of ASCII, too), "UTF-16" and "UTF-32" (with a byte order mark), "UTF-16LE", "UTF-16BE", "windows-1252",
// "ISO-8859-15", "ISO-8859-1", "CP850". NULL for bytes that are no text.
const char *charset_guess_name(const struct charset_guess *guess, bool is_whole);

#endif
