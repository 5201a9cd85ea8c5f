// SPDX-License-Identifier: Apache-2.0
// PCRE2 behind two functions. What a pattern is made of lies in its arena and is never freed piece by piece;
// what one match needs comes from the heap and is freed with it. The interpreter matches, not the JIT, which
// needs memory that is both written and run. Any thread.
//
// PCRE2 calls back before each item of a pattern that it tries, and so the steps of a match are counted: one
// for the call, and one for each SCANNED_PER_STEP bytes between its place in the text and that of the call
// before. PCRE2's own limit counts the places that it returns to, whatever each of them costs.
#include "text/pattern.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <stdint.h>

#include "base/mem.h"

enum {
    SCANNED_PER_STEP = 8, // bytes that are passed over in the time of a call
    // Steps that every match has, beside one for each byte of the pattern. An expression whose work does not
    // grow faster than the text takes fewer.
    FREE_STEPS = 32,
    FREE_STEPS_PER_BYTE = 6,
    // Steps after which one match is given up, whatever its budget has left: some tenths of a millisecond.
    MAX_STEPS = 2000,
    MAX_STEPS_PER_BYTE = 50,
    HEAP_KIB = 8192, // for the places that one match may return to: about 50,000
};

struct pattern {
    pcre2_code *code; // in the same arena
    size_t len;       // bytes of its text
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
    _Static_assert(PATTERN_MAX_BYTES == 1024, "as the message says");
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
    pattern->len = text.len;
    // \C could cut a character in two.
    uint32_t options =
        PCRE2_UTF | PCRE2_ANCHORED | PCRE2_ENDANCHORED | PCRE2_NEVER_BACKSLASH_C | PCRE2_AUTO_CALLOUT;
    int number;
    size_t offset;
    pattern->code = pcre2_compile((PCRE2_SPTR)text.at, text.len, options, &number, &offset, context);
    if (pattern->code == NULL)
        return fail(number, offset, ret_error);
    *ret_pattern = pattern;
    return ERR_NONE;
}

// One match.
struct steps {
    uint64_t taken; // so far
    uint64_t max;   // after which it is given up
    size_t at;      // place in the text at the last call
};

static int count_step(pcre2_callout_block *block, void *ctx)
{
    struct steps *steps = ctx;
    size_t at = block->current_position;
    steps->taken += 1 + (at > steps->at ? at - steps->at : steps->at - at) / SCANNED_PER_STEP;
    steps->at = at;
    return steps->taken > steps->max ? PCRE2_ERROR_CALLOUT : 0;
}

static enum pattern_result run(const struct pattern *pattern, struct span text, pcre2_match_data *data,
    pcre2_match_context *context, struct steps *steps)
{
    pcre2_set_callout(context, count_step, steps);
    pcre2_set_match_limit(context, UINT32_MAX);
    pcre2_set_heap_limit(context, HEAP_KIB);
    int result = pcre2_match(pattern->code, (PCRE2_SPTR)text.at, text.len, 0, 0, data, context);
    switch (result) {
    case PCRE2_ERROR_CALLOUT:
    case PCRE2_ERROR_MATCHLIMIT: // which the pattern may set
    case PCRE2_ERROR_DEPTHLIMIT:
    case PCRE2_ERROR_HEAPLIMIT:
        return PATTERN_TOO_HARD;
    case PCRE2_ERROR_NOMEMORY:
        return PATTERN_NO_MEMORY;
    default:
        return result >= 0 ? PATTERN_MATCHES : PATTERN_DIFFERS;
    }
}

enum pattern_result pattern_match(
    const struct pattern *pattern, struct span text, struct pattern_budget *budget)
{
    uint64_t max = MAX_STEPS + MAX_STEPS_PER_BYTE * (uint64_t)text.len;
    uint64_t free_steps = FREE_STEPS + pattern->len + FREE_STEPS_PER_BYTE * (uint64_t)text.len;
    uint64_t more = max - free_steps; // what it may take from the budget
    struct steps steps = {.max = free_steps + (budget->steps < more ? budget->steps : more)};
    pcre2_general_context *memory = pcre2_general_context_create(take_from_heap, give_to_heap, NULL);
    pcre2_match_context *context = memory != NULL ? pcre2_match_context_create(memory) : NULL;
    pcre2_match_data *data = memory != NULL ? pcre2_match_data_create(1, memory) : NULL;
    enum pattern_result result = PATTERN_NO_MEMORY;
    if (context != NULL && data != NULL)
        result = run(pattern, text, data, context, &steps);
    pcre2_match_data_free(data);
    pcre2_match_context_free(context);
    pcre2_general_context_free(memory);
    uint64_t drawn = steps.taken > free_steps ? steps.taken - free_steps : 0;
    budget->steps -= drawn < budget->steps ? drawn : budget->steps;
    return result;
}
