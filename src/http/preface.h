// SPDX-License-Identifier: Apache-2.0
// What a proxy says of a connection before the first byte of its client: the PROXY header, which is taken off
// the socket before anything else is read. On the lane's thread.
#ifndef RECKONER_HTTP_PREFACE_H
#define RECKONER_HTTP_PREFACE_H

#include <stdbool.h>

#include "http/connection.h"

struct preface; // a header of which a part has come

// Whether the connection may go on: it is not one whose proxy has to tell whose it is, or its peer is a proxy
// that is trusted. Then the header is awaited; otherwise it is to be closed.
MUST_CHECK bool preface_begin(struct connection *connection);

// For the stream's on_preface.
bool preface_take(struct stream *stream);

// Frees what has come of one. Fine when there is nothing.
void preface_drop(struct connection *connection);

#endif
