// SPDX-License-Identifier: Apache-2.0
// The one place that knows such a line: who guesses a file's layout and who reads the file agree on it. To
// skip the line is theirs. No state.
#include "text/csv_sep.h"

char csv_sep(struct span text, size_t *ret_bytes, bool *ret_undecided)
{
    bool is_quoted = text.len > 0 && text.at[0] == '"';
    struct span start = span_of(is_quoted ? "\"sep=" : "sep=");
    size_t bytes = start.len + (is_quoted ? 2 : 1); // the delimiter, and a quote
    struct span have = {.at = text.at, .len = text.len < start.len ? text.len : start.len};
    start.len = have.len;
    bool begins = span_equal_nocase(have, start);
    *ret_bytes = bytes;
    *ret_undecided = begins && text.len <= bytes;
    if (!begins || text.len <= bytes)
        return '\0';
    char delimiter = text.at[start.len], end = text.at[bytes];
    bool is_delimiter = delimiter != '\r' && delimiter != '\n' && delimiter != '"';
    bool is_whole = (end == '\r' || end == '\n') && (!is_quoted || text.at[bytes - 1] == '"');
    return is_delimiter && is_whole ? delimiter : '\0';
}
