// SPDX-License-Identifier: Apache-2.0
// Ini files: entries lie in the text, one behind the other, and say where they are.
#include <stdint.h>
#include <stdlib.h>

#include "text/ini.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
    if (!condition)
        abort();
}

static bool lies_in(struct span part, struct span text)
{
    return part.len == 0 || (part.at >= text.at && part.at + part.len <= text.at + text.len);
}

// The byte at a line and column; NULL behind the text's end.
static const char *byte_at(struct span text, uint32_t line, uint32_t column)
{
    size_t at = span_starts_with(text, "\xEF\xBB\xBF") ? 3 : 0;
    for (uint32_t passed = 1; passed < line; at++)
        passed += text.at[at] == '\n';
    at += column - 1;
    return at < text.len ? text.at + at : NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span text = {.at = (const char *)data, .len = size};
    struct ini ini;
    struct ini_entry entry;
    uint32_t line = 0;
    ini_init(&ini, text);
    while (ini_next(&ini, &entry)) {
        require(entry.line > line && entry.column > 0);
        line = entry.line;
        require(lies_in(entry.section, text) && lies_in(entry.key, text) && lies_in(entry.value, text));
        if (entry.problem == NULL) {
            require(entry.key.len == 0 || entry.key.at == byte_at(text, line, entry.column));
            require(entry.value.len == 0 || entry.value.at == byte_at(text, line, entry.value_column));
            require(entry.key.len + entry.value.len < INI_LINE_BYTES);
        }
    }
    return 0;
}
