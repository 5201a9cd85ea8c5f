// SPDX-License-Identifier: Apache-2.0
// The frame of a page's task. What stands on a page, and who may see it, is for the page's file. Nothing of
// such a page is kept.
#include "serve/own_page_task.h"

#include "base/limits.h"
#include "serve/asker.h"
#include "serve/format.h"

static const char HEADERS[] = "Cache-Control: private, no-store\r\nVary: Accept\r\n";

bool own_page_accept(struct request *request, const struct http_request *head)
{
    if (format_accepted(&ASKER_ENDPOINT, head, &request->format))
        return true;
    request_refuse(request, 406, "Accept leaves out application/json, application/x-ndjson and text/csv");
    return false;
}

void own_page_run(struct task *task, void *worker, own_page_write *write)
{
    struct request *request = CONTAINER_OF(task, struct request, task);
    struct err err = {0};
    AUTO(buf_fini) struct buf out;
    if (request_give_up(request))
        return;
    buf_init(&out, LIMIT_ANSWER_BYTES);
    enum err_code code = write(worker, request, &out, &err);
    if (code == ERR_NONE && buf_status(&out) != ERR_NONE)
        code = err_no_memory(&err);
    struct blob *body = code == ERR_NONE ? blob_take(&out) : NULL;
    if (body != NULL)
        request->response = (struct response){.status = 200,
            .content_type = answer_media_type(request->format),
            .headers = HEADERS,
            .body = body};
    else if (code == ERR_NONE)
        request_set_busy(request, "out of memory");
    else
        request_set_error(request, &err, &request->report);
    request_send_back(request);
}
