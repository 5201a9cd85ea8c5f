// SPDX-License-Identifier: Apache-2.0
// Compares a stream's first bytes with the mark, one by one. Bytes that agree are taken off the stream and
// not kept: when the next one differs, they are handed back from the mark itself. One thread at a time.
#include "text/bom.h"

static const char mark[] = "\xEF\xBB\xBF";

enum { MARK_BYTES = sizeof(mark) - 1 };

struct span bom_finish(struct bom *bom)
{
    struct span held = {.at = mark, .len = bom->over ? 0 : bom->matched};
    bom->over = true;
    return held;
}

struct span bom_skip(struct bom *bom, struct span *bytes)
{
    size_t held = bom->matched;
    while (!bom->over && bytes->len > 0) {
        if (bytes->at[0] != mark[bom->matched]) {
            bytes->at -= bom->matched - held; // what this call took is still there
            bytes->len += bom->matched - held;
            bom->matched = held;
            return bom_finish(bom);
        }
        span_drop(bytes, 1);
        bom->matched++;
        bom->over = bom->matched == MARK_BYTES;
    }
    return (struct span){0};
}

size_t bom_length(struct span text)
{
    return span_starts_with(text, mark) ? MARK_BYTES : 0;
}
