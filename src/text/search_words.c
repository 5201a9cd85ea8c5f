// SPDX-License-Identifier: Apache-2.0
// Goes through the text once. Pure; any thread.
#include "text/search_words.h"

#include <stdint.h>

#include "text/utf8.h"

#define AS_RANGE(first, last) {0x##first, 0x##last},

static const struct {
    uint32_t first; // code points
    uint32_t last;  // inclusive
} separators[] = {SEARCH_SEPARATORS(AS_RANGE){SEARCH_EMOJI_FIRST, SEARCH_EMOJI_LAST}};

static bool is_separator(uint32_t code_point)
{
    size_t low = 0, high = ARRAY_LEN(separators);
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (code_point > separators[middle].last)
            low = middle + 1;
        else
            high = middle;
    }
    return code_point == 0 || (low < ARRAY_LEN(separators) && code_point >= separators[low].first);
}

// The code point that valid text starts with, and its bytes.
static uint32_t code_point_of(struct span text, size_t *ret_len)
{
    static const unsigned char masks[] = {0, 0x7f, 0x1f, 0x0f, 0x07}; // of the first byte, by length
    size_t len = utf8_sequence(text);
    if (len == 0)
        len = 1;
    uint32_t code_point = (unsigned char)text.at[0] & masks[len];
    for (size_t i = 1; i < len; i++)
        code_point = code_point << 6 | ((unsigned char)text.at[i] & 0x3f);
    *ret_len = len;
    return code_point;
}

bool search_word_next(struct span *text, struct span *ret_word)
{
    struct span word = {0};
    while (text->len > 0) {
        size_t len;
        bool is_end = is_separator(code_point_of(*text, &len));
        if (!is_end && word.len == 0)
            word.at = text->at;
        if (is_end && word.len > 0)
            break;
        word.len += is_end ? 0 : len;
        text->at += len;
        text->len -= len;
    }
    if (word.len > 0)
        *ret_word = word;
    return word.len > 0;
}
