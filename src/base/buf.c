// SPDX-License-Identifier: Apache-2.0
// Growth by doubling up to the buffer's maximum, so that n appends cost O(n). A status other than ERR_NONE
// stops every append until buf_clear. One thread at a time.
#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"

enum { FIRST_CAPACITY = 256 };

void buf_init(struct buf *buf, size_t max)
{
    *buf = (struct buf){.max = max};
}

void buf_fini(struct buf *buf)
{
    if (buf == NULL)
        return;
    mem_free(buf->data);
    *buf = (struct buf){0};
}

void buf_clear(struct buf *buf)
{
    buf->len = 0;
    buf->status = ERR_NONE;
}

void buf_fit(struct buf *buf)
{
    if (buf->len == 0 || buf->len == buf->cap)
        return;
    char *data = mem_realloc(buf->data, buf->len);
    if (data == NULL)
        return;
    buf->data = data;
    buf->cap = buf->len;
}

enum err_code buf_reserve(struct buf *buf, size_t more)
{
    if (buf->status != ERR_NONE)
        return buf->status;
    if (more > buf->max || buf->len > buf->max - more)
        return buf->status = ERR_TOO_LARGE;
    size_t need = buf->len + more;
    if (need <= buf->cap)
        return ERR_NONE;
    size_t cap = buf->cap > 0 ? buf->cap : FIRST_CAPACITY;
    while (cap < need)
        cap = cap > buf->max / 2 ? buf->max : cap * 2;
    if (cap > buf->max)
        cap = buf->max;
    char *data = mem_realloc(buf->data, cap);
    if (data == NULL)
        return buf->status = ERR_NO_MEMORY;
    buf->data = data;
    buf->cap = cap;
    return ERR_NONE;
}

enum err_code buf_append(struct buf *buf, const void *data, size_t len)
{
    if (buf_reserve(buf, len) != ERR_NONE)
        return buf->status;
    if (len > 0)
        memcpy(buf->data + buf->len, data, len);
    buf->len += len;
    return ERR_NONE;
}

enum err_code buf_append_str(struct buf *buf, const char *text)
{
    return buf_append(buf, text, strlen(text));
}

enum err_code buf_append_byte(struct buf *buf, char byte)
{
    return buf_append(buf, &byte, 1);
}

enum err_code buf_printf(struct buf *buf, const char *format, ...)
{
    char small[256];
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int len = vsnprintf(small, sizeof(small), format, args);
    va_end(args);
    if (len < 0) {
        buf->status = buf->status != ERR_NONE ? buf->status : ERR_NO_MEMORY;
    } else if ((size_t)len < sizeof(small)) {
        buf_append(buf, small, (size_t)len);
    } else if (buf_reserve(buf, (size_t)len + 1) == ERR_NONE) { // vsnprintf wants room for its NUL
        vsnprintf(buf->data + buf->len, (size_t)len + 1, format, again);
        buf->len += (size_t)len;
    }
    va_end(again);
    return buf->status;
}

enum err_code buf_status(const struct buf *buf)
{
    return buf->status;
}
