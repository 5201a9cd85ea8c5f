// SPDX-License-Identifier: Apache-2.0
// Looks at the bytes up to the path, and no further. To find the host's addresses and to connect is left to
// net/outbound.h and libcurl. Pure; any thread.
#include "text/url_origin.h"

#include <string.h>

static const char HTTPS[] = "https://", HTTP[] = "http://", LOOPBACK[] = "http://127.0.0.1";

// "http://127.0.0.1:8000/keys", and not "http://127.0.0.1.example".
static bool is_loopback(struct span url)
{
    size_t len = strlen(LOOPBACK);
    return span_starts_with(url, LOOPBACK) && url.len > len && (url.at[len] == ':' || url.at[len] == '/');
}

bool url_is_private(struct span url)
{
    size_t len = strlen(HTTPS);
    bool has_host = url.len > len && url.at[len] != '/' && url.at[len] != '?' && url.at[len] != '#';
    return (span_starts_with(url, HTTPS) && has_host) || is_loopback(url);
}

bool url_is_plain(struct span url)
{
    for (size_t i = 0; i < url.len; i++) {
        if (url.at[i] <= ' ' || url.at[i] > '~' || url.at[i] == '@' || url.at[i] == '\\')
            return false;
    }
    return true;
}

// "8443", and not "0443" or "".
static bool is_normal_port(struct span port, const char *scheme_port)
{
    for (size_t i = 0; i < port.len; i++) {
        if (!ascii_is_digit(port.at[i]))
            return false;
    }
    return port.len > 0 && port.at[0] != '0' && !span_is(port, scheme_port);
}

// How long the host in front of a port is; 0 where it is not normal.
static size_t normal_host(struct span text)
{
    size_t len = 0;
    bool in_brackets = false; // of an IPv6 address
    for (; len < text.len && (in_brackets || text.at[len] != ':'); len++) {
        char byte = text.at[len];
        if ((byte >= 'A' && byte <= 'Z') || byte == '%')
            return 0;
        in_brackets = byte == '[' || (in_brackets && byte != ']');
    }
    return len > 0 && text.at[len - 1] != '.' ? len : 0;
}

bool url_is_normal(struct span url)
{
    bool is_https = span_starts_with(url, HTTPS);
    size_t skipped = strlen(is_https ? HTTPS : HTTP);
    if (!is_https && !span_starts_with(url, HTTP))
        return false;
    struct span host = {.at = url.at + skipped, .len = url_origin(url).len - skipped};
    size_t len = normal_host(host);
    if (len == 0 || len == host.len)
        return len > 0;
    struct span port = {.at = host.at + len + 1, .len = host.len - len - 1};
    return is_normal_port(port, is_https ? "443" : "80");
}

struct span url_origin(struct span url)
{
    size_t slashes = 0, len = 0;
    while (len < url.len && url.at[len] != '?' && url.at[len] != '#' && (slashes += url.at[len] == '/') < 3)
        len++;
    return (struct span){.at = url.at, .len = len};
}
