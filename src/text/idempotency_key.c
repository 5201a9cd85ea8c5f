// SPDX-License-Identifier: Apache-2.0
// In quotes a backslash stands before " and itself, and before nothing else (RFC 9651 section 4.2.5). Without
// them neither of the two, nor a comma, which joins two fields, may be part of the key. Pure.
#include "text/idempotency_key.h"

#include <string.h>

static bool is_visible(char c)
{
    return c > 0x20 && c < 0x7f;
}

// Takes the next character of a quoted key; false where there is none that may stand there.
static bool take_quoted(struct span *rest, char *ret_char)
{
    size_t len = rest->len > 0 && rest->at[0] == '\\' ? 2 : 1;
    if (rest->len < len)
        return false;
    char c = rest->at[len - 1];
    if (!is_visible(c) || (len == 2 && c != '"' && c != '\\'))
        return false;
    span_drop(rest, len);
    *ret_char = c;
    return true;
}

static bool take_bare(struct span *rest, char *ret_char)
{
    char c = rest->at[0];
    if (!is_visible(c) || c == '"' || c == '\\' || c == ',')
        return false;
    span_drop(rest, 1);
    *ret_char = c;
    return true;
}

bool idempotency_key_read(struct span field, char ret_key[IDEMPOTENCY_KEY_CHARS], size_t *ret_len)
{
    char key[IDEMPOTENCY_KEY_CHARS];
    size_t len = 0;
    bool is_quoted = field.len > 0 && field.at[0] == '"';
    struct span rest = is_quoted ? span_from(field, 1) : field;
    while (rest.len > 0 && !(is_quoted && rest.at[0] == '"')) {
        if (len == IDEMPOTENCY_KEY_CHARS - 1 ||
            !(is_quoted ? take_quoted(&rest, &key[len]) : take_bare(&rest, &key[len])))
            return false;
        len++;
    }
    if (len == 0 || rest.len != is_quoted)
        return false;
    key[len] = '\0';
    memcpy(ret_key, key, len + 1);
    *ret_len = len;
    return true;
}
