// SPDX-License-Identifier: Apache-2.0
// HTML out: text that stands in an element or a quoted attribute. Appending fails as buf_append does, and the
// failure sticks to the buffer.
#ifndef RECKONER_TEXT_HTML_H
#define RECKONER_TEXT_HTML_H

#include "base/buf.h"
#include "base/span.h"

// Appends `text` so that a browser shows it as it is, whatever it holds: & < > " and ' become references.
// What HTML cannot hold, controls but tab and line feed, and each byte that is not of valid UTF-8, becomes
// U+FFFD.
enum err_code html_write_text(struct buf *out, struct span text);

#endif
