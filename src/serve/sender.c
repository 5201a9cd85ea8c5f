// SPDX-License-Identifier: Apache-2.0
// An id is what a token's issuer has written, so it may hold what a database refuses. On the request's loop.
#include "serve/sender.h"

#include <string.h>

#include "access/account_name.h"
#include "base/limits.h"

const char *sender_kind(const struct client *client)
{
    static const char *const kinds[] = {
        [CLIENT_KEY] = "key", [CLIENT_TOKEN] = "token", [CLIENT_CERTIFICATE] = "certificate"};
    return kinds[client->kind];
}

struct span sender_id(const struct client *client, struct arena *arena)
{
    AUTO(buf_fini) struct buf id;
    buf_init(&id, 4 * LIMIT_HEAD_BYTES);
    account_name_write_id(client->id, &id);
    const char *at = buf_status(&id) == ERR_NONE ? arena_strndup(arena, id.data, id.len) : NULL;
    return (struct span){.at = at, .len = id.len};
}

bool sender_read(struct request *request, struct http_exchange *exchange, struct batch_source *ret_source)
{
    const char *peer = http_peer(exchange);
    size_t len = strlen(peer);
    const char *address = arena_strndup(&request->arena, peer, len);
    if (address == NULL)
        return false;
    *ret_source = (struct batch_source){.address = {.at = address, .len = len}};
    if (request->client == NULL)
        return true;
    ret_source->client_kind = span_of(sender_kind(request->client));
    ret_source->client = sender_id(request->client, &request->arena);
    return ret_source->client.at != NULL;
}
