// SPDX-License-Identifier: Apache-2.0
// The parameters of a request, from its path, its query string and the body of a question, against an
// endpoint's @param rules.
#ifndef RECKONER_SERVE_QUERY_H
#define RECKONER_SERVE_QUERY_H

#include "app/app.h"
#include "base/arena.h"
#include "base/err.h"
#include "app/report.h"

// What a client has sent.
struct query_texts {
    const struct span *parts; // of the path, decoded: endpoint->part_count of them
    struct span query;        // the raw text behind "?"
    struct span body;  // of a question (endpoint->is_question), which has parameters as well; empty: none
    bool body_is_json; // one object, whose members are parameters and lists arrays; else a form
};

// What that says.
struct query_found {
    struct value *values;      // endpoint->param_count of them; the caller's room
    bool has_format;           // of the answer, with ?format=
    enum answer_format format; // then: the endpoint gives it
    bool is_of_moment;         // a parameter has the moment of the request for its value (default now)
};

// Reads the texts into found->values, which borrow `arena`, the endpoint and the texts, and into the other
// fields. Parameters are known by their outside names. A list takes "tags=a,b", "tags=a&tags=b", "tags[]=a"
// and any mix. "format" is the answer's, unless the endpoint has a parameter that is called so. Every
// parameter that is missing, given twice, badly encoded or against its rule is reported: ERR_INVALID when one
// is. None may be in query and body, but for a page's cursor: then the query's counts. Unknown ones are
// ignored unless the endpoint is @strict. ERR_TOO_LARGE when the arena is full. ERR_MALFORMED, with line and
// column, for a body that is not of its format, and ERR_MEDIA_TYPE for a form that is JSON. What is found is
// not whole after an error.
MUST_CHECK enum err_code query_read(const struct endpoint *endpoint, const struct query_texts *texts,
    struct arena *arena, struct query_found *found, struct report *report, struct err *err);

#endif
