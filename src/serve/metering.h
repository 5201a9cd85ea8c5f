// SPDX-License-Identifier: Apache-2.0
// What of a request is usage, and whose. On the request's loop.
//
// Each request of an endpoint counts that was let in, by the door and by limits, whatever became of it then:
// so what clients have used adds up to the lines of the access log, but for those that were refused. A job
// counts as the request that has brought it, at its answer, and its rows when they are in.
#ifndef RECKONER_SERVE_METERING_H
#define RECKONER_SERVE_METERING_H

#include <stdbool.h>

#include "http/message.h"
#include "serve/near_hit.h"
#include "serve/request.h"

// Counts a request whose exchange is over and which nobody else has any more.
void metering_count(const struct request *request);

// Counts the rows of a job that is done, of a client by its id, or of nobody known. On the runner's thread of
// the service.
void metering_count_job(
    const struct context *context, size_t service, struct span client, const struct batch *batch);

// Counts one that is answered without a request of its own.
void metering_count_near(const struct context *context, const struct loop *loop, const struct near_hit *hit,
    enum http_method method);

#endif
