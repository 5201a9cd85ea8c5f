// SPDX-License-Identifier: Apache-2.0
// Values of traceparent, as clients may send them: what is read has the ids that stand in it, and is read
// again from what version 00 would have written.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "text/trace_parent.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
    if (!condition)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span value = {.at = (const char *)data, .len = size};
    struct trace_parent parent, again;
    char back[64];
    if (!trace_parent_read(value, &parent))
        return 0;
    require(strlen(parent.trace_id) == TRACE_ID_CHARS - 1 && strlen(parent.span_id) == SPAN_ID_CHARS - 1);
    require(memcmp(parent.trace_id, data + 3, TRACE_ID_CHARS - 1) == 0);
    snprintf(back, sizeof(back), "00-%s-%s-0%d", parent.trace_id, parent.span_id, parent.is_sampled);
    require(trace_parent_read(span_of(back), &again));
    require(strcmp(again.trace_id, parent.trace_id) == 0 && strcmp(again.span_id, parent.span_id) == 0 &&
            again.is_sampled == parent.is_sampled);
    return 0;
}
