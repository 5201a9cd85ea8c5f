// SPDX-License-Identifier: Apache-2.0
// Counts edits by the table of optimal string alignment, of which three rows are kept: a typing mistake is
// mostly one letter too many or too few, another one, or two that have changed places. Which words are known
// is the caller's business. Any thread.
#include "text/nearest.h"

#include "base/ascii.h"

enum {
    MAX_BYTES = 32, // of a word
    MAX_EDITS = 2,  // between words that are near
};

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

static bool is_same(char a, char b)
{
    return ascii_lower(a) == ascii_lower(b);
}

size_t nearest_edits(struct span from, struct span to)
{
    size_t rows[3][MAX_BYTES + 1];
    if (from.len > MAX_BYTES || to.len > MAX_BYTES)
        return NEAREST_FAR;
    for (size_t k = 0; k <= to.len; k++)
        rows[0][k] = k;
    for (size_t i = 1; i <= from.len; i++) {
        size_t *row = rows[i % 3];
        const size_t *above = rows[(i + 2) % 3], *two_above = rows[(i + 1) % 3];
        row[0] = i;
        for (size_t k = 1; k <= to.len; k++) {
            row[k] =
                least(least(above[k], row[k - 1]) + 1, above[k - 1] + !is_same(from.at[i - 1], to.at[k - 1]));
            if (i > 1 && k > 1 && is_same(from.at[i - 1], to.at[k - 2]) &&
                is_same(from.at[i - 2], to.at[k - 1]))
                row[k] = least(row[k], two_above[k - 2] + 1);
        }
    }
    return rows[from.len % 3][to.len];
}

const char *nearest_in(struct span word, const void *table, size_t count, size_t size)
{
    const char *nearest = NULL;
    size_t fewest = MAX_EDITS + 1;
    for (size_t i = 0; i < count; i++) {
        const char *known;
        memcpy(&known, (const char *)table + i * size, sizeof(known));
        struct span candidate = span_of(known);
        size_t needed = nearest_edits(word, candidate);
        if (needed < fewest && needed < candidate.len / 2 + 1) {
            fewest = needed;
            nearest = known;
        }
    }
    return nearest;
}

const char *nearest_of(struct span word, const char *const *known, size_t count)
{
    return nearest_in(word, known, count, sizeof(*known));
}
