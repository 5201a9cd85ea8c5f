// SPDX-License-Identifier: Apache-2.0
// The page of documentation as it is read below a path, where a proxy has the server there. Any thread.
#ifndef RECKONER_SERVE_DOCS_PREFIX_H
#define RECKONER_SERVE_DOCS_PREFIX_H

#include "base/blob.h"
#include "base/span.h"

// The page with `prefix` in front of the paths of its links and of the addresses that curl is shown with.
// NULL without memory.
struct blob *docs_below(const struct blob *page, struct span prefix);

#endif
