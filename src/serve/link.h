// SPDX-License-Identifier: Apache-2.0
// Fields that say where else to go, made of a request's own target: the Link of a page (RFC 8288), and the
// Location of a folder. Any thread.
#ifndef RECKONER_SERVE_LINK_H
#define RECKONER_SERVE_LINK_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/span.h"

// Appends `Link: </prefix/path?…&name=cursor>; rel="next"` and CRLF: path and query as they came with the
// request, behind the path below which a proxy has this server, if there is one,
// the parameter `name` replaced, whatever else a URI may not hold percent-encoded (RFC 3986). The cursor is
// ready for a URL. `arena` is to work in; failures stick to `out`.
void link_write_next(struct span prefix, struct span path, struct span query, struct span name,
    struct span cursor, struct arena *arena, struct buf *out);

// Appends `Location: /prefix/path/?query` and CRLF, encoded likewise; failures stick to `out`.
void link_write_location(struct span prefix, struct span path, struct span query, struct buf *out);

#endif
