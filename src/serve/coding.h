// SPDX-License-Identifier: Apache-2.0
// Content codings (RFC 9110 section 8.4): which one a client's body is in, which one it would have an answer
// in, and what the answer says of it. Pure functions, any thread.
#ifndef RECKONER_SERVE_CODING_H
#define RECKONER_SERVE_CODING_H

#include "http/message.h"
#include "text/compressor.h"

// The coding that the request's Accept-Encoding fields weigh most; among equals zstd, then gzip, then
// identity. Identity without such a field, and also where they leave out all that there is: section 12.4.1
// lets a server pass over a field that it cannot meet.
enum coding coding_accepted(const struct http_request *request);

// The coding of the request's body. False for one that we do not have, or several one over the other.
MUST_CHECK bool coding_of_body(const struct http_request *request, enum coding *ret_coding);

// All codings but identity, for Accept-Encoding.
#define CODING_NAMES "gzip, zstd"

// The header lines of an answer in this coding that could have been in others: Vary, and Content-Encoding
// unless it is identity. `by_accept`: it could have been in other formats, too (serve/format.h). Static.
const char *coding_lines(enum coding coding, bool by_accept);

// What the entity tag of an answer in this coding ends with, before its last quote; "" for identity. Static.
const char *coding_suffix(enum coding coding);

#endif
