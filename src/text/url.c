// SPDX-License-Identifier: Apache-2.0
// Most names and values need no decoding and are handed back as they are; memory is taken for the others
// only. Leaves to others what the bytes mean. Pure; any thread.
#include "text/url.h"

#include <string.h>

static bool has(struct span text, char byte)
{
    return text.len > 0 && memchr(text.at, byte, text.len) != NULL;
}

bool url_decode(struct span text, bool plus_is_space, struct arena *arena, struct span *ret_text)
{
    if (!has(text, '%') && !(plus_is_space && has(text, '+'))) {
        *ret_text = text;
        return true;
    }
    char *out = arena_strndup(arena, text.at, text.len); // decoding only shortens
    if (out == NULL)
        return false;
    size_t len = 0;
    for (size_t i = 0; i < text.len; i++) {
        char byte = text.at[i];
        if (byte == '%') {
            int high = i + 2 < text.len ? ascii_hex(text.at[i + 1]) : -1;
            int low = i + 2 < text.len ? ascii_hex(text.at[i + 2]) : -1;
            if (high < 0 || low < 0)
                return false;
            byte = (char)(high << 4 | low);
            i += 2;
        } else if (byte == '+' && plus_is_space) {
            byte = ' ';
        }
        out[len++] = byte;
    }
    *ret_text = (struct span){.at = out, .len = len};
    return true;
}

bool url_next_pair(struct span *rest, struct span *ret_name, struct span *ret_value)
{
    struct span pair = {0};
    while (rest->len > 0 && pair.len == 0)
        pair = span_split(rest, '&');
    if (pair.len == 0)
        return false;
    *ret_name = span_split(&pair, '=');
    *ret_value = pair;
    return true;
}
