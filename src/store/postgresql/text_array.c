// SPDX-License-Identifier: Apache-2.0
// Arrays of texts as PostgreSQL reads them ("8.15.2. Array Value Input"). Pure functions; any thread.
#include "store/postgresql/text_array.h"

#include "base/ascii.h"
#include "text/sql_scan.h"

void pg_append_item(struct buf *array, struct span item)
{
    buf_append_str(array, array->len == 0 ? "{\"" : ",\"");
    for (size_t i = 0; i < item.len; i++) {
        if (item.at[i] == '"' || item.at[i] == '\\')
            buf_append_byte(array, '\\');
        buf_append_byte(array, item.at[i]);
    }
    buf_append_byte(array, '"');
}

void pg_end_array(struct buf *array)
{
    buf_append_str(array, array->len == 0 ? "{}" : "}");
    buf_append_byte(array, '\0');
}

void pg_append_words(const char *sql, struct buf *array)
{
    struct sql_scan scan;
    sql_scan_init(&scan, span_of(sql), SQL_POSTGRESQL);
    for (struct sql_token token; (token = sql_scan_next(&scan)).kind != SQL_END;) {
        struct span word = token.text;
        bool is_quoted = word.len > 2 && word.at[0] == '"';
        if (is_quoted)
            word = (struct span){.at = word.at + 1, .len = word.len - 2};
        if (token.kind != SQL_CODE || word.at[0] == '\'')
            continue;
        size_t start = array->len;
        pg_append_item(array, word);
        for (size_t i = start; !is_quoted && i < array->len; i++)
            array->data[i] = ascii_lower(array->data[i]); // as PostgreSQL takes them
    }
    pg_end_array(array);
}
