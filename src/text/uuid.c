// SPDX-License-Identifier: Apache-2.0
// The bytes of a UUID from its text and back. What the bits mean is nobody's business here. Pure; any thread.
#include "text/uuid.h"

#include <stddef.h>

#include "base/ascii.h"

// Whether a minus stands in front of this byte.
static bool has_minus(size_t byte)
{
    return byte == 4 || byte == 6 || byte == 8 || byte == 10;
}

bool uuid_parse(struct span text, unsigned char ret_bytes[UUID_BYTES])
{
    unsigned char bytes[UUID_BYTES];
    size_t at = 0;
    if (text.len == UUID_CHARS + 2 && text.at[0] == '{' && text.at[text.len - 1] == '}')
        text = (struct span){.at = text.at + 1, .len = UUID_CHARS};
    if (text.len != UUID_CHARS)
        return false;
    for (size_t i = 0; i < UUID_BYTES; i++, at += 2) {
        if (has_minus(i) && text.at[at++] != '-')
            return false;
        int high = ascii_hex(text.at[at]), low = ascii_hex(text.at[at + 1]);
        if (high < 0 || low < 0)
            return false;
        bytes[i] = (unsigned char)(high << 4 | low);
    }
    memcpy(ret_bytes, bytes, sizeof(bytes));
    return true;
}

void uuid_format(const unsigned char bytes[UUID_BYTES], char out[UUID_CHARS])
{
    static const char hex[] = "0123456789abcdef";
    for (size_t i = 0; i < UUID_BYTES; i++) {
        if (has_minus(i))
            *out++ = '-';
        *out++ = hex[bytes[i] >> 4];
        *out++ = hex[bytes[i] & 15];
    }
}
