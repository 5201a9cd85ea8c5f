// SPDX-License-Identifier: Apache-2.0
// One transfer by libcurl, which knows Unix sockets, IPv6 and TLS; what differs is how an address is written.
#include "cmd/page_client.h"

#include <curl/curl.h>
#include <string.h>

#include "base/attr.h"

enum { URL_BYTES = 1024 }; // more than any address that can be listened on

// What a transfer is built of.
struct target {
    struct buf url;
    struct buf socket; // the path of a Unix socket; empty: none
    bool is_proxied;   // the connection has to begin with a PROXY header
};

static void target_fini(struct target *target)
{
    buf_fini(&target->url);
    buf_fini(&target->socket);
}

static void write_host_and_port(struct span address, struct buf *url)
{
    const char *colon = address.len > 0 ? memrchr(address.at, ':', address.len) : NULL;
    size_t host_len = colon != NULL ? (size_t)(colon - address.at) : 0;
    struct span host = {.at = address.at, .len = host_len}, port = address;
    if (colon != NULL)
        port = (struct span){.at = colon + 1, .len = address.len - host_len - 1};
    if (host.len == 0 || span_is(host, "0.0.0.0"))
        host = span_of("127.0.0.1");
    else if (span_is(host, "[::]"))
        host = span_of("[::1]");
    buf_append_str(url, "http://");
    buf_append(url, host.at, host.len);
    buf_append_byte(url, ':');
    buf_append(url, port.at, port.len);
}

static enum err_code read_address(
    struct span address, const char *page, struct target *target, struct err *err)
{
    struct span rest = address;
    struct span place = span_split(&rest, ',');
    if (span_starts_with(place, "unix:")) {
        (void)span_split(&place, ':');
        buf_append(&target->socket, place.at, place.len);
        buf_append_byte(&target->socket, '\0');
        buf_append_str(&target->url, "http://localhost");
    } else if (span_starts_with(place, "http://") || span_starts_with(place, "https://")) {
        while (place.len > 0 && place.at[place.len - 1] == '/')
            place.len--;
        buf_append(&target->url, place.at, place.len);
    } else {
        write_host_and_port(place, &target->url);
    }
    while (rest.len > 0) // words about the socket: "127.0.0.1:8080,proxy"
        target->is_proxied = span_is(span_split(&rest, ','), "proxy") || target->is_proxied;
    buf_append_str(&target->url, page);
    buf_append_byte(&target->url, '\0');
    if (buf_status(&target->url) != ERR_NONE || buf_status(&target->socket) != ERR_NONE)
        return err_set(err, ERR_CONFIG, "%.40s… is too long for an address", address.at);
    return ERR_NONE;
}

static size_t on_body(char *bytes, size_t size, size_t count, void *ctx)
{
    return buf_append(ctx, bytes, size * count) == ERR_NONE ? size * count : 0;
}

static bool set_options(CURL *curl, const struct target *target, uint64_t timeout_ms, struct buf *body)
{
    const char *socket = target->socket.len > 0 ? target->socket.data : NULL;
    return curl_easy_setopt(curl, CURLOPT_URL, target->url.data) == CURLE_OK &&
           (socket == NULL || curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, socket) == CURLE_OK) &&
           curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https") == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_PROXY, "") == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_HAPROXYPROTOCOL, target->is_proxied ? 1L : 0L) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 0L) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 0L) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)timeout_ms) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_USERAGENT, "reckoner/" RECKONER_VERSION) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_WRITEDATA, body) == CURLE_OK;
}

static enum err_code fail(CURLcode result, const struct buf *body, struct err *err)
{
    if (buf_status(body) != ERR_NONE)
        return err_set(err, buf_status(body), "its answer is too large");
    return err_set(err,
        result == CURLE_OPERATION_TIMEDOUT ? ERR_TIMEOUT
        : result == CURLE_URL_MALFORMAT    ? ERR_CONFIG
                                           : ERR_IO,
        "%s", curl_easy_strerror(result));
}

static enum err_code ask(CURL *curl, const struct target *target, uint64_t timeout_ms, struct buf *body,
    long *ret_status, struct err *err)
{
    if (!set_options(curl, target, timeout_ms, body))
        return err_set(err, ERR_IO, "libcurl cannot be set up");
    CURLcode result = curl_easy_perform(curl);
    if (result == CURLE_OK)
        result = curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, ret_status);
    return result == CURLE_OK ? ERR_NONE : fail(result, body, err);
}

enum err_code page_get(struct span address, const char *page, uint64_t timeout_ms, struct buf *body,
    long *ret_status, struct err *err)
{
    AUTO(target_fini) struct target target = {.is_proxied = false};
    buf_init(&target.url, URL_BYTES);
    buf_init(&target.socket, URL_BYTES);
    enum err_code code = read_address(address, page, &target, err);
    if (code != ERR_NONE)
        return code;
    CURL *curl = curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK ? curl_easy_init() : NULL;
    code = curl != NULL ? ask(curl, &target, timeout_ms, body, ret_status, err)
                        : err_set(err, ERR_IO, "libcurl cannot be set up");
    curl_easy_cleanup(curl);
    curl_global_cleanup();
    return code;
}
