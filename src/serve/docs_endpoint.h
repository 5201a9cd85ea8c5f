// SPDX-License-Identifier: Apache-2.0
// One endpoint on /-/docs. A failed append sticks to `out`. Any thread.
#ifndef RECKONER_SERVE_DOCS_ENDPOINT_H
#define RECKONER_SERVE_DOCS_ENDPOINT_H

#include "app/endpoint.h"
#include "base/buf.h"

// All that is told of it: what it takes, answers and refuses, and examples.
void docs_add_endpoint(struct buf *out, const struct endpoint *endpoint);

// Its name, as people read it.
void docs_add_name(struct buf *out, const struct endpoint *endpoint);

// What it is called in links of the page: no two apps have the same method and path.
void docs_add_id(struct buf *out, const struct endpoint *endpoint);

#endif
