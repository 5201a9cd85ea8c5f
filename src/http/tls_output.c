// SPDX-License-Identifier: Apache-2.0
// A write makes a record at a time and sends it before the next one, so that a client that takes its time
// costs one of them. What the socket does not take of it is left to libuv, as stream.c does. Leaves to
// tls_stream.c everything that comes in.
#include "http/tls_output.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "base/limits.h"
#include "base/mem.h"
#include "http/stream_socket.h"

void tls_output_init(struct tls_output *output, struct stream *stream, struct tls_link *link,
    void (*on_broken)(struct stream *stream))
{
    *output = (struct tls_output){.stream = stream, .link = link, .on_broken = on_broken};
}

void tls_output_fini(struct tls_output *output)
{
    buf_fini(&output->sending);
    mem_free(output->parts_kept);
}

// --- sending

static size_t queued_bytes(struct tls_output *output)
{
    if (!output->is_sending)
        return 0;
    size_t queued = uv_stream_get_write_queue_size((const uv_stream_t *)&output->stream->tcp);
    if (queued > 0) // else it has failed, and on_sent comes
        output->queued_bytes = queued;
    return output->queued_bytes;
}

// Of the owner's bytes in the last record, those that the socket has not taken. Records have more bytes than
// what is in them, so as many of these count as there are left of the record, and all at most.
static size_t unsent_of_record(struct tls_output *output)
{
    size_t queued = queued_bytes(output);
    return queued < output->data_bytes ? queued : output->data_bytes;
}

static void on_sent(uv_write_t *rest, int status)
{
    struct tls_output *output = rest->data;
    struct stream *stream = output->stream;
    if (stream_is_closed(stream))
        return;
    if (status != 0)
        output->lost_bytes = unsent_of_record(output);
    output->is_sending = false;
    buf_fini(&output->sending);
    enum stream_written written = status == 0 ? tls_output_flush(output) : STREAM_BROKEN;
    bool was_writing = stream->is_writing;
    if (written == STREAM_WRITING)
        return;
    stream->is_writing = was_writing && written == STREAM_BROKEN;
    if (was_writing)
        stream->owner->on_written(stream, written == STREAM_BROKEN);
    else if (written == STREAM_BROKEN)
        output->on_broken(stream);
}

// Leaves to libuv what the socket has not taken of the records, `sent` bytes of which it has.
static bool send_later(struct tls_output *output, size_t sent)
{
    output->sending = output->link->pipe.out;
    buf_init(&output->link->pipe.out, LIMIT_TLS_OUTPUT_BYTES);
    uv_buf_t rest = {.base = output->sending.data + sent, .len = output->sending.len - sent};
    output->queued_bytes = rest.len;
    struct stream *stream = output->stream;
    stream->rest.data = output;
    output->is_sending = uv_write(&stream->rest, (uv_stream_t *)&stream->tcp, &rest, 1, on_sent) == 0;
    return output->is_sending;
}

// Sends what is in the pipe, none of which is sent yet.
static enum stream_written send_records(struct tls_output *output)
{
    struct buf *out = &output->link->pipe.out;
    ssize_t sent = send(output->stream->fd, out->data, out->len, MSG_NOSIGNAL);
    if (sent < 0 && errno != EAGAIN && errno != EINTR && errno != ENOBUFS) {
        output->lost_bytes = output->data_bytes;
        return STREAM_BROKEN;
    }
    output->wire_bytes += out->len;
    if (sent == (ssize_t)out->len) {
        buf_clear(out);
        return STREAM_WRITTEN;
    }
    return send_later(output, sent > 0 ? (size_t)sent : 0) ? STREAM_WRITING : STREAM_BROKEN;
}

// Fills a record from several parts, or up to the end.
static size_t gather(struct tls_output *output, char record[LIMIT_TLS_RECORD_BYTES])
{
    size_t len = 0;
    while (output->part_count > 0 && len < LIMIT_TLS_RECORD_BYTES) {
        size_t room = LIMIT_TLS_RECORD_BYTES - len;
        size_t taken = output->parts->len < room ? output->parts->len : room;
        memcpy(record + len, output->parts->base, taken);
        len += taken;
        output->parts->base += taken;
        output->parts->len -= taken;
        if (output->parts->len == 0) {
            output->parts++;
            output->part_count--;
        }
    }
    return len;
}

// Makes the next record of the owner's bytes, of which there are some.
static bool make_record(struct tls_output *output)
{
    char record[LIMIT_TLS_RECORD_BYTES];
    if (output->parts->len < LIMIT_TLS_RECORD_BYTES) {
        output->data_bytes = gather(output, record);
        output->left_bytes -= output->data_bytes;
        return tls_link_write(output->link, record, output->data_bytes);
    }
    const char *bytes = output->parts->base;
    output->data_bytes = LIMIT_TLS_RECORD_BYTES;
    output->parts->base += output->data_bytes;
    output->parts->len -= output->data_bytes;
    output->left_bytes -= output->data_bytes;
    return tls_link_write(output->link, bytes, output->data_bytes);
}

enum stream_written tls_output_flush(struct tls_output *output)
{
    struct buf *out = &output->link->pipe.out;
    while (!output->is_sending) {
        if (buf_status(out) != ERR_NONE)
            return STREAM_BROKEN;
        if (out->len > 0) {
            enum stream_written written = send_records(output);
            if (written != STREAM_WRITTEN)
                return written;
        } else if (output->left_bytes > 0) {
            if (!make_record(output)) {
                output->lost_bytes = output->data_bytes;
                return STREAM_BROKEN;
            }
        } else {
            buf_fini(out);
            buf_init(out, LIMIT_TLS_OUTPUT_BYTES);
            mem_free(output->parts_kept);
            output->parts_kept = NULL;
            output->data_bytes = 0;
            return STREAM_WRITTEN;
        }
    }
    return STREAM_WRITING;
}

enum stream_written tls_output_write(struct tls_output *output, uv_buf_t *parts, unsigned part_count)
{
    struct stream *stream = output->stream;
    assert(!stream->is_writing);
    output->parts = parts;
    output->part_count = part_count;
    for (unsigned i = 0; i < part_count; i++)
        output->left_bytes += parts[i].len;
    stream->given_bytes += output->left_bytes;
    enum stream_written written = tls_output_flush(output);
    stream->is_writing = written != STREAM_WRITTEN; // so that it is known what a broken one has sent
    if (written != STREAM_WRITING)
        return written;
    if (output->left_bytes > 0) { // the caller's array goes away
        uv_buf_t *kept = mem_realloc(output->parts_kept, output->part_count * sizeof(*kept));
        if (kept == NULL)
            return STREAM_BROKEN;
        memcpy(kept, output->parts, output->part_count * sizeof(*kept));
        output->parts = output->parts_kept = kept;
    }
    return STREAM_WRITING;
}

bool tls_output_is_idle(const struct tls_output *output)
{
    return !output->is_sending && output->left_bytes == 0 && output->link->pipe.out.len == 0;
}

void tls_output_abandon(struct tls_output *output)
{
    output->left_bytes = 0;
}

// --- how far it is

size_t tls_output_unsent(struct tls_output *output)
{
    if (!output->stream->is_writing)
        return 0;
    return output->left_bytes + output->lost_bytes + unsent_of_record(output);
}

uint64_t tls_output_taken(struct tls_output *output)
{
    return stream_acknowledged(output->stream, output->wire_bytes - queued_bytes(output));
}
