// SPDX-License-Identifier: Apache-2.0
// A backslash is text like others, so two names may be shown alike; nobody reads a name back.
#include "text/shown.h"

#include <stdio.h>

#include "text/utf8.h"

enum { ESCAPED_CHARS = 4 }; // \xHH

// How many bytes at the front are a character that can be shown; 0: the first one is none.
static size_t shown_char(struct span bytes)
{
    unsigned char first = (unsigned char)bytes.at[0];
    if (first < 0x80)
        return first >= ' ' && first != 0x7f;
    size_t len = utf8_sequence(bytes);
    bool is_control = len == 2 && first == 0xc2 && (unsigned char)bytes.at[1] < 0xa0; // U+0080 to U+009F
    return is_control ? 0 : len;
}

size_t shown_write(struct span bytes, char *out, size_t room)
{
    size_t len = 0;
    for (size_t at = 0; at < bytes.len;) {
        struct span rest = {.at = bytes.at + at, .len = bytes.len - at};
        size_t chars = shown_char(rest), wanted = chars > 0 ? chars : ESCAPED_CHARS;
        if (len + wanted >= room)
            break;
        if (chars > 0)
            memcpy(out + len, rest.at, chars);
        else
            snprintf(out + len, room - len, "\\x%02x", (unsigned)(unsigned char)rest.at[0]);
        len += wanted;
        at += chars > 0 ? chars : 1;
    }
    out[len] = '\0';
    return len;
}
