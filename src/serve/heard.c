// SPDX-License-Identifier: Apache-2.0
// Copies heads into the arenas of their requests. Runs on the request's loop.
#include "serve/heard.h"

#include "base/limits.h"

static const struct http_request *copy_head(struct arena *arena, const struct http_request *head)
{
    struct http_request *copy = arena_alloc(arena, sizeof(*copy));
    if (copy == NULL)
        return NULL;
    *copy = *head;
    struct span *texts[2 + 2 * LIMIT_HEAD_FIELDS] = {&copy->path, &copy->query};
    size_t count = 2;
    for (size_t i = 0; i < copy->field_count; i++) {
        texts[count++] = &copy->fields[i].name;
        texts[count++] = &copy->fields[i].value;
    }
    for (size_t i = 0; i < count; i++) {
        if (texts[i]->len > 0)
            texts[i]->at = arena_strndup(arena, texts[i]->at, texts[i]->len);
        if (texts[i]->len > 0 && texts[i]->at == NULL)
            return NULL;
    }
    return copy;
}

bool heard_keep(struct request *request, const struct http_request *head)
{
    if (request->heard == NULL)
        request->heard = copy_head(&request->arena, head);
    return request->heard != NULL;
}
