// SPDX-License-Identifier: Apache-2.0
// The CSV dialect of one body or file: the endpoint's, and over it what its Content-Type, its query or its
// name says. One thread at a time.
#ifndef RECKONER_APP_CSV_REQUEST_H
#define RECKONER_APP_CSV_REQUEST_H

#include "app/report.h"
#include "base/arena.h"
#include "base/attr.h"
#include "base/err.h"
#include "text/csv_dialect.h"

// The dialect of a body over `below` (NULL: CSV_STRICT): tabs by the media type, charset and header by the
// type's parameters (RFC 4180, RFC 7111), csv.WORD=VALUE by the query as it came. Where nothing is said it is
// `below`; else it is the arena's and borrows both texts. Faults of the query are reported: ERR_INVALID.
// ERR_MEDIA_TYPE for what is no name of an encoding; ERR_NO_MEMORY. The encoding itself is not looked for.
MUST_CHECK enum err_code csv_request_read(const struct csv_dialect *below, struct span content_type,
    struct span query, struct arena *arena, const struct csv_dialect **ret_dialect, struct report *report,
    struct err *err);

// Reports each csv.WORD of a query, as those of a body that is no CSV have no meaning: ERR_INVALID then.
// ERR_NO_MEMORY.
MUST_CHECK enum err_code csv_request_refuse(
    struct span query, struct arena *arena, struct report *report, struct err *err);

// The dialect of a file by its name: cells of one that ends in .tsv are separated by tabs, where `below` says
// nothing else. It is `below`, or `room`.
const struct csv_dialect *csv_of_file(
    const struct csv_dialect *below, struct span name, struct csv_dialect *room);

#endif
