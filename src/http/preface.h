// SPDX-License-Identifier: Apache-2.0
// What a proxy says of a connection before the first byte of its client: the PROXY header, which is taken off
// the socket before anything else is read. On the lane's thread.
#ifndef RECKONER_HTTP_PREFACE_H
#define RECKONER_HTTP_PREFACE_H

#include <stdbool.h>

#include "http/connection.h"
#include "http/message.h"

struct preface; // a header of which a part has come

// Whether the connection may go on: it is not one whose proxy has to tell whose it is, or its peer is a proxy
// that is trusted. Then the header is awaited; otherwise it is to be closed.
MUST_CHECK bool preface_begin(struct connection *connection);

// Something has come while the header is awaited: takes bytes of it off the socket. HTTP_DONE: it is there,
// and the connection's peer is whom it tells. HTTP_REFUSED: it is none, or its sender has gone; the
// connection is to be closed. HTTP_MORE: it goes on.
MUST_CHECK enum http_progress preface_take(struct connection *connection);

// Frees what has come of one. Fine when there is nothing.
void preface_drop(struct connection *connection);

#endif
