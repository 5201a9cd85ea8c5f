// SPDX-License-Identifier: Apache-2.0
// Counting of references. Only the thread that drops the last one frees, after all that other threads did
// with the bytes (acquire and release). Any thread; a blob never changes once it is made.
#include "base/blob.h"

#include "base/mem.h"

struct blob *blob_take(struct buf *buf)
{
    if (buf_status(buf) != ERR_NONE)
        return NULL;
    struct blob *blob = mem_alloc(sizeof(*blob));
    if (blob == NULL)
        return NULL;
    atomic_init(&blob->references, 1);
    blob->len = buf->len;
    blob->data = buf->data;
    buf_init(buf, buf->max);
    return blob;
}

struct blob *blob_ref(struct blob *blob)
{
    if (blob != NULL)
        atomic_fetch_add_explicit(&blob->references, 1, memory_order_relaxed);
    return blob;
}

void blob_unref(struct blob *blob)
{
    if (blob == NULL || atomic_fetch_sub_explicit(&blob->references, 1, memory_order_acq_rel) != 1)
        return;
    mem_free(blob->data);
    mem_free(blob);
}
