// SPDX-License-Identifier: Apache-2.0
// The new answer has the marks of the one that it was made of: it is of the same state of the store, and
// stale as soon as that one is. On a worker's thread.
#include "serve/recode.h"

#include "serve/compress.h"
#include "serve/request.h"

// The answer with that body, under the key of the request; NULL without memory.
static struct kept *make_kept(
    const struct request *request, const struct kept *plain, enum coding coding, struct blob *body)
{
    struct answer_lines lines;
    struct digest digest = digest_of((struct span){.at = body->data, .len = body->len});
    answer_head_write(&(struct answer_head){.is_confidential = request_is_confidential(request),
                          .varies = request->varies,
                          .is_read = true,
                          .coding = coding,
                          .digest = &digest,
                          .source = SOURCE_HIT},
        &lines);
    return kept_new(&(struct kept){.key = request->flight.key,
        .status = plain->status,
        .content_type = plain->content_type,
        .coding = coding,
        .body = body,
        .headers = {.at = lines.text, .len = lines.len},
        .etag = lines.etag,
        .cursor = plain->cursor,
        .rows = plain->rows,
        .marks = plain->marks,
        .mark_count = plain->mark_count,
        .has_marks = plain->has_marks});
}

// One that does not gain is kept as it is under that key, too, so that it is tried once.
static struct kept *recode(struct request *request, struct kept *plain)
{
    struct context *context = request->context;
    struct blob *body = compress_blob(&context->compressors, request->coding, plain->body);
    struct kept *coded = body != NULL ? make_kept(request, plain, request->coding, body)
                                      : make_kept(request, plain, CODING_IDENTITY, plain->body);
    blob_unref(body);
    if (coded == NULL)
        return plain;
    (void)cache_keep(context->cache, coded);
    kept_unref(plain);
    return coded;
}

void recode_run(struct task *task, void *worker)
{
    (void)worker;
    struct request *request = CONTAINER_OF(task, struct request, task);
    if (request_give_up(request))
        return;
    struct kept *kept = recode(request, request->kept);
    request->is_cached = true;
    request_use_kept(request, kept, kept->headers.at);
    request_send_back(request);
}
