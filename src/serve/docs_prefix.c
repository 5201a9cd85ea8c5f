// SPDX-License-Identifier: Apache-2.0
// Finds the places in the page by what docs_endpoint.c writes in front of them, which no text of an app can
// hold, as quotes are escaped there; but for the address, in whose place a text means the same. Any thread.
#include "serve/docs_prefix.h"

#include <string.h>

#include "base/buf.h"
#include "base/limits.h"
#include "serve/docs.h"

static const char LINK[] = "href=\"/", HOST[] = DOCS_EXAMPLE_HOST "/";

// The next place of a text in a page.
struct mark {
    const char *text; // the prefix belongs in front of its last byte
    size_t len;       // of it
    const char *next; // NULL: none follows
};

static void find_next(struct mark *mark, const char *at, const char *end)
{
    if (mark->next != NULL && mark->next < at)
        mark->next = memmem(at, (size_t)(end - at), mark->text, mark->len);
}

struct blob *docs_below(const struct blob *page, struct span prefix)
{
    const char *at = page->data, *end = page->data + page->len;
    struct mark link = {.text = LINK, .len = sizeof(LINK) - 1},
                host = {.text = HOST, .len = sizeof(HOST) - 1};
    AUTO(buf_fini) struct buf out;
    buf_init(&out, LIMIT_ANSWER_BYTES);
    link.next = memmem(at, page->len, link.text, link.len);
    host.next = memmem(at, page->len, host.text, host.len);
    while (link.next != NULL || host.next != NULL) {
        bool is_link = host.next == NULL || (link.next != NULL && link.next < host.next);
        const struct mark *mark = is_link ? &link : &host;
        const char *place = mark->next + mark->len - 1;
        buf_append(&out, at, (size_t)(place - at));
        buf_append(&out, prefix.at, prefix.len);
        at = place;
        find_next(&link, at, end);
        find_next(&host, at, end);
    }
    buf_append(&out, at, (size_t)(end - at));
    return blob_take(&out);
}
