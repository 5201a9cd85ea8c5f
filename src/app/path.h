// SPDX-License-Identifier: Apache-2.0
// Paths of endpoints: parts between slashes, some of which are parameters. Any thread.
#ifndef RECKONER_APP_PATH_H
#define RECKONER_APP_PATH_H

#include <stdbool.h>

#include "app/endpoint.h"
#include "base/arena.h"
#include "base/err.h"

// The problem of a path that an @endpoint declares, as the end of a sentence about it ("has a query; …"), or
// NULL.
const char *path_problem(struct span path);

// Splits a path without problems into its parts, in `arena`. A parameter's index is 0; endpoint_check.c
// sets it. ERR_NO_MEMORY.
MUST_CHECK enum err_code path_split(
    struct span path, struct arena *arena, struct path_part **ret_parts, size_t *ret_count);

// Whether two paths differ in nothing but the names of their parameters, so that they match the same
// requests.
bool path_is_same(const struct endpoint *a, const struct endpoint *b);

// Whether a request's path, percent-encoded and without a query, is one of the endpoint's. ERR_NO_MEMORY.
MUST_CHECK enum err_code path_matches(
    const struct endpoint *endpoint, struct span path, struct arena *arena, bool *ret_matches);

#endif
