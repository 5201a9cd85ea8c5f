// SPDX-License-Identifier: Apache-2.0
// One state a place in the grammar, looked at byte by byte; only data is skipped over in runs. Holds nothing
// but its state, so any thread may run it.
//
//   SIZE ─ ";" → EXTENSION ─┐          ┌─ DATA → DATA_CR → DATA_LF → SIZE
//     ├─ blank → BLANK ─ ";"┘ CR → SIZE_LF
//     └─ CR ───────────────────────────┴─ (size 0) TRAILER ─ CR → END_LF → END
//                                           └─ NAME → VALUE → VALUE_LF → TRAILER
#include "http/chunk.h"

#include <assert.h>
#include <stdbool.h>

#include "base/ascii.h"
#include "http/chars.h"

enum state {
    SIZE,      // hexadecimal digits; the first state
    BLANK,     // blanks between size and ";" (BWS)
    EXTENSION, // behind ";"
    SIZE_LF,   // the LF of the size line
    DATA,      // `left` bytes
    DATA_CR,   // CR LF behind them
    DATA_LF,   //
    TRAILER,   // the start of a trailer field, or CR
    NAME,      // in its name
    VALUE,     // in its value
    VALUE_LF,  // the LF of its line
    END_LF,    // the last LF
    END,
};

enum { MAX_DIGITS = 16 };

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
    switch (byte) {
    case '\r':
        chunks->state = SIZE_LF;
        return HTTP_MORE;
    case ';':
        chunks->state = EXTENSION;
        return HTTP_MORE;
    case ' ':
    case '\t':
        chunks->state = BLANK;
        return HTTP_MORE;
    default:
        return http_refuse(refusal, 400, "byte 0x%02x follows a chunk size", (unsigned char)byte);
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
    } else if (chunks->state == BLANK && byte == ';') {
        chunks->state = EXTENSION;
    } else if (chunks->state == BLANK && byte != ' ' && byte != '\t') {
        return http_refuse(refusal, 400, "byte 0x%02x follows a chunk size", (unsigned char)byte);
    } else if (chunks->state == EXTENSION && byte == '\r') {
        chunks->state = SIZE_LF;
    } else if (!http_char_is(byte, HTTP_TEXT)) {
        return http_refuse(refusal, 400, "a chunk extension holds byte 0x%02x", (unsigned char)byte);
    }
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
    switch (chunks->state) {
    case SIZE:
    case BLANK:
    case EXTENSION:
    case SIZE_LF:
        return line_byte(chunks, byte, refusal);
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
