// SPDX-License-Identifier: Apache-2.0
// One part at a time: read by libuv's pool, written by outgoing_write, and only then the next one is read. So
// a client that takes its time costs one part of memory, and a slow disk holds up nobody else. On the lane's
// thread.
//
// What a read needs while it is under way is its own, as the connection may go in the middle of it.
#include "http/file_output.h"

#include <assert.h>

#include "base/mem.h"
#include "http/outgoing.h"
#include "http/stream_socket.h"

struct file_output *file_output_new(struct connection *connection, struct http_file *file)
{
    uint64_t bytes = http_file_bytes(file);
    size_t part_max = bytes < LIMIT_FILE_PART_BYTES ? (size_t)bytes : LIMIT_FILE_PART_BYTES;
    struct file_output *sending = mem_alloc(sizeof(*sending) + part_max);
    if (sending == NULL)
        return NULL;
    sending->lane = connection->lane;
    sending->connection = connection;
    sending->file = file;
    sending->state = FILE_WAITS;
    sending->sent = 0;
    sending->part_len = 0;
    sending->part_max = part_max;
    return sending;
}

void file_output_free(struct file_output *sending)
{
    if (sending == NULL)
        return;
    lane_drop_file(sending->lane, sending->file);
    mem_free(sending);
}

void file_output_abandon(struct connection *connection)
{
    struct file_output *sending = connection->sending;
    if (sending == NULL || sending->state != FILE_READS)
        return; // to be freed with the connection, when libuv has let go of its write
    sending->state = FILE_ORPHAN;
    connection->sending = NULL;
}

static void end(struct file_output *sending)
{
    struct connection *connection = sending->connection;
    connection->sending = NULL;
    file_output_free(sending);
    outgoing_finish(connection, 1);
    lane_touch(connection->lane, connection);
}

void file_output_written(struct connection *connection)
{
    struct file_output *sending = connection->sending;
    sending->sent += sending->part_len;
    sending->part_len = 0;
    if (sending->sent < http_file_bytes(sending->file))
        file_output_start(connection);
    else
        end(sending);
}

static void on_read(uv_fs_t *read)
{
    struct file_output *sending = CONTAINER_OF(read, struct file_output, read);
    struct connection *connection = sending->connection;
    ssize_t len = read->result;
    uv_fs_req_cleanup(read);
    if (sending->state == FILE_ORPHAN) {
        file_output_free(sending);
        return;
    }
    sending->state = FILE_WRITES;
    if (stream_is_closed(&connection->stream))
        return; // the loop ends, undrained
    if (len <= 0) {
        connection_break(connection);
        return;
    }
    sending->part_len = (size_t)len;
    uv_buf_t part = {.base = sending->part, .len = sending->part_len};
    if (outgoing_write(connection, &part, 1))
        file_output_written(connection);
}

void file_output_start(struct connection *connection)
{
    struct file_output *sending = connection->sending;
    uint64_t left = http_file_bytes(sending->file) - sending->sent;
    uv_buf_t part = {
        .base = sending->part, .len = left < sending->part_max ? (size_t)left : sending->part_max};
    sending->state = FILE_READS;
    int failed = uv_fs_read(loop_uv(sending->lane->loop), &sending->read, http_file_fd(sending->file), &part,
        1, (int64_t)sending->sent, on_read);
    assert(!failed); // only for more buffers, or without a callback
}
