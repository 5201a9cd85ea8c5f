// SPDX-License-Identifier: Apache-2.0
// One allocation holds a kept answer with its marks and texts; the body is a blob of its own, as sockets
// share it. Any thread.
#include "cache/kept.h"

#include <malloc.h>

#include "base/mem.h"

struct kept *kept_new(const struct kept *draft)
{
    size_t marks_bytes = draft->mark_count * sizeof(struct mark);
    size_t text_bytes = draft->key.len + draft->headers.len + 1 + draft->cursor.len;
    struct kept *kept = mem_alloc(sizeof(*kept) + marks_bytes + text_bytes);
    if (kept == NULL)
        return NULL;
    struct mark *marks = (struct mark *)(kept + 1);
    char *texts = (char *)(marks + draft->mark_count);
    char *headers = texts + draft->key.len, *cursor = headers + draft->headers.len + 1;
    memcpy(texts, draft->key.bytes, draft->key.len);
    memcpy(headers, draft->headers.at, draft->headers.len);
    headers[draft->headers.len] = '\0';
    if (draft->mark_count > 0)
        memcpy(marks, draft->marks, marks_bytes);
    if (draft->cursor.len > 0)
        memcpy(cursor, draft->cursor.at, draft->cursor.len);
    *kept = *draft;
    atomic_init(&kept->references, 1);
    atomic_init(&kept->was_used, false);
    kept->key.bytes = texts;
    kept->marks = marks;
    kept->headers.at = headers;
    if (draft->etag.at != NULL)
        kept->etag.at = headers + (draft->etag.at - draft->headers.at);
    kept->cursor.at = cursor;
    kept->body = blob_ref(draft->body);
    kept->bytes = malloc_usable_size(kept);
    if (kept->body != NULL)
        kept->bytes += malloc_usable_size(kept->body) + malloc_usable_size(kept->body->data);
    return kept;
}

struct kept *kept_ref(struct kept *kept)
{
    if (kept != NULL)
        atomic_fetch_add_explicit(&kept->references, 1, memory_order_relaxed);
    return kept;
}

void kept_unref(struct kept *kept)
{
    if (kept == NULL || atomic_fetch_sub_explicit(&kept->references, 1, memory_order_acq_rel) != 1)
        return;
    blob_unref(kept->body);
    mem_free(kept);
}

bool kept_is_current(const struct kept *kept)
{
    for (size_t i = 0; i < kept->mark_count; i++) {
        if (version_now(kept->marks[i].version) != kept->marks[i].number)
            return false;
    }
    return true;
}
