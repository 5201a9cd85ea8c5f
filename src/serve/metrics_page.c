// SPDX-License-Identifier: Apache-2.0
// On the loop up to metrics_page_ask, and then on the scrape's thread, which also compresses the text.
#include "serve/metrics_page.h"

#include "serve/coding.h"
#include "serve/compress.h"
#include "serve/scrape.h"
#include "text/exposition.h"

bool metrics_page_begin(struct request *request, const struct http_request *head)
{
    request->coding = coding_accepted(head);
    return true;
}

static void set_text(struct request *request, struct blob *text)
{
    struct compressors *compressors = &request->context->compressors;
    struct blob *coded = NULL;
    if (request->coding != CODING_IDENTITY)
        coded = compress_blob(compressors, request->coding, text);
    request->response = (struct response){.status = 200,
        .content_type = EXPOSITION_MEDIA_TYPE,
        .headers = coding_lines(coded != NULL ? request->coding : CODING_IDENTITY, false),
        .body = coded != NULL ? coded : blob_ref(text)};
}

static void on_text(struct scrape_wait *wait, struct blob *text)
{
    struct request *request = CONTAINER_OF(wait, struct request, scrape);
    if (request_give_up(request))
        return;
    if (text != NULL)
        set_text(request, text);
    else
        request_set_busy(request, "the metrics cannot be written just now: ask again later");
    request_send_back(request);
}

void metrics_page_ask(struct request *request)
{
    request->scrape.on_text = on_text;
    scraper_ask(request->context->scraper, &request->scrape);
}
