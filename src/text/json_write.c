// SPDX-License-Identifier: Apache-2.0
// Nearly all text needs no escape. The run of bytes up to the first that does is found eight bytes at a time,
// and copied at once. Any thread, with a buffer of its own.
#include "text/json_write.h"

#include <stdint.h>

#include "text/decimal.h"
#include "text/number.h"
#include "text/utf8.h"

enum { WORD_BYTES = 8 };

static const uint64_t ones = 0x0101010101010101u, tops = 0x8080808080808080u;

// True when all eight bytes are ASCII, not controls, quotes or backslashes. Borrows between bytes of the
// subtractions can only make it say false too often, never too seldom.
static bool word_is_plain(uint64_t word)
{
    uint64_t quotes = word ^ (ones * '"'), backslashes = word ^ (ones * '\\');
    return ((word | (word - ones * ' ') | (quotes - ones) | (backslashes - ones)) & tops) == 0;
}

static bool byte_is_plain(unsigned char byte)
{
    return byte >= ' ' && byte < 0x80 && byte != '"' && byte != '\\';
}

// Length of the prefix that can stand in a JSON string as it is.
static size_t plain_prefix(struct span text)
{
    size_t i = 0;
    for (;;) {
        uint64_t word;
        while (text.len - i >= WORD_BYTES) {
            memcpy(&word, text.at + i, WORD_BYTES);
            if (!word_is_plain(word))
                break;
            i += WORD_BYTES;
        }
        while (i < text.len && byte_is_plain((unsigned char)text.at[i]))
            i++;
        if (i == text.len || (unsigned char)text.at[i] < 0x80)
            return i;
        size_t len = utf8_sequence(span_from(text, i));
        if (len == 0)
            return i;
        i += len;
    }
}

static void write_escaped(struct buf *out, unsigned char byte)
{
    static const char hex[] = "0123456789abcdef";
    static const char names[] = "btn\0fr"; // of controls 8 to 13; 11 has none
    if (byte >= 0x80) {
        buf_append_str(out, UTF8_REPLACEMENT);
    } else if (byte == '"' || byte == '\\') {
        buf_append(out, (char[]){'\\', (char)byte}, 2);
    } else if (byte >= '\b' && byte <= '\r' && byte != '\v') {
        buf_append(out, (char[]){'\\', names[byte - '\b']}, 2);
    } else {
        buf_append(out, (char[]){'\\', 'u', '0', '0', hex[byte >> 4], hex[byte & 15]}, 6);
    }
}

enum err_code json_write_string(struct buf *out, struct span text)
{
    size_t plain = plain_prefix(text);
    if (buf_reserve(out, plain + 2) != ERR_NONE)
        return out->status;
    out->data[out->len++] = '"';
    for (;;) {
        buf_append(out, text.at, plain);
        span_drop(&text, plain);
        if (text.len == 0)
            return buf_append_byte(out, '"');
        write_escaped(out, (unsigned char)*text.at);
        span_drop(&text, 1);
        plain = plain_prefix(text);
    }
}

enum err_code json_write_value(struct buf *out, const struct value *value)
{
    char number[NUMBER_CHARS];
    switch (value->kind) {
    case VALUE_INTEGER:
        return buf_append(out, number, number_format_integer(value->integer, number));
    case VALUE_REAL:
        return buf_append(out, number, number_format(value->real, number));
    case VALUE_TEXT:
        return json_write_string(out, value->text);
    case VALUE_SCALED:
        return buf_append(out, number, decimal_format(value->integer, value->scale, number));
    case VALUE_DECIMAL:
        return buf_append(out, value->text.at, value->text.len);
    case VALUE_NULL:
        break;
    }
    return buf_append(out, "null", 4);
}
