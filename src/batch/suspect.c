// SPDX-License-Identifier: Apache-2.0
// A key that comes twice is found in two walks over the rows: the first one keeps a hash of each key, until
// one is there already; the second one looks for the row that had it before. So memory is some bytes a row,
// however long the keys. Leaves the trying to culprit.c. Any thread; no state.
#include "batch/suspect.h"

#include <stdint.h>
#include <string.h>

#include "base/mem.h"

// A hash of some of the values (FNV-1a, 64 bits, with the bits mixed in the end); 0: one of them is null, and
// null equals nothing.
static uint64_t hash_key(const struct suspect_case *of, const struct value *row)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < of->count; i++) {
        const struct value *value = &row[of->fields[i]];
        const void *bytes = &value->integer;
        size_t len = sizeof(value->integer);
        if (value->kind == VALUE_NULL)
            return 0;
        if (value->kind == VALUE_REAL) {
            bytes = &value->real;
        } else if (value->kind != VALUE_INTEGER) {
            bytes = value->text.at;
            len = value->text.len;
        }
        for (size_t k = 0; k < len; k++)
            hash = (hash ^ ((const unsigned char *)bytes)[k]) * UINT64_C(0x100000001b3);
        hash = (hash ^ len) * UINT64_C(0x100000001b3);
    }
    hash ^= hash >> 32;
    return hash != 0 ? hash : 1;
}

// Puts the hash into a table of a power of two of places; true when it was there.
static bool put(uint64_t *table, size_t mask, uint64_t hash)
{
    size_t at = (size_t)hash & mask;
    while (table[at] != 0 && table[at] != hash)
        at = (at + 1) & mask;
    bool was_there = table[at] == hash;
    table[at] = hash;
    return was_there;
}

// The first row whose key is one of a row before it, and its hash.
static bool find_second(const struct suspect_case *of, const struct rows *rows, uint64_t *table, size_t mask,
    size_t *ret_row, uint64_t *ret_hash)
{
    struct value values[LIMIT_FIELDS];
    struct rows_cursor cursor;
    int64_t line;
    rows_start(rows, &cursor);
    bool is_found = false;
    for (size_t i = 0; !is_found && rows_next(&cursor, &line, values); i++) {
        uint64_t hash = hash_key(of, values);
        is_found = hash != 0 && put(table, mask, hash);
        if (is_found) {
            *ret_row = i;
            *ret_hash = hash;
        }
    }
    rows_cursor_fini(&cursor);
    return is_found;
}

static bool find_with_hash(
    const struct suspect_case *of, const struct rows *rows, uint64_t hash, size_t *ret_row)
{
    struct value values[LIMIT_FIELDS];
    struct rows_cursor cursor;
    int64_t line;
    rows_start(rows, &cursor);
    bool is_found = false;
    for (size_t i = 0; !is_found && rows_next(&cursor, &line, values); i++) {
        is_found = hash_key(of, values) == hash;
        if (is_found)
            *ret_row = i;
    }
    rows_cursor_fini(&cursor);
    return is_found;
}

static bool find_repeated(
    const struct suspect_case *of, const struct rows *rows, struct suspects *ret_suspects)
{
    size_t places = 1;
    while (places < 2 * rows->count && places < LIMIT_SUSPECT_HASHES)
        places *= 2;
    if (rows->count > places / 2)
        return false;
    uint64_t *table = mem_zalloc(places, sizeof(*table)), hash;
    struct suspects found = {.count = 2};
    bool is_found = table != NULL && find_second(of, rows, table, places - 1, &found.row, &hash) &&
                    find_with_hash(of, rows, hash, &found.before);
    mem_free(table);
    if (is_found)
        *ret_suspects = found;
    return is_found;
}

static bool find_null(const struct suspect_case *of, const struct rows *rows, struct suspects *ret_suspects)
{
    struct value values[LIMIT_FIELDS];
    struct rows_cursor cursor;
    int64_t line;
    rows_start(rows, &cursor);
    bool is_found = false;
    for (size_t i = 0; !is_found && rows_next(&cursor, &line, values); i++) {
        is_found = values[of->fields[0]].kind == VALUE_NULL;
        if (is_found)
            *ret_suspects = (struct suspects){.row = i, .count = 1};
    }
    rows_cursor_fini(&cursor);
    return is_found;
}

bool suspects_find(const struct suspect_case *of, const struct rows *rows, struct suspects *ret_suspects)
{
    switch (of->of) {
    case SUSPECT_NULL:
        return find_null(of, rows, ret_suspects);
    case SUSPECT_KEY:
        return find_repeated(of, rows, ret_suspects);
    case SUSPECT_NOBODY:
        break;
    }
    return false;
}
