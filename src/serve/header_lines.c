// SPDX-License-Identifier: Apache-2.0
// What would not fit is a bug of ours, as who adds lines says how long they may be: it ends the process.
#include "serve/header_lines.h"

#include <assert.h>
#include <string.h>

void header_lines_init(struct header_lines *lines, char *text, size_t room)
{
    assert(room > 0);
    *lines = (struct header_lines){.text = text, .room = room};
    text[0] = '\0';
}

const char *header_lines_text(const struct header_lines *lines)
{
    return lines->len > 0 ? lines->text : NULL;
}

void header_lines_add(struct header_lines *lines, const char *text, size_t len)
{
    assert(len < lines->room - lines->len);
    if (len > 0)
        memcpy(lines->text + lines->len, text, len);
    lines->len += len;
    lines->text[lines->len] = '\0';
}

// Its digits go where they belong at once, as a copy of bytes that were just written one by one waits for
// them.
void header_lines_add_number(struct header_lines *lines, uint64_t number)
{
    size_t digits = 1;
    for (uint64_t rest = number; rest >= 10; rest /= 10)
        digits++;
    assert(digits < lines->room - lines->len);
    char *out = lines->text + lines->len;
    for (size_t at = digits; at > 0; at--) {
        out[at - 1] = (char)('0' + number % 10);
        number /= 10;
    }
    lines->len += digits;
    lines->text[lines->len] = '\0';
}
