// SPDX-License-Identifier: Apache-2.0
// What the logs say of a request: the access log when it is over, the error log when it fails. As lines of
// text, or as JSON where the log has that form. And its spans (request_spans.h).
#ifndef RECKONER_SERVE_REQUEST_LOG_H
#define RECKONER_SERVE_REQUEST_LOG_H

#include <stddef.h>

#include "base/err.h"
#include "serve/request.h"

// Its exchange is over; status 0: the client went away before its answer. On its loop, while another thread
// may have the request. NULL: one that http has refused by itself.
void request_log_end(
    struct context *context, const struct request *request, const char *peer, int status, size_t body_bytes);

// An error that the client is not at fault for: "POST /rates: …", and `id` before that, by which the client
// asks about it; NULL: it has none. On the thread that owns the request.
void request_log_error(const struct request *request, const char *id, const struct err *err);

#endif
