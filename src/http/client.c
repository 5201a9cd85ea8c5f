// SPDX-License-Identifier: Apache-2.0
// Asks whom the server trusts, and forwarded.c what they say. A request that no proxy has passed on costs an
// atomic load here.
#include "http/client.h"

#include <string.h>

#include "base/mem.h"
#include "http/forwarded.h"

bool client_find(struct http_exchange *exchange, const struct http_request *head)
{
    struct connection *connection = exchange->connection;
    struct lane *lane = connection->lane;
    const struct trust *trust = trusted_now(&lane->shared->trusted, &lane->trusted);
    if (trust == NULL || connection->is_unknown || !trust_has(trust, &connection->peer))
        return true;
    struct http_client *client = mem_alloc(sizeof(*client));
    if (client == NULL)
        return false;
    struct span prefix = forwarded_prefix(head);
    forwarded_client(head, trust, &connection->peer, &client->address);
    client->text[0] = '\0';
    client->prefix_len = prefix.len;
    if (prefix.len > 0)
        memcpy(client->prefix, prefix.at, prefix.len);
    exchange->client = client;
    return true;
}

const char *http_peer(struct http_exchange *exchange)
{
    struct connection *connection = exchange->connection;
    struct http_client *client = exchange->client;
    const union address *address = client != NULL ? &client->address : &connection->peer;
    char *text = client != NULL ? client->text : connection->peer_text;
    if (text[0] == '\0')
        address_write(address, text);
    return text;
}

struct origin http_origin(const struct http_exchange *exchange)
{
    const struct http_client *client = exchange->client;
    return address_origin(client != NULL ? &client->address : &exchange->connection->peer);
}

struct span http_prefix(const struct http_exchange *exchange)
{
    const struct http_client *client = exchange->client;
    return client != NULL ? (struct span){.at = client->prefix, .len = client->prefix_len} : (struct span){0};
}
