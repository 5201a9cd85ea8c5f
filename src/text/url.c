// SPDX-License-Identifier: Apache-2.0
#include "text/url.h"

static int hex_digit(char byte)
{
    if (byte >= '0' && byte <= '9')
        return byte - '0';
    if (byte >= 'a' && byte <= 'f')
        return byte - 'a' + 10;
    if (byte >= 'A' && byte <= 'F')
        return byte - 'A' + 10;
    return -1;
}

bool url_decode(struct span text, bool plus_is_space, struct arena *arena, struct span *ret_text)
{
    size_t plain = 0;
    while (plain < text.len && text.at[plain] != '%' && !(plus_is_space && text.at[plain] == '+'))
        plain++;
    if (plain == text.len) {
        *ret_text = text;
        return true;
    }
    char *out = arena_strndup(arena, text.at, text.len); // decoding only shortens
    if (out == NULL)
        return false;
    size_t len = plain;
    for (size_t i = plain; i < text.len; i++) {
        char byte = text.at[i];
        if (byte == '%') {
            int high = i + 2 < text.len ? hex_digit(text.at[i + 1]) : -1;
            int low = i + 2 < text.len ? hex_digit(text.at[i + 2]) : -1;
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

// Length of what is before `byte`, or of all.
static size_t length_before(struct span text, char byte)
{
    const char *found = text.len > 0 ? memchr(text.at, byte, text.len) : NULL;
    return found != NULL ? (size_t)(found - text.at) : text.len;
}

static struct span skip(struct span text, size_t len)
{
    return len < text.len ? (struct span){.at = text.at + len, .len = text.len - len}
                          : (struct span){.at = text.at + text.len, .len = 0};
}

bool url_next_pair(struct span *rest, struct span *ret_name, struct span *ret_value)
{
    struct span pair = {0};
    while (rest->len > 0 && pair.len == 0) {
        pair = (struct span){.at = rest->at, .len = length_before(*rest, '&')};
        *rest = skip(*rest, pair.len + 1);
    }
    if (pair.len == 0)
        return false;
    size_t name_len = length_before(pair, '=');
    *ret_name = (struct span){.at = pair.at, .len = name_len};
    *ret_value = skip(pair, name_len + 1);
    return true;
}
