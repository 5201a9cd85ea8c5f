// SPDX-License-Identifier: Apache-2.0
// The field `traceparent`, by which a caller names the trace that its request is part of and the span that
// the request is made in (W3C Trace Context, https://www.w3.org/TR/trace-context/, section 3.2). Pure
// functions, any thread.
#ifndef RECKONER_TEXT_TRACE_PARENT_H
#define RECKONER_TEXT_TRACE_PARENT_H

#include <stdbool.h>

#include "base/attr.h"
#include "base/span.h"

enum { TRACE_ID_CHARS = 33, SPAN_ID_CHARS = 17 }; // hexadecimal digits in lower case, and a NUL

struct trace_parent {
    char trace_id[TRACE_ID_CHARS]; // "": there is none
    char span_id[SPAN_ID_CHARS];   // the caller's
    bool is_sampled;               // the caller records the trace, and would have others do so
};

// Reads a field's value, of version 00 or a later one as far as that agrees with it. False for all others:
// then the trace begins anew, as if the field were not there (section 4.3).
MUST_CHECK bool trace_parent_read(struct span value, struct trace_parent *ret_parent);

#endif
