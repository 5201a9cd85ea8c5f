// SPDX-License-Identifier: Apache-2.0
// Notes only; spans are written when the request is over, by request_spans.c.
#include "serve/trace.h"

#include <string.h>

// Spreads the bits of a number (the finalizer of splitmix64): different numbers stay different.
static uint64_t mix(uint64_t number)
{
    number = (number ^ number >> 30) * 0xbf58476d1ce4e5b9u;
    number = (number ^ number >> 27) * 0x94d049bb133111ebu;
    return number ^ number >> 31;
}

struct trace *trace_new(struct arena *arena, uint64_t random)
{
    struct trace *trace = arena_zalloc(arena, 1, sizeof(*trace));
    if (trace != NULL)
        trace->id = mix(random) << 3 | 1; // 0 is no id; the low bits number the parts
    return trace;
}

void trace_note(struct trace *trace, const char *name, uint64_t start_ns, uint64_t end_ns)
{
    if (trace == NULL || start_ns == 0 || end_ns == 0)
        return;
    for (size_t i = 0; i < trace->count; i++) {
        if (strcmp(trace->spans[i].name, name) == 0) {
            trace->spans[i].end_ns = end_ns;
            return;
        }
    }
    if (trace->count < TRACE_SPANS)
        trace->spans[trace->count++] =
            (struct trace_span){.name = name, .start_ns = start_ns, .end_ns = end_ns};
}
