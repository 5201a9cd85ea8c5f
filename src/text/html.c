// SPDX-License-Identifier: Apache-2.0
// Nearly all text needs no reference. The run of bytes up to the first that does is found and copied at once.
// Any thread, with a buffer of its own.
#include "text/html.h"

#include "text/utf8.h"

// What stands for a byte that cannot stand as it is, or NULL. Bytes of UTF-8 sequences are not asked for.
static const char *reference(unsigned char byte)
{
    switch (byte) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '"':
        return "&quot;";
    case '\'':
        return "&#39;";
    case '\t':
    case '\n':
        return NULL;
    default:
        return byte < ' ' || byte >= 0x7f ? UTF8_REPLACEMENT : NULL;
    }
}

// Length of the prefix that can stand as it is.
static size_t plain_prefix(struct span text)
{
    size_t i = 0;
    while (i < text.len) {
        unsigned char byte = (unsigned char)text.at[i];
        size_t len = 1;
        if (byte >= 0x80)
            len = utf8_sequence(span_from(text, i));
        else if (reference(byte) != NULL)
            len = 0;
        if (len == 0)
            return i;
        i += len;
    }
    return i;
}

enum err_code html_write_text(struct buf *out, struct span text)
{
    while (text.len > 0) {
        size_t plain = plain_prefix(text);
        buf_append(out, text.at, plain);
        span_drop(&text, plain);
        if (text.len > 0) {
            buf_append_str(out, reference((unsigned char)*text.at));
            span_drop(&text, 1);
        }
    }
    return out->status;
}
