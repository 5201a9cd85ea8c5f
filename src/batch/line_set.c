// SPDX-License-Identifier: Apache-2.0
// Bit n of the words is line n; bit 0 is of none. One thread at a time.
#include "batch/line_set.h"

#include "base/mem.h"

enum { WORD_BITS = 64 };

enum err_code line_set_init(
    struct line_set *ret_set, int64_t last_line, struct budget *budget, struct err *err)
{
    size_t words = (size_t)last_line / WORD_BITS + 1, bytes = words * sizeof(uint64_t);
    if (!budget_take(budget, bytes))
        return err_set(err, ERR_BUSY, "too many batches are waiting: send this one again later");
    struct line_set set = {.words = mem_zalloc(words, sizeof(uint64_t)),
        .last_line = last_line,
        .budget = budget,
        .charged_bytes = bytes};
    if (set.words == NULL) {
        budget_give_back(budget, bytes);
        return err_no_memory(err);
    }
    *ret_set = set;
    return ERR_NONE;
}

void line_set_fini(struct line_set *set)
{
    mem_free(set->words);
    budget_give_back(set->budget, set->charged_bytes);
    *set = (struct line_set){0};
}

static uint64_t bit_of(int64_t line)
{
    return UINT64_C(1) << line % WORD_BITS;
}

bool line_set_add(struct line_set *set, int64_t line)
{
    if (set->words == NULL || line < 1 || line > set->last_line)
        return false;
    if (!line_set_has(set, line))
        set->count++;
    set->words[line / WORD_BITS] |= bit_of(line);
    return true;
}

bool line_set_has(const struct line_set *set, int64_t line)
{
    return set->words != NULL && line >= 1 && line <= set->last_line &&
           (set->words[line / WORD_BITS] & bit_of(line)) != 0;
}

void line_set_add_all(struct line_set *set, const struct line_set *others)
{
    for (int64_t word = 0; others->words != NULL && word <= others->last_line / WORD_BITS; word++) {
        for (uint64_t bits = others->words[word]; bits != 0; bits &= bits - 1)
            (void)line_set_add(set, word * WORD_BITS + __builtin_ctzll(bits));
    }
}
