// SPDX-License-Identifier: Apache-2.0
// Writes the pieces. What they say is for docs.c and docs_endpoint.c. Any thread.
#include "serve/docs_html.h"

#include <string.h>

#include "text/html.h"

void docs_add(struct buf *out, const char *html)
{
    buf_append_str(out, html);
}

void docs_add_text(struct buf *out, struct span text)
{
    html_write_text(out, text);
}

void docs_add_code(struct buf *out, struct span text)
{
    docs_add(out, "<code>");
    docs_add_text(out, text);
    docs_add(out, "</code>");
}

void docs_add_made(struct buf *out, const struct buf *made)
{
    if (buf_status(made) == ERR_NONE)
        docs_add_text(out, buf_span(made));
    else if (out->status == ERR_NONE)
        out->status = buf_status(made);
}

void docs_add_paragraphs(struct buf *out, struct span text)
{
    while (text.len > 0) {
        const char *gap = memmem(text.at, text.len, "\n\n", 2);
        size_t len = gap != NULL ? (size_t)(gap - text.at) : text.len;
        docs_add(out, "<p>");
        docs_add_text(out, (struct span){.at = text.at, .len = len});
        docs_add(out, "</p>\n");
        while (len < text.len && text.at[len] == '\n')
            len++;
        text.at += len;
        text.len -= len;
    }
}

void docs_open_table(struct buf *out, const char *caption, const char *heads)
{
    buf_printf(out,
        "<div class=\"scroll\" role=\"group\" aria-label=\"%s\" tabindex=\"0\">\n"
        "<table><caption>%s</caption>\n<thead><tr>",
        caption, caption);
    struct span rest = span_of(heads);
    while (rest.len > 0) {
        docs_add(out, "<th scope=\"col\">");
        docs_add_text(out, span_split(&rest, '|'));
        docs_add(out, "</th>");
    }
    docs_add(out, "</tr></thead>\n<tbody>\n");
}

void docs_close_table(struct buf *out)
{
    docs_add(out, "</tbody></table>\n</div>\n");
}
