// SPDX-License-Identifier: Apache-2.0
// Bytes are looked at where they lie (MSG_PEEK), and only those of the header are taken: so what comes behind
// it, TLS perhaps, is found on the socket by whoever reads it. A part is kept, as a socket that stays
// readable would keep the loop busy. Whose the connection is stands in its `peer` from then on.
#include "http/preface.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "base/mem.h"
#include "http/proxy_header.h"

struct preface {
    size_t len;                           // that have come
    char bytes[LIMIT_PROXY_HEADER_BYTES]; //
};

static void turn_away(struct connection *connection, const char *why)
{
    const struct http_handler *handler = connection->lane->shared->handler;
    char peer[ADDRESS_BYTES];
    address_write(&connection->peer, peer);
    if (handler->on_turned_away != NULL)
        handler->on_turned_away(handler->ctx, peer, why);
}

bool preface_begin(struct connection *connection)
{
    struct lane *lane = connection->lane;
    if (!connection->listen->takes_proxy ||
        connection->is_adopted) // then another process has read its header
        return true;
    const struct trust *trust = trusted_now(&lane->shared->trusted, &lane->trusted);
    if (trust == NULL || !trust_has(trust, &connection->peer)) {
        turn_away(connection, "it is no trusted proxy, and only those may come in here");
        return false;
    }
    connection->preface = mem_alloc(sizeof(*connection->preface));
    if (connection->preface == NULL)
        return false;
    connection->preface->len = 0;
    connection->stream.has_preface = true;
    return true;
}

void preface_drop(struct connection *connection)
{
    mem_free(connection->preface);
    connection->preface = NULL;
}

static void end(struct connection *connection, const struct proxy_header *header)
{
    if (header->has_client)
        connection->peer = header->client;
    connection->is_unknown = header->is_passed_on && !header->has_client;
    connection->stream.has_preface = false;
    preface_drop(connection);
}

static enum http_progress give_up(struct connection *connection, const char *why)
{
    if (why != NULL)
        turn_away(connection, why);
    return HTTP_REFUSED;
}

// Takes bytes off the socket that were seen there.
static bool take_off(int fd, char *bytes, size_t len)
{
    return recv(fd, bytes, len, MSG_DONTWAIT) == (ssize_t)len;
}

enum http_progress preface_take(struct connection *connection)
{
    int fd = connection->stream.fd;
    struct preface *preface = connection->preface;
    struct proxy_header header;
    const char *problem;
    size_t room = sizeof(preface->bytes) - preface->len;
    char *place = preface->bytes + preface->len;
    ssize_t len = recv(fd, place, room, MSG_PEEK | MSG_DONTWAIT);
    if (len < 0 && (errno == EAGAIN || errno == EINTR))
        return HTTP_MORE;
    if (len <= 0)
        return give_up(connection, preface->len > 0 ? "it ended inside its PROXY header" : NULL);
    struct span seen = {.at = preface->bytes, .len = preface->len + (size_t)len};
    switch (proxy_header_read(seen, &header, &problem)) {
    case HTTP_DONE:
        if (!take_off(fd, place, header.len - preface->len))
            return give_up(connection, NULL);
        end(connection, &header);
        return HTTP_DONE;
    case HTTP_REFUSED:
        return give_up(connection, problem);
    default:
        if (!take_off(fd, place, (size_t)len))
            return give_up(connection, NULL);
        preface->len += (size_t)len;
        return HTTP_MORE;
    }
}
