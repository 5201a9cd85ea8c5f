// SPDX-License-Identifier: Apache-2.0
// Writes fields out of a request's own path and query. Text that the client sent is encoded again, so that
// nothing in it can end the field. No state.
#include "serve/link.h"

#include "text/url.h"

// What a path or a query may have as it is (RFC 3986 section 3.3 and 3.4). All of it may stand between < and
// >.
static bool is_plain(char c)
{
    return ascii_is_letter(c) || ascii_is_digit(c) || (c != '\0' && strchr("-._~!$&'()*+,;=:@/?", c) != NULL);
}

static void write_encoded(struct span text, struct buf *out)
{
    for (size_t i = 0; i < text.len; i++) {
        bool is_code = text.at[i] == '%' && text.len - i > 2 && ascii_hex(text.at[i + 1]) >= 0 &&
                       ascii_hex(text.at[i + 2]) >= 0;
        if (is_code || is_plain(text.at[i]))
            buf_append_byte(out, text.at[i]);
        else
            buf_printf(out, "%%%02X", (unsigned)(unsigned char)text.at[i]);
    }
}

static bool is_called(struct span raw_name, struct span name, struct arena *arena)
{
    struct span decoded;
    return url_decode(raw_name, true, arena, &decoded) && span_equal(decoded, name);
}

void link_write_next(const struct link_target *target, struct span name, struct span cursor,
    struct arena *arena, struct buf *out)
{
    struct span query = target->query, raw_name, raw_value;
    char separator = '?';
    buf_append_str(out, "Link: <");
    write_encoded(target->prefix, out);
    write_encoded(target->path, out);
    while (url_next_pair(&query, &raw_name, &raw_value)) {
        if (is_called(raw_name, name, arena))
            continue;
        buf_append_byte(out, separator);
        write_encoded(raw_name, out);
        if (raw_value.len > 0)
            buf_append_byte(out, '=');
        write_encoded(raw_value, out);
        separator = '&';
    }
    buf_append_byte(out, separator);
    write_encoded(name, out);
    buf_append_byte(out, '=');
    buf_append(out, cursor.at, cursor.len);
    buf_append_str(out, ">; rel=\"next\"\r\n");
}

void link_write_location(const struct link_target *target, struct buf *out)
{
    buf_append_str(out, "Location: ");
    write_encoded(target->prefix, out);
    write_encoded(target->path, out);
    buf_append_byte(out, '/');
    if (target->query.len > 0)
        buf_append_byte(out, '?');
    write_encoded(target->query, out);
    buf_append_str(out, "\r\n");
}
