// SPDX-License-Identifier: Apache-2.0
// Quotes names and texts for SQL. Pure; any thread.
#include "text/sql_quote.h"

static void append_quoted(struct buf *sql, struct span text, char quote)
{
    buf_append_byte(sql, quote);
    for (size_t i = 0; i < text.len; i++) {
        if (text.at[i] == quote)
            buf_append_byte(sql, quote);
        buf_append_byte(sql, text.at[i]);
    }
    buf_append_byte(sql, quote);
}

void sql_append_name(struct buf *sql, struct span name)
{
    append_quoted(sql, name, '"');
}

void sql_append_literal(struct buf *sql, struct span text)
{
    append_quoted(sql, text, '\'');
}
