// SPDX-License-Identifier: Apache-2.0
// Any thread, once outbound_init is done.
#include "net/outbound.h"

#include "base/span.h"

enum err_code outbound_init(struct err *err)
{
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        return err_set(err, ERR_IO, "libcurl cannot be set up");
    return ERR_NONE;
}

bool outbound_set(CURL *curl, const char *url, long time_ms)
{
    const char *scheme = span_starts_with(span_of(url), "http:") ? "http" : "https";
    return curl_easy_setopt(curl, CURLOPT_URL, url) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, scheme) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_REDIR_PROTOCOLS_STR, scheme) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_FAILONERROR, 1L) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, time_ms) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_USERAGENT, "reckoner/" RECKONER_VERSION) == CURLE_OK;
}

static size_t ignore(char *bytes, size_t size, size_t count, void *ctx)
{
    (void)bytes, (void)ctx;
    return size * count;
}

bool outbound_set_post(
    CURL *curl, const char *url, long time_ms, const char *body, size_t len, struct curl_slist *fields)
{
    return outbound_set(curl, url, time_ms) &&
           curl_easy_setopt(curl, CURLOPT_HTTPHEADER, fields) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)len) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, ignore) == CURLE_OK;
}
