// SPDX-License-Identifier: Apache-2.0
// Fields that say where else to go, made of a request's own target: the Link of a page (RFC 8288), and the
// Location of a folder. Any thread.
#ifndef RECKONER_SERVE_LINK_H
#define RECKONER_SERVE_LINK_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/span.h"

// A request's own target, as it came.
struct link_target {
    struct span prefix; // the path below which a proxy has this server; empty: none
    struct span path;   //
    struct span query;  // empty: none
};

// Appends `Link: </prefix/path?…&name=cursor>; rel="next"` and CRLF: the parameter `name` replaced, and
// whatever else a URI may not hold percent-encoded (RFC 3986). The cursor is ready for a URL. `arena` is to
// work in; failures stick to `out`.
void link_write_next(const struct link_target *target, struct span name, struct span cursor,
    struct arena *arena, struct buf *out);

// Appends `Location: /prefix/path/?query` and CRLF, encoded likewise; failures stick to `out`.
void link_write_location(const struct link_target *target, struct buf *out);

#endif
