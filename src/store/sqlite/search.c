// SPDX-License-Identifier: Apache-2.0
// search_terms(text): a query for FTS5 that finds what has all words of the text, and search_prefix(text):
// the same, with the last word being the beginning of one. A word is quoted, so that nothing in it means
// anything to FTS5: "new" "york". A text without words becomes "", which finds nothing and is no error. The
// connection's thread.
#include "store/sqlite/search.h"

#include "base/buf.h"
#include "base/limits.h"
#include "store/sqlite/conn.h"
#include "text/search_words.h"
#include "text/utf8.h"

static void write_query(struct span text, bool is_prefix, struct buf *out)
{
    struct span word;
    for (size_t i = 0; i < LIMIT_SEARCH_WORDS && search_word_next(&text, &word); i++) {
        buf_append_str(out, i > 0 ? " \"" : "\"");
        buf_append(out, word.at, utf8_cut(word, LIMIT_SEARCH_WORD_BYTES));
        buf_append_byte(out, '"');
    }
    if (out->len == 0)
        buf_append_str(out, "\"\"");
    else if (is_prefix)
        buf_append_byte(out, '*');
}

static void answer(sqlite3_context *context, sqlite3_value *value, bool is_prefix)
{
    AUTO(buf_fini) struct buf out;
    buf_init(&out, LIMIT_SEARCH_WORDS * (LIMIT_SEARCH_WORD_BYTES + 4));
    const char *text = (const char *)sqlite3_value_text(value); // NULL of null
    size_t len = (size_t)sqlite3_value_bytes(value);
    write_query((struct span){.at = text, .len = text != NULL ? len : 0}, is_prefix, &out);
    if (buf_status(&out) == ERR_NONE)
        sqlite3_result_text(context, out.data, (int)out.len, SQLITE_TRANSIENT);
    else
        sqlite3_result_error_nomem(context);
}

static void on_terms(sqlite3_context *context, int count, sqlite3_value **values)
{
    (void)count; // as it was installed
    answer(context, values[0], false);
}

static void on_prefix(sqlite3_context *context, int count, sqlite3_value **values)
{
    (void)count;
    answer(context, values[0], true);
}

int sqlite_search_install(struct sqlite_conn *conn)
{
    int flags = SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_INNOCUOUS;
    int result =
        sqlite3_create_function_v2(conn->db, "search_terms", 1, flags, NULL, on_terms, NULL, NULL, NULL);
    if (result == SQLITE_OK)
        result = sqlite3_create_function_v2(
            conn->db, "search_prefix", 1, flags, NULL, on_prefix, NULL, NULL, NULL);
    return result;
}
