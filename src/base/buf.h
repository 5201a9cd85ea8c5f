// SPDX-License-Identifier: Apache-2.0
// A growing run of bytes with a maximum. A failure sticks: later appends return it too and change nothing, so
// a run of appends may be checked once, at its end. One thread at a time.
#ifndef RECKONER_BASE_BUF_H
#define RECKONER_BASE_BUF_H

#include <stddef.h>

#include "base/err.h"
#include "base/span.h"

struct buf {
    char *data;           // owned; NULL until the first append
    size_t len;           // bytes in use
    size_t cap;           // bytes allocated
    size_t max;           // len never exceeds this
    enum err_code status; // ERR_NONE, ERR_NO_MEMORY or ERR_TOO_LARGE: the first failure
};

// Makes an empty buffer that may grow to `max` bytes. Nothing is allocated yet.
void buf_init(struct buf *buf, size_t max);

// Frees the bytes; the struct is zeroed. A zeroed buffer and NULL are fine.
void buf_fini(struct buf *buf);

// Forgets the content and a failure, and keeps the memory.
void buf_clear(struct buf *buf);

// Gives back the memory that is not in use; nothing happens without the memory to do so.
void buf_fit(struct buf *buf);

// Makes room for `more` bytes after len. ERR_TOO_LARGE past max, ERR_NO_MEMORY.
enum err_code buf_reserve(struct buf *buf, size_t more);

enum err_code buf_append(struct buf *buf, const void *data, size_t len);
enum err_code buf_append_str(struct buf *buf, const char *text);
enum err_code buf_append_byte(struct buf *buf, char byte);
enum err_code buf_printf(struct buf *buf, const char *format, ...) PRINTF_LIKE(2, 3);

// The first failure of all appends since buf_init or buf_clear; ERR_NONE when the content is whole.
MUST_CHECK enum err_code buf_status(const struct buf *buf);

static inline struct span buf_span(const struct buf *buf)
{
    return (struct span){.at = buf->data, .len = buf->len};
}

#endif
