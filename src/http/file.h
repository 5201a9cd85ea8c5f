// SPDX-License-Identifier: Apache-2.0
// A file as the body of an answer: sent in parts, of which one is in memory at a time, so that its size and
// the client's pace do not matter. Made on any thread, then its exchange's.
#ifndef RECKONER_HTTP_FILE_H
#define RECKONER_HTTP_FILE_H

#include <stdint.h>

#include "base/attr.h"
#include "net/loop.h"

struct http_file;

// The first `bytes` bytes of an open, regular file. Takes `fd`, unless it returns NULL: no memory.
// `on_close` (may be NULL) is called with ctx and `bytes` when it is closed, on any thread: whoever counts
// bytes on disk learns so that they are gone.
MUST_CHECK struct http_file *http_file_new(
    int fd, uint64_t bytes, void (*on_close)(void *ctx, uint64_t bytes), void *ctx);

uint64_t http_file_bytes(const struct http_file *file);

// The descriptor; the file's own.
int http_file_fd(const struct http_file *file);

// Closes and frees. NULL is fine. May take its time: the last close of a large file without a name gives back
// its blocks.
void http_file_free(struct http_file *file);

// The same beside the loop, for that reason. On its thread, and before loop_free.
void http_file_free_later(struct http_file *file, struct loop *loop);

#endif
