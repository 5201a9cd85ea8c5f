// SPDX-License-Identifier: Apache-2.0
// What all requests have in common that the server itself makes, by libcurl: keys of issuers, spans, hooks.
#ifndef RECKONER_NET_OUTBOUND_H
#define RECKONER_NET_OUTBOUND_H

#include <curl/curl.h>
#include <stdbool.h>

#include "base/err.h"

// Once in the process, before its second thread; again is fine. ERR_IO.
MUST_CHECK enum err_code outbound_init(struct err *err);

// Sets a handle up for a request of `time_ms` at most, to an https URL; http where the URL itself says so.
// Redirects are not followed unless the caller says so, and not to the other scheme. False without memory.
MUST_CHECK bool outbound_set(CURL *curl, const char *url, long time_ms);

// The same, of a POST with the header lines `fields`; all are borrowed until the handle is set up anew. What
// is answered is left unread.
MUST_CHECK bool outbound_set_post(
    CURL *curl, const char *url, long time_ms, const char *body, size_t len, struct curl_slist *fields);

#endif
