// SPDX-License-Identifier: Apache-2.0
// The parameters of a request, from its path, its query string and the body of a question, against an
// endpoint's @param rules.
#ifndef RECKONER_SERVE_QUERY_H
#define RECKONER_SERVE_QUERY_H

#include "app/app.h"
#include "base/arena.h"
#include "base/err.h"
#include "app/report.h"

// What the query says of the answer, beside its parameters.
struct query_format {
    bool is_given;             // the format, with ?format=
    enum answer_format format; // then: the endpoint gives it
    bool is_of_moment;         // a parameter has the moment of the request for its value (default now)
};

// The body of a question (endpoint->is_question), which has parameters as well.
struct query_body {
    bool is_json;      // one object, whose members are parameters and lists arrays; else a form
    struct span bytes; // of it; empty: there is none
};

// Reads `parts` (of the path, decoded: endpoint->part_count of them) and `query` (the raw text behind "?")
// into values[endpoint->param_count], which borrow `arena`, the endpoint and both. Parameters are known by
// their outside names. A list takes "tags=a,b", "tags=a&tags=b", "tags[]=a" and any mix. "format" is the
// answer's, unless the endpoint has a parameter that is called so. Every parameter that is missing, given
// twice, badly encoded or against its rule is reported: ERR_INVALID when one is. Unknown ones are ignored
// unless the endpoint is @strict. ERR_TOO_LARGE when the arena is full.
MUST_CHECK enum err_code query_read(const struct endpoint *endpoint, const struct span *parts,
    struct span query, struct arena *arena, struct value *values, struct query_format *ret_format,
    struct report *report, struct err *err);

// The same with the parameters of a body, of which none may be in the query too, but for a page's cursor:
// then the query's counts. ERR_MALFORMED, with line and column, for a body that is not of its format, and
// ERR_MEDIA_TYPE for a form that is JSON.
MUST_CHECK enum err_code query_read_with_body(const struct endpoint *endpoint, const struct span *parts,
    struct span query, const struct query_body *body, struct arena *arena, struct value *values,
    struct query_format *ret_format, struct report *report, struct err *err);

#endif
