// SPDX-License-Identifier: Apache-2.0
// A file on its way to the client. On its lane's thread.
#ifndef RECKONER_HTTP_FILE_OUTPUT_H
#define RECKONER_HTTP_FILE_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "http/connection.h"

//   WAITS ─ its head is out → READS ⇄ WRITES ─ the last part is out → freed
//                               └ its connection is closed → ORPHAN ─ the read is done → freed
enum file_state {
    FILE_WAITS,  // for its head to be written
    FILE_READS,  // a part is being read, off the loop's thread
    FILE_WRITES, // the part is being written
    FILE_ORPHAN, // a part is being read that nobody wants any more
};

struct file_output {
    struct lane *lane;             // borrowed
    struct connection *connection; // it goes to; not in FILE_ORPHAN
    struct http_file *file;        // owned; counts in lane_shared.files
    enum file_state state;         //
    uint64_t sent;                 // bytes of the parts that are written
    size_t part_len;               // bytes in `part`; in FILE_WRITES
    size_t part_max;               // that fit there
    uv_fs_t read;                  // under way in FILE_READS and FILE_ORPHAN, into `part`
    char part[];                   //
};

// Makes a file ready to be sent to the connection. Takes `file`, unless it returns NULL: no memory.
MUST_CHECK struct file_output *file_output_new(struct connection *connection, struct http_file *file);

// Begins to send connection->sending, the body of its first exchange, as its head is out. When it is all
// written, that exchange is finished and the connection gets a turn; when it cannot be read, the connection
// is broken, as its length has been said.
void file_output_start(struct connection *connection);

// A part of connection->sending, which the loop had to write, is written.
void file_output_written(struct connection *connection);

// The connection is being closed: a read under way is left to itself.
void file_output_abandon(struct connection *connection);

// Frees one that is not being read or written. NULL is fine.
void file_output_free(struct file_output *sending);

#endif
