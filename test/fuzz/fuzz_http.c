// SPDX-License-Identifier: Apache-2.0
// A connection's bytes, parsed whole and in pieces, must give the same sequence of results: every head with
// all its fields, every run of body data, every refusal with its words. The first byte of the input chooses
// the pieces.
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "http/chunk.h"
#include "http/parse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

// What is read of one connection.
struct stream {
    struct http_parser *parser; // owned; moved to new memory with every piece
    struct http_chunks chunks;  // of the body under way
    bool in_body;               // a body is under way
    bool chunked;               // it is chunked
    bool over;                  // something was refused
    uint64_t body_left;         // bytes of a sized body
    uint64_t body_bytes;        // data bytes of this body so far
    uint64_t body_hash;         // of these
    struct buf log;             // the results, as text
};

static void log_span(struct buf *log, struct span span)
{
    buf_append(log, span.at, span.len);
    buf_append_byte(log, '\n');
}

static void log_request(struct stream *stream, const struct http_request *request)
{
    buf_printf(&stream->log, "head %d %d %d %d %d %d %llu\n", (int)request->method, request->minor_version,
        request->asterisk, request->keep_alive, request->expects_continue, request->chunked,
        (unsigned long long)request->content_length);
    log_span(&stream->log, request->path);
    log_span(&stream->log, request->query);
    for (size_t i = 0; i < request->field_count; i++) {
        log_span(&stream->log, request->fields[i].name);
        log_span(&stream->log, request->fields[i].value);
    }
}

static void log_refusal(struct stream *stream, const struct http_refusal *refusal)
{
    buf_printf(&stream->log, "refused %d %s\n", refusal->status, refusal->detail);
    stream->over = true;
}

static void add_data(struct stream *stream, struct span data)
{
    for (size_t i = 0; i < data.len; i++)
        stream->body_hash = stream->body_hash * 31 + (unsigned char)data.at[i] + 1;
    stream->body_bytes += data.len;
}

static void end_body(struct stream *stream)
{
    buf_printf(&stream->log, "body %llu %llu\n", (unsigned long long)stream->body_bytes,
        (unsigned long long)stream->body_hash);
    stream->in_body = false;
}

static void take_head(struct stream *stream, struct span *input)
{
    struct http_refusal refusal;
    struct http_request request;
    enum http_progress progress = http_parse(stream->parser, *input, &refusal);
    if (progress == HTTP_REFUSED)
        log_refusal(stream, &refusal);
    if (progress != HTTP_DONE)
        return;
    http_parser_request(stream->parser, input->at, &request);
    log_request(stream, &request);
    input->at += stream->parser->at;
    input->len -= stream->parser->at;
    http_parser_init(stream->parser);
    stream->in_body = request.chunked || request.content_length > 0;
    stream->chunked = request.chunked;
    stream->chunks = (struct http_chunks){0};
    stream->body_left = request.content_length;
    stream->body_bytes = stream->body_hash = 0;
}

static void take_body(struct stream *stream, struct span *input)
{
    struct http_refusal refusal;
    struct span data;
    if (!stream->chunked) {
        data = *input;
        if (data.len > stream->body_left)
            data.len = (size_t)stream->body_left;
        add_data(stream, data);
        input->at += data.len;
        input->len -= data.len;
        stream->body_left -= data.len;
        if (stream->body_left == 0)
            end_body(stream);
        return;
    }
    enum http_progress progress;
    while ((progress = http_chunks_next(&stream->chunks, input, &data, &refusal)) == HTTP_DATA)
        add_data(stream, data);
    if (progress == HTTP_DONE)
        end_body(stream);
    else if (progress == HTTP_REFUSED)
        log_refusal(stream, &refusal);
}

static void move_parser(struct stream *stream)
{
    struct http_parser *moved = malloc(sizeof(*moved));
    assert(moved != NULL);
    memset(moved, 0xaa, sizeof(*moved));
    http_parser_copy(moved, stream->parser);
    free(stream->parser);
    stream->parser = moved;
}

// Works on the bytes from `start` to `end`, in memory that ends there; returns where the first byte lies
// that is not worked on.
static size_t take(struct stream *stream, const uint8_t *data, size_t start, size_t end)
{
    char *copy = malloc(end - start + 1);
    assert(copy != NULL);
    char *piece = copy + 1; // ends where the allocation ends
    memcpy(piece, data + start, end - start);
    struct span input = {.at = piece, .len = end - start};
    size_t before;
    do {
        before = input.len;
        if (stream->in_body)
            take_body(stream, &input);
        else
            take_head(stream, &input);
    } while (!stream->over && input.len > 0 && input.len < before);
    free(copy);
    move_parser(stream);
    return end - input.len;
}

// In pieces of at most `most` bytes, whose lengths `seed` decides; whole when `most` is 0.
static void run(const uint8_t *data, size_t size, size_t most, uint32_t seed, struct buf *ret_log)
{
    struct stream stream = {.parser = malloc(sizeof(struct http_parser))};
    assert(stream.parser != NULL);
    http_parser_init(stream.parser);
    buf_init(&stream.log, SIZE_MAX / 2);
    size_t start = 0, end = 0;
    while (!stream.over && end < size) {
        seed = seed * 1664525u + 1013904223u;
        size_t len = most > 0 ? 1 + (seed >> 8) % most : size;
        end = size - end < len ? size : end + len;
        start = take(&stream, data, start, end);
    }
    free(stream.parser);
    *ret_log = stream.log;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    static const size_t mosts[] = {1, 3, 20, 300};
    struct buf whole, pieces;
    run(data + 1, size - 1, 0, 0, &whole);
    run(data + 1, size - 1, mosts[data[0] % 4], data[0], &pieces);
    assert(buf_status(&whole) == ERR_NONE && buf_status(&pieces) == ERR_NONE);
    assert(span_equal(buf_span(&whole), buf_span(&pieces)));
    buf_fini(&whole);
    buf_fini(&pieces);
    return 0;
}
