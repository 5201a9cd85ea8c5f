// SPDX-License-Identifier: Apache-2.0
// Pieces of HTML that /-/docs is made of. Texts of an app are escaped; what is HTML is of Reckoner's own. A
// failed append sticks to `out`. Any thread.
#ifndef RECKONER_SERVE_DOCS_HTML_H
#define RECKONER_SERVE_DOCS_HTML_H

#include "base/buf.h"
#include "base/span.h"

// HTML as it is.
void docs_add(struct buf *out, const char *html);

// A text, escaped; the same as code; the same in paragraphs, which an empty line ends.
void docs_add_text(struct buf *out, struct span text);
void docs_add_code(struct buf *out, struct span text);
void docs_add_paragraphs(struct buf *out, struct span text);

// A text that was made in a buffer of its own: it goes onto the page, and so does a failure.
void docs_add_made(struct buf *out, const struct buf *made);

// A table with a row for the heads, which are separated by |. It scrolls by itself where it is too wide.
void docs_open_table(struct buf *out, const char *caption, const char *heads);
void docs_close_table(struct buf *out);

#endif
