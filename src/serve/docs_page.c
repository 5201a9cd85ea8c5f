// SPDX-License-Identifier: Apache-2.0
// Answers with the page, whose links lead to where the client's proxy has the server. Runs on loops.
#include "serve/docs_page.h"

#include "serve/docs_prefix.h"

void docs_page_set(struct request *request, const struct http_request *head)
{
    (void)head;
    struct blob *docs = request->lease->edition->docs;
    struct blob *page = request->prefix.len > 0 ? docs_below(docs, request->prefix) : blob_ref(docs);
    if (page == NULL) {
        request_set_busy(request, "out of memory");
        return;
    }
    request->response = (struct response){.status = 200,
        .content_type = "text/html; charset=utf-8",
        .headers = "Cache-Control: no-cache\r\n"
                   "Content-Security-Policy: default-src 'none'; style-src 'unsafe-inline'\r\n",
        .body = page};
}
