// SPDX-License-Identifier: Apache-2.0
// The words of a text, as a full-text search takes them: what stands between blanks, punctuation and symbols.
// Both databases split by the same table, so that they find the same words. Pure; any thread.
#ifndef RECKONER_TEXT_SEARCH_WORDS_H
#define RECKONER_TEXT_SEARCH_WORDS_H

#include <stdbool.h>

#include "base/attr.h"
#include "base/span.h"

// The code points that are no part of a word, in ranges of four hexadecimal digits, by order: ASCII's and
// Latin-1's, those of Greek, Armenian, Hebrew, Arabic and Indian scripts, general punctuation, currencies,
// arrows and signs, and those of East Asia, in full width too. Emoji are beyond them: SEARCH_EMOJI_FIRST.
#define SEARCH_SEPARATORS(X)                                                                                 \
    X(0001, 002f)                                                                                            \
    X(003a, 0040)                                                                                            \
    X(005b, 0060)                                                                                            \
    X(007b, 00a9)                                                                                            \
    X(00ab, 00b1)                                                                                            \
    X(00b4, 00b4)                                                                                            \
    X(00b6, 00b8)                                                                                            \
    X(00bb, 00bb)                                                                                            \
    X(00bf, 00bf)                                                                                            \
    X(00d7, 00d7)                                                                                            \
    X(00f7, 00f7)                                                                                            \
    X(037e, 037e)                                                                                            \
    X(0387, 0387)                                                                                            \
    X(055a, 055f)                                                                                            \
    X(0589, 058a)                                                                                            \
    X(05be, 05be)                                                                                            \
    X(05c0, 05c0)                                                                                            \
    X(05c3, 05c3)                                                                                            \
    X(05f3, 05f4)                                                                                            \
    X(0600, 060f)                                                                                            \
    X(061b, 061f)                                                                                            \
    X(066a, 066d)                                                                                            \
    X(06d4, 06d4)                                                                                            \
    X(0964, 0965)                                                                                            \
    X(0e3f, 0e3f)                                                                                            \
    X(0e5a, 0e5b)                                                                                            \
    X(2000, 206f)                                                                                            \
    X(20a0, 20cf)                                                                                            \
    X(2190, 245f)                                                                                            \
    X(2500, 2775)                                                                                            \
    X(2794, 2bff)                                                                                            \
    X(2e00, 2e7f)                                                                                            \
    X(3000, 3004)                                                                                            \
    X(3008, 3020)                                                                                            \
    X(3030, 3030)                                                                                            \
    X(303d, 303f)                                                                                            \
    X(30a0, 30a0)                                                                                            \
    X(30fb, 30fb)                                                                                            \
    X(fe10, fe1f)                                                                                            \
    X(fe30, fe6f)                                                                                            \
    X(feff, ff0f)                                                                                            \
    X(ff1a, ff20)                                                                                            \
    X(ff3b, ff40)                                                                                            \
    X(ff5b, ff65)                                                                                            \
    X(ffe0, ffff)
#define SEARCH_EMOJI_FIRST 0x1f000
#define SEARCH_EMOJI_LAST  0x1faff

// Takes the next word off the front of valid text; false at its end. NUL is no part of a word either.
MUST_CHECK bool search_word_next(struct span *text, struct span *ret_word);

#endif
