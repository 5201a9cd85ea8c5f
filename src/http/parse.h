// SPDX-License-Identifier: Apache-2.0
// The head of a request, RFC 9112: a pure, resumable function over bytes. Every byte is looked at once,
// however they arrive, and what is not allowed is refused at its first wrong byte, so that the result does
// not depend on how the input was cut.
//
// Refused on purpose, where the RFC lets a server choose: bare LF, folded lines, identical Content-Lengths,
// any Transfer-Encoding but chunked, Transfer-Encoding beside Content-Length or in HTTP/1.0, an empty Host.
#ifndef RECKONER_HTTP_PARSE_H
#define RECKONER_HTTP_PARSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/limits.h"
#include "http/message.h"

// Where a field lies in the head; a head is shorter than 64 KiB.
struct http_place {
    uint16_t name_at;   // offset of the name's first byte
    uint16_t name_len;  // bytes
    uint16_t value_at;  // offset of the value's first byte
    uint16_t value_len; // bytes, without the blanks behind it
};

// A head being parsed. It holds offsets, not pointers, so that the bytes may move between calls.
struct http_parser {
    uint8_t state;           // enum state of parse.c
    uint8_t method;          // enum http_method
    uint8_t minor_version;   // 0, or 1 for 1.1 and higher ones
    uint8_t hosts;           // Host fields so far, at most 2
    bool asterisk;           // the target is "*"
    bool sized;              // Content-Length has come
    bool chunked;            // Transfer-Encoding: chunked has come
    bool close;              // Connection: close has come
    bool keep_alive;         // Connection: keep-alive has come
    bool expects_continue;   // Expect: 100-continue has come
    uint16_t at;             // bytes parsed so far
    uint16_t mark;           // offset where the token under way starts
    uint16_t path_at;        // offset; the path's length may be 0 in absolute-form
    uint16_t path_len;       //
    uint16_t query_at;       // offset, without the "?"
    uint16_t query_len;      //
    uint16_t field_count;    // places in use
    uint64_t content_length; // when sized
    struct http_place fields[LIMIT_HEAD_FIELDS];
};

// Makes ready for a new head.
void http_parser_init(struct http_parser *parser);

// Copies what is in use of one parser to another.
void http_parser_copy(struct http_parser *to, const struct http_parser *from);

// Goes on with a head: `head` is all of its bytes so far, from its first one, which may be followed by
// others. HTTP_MORE; HTTP_DONE: the head is whole, parser->at bytes long; HTTP_REFUSED, with `ret_refusal`
// filled: the parser must not be called again before http_parser_init.
MUST_CHECK enum http_progress http_parse(
    struct http_parser *parser, struct span head, struct http_refusal *ret_refusal);

// The request of a head that is whole; it borrows from the bytes at `head`.
void http_parser_request(
    const struct http_parser *parser, const char *head, struct http_request *ret_request);

#endif
