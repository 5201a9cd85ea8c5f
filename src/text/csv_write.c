// SPDX-License-Identifier: Apache-2.0
// Pure functions, any thread.
#include "text/csv_write.h"

#include "text/utf8.h"

bool csv_needs_quotes(struct span text)
{
    if (text.len == 0 || text.at[0] == ' ' || text.at[0] == '\t' || text.at[text.len - 1] == ' ' ||
        text.at[text.len - 1] == '\t')
        return true;
    for (size_t i = 0; i < text.len; i++) {
        char c = text.at[i];
        if (c == ',' || c == '"' || c == '\r' || c == '\n')
            return true;
    }
    return false;
}

void csv_write_plain(struct buf *out, struct span text)
{
    while (text.len > 0) {
        size_t valid = utf8_prefix(text);
        buf_append(out, text.at, valid);
        span_drop(&text, valid);
        if (text.len > 0) {
            buf_append_str(out, UTF8_REPLACEMENT);
            span_drop(&text, 1);
        }
    }
}

void csv_write_cell(struct buf *out, struct span text)
{
    if (!csv_needs_quotes(text)) {
        csv_write_plain(out, text);
        return;
    }
    buf_append_byte(out, '"');
    while (text.len > 0) {
        size_t before = text.len;
        struct span part = span_split(&text, '"');
        csv_write_plain(out, part);
        if (part.len < before)
            buf_append(out, "\"\"", 2);
    }
    buf_append_byte(out, '"');
}
