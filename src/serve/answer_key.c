// SPDX-License-Identifier: Apache-2.0
// Of a coded answer there are as many kept ones as there are codings that clients want, and one of a short
// one.
#include "serve/answer_key.h"

#include "base/limits.h"

bool answer_key(struct request *request, enum coding coding, struct key *ret_key)
{
    const struct endpoint *endpoint = request->endpoint;
    struct key_parts parts = {.app = request->app->number,
        .endpoint = (uint32_t)(endpoint - request->app->endpoints),
        .format = (uint16_t)((unsigned)request->format << 8 | (unsigned)coding << 1 | request->varies)};
    return key_make(&parts, request->params, endpoint->param_count, &request->arena, ret_key);
}

bool answer_has_one_coding(size_t bytes)
{
    return bytes < LIMIT_CODED_BYTES;
}
