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

// The number of the line in which `part` stands.
static uint32_t line_of(struct span text, struct span part)
{
    uint32_t line = 1;
    for (const char *at = text.at; at < part.at; at++)
        line += *at == '\n';
    return line;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span text = {.at = (const char *)data, .len = size};
    struct ini ini;
    struct ini_entry entry;
    uint32_t line = 0;
    ini_init(&ini, text);
    while (ini_next(&ini, &entry)) {
        require(entry.line > line);
        line = entry.line;
        require(lies_in(entry.section, text) && lies_in(entry.key, text) && lies_in(entry.value, text));
        if (entry.problem == NULL) {
            require(entry.key.len == 0 || line_of(text, entry.key) == line);
            require(entry.value.len == 0 || line_of(text, entry.value) == line);
            require(entry.key.len + entry.value.len < INI_LINE_BYTES);
        }
    }
    return 0;
}
