// SPDX-License-Identifier: Apache-2.0
// One state a place in the grammar, looked at byte by byte; only data is skipped over in runs. Holds nothing
// but its state, so any thread may run it.
//
//   SIZE ─ CR → SIZE_LF ─┬─ DATA → DATA_CR → DATA_LF → SIZE
//    │ ↑                 └─ (size 0) TRAILER ─ CR → END_LF → END
//    │ └ CR, behind       NAME ←┘ ↑
//    ↓   an extension       └→ VALUE → VALUE_LF
//   extensions, RFC 9112 section 7.1.1; blanks (BWS) may stand between their parts, and not before CR:
//    ";" → EXT_START → EXT_NAME ─ "=" → EXT_EQUALS ─┬→ EXT_TOKEN
//                                                   └→ EXT_QUOTED ⇄ EXT_ESCAPED, then EXT_END
#include "http/chunk.h"

#include <assert.h>
#include <stdbool.h>

#include "base/ascii.h"
#include "http/chars.h"

enum state {
    SIZE,           // hexadecimal digits; the first state
    BLANK,          // blanks before a ";"
    EXT_START,      // behind ";", before the extension's name
    EXT_NAME,       // in the name
    EXT_NAME_BLANK, // blanks behind it, before "=" or ";"
    EXT_EQUALS,     // behind "=", before the value
    EXT_TOKEN,      // in a value that is a token
    EXT_QUOTED,     // in one that is quoted
    EXT_ESCAPED,    // behind a backslash in it
    EXT_END,        // behind its last quote
    EXT_BLANK,      // blanks behind an extension, before the next ";"
    SIZE_LF,        // the LF of the size line
    DATA,           // `left` bytes
    DATA_CR,        // CR LF behind them
    DATA_LF,        //
    TRAILER,        // the start of a trailer field, or CR
    NAME,           // in its name
    VALUE,          // in its value
    VALUE_LF,       // the LF of its line
    END_LF,         // the last LF
    END,
};

enum { MAX_DIGITS = 16 };

static bool is_blank(char byte)
{
    return byte == ' ' || byte == '\t';
}

static bool go(struct http_chunks *chunks, enum state state)
{
    chunks->state = (uint8_t)state;
    return true;
}

// A byte behind a part of the size line that may be the last one; `blank` is the state for a blank. False
// when it is of none that may come there.
static bool end_part(struct http_chunks *chunks, char byte, enum state blank)
{
    if (byte == '\r')
        return go(chunks, SIZE_LF);
    if (byte == ';')
        return go(chunks, EXT_START);
    return is_blank(byte) && go(chunks, blank);
}

// One byte of the size's digits, or the byte that ends them.
static enum http_progress size_byte(struct http_chunks *chunks, char byte, struct http_refusal *refusal)
{
    int digit = ascii_hex(byte);
    if (digit >= 0) {
        if (chunks->digits == MAX_DIGITS)
            return http_refuse(refusal, 400, "a chunk size has more than %d digits", MAX_DIGITS);
        chunks->digits++;
        chunks->left = chunks->left << 4 | (uint64_t)digit;
        return HTTP_MORE;
    }
    if (chunks->digits == 0)
        return http_refuse(
            refusal, 400, "a chunk size must be hexadecimal digits, not byte 0x%02x", (unsigned char)byte);
    if (chunks->left > INT64_MAX)
        return http_refuse(refusal, 400, "a chunk size is larger than any body");
    if (!end_part(chunks, byte, BLANK))
        return http_refuse(refusal, 400, "byte 0x%02x follows a chunk size", (unsigned char)byte);
    return HTTP_MORE;
}

// One byte of an extension; false when it may not stand there.
static bool extension_byte(struct http_chunks *chunks, char byte)
{
    switch ((enum state)chunks->state) {
    case BLANK:
    case EXT_BLANK:
        return byte != '\r' && end_part(chunks, byte, chunks->state);
    case EXT_START:
        chunks->state = is_blank(byte) ? EXT_START : EXT_NAME;
        return is_blank(byte) || http_char_is(byte, HTTP_TOKEN);
    case EXT_NAME:
        if (http_char_is(byte, HTTP_TOKEN))
            return true;
        if (byte == '=')
            return go(chunks, EXT_EQUALS);
        return end_part(chunks, byte, EXT_NAME_BLANK);
    case EXT_NAME_BLANK:
        if (byte == '=')
            return go(chunks, EXT_EQUALS);
        return byte != '\r' && end_part(chunks, byte, EXT_NAME_BLANK);
    case EXT_EQUALS:
        if (is_blank(byte))
            return true;
        chunks->state = byte == '"' ? EXT_QUOTED : EXT_TOKEN;
        return byte == '"' || http_char_is(byte, HTTP_TOKEN);
    case EXT_TOKEN:
        return http_char_is(byte, HTTP_TOKEN) || end_part(chunks, byte, EXT_BLANK);
    case EXT_QUOTED:
        chunks->state = byte == '"' ? EXT_END : byte == '\\' ? EXT_ESCAPED : EXT_QUOTED;
        return http_char_is(byte, HTTP_TEXT);
    case EXT_ESCAPED:
        chunks->state = EXT_QUOTED;
        return http_char_is(byte, HTTP_TEXT);
    default: // EXT_END
        return end_part(chunks, byte, EXT_BLANK);
    }
}

// One byte of the size line.
static enum http_progress line_byte(struct http_chunks *chunks, char byte, struct http_refusal *refusal)
{
    if (++chunks->line > LIMIT_CHUNK_LINE_BYTES)
        return http_refuse(
            refusal, 400, "a chunk's size line is longer than %d bytes", LIMIT_CHUNK_LINE_BYTES);
    if (chunks->state == SIZE)
        return size_byte(chunks, byte, refusal);
    if (chunks->state == SIZE_LF) {
        if (byte != '\n')
            return http_refuse(refusal, 400, "a chunk's size line must end with CR LF");
        chunks->state = chunks->left > 0 ? DATA : TRAILER;
        chunks->line = 0;
        chunks->digits = 0;
        return HTTP_MORE;
    }
    bool is_size = chunks->state == BLANK;
    if (!extension_byte(chunks, byte))
        return http_refuse(refusal, 400,
            is_size ? "byte 0x%02x follows a chunk size" : "a chunk extension holds byte 0x%02x out of place",
            (unsigned char)byte);
    return HTTP_MORE;
}

// One byte of the trailer section, with the empty line that ends it.
static enum http_progress trailer_byte(struct http_chunks *chunks, char byte, struct http_refusal *refusal)
{
    if (++chunks->trailer > LIMIT_TRAILER_BYTES)
        return http_refuse(refusal, 431, "the trailer section is larger than %d bytes", LIMIT_TRAILER_BYTES);
    switch (chunks->state) {
    case TRAILER:
        if (byte == '\r') {
            chunks->state = END_LF;
            return HTTP_MORE;
        }
        if (!http_char_is(byte, HTTP_TOKEN))
            return http_refuse(refusal, 400, "a trailer field starts with byte 0x%02x", (unsigned char)byte);
        chunks->state = NAME;
        return HTTP_MORE;
    case NAME:
        if (byte == ':')
            chunks->state = VALUE;
        else if (!http_char_is(byte, HTTP_TOKEN))
            return http_refuse(refusal, 400, "a trailer field's name holds byte 0x%02x", (unsigned char)byte);
        return HTTP_MORE;
    case VALUE:
        if (byte == '\r')
            chunks->state = VALUE_LF;
        else if (!http_char_is(byte, HTTP_TEXT))
            return http_refuse(
                refusal, 400, "a trailer field's value holds byte 0x%02x", (unsigned char)byte);
        return HTTP_MORE;
    default: // VALUE_LF and END_LF
        if (byte != '\n')
            return http_refuse(refusal, 400, "a trailer field must end with CR LF");
        bool end = chunks->state == END_LF;
        chunks->state = end ? END : TRAILER;
        return end ? HTTP_DONE : HTTP_MORE;
    }
}

static enum http_progress one_byte(struct http_chunks *chunks, char byte, struct http_refusal *refusal)
{
    if (chunks->state <= SIZE_LF)
        return line_byte(chunks, byte, refusal);
    switch (chunks->state) {
    case DATA_CR:
    case DATA_LF:
        if (byte != (chunks->state == DATA_CR ? '\r' : '\n'))
            return http_refuse(refusal, 400, "a chunk's data must end with CR LF");
        chunks->state = chunks->state == DATA_CR ? DATA_LF : SIZE;
        return HTTP_MORE;
    default:
        return trailer_byte(chunks, byte, refusal);
    }
}

static struct span take(struct span *input, size_t len)
{
    struct span taken = {.at = input->at, .len = len};
    input->at += len;
    input->len -= len;
    return taken;
}

enum http_progress http_chunks_next(
    struct http_chunks *chunks, struct span *input, struct span *ret_data, struct http_refusal *ret_refusal)
{
    assert(chunks->state != END);
    while (input->len > 0) {
        if (chunks->state == DATA) {
            size_t len = chunks->left < input->len ? (size_t)chunks->left : input->len;
            chunks->left -= len;
            if (chunks->left == 0)
                chunks->state = DATA_CR;
            *ret_data = take(input, len);
            return HTTP_DATA;
        }
        enum http_progress result = one_byte(chunks, *take(input, 1).at, ret_refusal);
        if (result != HTTP_MORE)
            return result;
    }
    return HTTP_MORE;
}
