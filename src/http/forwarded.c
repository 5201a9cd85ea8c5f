// SPDX-License-Identifier: Apache-2.0
// Lists are walked from their end, and what lies before the element in hand is not looked at: so nothing that
// a client has put in front, an open quote, say, changes how what its proxy has added is read. No state; any
// thread.
#include "http/forwarded.h"

#include <string.h>
#include <sys/socket.h>

#include "base/ascii.h"
#include "http/chars.h"

static const char FOR_NAME[] = "x-forwarded-for", RFC_NAME[] = "forwarded", PREFIX[] = "x-forwarded-prefix";

// --- nodes: an address with or without a port (RFC 7239 section 6)

// False for "unknown", for a hidden name, and for all that is no address.
static bool read_node(struct span node, union address *ret_address)
{
    int port = 0;
    struct span host = node, rest = {0};
    if (node.at == NULL || node.len == 0)
        return false;
    const char *colon = memchr(node.at, ':', node.len), *last = memrchr(node.at, ':', node.len);
    if (node.at[0] == '[') {
        const char *end = memchr(node.at, ']', node.len);
        if (end == NULL)
            return false;
        host = (struct span){.at = node.at + 1, .len = (size_t)(end - node.at) - 1};
        rest = (struct span){.at = end + 1, .len = node.len - host.len - 2};
        if (rest.len > 0 && rest.at[0] != ':')
            return false;
    } else if (colon != NULL && colon == last) { // one with more of them is an IPv6 address
        host.len = (size_t)(colon - node.at);
        rest = (struct span){.at = colon, .len = node.len - host.len};
    }
    bool is_hidden = rest.len > 1 && rest.at[1] == '_'; // a port may be, too
    if (rest.len > 0 && !is_hidden)
        port = address_read_port((struct span){.at = rest.at + 1, .len = rest.len - 1});
    return port >= 0 && address_read_host(host, AF_UNSPEC, port, ret_address);
}

// --- elements

// Whether the quote at `at` is one of the text that is quoted: a backslash stands before it, which is not
// itself the text of another one.
static bool is_escaped(struct span list, size_t at)
{
    size_t slashes = 0;
    while (slashes < at && list.at[at - slashes - 1] == '\\')
        slashes++;
    return slashes % 2 == 1;
}

// Takes the last element off the list; commas in quotes are of the element.
static struct span take_last(struct span *list, bool has_quotes)
{
    bool is_quoted = false;
    size_t at = list->len;
    while (at > 0 && (is_quoted || list->at[at - 1] != ',')) {
        at--;
        if (has_quotes && list->at[at] == '"' && !is_escaped(*list, at))
            is_quoted = !is_quoted;
    }
    struct span element = {.at = list->at + at, .len = list->len - at};
    list->len = at > 0 ? at - 1 : 0;
    return span_trim(element);
}

// Takes "name=value" and the semicolon behind it off the element. The value comes without its quotes; one
// with an escaped character is no address, and comes as it is written. False where it is malformed.
static bool take_pair(struct span *element, struct span *ret_name, struct span *ret_value)
{
    size_t at = 0, len = element->len;
    const char *bytes = element->at;
    while (at < len && http_char_is(bytes[at], HTTP_TOKEN))
        at++;
    *ret_name = (struct span){.at = bytes, .len = at};
    if (at == 0 || at == len || bytes[at] != '=')
        return false;
    size_t start = ++at;
    if (at < len && bytes[at] == '"') {
        start = ++at;
        while (at < len && bytes[at] != '"')
            at += bytes[at] == '\\' ? 2 : 1;
        if (at >= len)
            return false;
        *ret_value = (struct span){.at = bytes + start, .len = at - start};
        at++;
    } else {
        while (at < len && http_char_is(bytes[at], HTTP_TOKEN))
            at++;
        *ret_value = (struct span){.at = bytes + start, .len = at - start};
        if (at == start)
            return false;
    }
    if (at < len && bytes[at] != ';')
        return false;
    at += at < len;
    *element = span_trim((struct span){.at = bytes + at, .len = len - at});
    return true;
}

// The node that an element of Forwarded is for; empty when it says none, or is malformed.
static struct span find_for(struct span element)
{
    struct span name, value, found = {0};
    bool has_for = false;
    while (element.len > 0) {
        if (element.at[0] == ';') { // pairs may be empty
            element = span_trim((struct span){.at = element.at + 1, .len = element.len - 1});
            continue;
        }
        if (!take_pair(&element, &name, &value))
            return (struct span){0};
        if (!span_is_nocase(name, "for"))
            continue;
        if (has_for) // RFC 7239 section 4: once at most
            return (struct span){0};
        has_for = true;
        found = value;
    }
    return found;
}

// --- the way

struct walk {
    const struct trust *trust; // borrowed
    union address client;      // as far as is known
    bool is_over;              // the client's address is found, or what is before it is not to be believed
    bool is_rfc;               // the field is Forwarded
    size_t hops;               // that were looked at
};

static void walk_list(struct walk *walk, struct span list)
{
    while (!walk->is_over && list.len > 0) {
        struct span element = take_last(&list, walk->is_rfc);
        if (element.len == 0) // RFC 9110 section 5.6.1.2
            continue;
        union address address;
        if (!read_node(walk->is_rfc ? find_for(element) : element, &address)) {
            walk->is_over = true;
            return;
        }
        walk->client = address;
        walk->is_over = ++walk->hops == LIMIT_FORWARDED_HOPS || !trust_has(walk->trust, &address);
    }
}

// Whether there is such a field; then it is walked.
static bool walk_fields(struct walk *walk, const struct http_request *head, const char *name)
{
    bool is_there = false;
    walk->is_rfc = name == RFC_NAME;
    for (size_t i = head->field_count; i-- > 0;) { // several are one list (RFC 9110 section 5.3)
        if (!span_is_nocase(head->fields[i].name, name))
            continue;
        is_there = true;
        walk_list(walk, head->fields[i].value);
    }
    return is_there;
}

void forwarded_client(const struct http_request *head, const struct trust *trust, const union address *peer,
    union address *ret_client)
{
    struct walk walk = {.trust = trust, .client = *peer};
    bool is_found = trust->field != FORWARDED_RFC && walk_fields(&walk, head, FOR_NAME);
    if (!is_found && trust->field != FORWARDED_FOR)
        (void)walk_fields(&walk, head, RFC_NAME);
    *ret_client = walk.client;
}

// --- the prefix

// Whether all of the path may stand in a link as it is: no part is empty, which could lead to another host
// ("//host"), or leads upwards.
static bool is_plain_path(struct span path)
{
    struct span rest = path;
    if (span_split(&rest, '/').len > 0 || rest.len == 0)
        return false;
    while (rest.len > 0) {
        struct span part = span_split(&rest, '/');
        if (part.len == 0 || span_is(part, ".") || span_is(part, ".."))
            return false;
        for (size_t i = 0; i < part.len; i++) {
            char c = part.at[i];
            if (!ascii_is_letter(c) && !ascii_is_digit(c) && (c == '\0' || strchr("-._~", c) == NULL))
                return false;
        }
    }
    return true;
}

struct span forwarded_prefix(const struct http_request *head)
{
    const struct http_field *only = NULL;
    for (size_t i = 0; i < head->field_count; i++) {
        if (!span_is_nocase(head->fields[i].name, PREFIX))
            continue;
        if (only != NULL)
            return (struct span){0};
        only = &head->fields[i];
    }
    struct span prefix = only != NULL ? only->value : (struct span){0};
    if (prefix.len > 0 && prefix.at[prefix.len - 1] == '/')
        prefix.len--;
    bool is_good = prefix.len <= LIMIT_PREFIX_BYTES && is_plain_path(prefix);
    return is_good ? prefix : (struct span){0};
}
