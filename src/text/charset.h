// SPDX-License-Identifier: Apache-2.0
// Text of any encoding that iconv(3) knows into UTF-8, as a stream. One thread at a time.
#ifndef RECKONER_TEXT_CHARSET_H
#define RECKONER_TEXT_CHARSET_H

#include <iconv.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/attr.h"
#include "base/err.h"
#include "base/span.h"

enum { CHARSET_NAME_CHARS = 40 };

struct charset_work;

// A decoder. Zeroed, it is none.
struct charset {
    enum charset_state {
        CHARSET_START,  // what the bytes begin with is not known yet
        CHARSET_PASS,   // UTF-8: bytes are handed on
        CHARSET_DECODE, // all others
    } state;
    char start[4];                     // the first bytes, as many as the longest byte order mark has
    size_t start_len;                  // of them
    char name[CHARSET_NAME_CHARS + 1]; // of the encoding; empty: UTF-8
    iconv_t iconv;                     // owned, where it is open
    bool is_open;                      // iconv is
    struct charset_work *work;         // owned; NULL until there is something to decode
};

// Whether the name of an encoding has only what such names have: letters, digits, - _ . :, up to 40 of them.
bool charset_is_name(struct span name);

// Whether the name is UTF-8's, or that of ASCII, which is the same here.
bool charset_is_utf8(struct span name);

// Whether the C library can read it, for which it may look at files.
bool charset_is_known(struct span name);

// Makes a decoder of `encoding`, a name; empty: UTF-8. A byte order mark of UTF-8, UTF-16 or UTF-32 goes over
// the name, and is dropped. UTF-8 passes as it is, right or wrong. ERR_MEDIA_TYPE for a name that is not
// known, ERR_NO_MEMORY; charset_fini is due then, too.
MUST_CHECK enum err_code charset_init(struct charset *charset, struct span encoding, struct err *err);

// Where the text goes, piece by piece; a result other than ERR_NONE ends the decoding.
typedef enum err_code charset_sink(void *ctx, struct span text, struct err *err);

// Takes the next bytes. ERR_MALFORMED for bytes that are not of the encoding, once the text in front of them
// is with the sink; the sink's errors.
MUST_CHECK enum err_code charset_feed(
    struct charset *charset, struct span bytes, charset_sink *sink, void *ctx, struct err *err);

// The bytes have ended; ERR_MALFORMED too in the middle of a character.
MUST_CHECK enum err_code charset_finish(
    struct charset *charset, charset_sink *sink, void *ctx, struct err *err);

// A zeroed one and NULL are fine.
void charset_fini(struct charset *charset);

#endif
