// SPDX-License-Identifier: Apache-2.0
// Any thread, once outbound_init is done.
#include "access/fetch.h"

#include <stdbool.h>

#include "base/limits.h"
#include "base/span.h"
#include "net/outbound.h"
#include "text/number.h"

enum { MAX_REDIRECTS = 3 };

// What the callbacks know.
struct fetching {
    const atomic_bool *is_ending; // borrowed, as the next
    struct buf *body;             //
    int64_t max_age_s;            // of the response that comes, as far as is known
};

static size_t on_body(char *bytes, size_t size, size_t count, void *ctx)
{
    const struct fetching *fetching = ctx;
    return buf_append(fetching->body, bytes, size * count) == ERR_NONE ? size * count : 0;
}

static void read_cache_control(struct span directives, struct fetching *fetching)
{
    while (directives.len > 0) {
        struct span directive = span_trim(span_split(&directives, ','));
        int64_t seconds;
        if (!span_starts_with_nocase(directive, "max-age="))
            continue;
        (void)span_split(&directive, '=');
        if (number_parse_integer(directive, &seconds) && seconds > 0)
            fetching->max_age_s = seconds;
    }
}

// Of each response, as there are redirects: what counts is what the last one says.
static size_t on_header(char *bytes, size_t size, size_t count, void *ctx)
{
    struct fetching *fetching = ctx;
    struct span rest = {.at = bytes, .len = size * count};
    struct span line = span_line(&rest);
    if (span_starts_with(line, "HTTP/"))
        fetching->max_age_s = 0;
    struct span name = span_split(&line, ':');
    if (span_is_nocase(name, "Cache-Control"))
        read_cache_control(line, fetching);
    return size * count;
}

static int on_progress(void *ctx, curl_off_t all, curl_off_t got, curl_off_t to_send, curl_off_t sent)
{
    const struct fetching *fetching = ctx;
    (void)all;
    (void)got;
    (void)to_send;
    (void)sent;
    return atomic_load_explicit(fetching->is_ending, memory_order_relaxed) ? 1 : 0;
}

static bool set_options(CURL *curl, const char *url, struct fetching *fetching)
{
    return outbound_set(curl, url, LIMIT_JWKS_FETCH_MS) &&
           curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 1L) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_MAXREDIRS, (long)MAX_REDIRECTS) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_WRITEDATA, fetching) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, on_header) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_HEADERDATA, fetching) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, on_progress) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_XFERINFODATA, fetching) == CURLE_OK;
}

static enum err_code perform(CURL *curl, const struct fetching *fetching, struct err *err)
{
    CURLcode result = curl_easy_perform(curl);
    long status = 0;
    if (result == CURLE_OK)
        return ERR_NONE;
    if (buf_status(fetching->body) == ERR_TOO_LARGE)
        return err_set(err, ERR_TOO_LARGE, "it has more than %zu bytes", fetching->body->max);
    if (result == CURLE_HTTP_RETURNED_ERROR &&
        curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status) == CURLE_OK)
        return err_set(err, ERR_BUSY, "its server answers %ld", status);
    return err_set(err, ERR_BUSY, "%s", curl_easy_strerror(result));
}

enum err_code fetch_document(
    const char *url, const atomic_bool *is_ending, struct buf *body, int64_t *ret_max_age_s, struct err *err)
{
    struct fetching fetching = {.is_ending = is_ending, .body = body};
    CURL *curl = curl_easy_init();
    enum err_code code = curl != NULL && set_options(curl, url, &fetching) ? perform(curl, &fetching, err)
                                                                           : err_no_memory(err);
    curl_easy_cleanup(curl);
    if (code == ERR_NONE)
        *ret_max_age_s = fetching.max_age_s;
    return code;
}
