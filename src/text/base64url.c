// SPDX-License-Identifier: Apache-2.0
// Writes and reads six bits a character. Reading is strict: each run of bytes has one text and no other, so
// that texts can be compared instead of what they stand for. Pure; any thread.
#include "text/base64url.h"

#include <stdint.h>

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

size_t base64url_encode(struct span bytes, char *out)
{
    uint32_t bits = 0;
    unsigned waiting = 0; // bits that have not been written, lowest
    size_t len = 0;
    for (size_t i = 0; i < bytes.len; i++) {
        bits = bits << 8 | (unsigned char)bytes.at[i];
        for (waiting += 8; waiting >= 6; waiting -= 6)
            out[len++] = digits[bits >> (waiting - 6) & 63];
    }
    if (waiting > 0)
        out[len++] = digits[bits << (6 - waiting) & 63];
    return len;
}

static int digit_of(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    if (c == '-')
        return 62;
    return c == '_' ? 63 : -1;
}

bool base64url_decode(struct span text, char *out, size_t max, size_t *ret_len)
{
    uint32_t bits = 0;
    unsigned waiting = 0; // bits that make no byte yet, lowest
    size_t len = 0;
    if (text.len % 4 == 1 || text.len / 4 * 3 + text.len % 4 * 3 / 4 > max)
        return false;
    for (size_t i = 0; i < text.len; i++) {
        int digit = digit_of(text.at[i]);
        if (digit < 0)
            return false;
        bits = bits << 6 | (uint32_t)digit;
        waiting += 6;
        if (waiting >= 8) {
            waiting -= 8;
            out[len++] = (char)(unsigned char)(bits >> waiting);
        }
    }
    if ((bits & ((1u << waiting) - 1)) != 0)
        return false;
    *ret_len = len;
    return true;
}
