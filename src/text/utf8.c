// SPDX-License-Identifier: Apache-2.0
// Most text is ASCII: eight bytes of it are passed at a time, and only what is left is looked at byte by
// byte. One table, utf8_lead_of, says what a sequence may be; everything that checks UTF-8 goes by it. Pure;
// any thread.
#include "text/utf8.h"

#include "base/ascii.h"

enum { WORD_BYTES = 8 };

static bool is_continuation(unsigned char byte)
{
    return (byte & 0xC0) == 0x80;
}

struct utf8_lead utf8_lead_of(unsigned char byte)
{
    if (byte >= 0xC2 && byte <= 0xDF)
        return (struct utf8_lead){1, 0x80, 0xBF};
    if (byte == 0xE0)
        return (struct utf8_lead){2, 0xA0, 0xBF}; // below: overlong
    if (byte == 0xED)
        return (struct utf8_lead){2, 0x80, 0x9F}; // above: surrogates
    if (byte >= 0xE1 && byte <= 0xEF)
        return (struct utf8_lead){2, 0x80, 0xBF};
    if (byte == 0xF0)
        return (struct utf8_lead){3, 0x90, 0xBF}; // below: overlong
    if (byte >= 0xF1 && byte <= 0xF3)
        return (struct utf8_lead){3, 0x80, 0xBF};
    if (byte == 0xF4)
        return (struct utf8_lead){3, 0x80, 0x8F}; // above: past U+10FFFF
    return (struct utf8_lead){0, 0, 0};
}

size_t utf8_encode(uint32_t code_point, char out[UTF8_MAX_BYTES])
{
    if (code_point < 0x80) {
        out[0] = (char)code_point;
        return 1;
    }
    size_t more = code_point < 0x800 ? 1 : code_point < 0x10000 ? 2 : 3; // continuation bytes
    for (size_t i = more; i > 0; i--) {
        out[i] = (char)(0x80 | (code_point & 0x3F));
        code_point >>= 6;
    }
    out[0] = (char)(0xF0U << (3 - more) | code_point); // C0, E0 or F0
    return more + 1;
}

size_t utf8_sequence(struct span text)
{
    const unsigned char *at = (const unsigned char *)text.at;
    if (text.len == 0)
        return 0;
    if (at[0] < 0x80)
        return 1;
    struct utf8_lead lead = utf8_lead_of(at[0]);
    if (lead.more == 0 || text.len <= lead.more || at[1] < lead.low || at[1] > lead.high)
        return 0;
    for (size_t i = 2; i <= lead.more; i++) {
        if (!is_continuation(at[i]))
            return 0;
    }
    return (size_t)lead.more + 1;
}

size_t utf8_prefix(struct span text)
{
    size_t i = 0;
    while (i < text.len) {
        uint64_t word;
        if (text.len - i >= WORD_BYTES) {
            memcpy(&word, text.at + i, WORD_BYTES);
            if ((word & 0x8080808080808080u) == 0) {
                i += WORD_BYTES;
                continue;
            }
        }
        if ((unsigned char)text.at[i] < 0x80) {
            i++;
            continue;
        }
        size_t len = utf8_sequence(span_from(text, i));
        if (len == 0)
            break;
        i += len;
    }
    return i;
}

bool utf8_valid(struct span text)
{
    return utf8_prefix(text) == text.len;
}

bool utf8_is_text(struct span text)
{
    return utf8_valid(text) && (text.len == 0 || memchr(text.at, '\0', text.len) == NULL);
}

size_t utf8_count(struct span text)
{
    size_t count = 0;
    for (size_t i = 0; i < text.len; i++)
        count += !is_continuation((unsigned char)text.at[i]);
    return count;
}

// The small letter of a capital of two bytes; others as they are.
static uint32_t small_letter(uint32_t c)
{
    if ((c >= 0xC0 && c <= 0xDE && c != 0xD7) || (c >= 0x391 && c <= 0x3A9) || (c >= 0x410 && c <= 0x42F))
        return c + 0x20;
    if (c >= 0x400 && c <= 0x40F)
        return c + 0x50;
    if ((c >= 0x100 && c <= 0x137) || (c >= 0x14A && c <= 0x177))
        return c | 1;
    if ((c >= 0x139 && c <= 0x148) || (c >= 0x179 && c <= 0x17E))
        return c + (c & 1);
    return c;
}

// Takes a byte or a letter of two bytes off the front, as a number that tells one from another.
static uint32_t next_letter(struct span *text)
{
    const unsigned char *at = (const unsigned char *)text->at;
    size_t len = utf8_sequence(*text) == 2 ? 2 : 1;
    span_drop(text, len);
    if (len == 2)
        return small_letter((uint32_t)(at[0] & 0x1F) << 6 | (at[1] & 0x3F));
    return at[0] < 0x80 ? (unsigned char)ascii_lower((char)at[0]) : 0x10000U + at[0];
}

bool utf8_equal_nocase(struct span a, struct span b)
{
    while (a.len > 0 && b.len > 0) {
        if (next_letter(&a) != next_letter(&b))
            return false;
    }
    return a.len == b.len;
}

size_t utf8_cut(struct span text, size_t max_bytes)
{
    if (text.len <= max_bytes)
        return text.len;
    size_t len = max_bytes;
    for (int back = 0; back < 3 && len > 0 && is_continuation((unsigned char)text.at[len]); back++)
        len--;
    return len;
}
