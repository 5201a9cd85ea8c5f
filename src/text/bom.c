// SPDX-License-Identifier: Apache-2.0
#include "text/bom.h"

static const char mark[] = {'\xEF', '\xBB', '\xBF'};

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
        bytes->at++;
        bytes->len--;
        bom->matched++;
        bom->over = bom->matched == sizeof(mark);
    }
    return (struct span){0};
}
