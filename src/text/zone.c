// SPDX-License-Identifier: Apache-2.0
// A tz file has a table of changes, and a rule for the time behind it. Of a file with two tables the second
// one is read, which has 64 bits a moment. Names and kinds of time are of no use here. Pure; any thread.
//
// A time is looked for in all periods that are within a day or so of it: a moment belongs to one period only,
// so each hit is another moment, however the clocks have gone.
#include "text/zone.h"

#include <string.h>

#include "base/mem.h"

enum {
    HEAD_BYTES = 44,
    COUNTS_AT = 20, // in the head
    TYPE_BYTES = 6, // of a local time type
    MAX_OFFSET_S = 26 * 3600,
    REACH_S = MAX_OFFSET_S,
};

struct zone {
    char *name;            // owned
    int64_t *changes;      // owned; moments, in order
    int32_t *offsets;      // owned; behind each change
    size_t change_count;   //
    int32_t first_s;       // the offset before all changes
    bool has_rule;         // else the last offset is for good
    struct zone_rule rule; // behind the last change
};

// --- the file

// The numbers of a block, and where its parts are.
struct block {
    size_t changes, types, name_bytes, leaps, standards, utcs;
    size_t time_bytes; // 4 or 8
    const char *at;    // behind the head
};

static uint64_t get_bits(const char *at, size_t bytes)
{
    uint64_t bits = 0;
    for (size_t i = 0; i < bytes; i++)
        bits = bits << 8 | (unsigned char)at[i];
    return bits;
}

static int64_t get_signed(const char *at, size_t bytes)
{
    return bytes == 4 ? (int32_t)(uint32_t)get_bits(at, 4) : (int64_t)get_bits(at, bytes);
}

// Takes a head and its block off the front of *rest. False for what is none.
static bool take_block(struct span *rest, size_t time_bytes, struct block *ret_block, char *ret_version)
{
    if (rest->len < HEAD_BYTES || memcmp(rest->at, "TZif", 4) != 0)
        return false;
    size_t counts[6];
    for (size_t i = 0; i < 6; i++)
        counts[i] = (size_t)get_bits(rest->at + COUNTS_AT + 4 * i, 4);
    struct block block = {.utcs = counts[0],
        .standards = counts[1],
        .leaps = counts[2],
        .changes = counts[3],
        .types = counts[4],
        .name_bytes = counts[5],
        .time_bytes = time_bytes,
        .at = rest->at + HEAD_BYTES};
    size_t bytes = block.changes * (time_bytes + 1) + block.types * TYPE_BYTES + block.name_bytes +
                   block.leaps * (time_bytes + 4) + block.standards + block.utcs;
    if (bytes > rest->len - HEAD_BYTES || block.types == 0)
        return false;
    *ret_version = rest->at[4];
    *ret_block = block;
    rest->at += HEAD_BYTES + bytes;
    rest->len -= HEAD_BYTES + bytes;
    return true;
}

static bool read_offset(const struct block *block, size_t type, int32_t *ret_offset_s)
{
    if (type >= block->types)
        return false;
    const char *types = block->at + block->changes * (block->time_bytes + 1);
    int64_t offset_s = get_signed(types + type * TYPE_BYTES, 4);
    if (offset_s <= -MAX_OFFSET_S || offset_s >= MAX_OFFSET_S)
        return false;
    *ret_offset_s = (int32_t)offset_s;
    return true;
}

static bool read_changes(struct zone *zone, const struct block *block)
{
    const char *types = block->at + block->changes * block->time_bytes;
    for (size_t i = 0; i < block->changes; i++) {
        zone->changes[i] = get_signed(block->at + i * block->time_bytes, block->time_bytes);
        if (i > 0 && zone->changes[i] <= zone->changes[i - 1])
            return false;
        if (!read_offset(block, (unsigned char)types[i], &zone->offsets[i]))
            return false;
    }
    zone->change_count = block->changes;
    return read_offset(block, 0, &zone->first_s);
}

// Reads the line feed, rule and line feed that stand behind the second table. The rule may be empty.
static bool read_footer(struct zone *zone, struct span footer)
{
    if (footer.len < 2 || footer.at[0] != '\n' || memchr(footer.at + 1, '\n', footer.len - 1) == NULL)
        return false;
    span_drop(&footer, 1);
    struct span text = span_split(&footer, '\n');
    zone->has_rule = text.len > 0;
    return text.len == 0 || zone_rule_read(text, &zone->rule);
}

enum err_code zone_new(const char *name, struct span bytes, struct zone **ret_zone, struct err *err)
{
    struct block block;
    char version;
    bool fits = take_block(&bytes, 4, &block, &version);
    bool has_two = fits && version >= '2';
    if (has_two)
        fits = take_block(&bytes, 8, &block, &version);
    if (!fits || block.leaps > 0)
        return err_set(err, ERR_CONFIG, "the time zone %s %s", name,
            fits ? "counts leap seconds, which no timestamp does" : "has a damaged file");
    struct zone *zone = mem_zalloc(1, sizeof(*zone));
    if (zone == NULL)
        return err_no_memory(err);
    zone->name = mem_strndup(name, strlen(name));
    zone->changes = mem_zalloc(block.changes + 1, sizeof(*zone->changes));
    zone->offsets = mem_zalloc(block.changes + 1, sizeof(*zone->offsets));
    enum err_code code = ERR_NONE;
    if (zone->name == NULL || zone->changes == NULL || zone->offsets == NULL)
        code = err_no_memory(err);
    else if (!read_changes(zone, &block) || (has_two && !read_footer(zone, bytes)))
        code = err_set(err, ERR_CONFIG, "the time zone %s has a damaged file", name);
    if (code != ERR_NONE)
        zone_free(zone);
    else
        *ret_zone = zone;
    return code;
}

void zone_free(struct zone *zone)
{
    if (zone == NULL)
        return;
    mem_free(zone->name);
    mem_free(zone->changes);
    mem_free(zone->offsets);
    mem_free(zone);
}

const char *zone_name(const struct zone *zone)
{
    return zone->name;
}

// --- moments

// How many changes are not later than a moment.
static size_t count_changes(const struct zone *zone, int64_t utc_s)
{
    size_t low = 0, high = zone->change_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (zone->changes[middle] <= utc_s)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

struct zone_period zone_at(const struct zone *zone, int64_t utc_s)
{
    size_t past = count_changes(zone, utc_s);
    struct zone_period period = {.from_s = past > 0 ? zone->changes[past - 1] : INT64_MIN,
        .until_s = past < zone->change_count ? zone->changes[past] : INT64_MAX,
        .offset_s = past > 0 ? zone->offsets[past - 1] : zone->first_s};
    if (past < zone->change_count || !zone->has_rule)
        return period;
    struct zone_period ruled = zone_rule_at(&zone->rule, utc_s);
    if (ruled.from_s < period.from_s) // the rule holds from the last change on
        ruled.from_s = period.from_s;
    return ruled;
}

struct zone_moment zone_find_moment(const struct zone *zone, int64_t local_s)
{
    struct zone_moment moment = {.fit = ZONE_NEVER, .local_s = local_s};
    struct zone_period period = zone_at(zone, local_s - REACH_S), next;
    size_t hits = 0;
    for (;; period = next) {
        int64_t utc_s = local_s - period.offset_s;
        bool hits_it = utc_s >= period.from_s && utc_s < period.until_s;
        hits += hits_it;
        if (hits_it && hits == 1) {
            moment.fit = ZONE_ONCE;
            moment.utc_s = utc_s;
            moment.before_s = period.offset_s;
        } else if (hits_it) {
            moment.fit = ZONE_TWICE;
            moment.change_s = period.from_s;
            moment.after_s = period.offset_s;
            return moment;
        }
        if (period.until_s > local_s + REACH_S)
            return moment;
        next = zone_at(zone, period.until_s);
        if (hits == 0 && local_s >= period.until_s + period.offset_s &&
            local_s < period.until_s + next.offset_s) {
            moment.change_s = period.until_s;
            moment.before_s = period.offset_s;
            moment.after_s = next.offset_s;
        }
    }
}
