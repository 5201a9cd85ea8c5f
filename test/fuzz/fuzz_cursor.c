// SPDX-License-Identifier: Apache-2.0
// Cursors, as clients may send them: a text that is read is the one that its bytes become, and keys that are
// read pack into the same bytes.
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "app/cursor.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
    if (!condition)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span text = {.at = (const char *)data, .len = size};
    struct cursor cursor, again;
    struct value keys[CURSOR_KEYS];
    char back[CURSOR_CHARS];
    if (!cursor_from_text(text, &cursor))
        return 0;
    require(cursor.len <= LIMIT_CURSOR_BYTES);
    require(span_equal(text, (struct span){.at = back, .len = cursor_to_text(&cursor, back)}));
    uint32_t statement = 0;
    for (size_t i = 0; i < sizeof(statement) && i < cursor.len; i++)
        statement |= (uint32_t)(unsigned char)cursor.bytes[i] << (8 * i);
    for (size_t count = 0; count <= CURSOR_KEYS; count++) {
        if (!cursor_unpack(&cursor, statement, count, keys))
            continue;
        require(cursor_pack(statement, keys, count, &again) == CURSOR_OK);
        require(again.len == cursor.len && memcmp(again.bytes, cursor.bytes, again.len) == 0);
    }
    return 0;
}
