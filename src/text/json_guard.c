// SPDX-License-Identifier: Apache-2.0
// The states, with what leads from one to the next:
//
//   BETWEEN ── letter, digit, +-. ──► WORD ── blank, punctuation ──► BETWEEN
//   BETWEEN, WORD ── " ──► STRING ── " ──► BETWEEN
//                          STRING ── \ ──► ESCAPE ── one of "\/bfnrt ──► STRING
//                                          ESCAPE ── u ──► HEX ── 4 digits ──► STRING
//                                                          HEX ── a high surrogate ──► PAIR ── \ ──►
//                                                              PAIR_ESCAPE ── u ──► HEX ── a low one ──►
//                                                              STRING
//                          STRING ── a lead byte ──► UTF8 ── its last byte ──► STRING
//
// A word followed by a quote is one token here: it is not JSON, and the parser says so.
#include "text/json_guard.h"

#include <string.h>

#include "base/limits.h"
#include "text/utf8.h"

enum byte_class {
    CLASS_STRAY, // stands nowhere between tokens
    CLASS_BLANK, // space, tab, CR
    CLASS_LF,    // which ends a line, too
    CLASS_PUNCTUATION,
    CLASS_QUOTE,
    CLASS_WORD,
};

// What a byte is between tokens (RFC 8259 section 2).
static const unsigned char classes[256] = {
    [' '] = CLASS_BLANK,
    ['\t'] = CLASS_BLANK,
    ['\r'] = CLASS_BLANK,
    ['\n'] = CLASS_LF,
    ['{'] = CLASS_PUNCTUATION,
    ['}'] = CLASS_PUNCTUATION,
    ['['] = CLASS_PUNCTUATION,
    [']'] = CLASS_PUNCTUATION,
    [','] = CLASS_PUNCTUATION,
    [':'] = CLASS_PUNCTUATION,
    ['"'] = CLASS_QUOTE,
    ['+'] = CLASS_WORD,
    ['-'] = CLASS_WORD,
    ['.'] = CLASS_WORD,
    ['0' ... '9'] = CLASS_WORD,
    ['A' ... 'Z'] = CLASS_WORD,
    ['a' ... 'z'] = CLASS_WORD,
};

void json_guard_init(struct json_guard *guard)
{
    *guard = (struct json_guard){.place.line = 1};
}

static void fail(struct json_guard *guard, const char *text)
{
    guard->fault = ERR_MALFORMED;
    guard->fault_text = text;
}

// Counts bytes of the current value; false past the limit.
static bool count_value(struct json_guard *guard, size_t bytes)
{
    guard->value_bytes += bytes;
    if (guard->value_bytes <= LIMIT_VALUE_BYTES)
        return true;
    guard->fault = ERR_TOO_LARGE;
    return false;
}

// A string or word ends before `end`.
static void end_token(struct json_guard *guard, int64_t end)
{
    size_t len = (size_t)(end - guard->token);
    if (len > guard->longest)
        guard->longest = len;
    guard->state = GUARD_BETWEEN;
}

// The four digits of \uXXXX are read: a code point, or half of one (RFC 8259 section 7).
static void end_hex(struct json_guard *guard)
{
    bool high = (guard->hex & 0xFC00) == 0xD800, low = (guard->hex & 0xFC00) == 0xDC00;
    if (low != guard->high_seen) {
        fail(guard, "half of a surrogate pair in a string");
        return;
    }
    guard->high_seen = high;
    guard->state = high ? GUARD_PAIR : GUARD_STRING;
    // A pair is four bytes of UTF-8; each half is counted as two.
    (void)count_value(guard, guard->hex < 0x80 ? 1 : guard->hex < 0x800 || high || low ? 2 : 3);
}

static void add_hex_digit(struct json_guard *guard, unsigned char byte)
{
    unsigned char letter = byte | 0x20;
    if (byte >= '0' && byte <= '9') {
        guard->hex = guard->hex << 4 | (uint32_t)(byte - '0');
    } else if (letter >= 'a' && letter <= 'f') {
        guard->hex = guard->hex << 4 | (uint32_t)(letter - 'a' + 10);
    } else {
        fail(guard, "\\u without four hexadecimal digits in a string");
        return;
    }
    if (++guard->hex_digits == 4)
        end_hex(guard);
}

static void start_hex(struct json_guard *guard)
{
    guard->state = GUARD_HEX;
    guard->hex = 0;
    guard->hex_digits = 0;
}

static void start_sequence(struct json_guard *guard, unsigned char byte)
{
    struct utf8_lead lead = utf8_lead_of(byte);
    if (lead.more == 0) {
        fail(guard, "a string is not UTF-8");
        return;
    }
    guard->state = GUARD_UTF8;
    guard->utf8_more = lead.more;
    guard->utf8_low = lead.low;
    guard->utf8_high = lead.high;
    (void)count_value(guard, 1);
}

static void continue_sequence(struct json_guard *guard, unsigned char byte)
{
    if (byte < guard->utf8_low || byte > guard->utf8_high) {
        fail(guard, "a string is not UTF-8");
        return;
    }
    guard->utf8_low = 0x80;
    guard->utf8_high = 0xBF;
    if (--guard->utf8_more == 0)
        guard->state = GUARD_STRING;
    (void)count_value(guard, 1);
}

// A byte of a string that is not plain text.
static void step_in_string(struct json_guard *guard, unsigned char byte)
{
    switch (guard->state) {
    case GUARD_STRING:
        if (byte == '"')
            guard->state = GUARD_BETWEEN;
        else if (byte == '\\')
            guard->state = GUARD_ESCAPE;
        else if (byte >= 0x80)
            start_sequence(guard, byte);
        else
            fail(guard, "a control character in a string");
        break;
    case GUARD_UTF8:
        continue_sequence(guard, byte);
        break;
    case GUARD_ESCAPE:
        if (byte == 'u') {
            start_hex(guard);
        } else if (byte != '\0' && strchr("\"\\/bfnrt", byte) != NULL) {
            guard->state = GUARD_STRING;
            (void)count_value(guard, 1);
        } else {
            fail(guard, "an unknown escape in a string");
        }
        break;
    case GUARD_HEX:
        add_hex_digit(guard, byte);
        break;
    case GUARD_PAIR:
    case GUARD_PAIR_ESCAPE:
        if (byte != (guard->state == GUARD_PAIR ? '\\' : 'u'))
            fail(guard, "half of a surrogate pair in a string");
        else if (guard->state == GUARD_PAIR)
            guard->state = GUARD_PAIR_ESCAPE;
        else
            start_hex(guard);
        break;
    case GUARD_BETWEEN:
    case GUARD_WORD:
        break;
    }
}

static bool is_plain(unsigned char byte)
{
    return byte >= ' ' && byte < 0x80 && byte != '"' && byte != '\\';
}

// Goes on in a string; returns the bytes passed.
static size_t scan_string(struct json_guard *guard, struct span bytes)
{
    const unsigned char *at = (const unsigned char *)bytes.at;
    size_t i = 0;
    while (i < bytes.len && guard->state != GUARD_BETWEEN) {
        if (guard->state == GUARD_STRING) {
            size_t first = i;
            while (i < bytes.len && is_plain(at[i]))
                i++;
            if (!count_value(guard, i - first) || i == bytes.len)
                return i;
        }
        step_in_string(guard, at[i]);
        if (guard->fault != ERR_NONE)
            return i;
        i++;
    }
    return i;
}

// A byte between tokens or in a word, at `offset`; false when it ends no token.
static bool step_between(struct json_guard *guard, unsigned char byte, int64_t offset)
{
    enum byte_class class = classes[byte];
    if (guard->state == GUARD_WORD && class <= CLASS_PUNCTUATION)
        end_token(guard, offset);
    switch (class) {
    case CLASS_LF:
        guard->place.line++;
        guard->place.line_start = offset + 1;
        return true;
    case CLASS_BLANK:
        return true;
    case CLASS_PUNCTUATION:
        guard->token = offset;
        return true;
    case CLASS_QUOTE:
        if (guard->state == GUARD_BETWEEN)
            guard->token = offset;
        guard->state = GUARD_STRING;
        guard->value_bytes = 0;
        return false;
    case CLASS_WORD:
        if (guard->state == GUARD_BETWEEN) {
            guard->token = offset;
            guard->value_bytes = 0;
        }
        guard->state = GUARD_WORD;
        (void)count_value(guard, 1);
        return false;
    case CLASS_STRAY:
        fail(guard, "a stray character");
        return false;
    }
    return false;
}

size_t json_guard_scan(
    struct json_guard *guard, struct span bytes, enum json_guard_stop stop, size_t *ret_whole)
{
    int64_t start = guard->place.offset;
    size_t i = 0, whole = 0;
    while (i < bytes.len) {
        bool ended;
        char last = bytes.at[i];
        if (guard->state == GUARD_BETWEEN || guard->state == GUARD_WORD) {
            ended = step_between(guard, (unsigned char)last, start + (int64_t)i);
            i += guard->fault == ERR_NONE;
        } else {
            i += scan_string(guard, (struct span){.at = bytes.at + i, .len = bytes.len - i});
            ended = guard->state == GUARD_BETWEEN;
            if (ended)
                end_token(guard, start + (int64_t)i);
            last = '"';
        }
        if (guard->fault != ERR_NONE)
            break;
        if (ended)
            whole = i;
        if (ended && (stop == GUARD_STOP_AT_TOKEN || (stop == GUARD_STOP_AT_LINE && last == '\n')))
            break;
    }
    // A value that is too large is told by its start, which does not depend on how the input is cut.
    guard->place.offset = guard->fault == ERR_TOO_LARGE ? guard->token : start + (int64_t)i;
    *ret_whole = whole;
    return i;
}
