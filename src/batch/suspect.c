// SPDX-License-Identifier: Apache-2.0
// A key that comes twice is found in two walks over the rows: the first one keeps a hash of each key, until
// one is there already; the second one looks for the row that had it before. So memory is some bytes a row,
// however long the keys. Leaves the trying to culprit.c. Any thread; no state.
#include "batch/suspect.h"

#include <stdint.h>
#include <xxhash.h>

#include "base/mem.h"

// The bytes that tell one value from another of its field; borrows the value.
static struct span bytes_of(const struct value *value)
{
    switch (value->kind) {
    case VALUE_NULL:
        break;
    case VALUE_INTEGER:
    case VALUE_SCALED: // all of a field have one scale
        return (struct span){.at = (const char *)&value->integer, .len = sizeof(value->integer)};
    case VALUE_REAL:
        return (struct span){.at = (const char *)&value->real, .len = sizeof(value->real)};
    case VALUE_TEXT:
    case VALUE_DECIMAL:
        return value->text;
    }
    return (struct span){0};
}

// A hash of some of the values; 0: one of them is null, and null equals nothing.
static uint64_t hash_key(const struct suspect_case *of, const struct value *row)
{
    uint64_t hash = 0;
    for (size_t i = 0; i < of->count; i++) {
        const struct value *value = &row[of->fields[i]];
        struct span bytes = bytes_of(value);
        if (value->kind == VALUE_NULL)
            return 0;
        hash = XXH3_64bits_withSeed(bytes.at, bytes.len, hash);
    }
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

// What a walk over the rows looks for, and what it needs for that.
struct sought {
    const struct suspect_case *of;
    bool (*is_it)(struct sought *sought, const struct value *row);
    uint64_t hash;   // of the key: to be found, or what was
    uint64_t *table; // of the keys so far
    size_t mask;     // of its places
};

// The number of the first row that is it; false when none is, or the rows cannot be read as far.
static bool find_row(struct sought *sought, const struct rows *rows, size_t *ret_row)
{
    struct value values[LIMIT_FIELDS];
    struct rows_cursor cursor;
    int64_t line;
    rows_start(rows, &cursor);
    bool is_found = false;
    for (size_t i = 0; !is_found && rows_next(&cursor, &line, values); i++) {
        is_found = sought->is_it(sought, values);
        if (is_found)
            *ret_row = i;
    }
    rows_cursor_fini(&cursor);
    return is_found;
}

static bool is_null(struct sought *sought, const struct value *row)
{
    return row[sought->of->fields[0]].kind == VALUE_NULL;
}

// Whether the key is one of a row before it, whose hash it notes.
static bool is_second(struct sought *sought, const struct value *row)
{
    sought->hash = hash_key(sought->of, row);
    return sought->hash != 0 && put(sought->table, sought->mask, sought->hash);
}

static bool has_hash(struct sought *sought, const struct value *row)
{
    return hash_key(sought->of, row) == sought->hash;
}

static bool find_repeated(
    const struct suspect_case *of, const struct rows *rows, struct suspects *ret_suspects)
{
    size_t places = 1;
    while (places < 2 * rows->count && places < LIMIT_SUSPECT_HASHES)
        places *= 2;
    if (rows->count > places / 2)
        return false;
    struct sought sought = {
        .of = of, .is_it = is_second, .table = mem_zalloc(places, sizeof(*sought.table)), .mask = places - 1};
    struct suspects found = {.count = 2};
    bool is_found = sought.table != NULL && find_row(&sought, rows, &found.row);
    sought.is_it = has_hash;
    is_found = is_found && find_row(&sought, rows, &found.before);
    mem_free(sought.table);
    if (is_found)
        *ret_suspects = found;
    return is_found;
}

static bool find_null(const struct suspect_case *of, const struct rows *rows, struct suspects *ret_suspects)
{
    struct sought sought = {.of = of, .is_it = is_null};
    struct suspects found = {.count = 1};
    bool is_found = find_row(&sought, rows, &found.row);
    if (is_found)
        *ret_suspects = found;
    return is_found;
}

bool suspects_find(const struct suspect_case *of, const struct rows *rows, struct suspects *ret_suspects)
{
    switch (of->kind) {
    case SUSPECT_NULL:
        return find_null(of, rows, ret_suspects);
    case SUSPECT_KEY:
        return find_repeated(of, rows, ret_suspects);
    case SUSPECT_NOBODY:
        break;
    }
    return false;
}
