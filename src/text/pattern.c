// SPDX-License-Identifier: Apache-2.0
// PCRE2 behind two functions. What a pattern is made of lies in its arena and is never freed piece by piece;
// what one match needs comes from the heap and is freed with it. The interpreter matches, not the JIT: it
// alone counts its steps, and needs no memory that is both written and run. Any thread.
#include "text/pattern.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <stdint.h>

#include "base/mem.h"

enum {
    // Steps of backtracking that one match may take. An expression whose work does not double with each
    // character takes fewer than ten a byte; one that does is stopped within a tenth of a millisecond.
    STEPS = 2000,
    STEPS_PER_BYTE = 50,
    HEAP_KIB = 8192, // for the places that one match may return to: about 50,000
};

struct pattern {
    pcre2_code *code; // in the same arena
};

static void *take_from_arena(size_t size, void *ctx)
{
    return arena_alloc(ctx, size);
}

static void leave_to_arena(void *memory, void *ctx)
{
    (void)memory;
    (void)ctx;
}

static void *take_from_heap(size_t size, void *ctx)
{
    (void)ctx;
    return mem_alloc(size);
}

static void give_to_heap(void *memory, void *ctx)
{
    (void)ctx;
    mem_free(memory);
}

static enum err_code fail(int number, size_t offset, struct pattern_error *ret_error)
{
    if (number == PCRE2_ERROR_HEAP_FAILED) // the compiler's "failed to allocate heap memory"
        return ERR_NO_MEMORY;
    ret_error->offset = offset;
    pcre2_get_error_message(number, (PCRE2_UCHAR *)ret_error->text, PATTERN_ERROR_CHARS);
    return ERR_CONFIG;
}

enum err_code pattern_compile(struct span text, struct arena *arena, const struct pattern **ret_pattern,
    struct pattern_error *ret_error)
{
    if (text.len > PATTERN_MAX_BYTES) {
        *ret_error =
            (struct pattern_error){.offset = PATTERN_MAX_BYTES, .text = "it is longer than 1024 bytes"};
        return ERR_CONFIG;
    }
    struct pattern *pattern = arena_alloc(arena, sizeof(*pattern));
    pcre2_general_context *memory = pcre2_general_context_create(take_from_arena, leave_to_arena, arena);
    pcre2_compile_context *context = memory != NULL ? pcre2_compile_context_create(memory) : NULL;
    if (pattern == NULL || context == NULL)
        return ERR_NO_MEMORY;
    // \C could cut a character in two.
    uint32_t options = PCRE2_UTF | PCRE2_ANCHORED | PCRE2_ENDANCHORED | PCRE2_NEVER_BACKSLASH_C;
    int number;
    size_t offset;
    pattern->code = pcre2_compile((PCRE2_SPTR)text.at, text.len, options, &number, &offset, context);
    if (pattern->code == NULL)
        return fail(number, offset, ret_error);
    *ret_pattern = pattern;
    return ERR_NONE;
}

static enum pattern_result run(
    const struct pattern *pattern, struct span text, pcre2_match_data *data, pcre2_match_context *context)
{
    size_t steps = STEPS + STEPS_PER_BYTE * text.len;
    pcre2_set_match_limit(context, steps < UINT32_MAX ? (uint32_t)steps : UINT32_MAX);
    pcre2_set_heap_limit(context, HEAP_KIB);
    int result = pcre2_match(pattern->code, (PCRE2_SPTR)text.at, text.len, 0, 0, data, context);
    switch (result) {
    case PCRE2_ERROR_MATCHLIMIT:
    case PCRE2_ERROR_DEPTHLIMIT:
    case PCRE2_ERROR_HEAPLIMIT:
        return PATTERN_TOO_HARD;
    case PCRE2_ERROR_NOMEMORY:
        return PATTERN_NO_MEMORY;
    default:
        return result >= 0 ? PATTERN_MATCHES : PATTERN_DIFFERS;
    }
}

enum pattern_result pattern_match(const struct pattern *pattern, struct span text)
{
    pcre2_general_context *memory = pcre2_general_context_create(take_from_heap, give_to_heap, NULL);
    pcre2_match_context *context = memory != NULL ? pcre2_match_context_create(memory) : NULL;
    pcre2_match_data *data = memory != NULL ? pcre2_match_data_create(1, memory) : NULL;
    enum pattern_result result = PATTERN_NO_MEMORY;
    if (context != NULL && data != NULL)
        result = run(pattern, text, data, context);
    pcre2_match_data_free(data);
    pcre2_match_context_free(context);
    pcre2_general_context_free(memory);
    return result;
}
