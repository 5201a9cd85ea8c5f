// SPDX-License-Identifier: Apache-2.0
// Which target forms and hosts are valid, and where their parts lie. Looks at bytes only: nothing is decoded
// or resolved here. Any thread.
#include "http/target.h"

#include "base/ascii.h"
#include "http/chars.h"

// The length of the IP-literal in brackets that `host` starts with, or 0. Its groups are not looked at: it
// is never connected to.
static size_t ip_literal_len(struct span host)
{
    size_t at = 1;
    while (at < host.len && (ascii_hex(host.at[at]) >= 0 || host.at[at] == ':' || host.at[at] == '.'))
        at++;
    return at > 1 && at < host.len && host.at[at] == ']' ? at + 1 : 0;
}

static size_t reg_name_len(struct span host)
{
    size_t at = 0;
    while (at < host.len) {
        if (http_char_is(host.at[at], HTTP_HOST))
            at++;
        else if (host.at[at] == '%' && host.len - at > 2 && ascii_hex(host.at[at + 1]) >= 0 &&
                 ascii_hex(host.at[at + 2]) >= 0)
            at += 3;
        else
            break;
    }
    return at;
}

bool http_host_is_valid(struct span host)
{
    if (host.len == 0)
        return false;
    size_t at = host.at[0] == '[' ? ip_literal_len(host) : reg_name_len(host);
    if (at == 0)
        return false;
    if (at == host.len)
        return true;
    if (host.at[at++] != ':')
        return false;
    unsigned port = 0; // "host:" without a digit is allowed, RFC 3986 section 3.2.3
    for (; at < host.len; at++) {
        if (!ascii_is_digit(host.at[at]))
            return false;
        port = port * 10 + (unsigned)(host.at[at] - '0');
        if (port > 65535)
            return false;
    }
    return true;
}

// Cuts scheme and authority off an absolute-form target; false when they are not valid.
static bool cut_authority(struct span target, struct span *ret_rest)
{
    size_t scheme_len;
    if (span_starts_with_nocase(target, "http://"))
        scheme_len = 7;
    else if (span_starts_with_nocase(target, "https://"))
        scheme_len = 8;
    else
        return false;
    size_t end = scheme_len;
    while (end < target.len && target.at[end] != '/' && target.at[end] != '?')
        end++;
    if (!http_host_is_valid((struct span){.at = target.at + scheme_len, .len = end - scheme_len}))
        return false;
    *ret_rest = span_from(target, end);
    return true;
}

const char *http_target_split(struct span target, enum http_method method, struct http_target *ret_target)
{
    struct span rest = target;
    if (span_is(target, "*")) {
        if (method != HTTP_OPTIONS)
            return "the request target * is for OPTIONS only";
        *ret_target = (struct http_target){.asterisk = true};
        return NULL;
    }
    if (target.len == 0 || (target.at[0] != '/' && !cut_authority(target, &rest)))
        return "the request target must be a path or an http URL with a host";
    const char *mark = rest.len > 0 ? memchr(rest.at, '?', rest.len) : NULL;
    struct http_target split = {.path = rest};
    if (mark != NULL) {
        split.path.len = (size_t)(mark - rest.at);
        split.query = span_from(rest, split.path.len + 1);
    }
    *ret_target = split;
    return NULL;
}
