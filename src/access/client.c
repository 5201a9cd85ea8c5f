// SPDX-License-Identifier: Apache-2.0
// What a client may, by its scopes alone: whether its time is over is its table's business. Any thread.
#include "access/client.h"

static bool names_endpoint(struct span scope, enum http_method method, struct span path)
{
    struct span rest = scope;
    return span_is(span_split(&rest, ' '), http_method_name(method)) && span_equal(rest, path);
}

bool client_may(const struct client *client, enum http_method method, struct span path, struct span scope)
{
    bool is_narrowed = false;
    for (size_t i = 0; i < client->scope_count; i++) {
        struct span has = client->scopes[i];
        bool is_endpoint = memchr(has.at, ' ', has.len) != NULL;
        is_narrowed |= is_endpoint;
        if (is_endpoint ? names_endpoint(has, method, path) : scope.len > 0 && span_equal(has, scope))
            return true;
    }
    return scope.len == 0 && !is_narrowed;
}

const struct span *client_claim(const struct client *client, struct span name)
{
    for (size_t i = 0; i < client->claim_count; i++) {
        if (span_equal(client->claims[i].name, name))
            return &client->claims[i].text;
    }
    return NULL;
}
