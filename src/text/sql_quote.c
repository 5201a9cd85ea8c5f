// SPDX-License-Identifier: Apache-2.0
// Quotes names and texts for SQL, and takes the quotes off names. Pure; any thread.
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

char sql_closing_quote(struct span name)
{
    if (name.len < 2 || (name.at[0] != '"' && name.at[0] != '`' && name.at[0] != '['))
        return '\0';
    return name.at[0] == '[' ? ']' : name.at[0];
}

struct span sql_unquoted(struct span name)
{
    bool is_quoted = sql_closing_quote(name) != '\0';
    return is_quoted ? (struct span){.at = name.at + 1, .len = name.len - 2} : name;
}

void sql_append_literal(struct buf *sql, struct span text)
{
    append_quoted(sql, text, '\'');
}
